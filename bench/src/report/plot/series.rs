//! Lines over an axis, both logarithmic if wanted.

use anyhow::Result;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::{Area, FONT, colour, failed};

/// A line.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// A chart of lines.
pub(super) struct Lines<'a> {
    pub(super) title: &'a str,
    pub(super) across: &'a str,
    pub(super) up: &'a str,
    pub(super) series: &'a [Series],
    /// Both axes in powers of ten.
    pub(super) logarithmic: bool,
    pub(super) legend: bool,
}

impl Lines<'_> {
    pub(super) fn draw(&self, area: &Area<'_>) -> Result<()> {
        let Some((across, up)) = self.ranges() else {
            return Ok(());
        };
        if self.logarithmic {
            self.over(
                area,
                (across.0..across.1).log_scale(),
                (up.0..up.1).log_scale(),
            )
        } else {
            let (across, up) = (0.0..across.1, 0.0..up.1);
            self.over::<RangedCoordf64, RangedCoordf64>(area, across, up)
        }
    }

    /// What has to be shown; `None` if nothing.
    fn ranges(&self) -> Option<((f64, f64), (f64, f64))> {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let across = range(points().map(|point| point.0))?;
        let up = range(points().map(|point| point.1))?;
        Some((across, up))
    }

    fn over<X, Y>(
        &self,
        area: &Area<'_>,
        across: impl AsRangedCoord<CoordDescType = X, Value = f64>,
        up: impl AsRangedCoord<CoordDescType = Y, Value = f64>,
    ) -> Result<()>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 16))
            .margin(10)
            .x_label_area_size(38)
            .y_label_area_size(58)
            .build_cartesian_2d(across, up)
            .map_err(|error| failed(&error))?;
        chart
            .configure_mesh()
            .x_desc(self.across)
            .y_desc(self.up)
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&|value| short(*value))
            .y_label_formatter(&|value| short(*value))
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(225, 225, 225))
            .label_style((FONT, 12))
            .axis_desc_style((FONT, 13))
            .draw()
            .map_err(|error| failed(&error))?;
        for (number, series) in self.series.iter().enumerate() {
            let colour = colour(number);
            let line = LineSeries::new(series.points.iter().copied(), colour.stroke_width(2));
            chart
                .draw_series(line.point_size(if series.points.len() > 50 { 0 } else { 3 }))
                .map_err(|error| failed(&error))?
                .label(series.name.as_str())
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
        }
        if self.legend {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .label_font((FONT, 13))
                .background_style(WHITE.mix(0.85))
                .border_style(RGBColor(200, 200, 200))
                .draw()
                .map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// From the least to the greatest, with some room; above nothing, for logarithms have none there.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let mut ends: Option<(f64, f64)> = None;
    for value in values.filter(|value| *value > 0.0) {
        let (least, most) = ends.unwrap_or((value, value));
        ends = Some((least.min(value), most.max(value)));
    }
    ends.map(|(least, most)| (least * 0.8, most * 1.25))
}

/// A number as an axis shows it.
fn short(value: f64) -> String {
    match value {
        value if value >= 10_000.0 => format!("{:.0}k", value / 1000.0),
        value if value >= 10.0 => format!("{value:.0}"),
        value => format!("{value:.2}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_shows_short_numbers() {
        let shown = [0.5, 2.0, 150.0, 100_000.0].map(short);
        assert_eq!(shown, ["0.5", "2", "150", "100k"]);
    }

    #[test]
    fn a_range_has_room_and_lies_above_nothing() {
        assert_eq!(range([0.0, 10.0].into_iter()), Some((8.0, 12.5)));
        assert_eq!(range(std::iter::empty()), None);
    }
}
