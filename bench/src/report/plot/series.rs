//! Lines over a logarithmic axis.

use anyhow::Result;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::{Area, FONT, colour, failed, legend};

/// A line.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// The axis that goes up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scale {
    /// From nothing.
    Linear,
    /// In powers of ten, between these.
    Powers(f64, f64),
}

impl Scale {
    /// Whole powers of ten that hold all values, which are more than nothing.
    pub(super) fn powers(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = ends(values).unwrap_or((1.0, 1.0));
        let (least, most) = (least.log10().floor(), most.log10().ceil());
        Self::Powers(10_f64.powf(least), 10_f64.powf(most.max(least + 1.0)))
    }
}

/// A chart of lines.
pub(super) struct Lines<'a> {
    pub(super) title: &'a str,
    pub(super) across: &'a str,
    pub(super) up: &'a str,
    pub(super) series: &'a [Series],
    pub(super) scale: Scale,
    pub(super) legend: bool,
}

impl Lines<'_> {
    pub(super) fn draw(&self, area: &Area<'_>) -> Result<()> {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let Some(across) = ends(points().map(|point| point.0)) else {
            return Ok(());
        };
        let across = (across.0 * 0.8..across.1 * 1.25).log_scale();
        match self.scale {
            Scale::Powers(least, most) => self.over(area, across, (least..most).log_scale()),
            Scale::Linear => {
                let most = points().map(|point| point.1).fold(0.0, f64::max);
                self.over::<_, RangedCoordf64>(area, across, 0.0..most * 1.2)
            }
        }
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
            legend(&mut chart, SeriesLabelPosition::UpperLeft)?;
        }
        Ok(())
    }
}

/// The least and the most; of nothing but what is more than nothing, for logarithms have nothing there.
fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let values = values.filter(|value| *value > 0.0);
    values.fold(None, |ends, value| {
        let (least, most) = ends.unwrap_or((value, value));
        Some((value.min(least), value.max(most)))
    })
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
    fn a_scale_of_powers_has_two_labels_at_least() {
        let scale = |values: &[f64]| match Scale::powers(values.iter().copied()) {
            Scale::Powers(least, most) => (least, most),
            Scale::Linear => (0.0, 0.0),
        };
        assert_eq!(scale(&[20.0, 60.0]), (10.0, 100.0));
        assert_eq!(scale(&[0.0, 10.0]), (10.0, 100.0));
        assert_eq!(scale(&[3.0, 200.0]), (1.0, 1000.0));
    }
}
