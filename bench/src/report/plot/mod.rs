//! The plots. On white, whatever the page is that shows them.

mod concurrency;
mod crawl;
mod growth;
mod limit;
mod series;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use plotters::coord::{CoordTranslate, Shift};
use plotters::prelude::*;

use super::Report;

/// Where a plot is drawn.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Told apart by people who see few colours, too (Okabe and Ito).
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
];

const FONT: &str = "sans-serif";

/// Draws what there is to draw; gives the files.
pub(crate) fn draw(report: &Report, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if let Some(limit) = &report.limit {
        let height = limit::height(limit);
        files.push(file(folder, "limit.svg", (1000, height), |area| {
            limit::draw(limit, area)
        })?);
    }
    if let Some(found) = &report.concurrency {
        files.push(file(folder, "concurrency.svg", (1200, 480), |area| {
            concurrency::draw(found, area)
        })?);
    }
    if let Some(growth) = &report.growth {
        let height = growth::height(growth);
        files.push(file(folder, "growth.svg", (1200, height), |area| {
            growth::draw(growth, area)
        })?);
        files.push(file(folder, "crawl.svg", (1000, 420), |area| {
            crawl::draw(growth, area)
        })?);
    }
    Ok(files)
}

fn file(
    folder: &Path,
    name: &str,
    size: (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<()>,
) -> Result<PathBuf> {
    let path = folder.join(name);
    let area = SVGBackend::new(&path, size).into_drawing_area();
    area.fill(&WHITE).map_err(|error| failed(&error))?;
    draw(&area)?;
    area.present()
        .map_err(|error| failed(&error))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    drop(area);
    Ok(path)
}

/// Names the series of a chart.
fn legend<'a, C: CoordTranslate>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, C>,
    position: SeriesLabelPosition,
) -> Result<()> {
    chart
        .configure_series_labels()
        .position(position)
        .label_font((FONT, 13))
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()
        .map_err(|error| failed(&error))
}

/// The errors of the library borrow what is drawn on.
fn failed(error: &dyn std::error::Error) -> anyhow::Error {
    anyhow!("a plot cannot be drawn: {error}")
}

/// The colour of a series.
fn colour(number: usize) -> RGBColor {
    COLOURS
        .get(number % COLOURS.len())
        .copied()
        .unwrap_or(BLACK)
}
