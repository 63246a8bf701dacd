//! The app in relation to its limits: a bar for each shape and limit, its spread as a line.

use anyhow::Result;
use plotters::prelude::*;

use super::{Area, FONT, colour, failed, legend};
use crate::stages::limit::{Limit, Row};

/// The limits that every shape has.
const BESIDE: [(&str, &str); 2] = [
    ("pgbench", "its SQL through pgbench"),
    ("bare", "its SQL through a bare Spin component"),
];

/// What a shape takes of the height.
const EACH: u32 = 40;

/// What the legend takes of it, below them, in shapes.
const LEGEND: u32 = 2;

pub(super) fn height(limit: &Limit) -> u32 {
    120 + EACH * (LEGEND + u32::try_from(rows(limit).len()).unwrap_or(1))
}

/// The shapes that have a limit.
fn rows(limit: &Limit) -> Vec<&Row> {
    let rows = limit.shapes.iter();
    rows.filter(|row| row.contender("bare").is_some()).collect()
}

pub(super) fn draw(limit: &Limit, area: &Area<'_>) -> Result<()> {
    let rows = rows(limit);
    let count = rows.len() as f64;
    let title = format!(
        "The app in relation to its limits ({} patients, {} clients)",
        limit.patients, limit.clients
    );
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 18))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(120)
        .build_cartesian_2d(0.0..most(&rows), count + f64::from(LEGEND)..0.0)
        .map_err(|error| failed(&error))?;
    let name = |place: f64| {
        let row = rows.get(place as usize);
        row.map(|row| row.shape.clone()).unwrap_or_default()
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc("requests per second of the app, in % of the limit; the line: least to most of the rounds")
        .x_label_formatter(&|percent| format!("{percent:.0} %"))
        .y_labels(0)
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .label_style((FONT, 12))
        .axis_desc_style((FONT, 13))
        .draw()
        .map_err(|error| failed(&error))?;
    for (number, (beside, label)) in BESIDE.iter().enumerate() {
        let colour = colour(number);
        let bars = bars(&rows, beside, number);
        chart
            .draw_series(bars.iter().map(|bar| {
                Rectangle::new([(0.0, bar.top), (bar.median, bar.bottom)], colour.filled())
            }))
            .map_err(|error| failed(&error))?
            .label(*label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        chart
            .draw_series(bars.iter().map(|bar| {
                let middle = f64::midpoint(bar.top, bar.bottom);
                PathElement::new(
                    [(bar.min, middle), (bar.max, middle)],
                    BLACK.stroke_width(1),
                )
            }))
            .map_err(|error| failed(&error))?;
    }
    let full = PathElement::new(
        [(100.0, 0.0), (100.0, count)],
        BLACK.mix(0.4).stroke_width(1),
    );
    chart.draw_series([full]).map_err(|error| failed(&error))?;
    names(&chart, area, &rows, name)?;
    legend(&mut chart, SeriesLabelPosition::LowerRight)?;
    Ok(())
}

/// The name of each shape, beside the middle of its bars.
fn names<'a>(
    chart: &ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedF64, RangedF64>>,
    area: &Area<'_>,
    rows: &[&Row],
    name: impl Fn(f64) -> String,
) -> Result<()> {
    use plotters::style::text_anchor::{HPos, Pos, VPos};

    let style = TextStyle::from((FONT, 13)).pos(Pos::new(HPos::Right, VPos::Center));
    for place in 0..rows.len() {
        let (x, y) = chart.backend_coord(&(0.0, place as f64 + 0.5));
        area.draw(&Text::new(name(place as f64), (x - 8, y), style.clone()))
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}

type RangedF64 = plotters::coord::types::RangedCoordf64;

struct Bar {
    top: f64,
    bottom: f64,
    median: f64,
    min: f64,
    max: f64,
}

fn bars(rows: &[&Row], beside: &str, number: usize) -> Vec<Bar> {
    let thickness = 0.8 / BESIDE.len() as f64;
    let bars = rows.iter().enumerate().filter_map(|(place, row)| {
        let ratio = row.contender(beside)?.ratio?;
        let top = place as f64 + 0.1 + thickness * number as f64;
        Some(Bar {
            top,
            bottom: top + thickness,
            median: ratio.median * 100.0,
            min: ratio.min * 100.0,
            max: ratio.max * 100.0,
        })
    });
    bars.collect()
}

/// What the axis has to reach.
fn most(rows: &[&Row]) -> f64 {
    let bars = BESIDE.iter().flat_map(|(beside, _)| bars(rows, beside, 0));
    bars.fold(110.0, |most: f64, bar| most.max(bar.max * 1.05))
}
