//! The time of each page of the crawl: flat, if a page costs the same however deep it lies.

use anyhow::Result;

use super::Area;
use super::series::{Lines, Scale, Series};
use crate::stages::growth::Growth;

pub(super) fn draw(growth: &Growth, area: &Area<'_>) -> Result<()> {
    let sizes = growth.sizes.iter();
    let series: Vec<Series> = sizes
        .map(|size| Series {
            name: format!("{} patients", size.patients),
            points: size
                .crawl
                .each_ms
                .iter()
                .map(|(page, millis)| ((page + 1) as f64, *millis))
                .collect(),
        })
        .collect();
    Lines {
        title: "A crawl of all observations, 1,000 to a page",
        across: "page",
        up: "milliseconds",
        series: &series,
        scale: Scale::Linear,
        legend: true,
    }
    .draw(area)
}
