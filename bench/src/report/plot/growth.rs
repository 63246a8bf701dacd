//! A small chart for each shape: latency over the number of patients, without and with indexes.

use anyhow::Result;

use super::Area;
use super::series::{Lines, Scale, Series};
use crate::stages::growth::{Cost, Growth, Row};

const COLUMNS: usize = 4;
const HEIGHT: usize = 230;

pub(super) fn height(growth: &Growth) -> u32 {
    u32::try_from(shapes(growth).div_ceil(COLUMNS).max(1) * HEIGHT).unwrap_or(1)
}

fn shapes(growth: &Growth) -> usize {
    growth.sizes.first().map_or(0, |size| size.shapes.len())
}

pub(super) fn draw(growth: &Growth, area: &Area<'_>) -> Result<()> {
    // The same for all, so that they can be compared.
    let rows = growth.sizes.iter().flat_map(|size| &size.shapes);
    let times = rows.flat_map(|row| [row.without.p50_ms, row.with.p50_ms]);
    let scale = Scale::powers(times);
    let areas = area.split_evenly((shapes(growth).div_ceil(COLUMNS).max(1), COLUMNS));
    for (place, area) in areas.iter().enumerate().take(shapes(growth)) {
        let rows = growth.sizes.iter().filter_map(|size| {
            let row = size.shapes.get(place)?;
            Some((f64::from(size.patients), row))
        });
        let rows: Vec<(f64, &Row)> = rows.collect();
        let name = rows.first().map(|(_, row)| row.shape.clone());
        let series = [
            series("without indexes", &rows, |row| &row.without),
            series("with indexes.sql", &rows, |row| &row.with),
        ];
        Lines {
            title: &name.unwrap_or_default(),
            across: "patients",
            up: "p50, ms",
            series: &series,
            scale,
            legend: place == 0,
        }
        .draw(area)?;
    }
    Ok(())
}

fn series(name: &str, rows: &[(f64, &Row)], cost: fn(&Row) -> &Cost) -> Series {
    let points = rows
        .iter()
        .map(|(patients, row)| (*patients, cost(row).p50_ms));
    Series {
        name: name.to_owned(),
        points: points.collect(),
    }
}
