//! Honest about noise: a median, and how far the rounds lie apart.

use serde::Serialize;

/// What several rounds gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            median: median(&values)?,
            min: *values.first()?,
            max: *values.last()?,
        })
    }

    /// Of what each value is in relation to the one of the same round.
    pub(crate) fn of_ratios(values: &[f64], to: &[f64]) -> Option<Self> {
        let pairs = values.iter().zip(to);
        Self::of(
            pairs
                .filter(|(_, to)| **to > 0.0)
                .map(|(value, to)| value / to),
        )
    }

    /// How far the extremes lie apart, as a part of the median.
    pub(crate) fn width(&self) -> f64 {
        if self.median > 0.0 {
            (self.max - self.min) / self.median
        } else {
            0.0
        }
    }
}

fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (2.5, 1.0, 4.0));
        assert_eq!(Spread::of([3.0, 9.0, 1.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let spread = Spread::of_ratios(&[10.0, 40.0, 5.0], &[20.0, 80.0, 0.0]).unwrap();
        assert_eq!((spread.min, spread.max), (0.5, 0.5));
        assert_eq!(spread.width(), 0.0);
    }
}
