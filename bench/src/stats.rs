//! Percentiles and medians of measured times, and their formatting.

use std::time::Duration;

/// Measured times, sorted.
pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn new(mut times: Vec<Duration>) -> anyhow::Result<Self> {
        anyhow::ensure!(!times.is_empty(), "nothing was measured");
        times.sort_unstable();
        Ok(Self(times))
    }

    /// The smallest time that at least this share of all times does not exceed (nearest rank). 0 < percent <= 100.
    pub fn percentile(&self, percent: f64) -> Duration {
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1]
    }

    /// The middle one.
    pub fn median(&self) -> Duration {
        self.percentile(50.0)
    }

    pub fn min(&self) -> Duration {
        self.0[0]
    }

    pub fn max(&self) -> Duration {
        self.percentile(100.0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Median; the lower one of an even number.
pub fn median<T: Ord + Copy>(values: &mut [T]) -> Option<T> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// Median; the mean of the middle two of an even number. 0 if empty.
pub fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count.is_multiple_of(2) => f64::midpoint(values[count / 2 - 1], values[count / 2]),
        count => values[count / 2],
    }
}

/// Seconds with two decimals.
pub fn secs(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Milliseconds with three significant digits.
pub fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    let digits = if ms < 10.0 { 2 } else { usize::from(ms < 100.0) };
    format!("{ms:.digits$} ms")
}

pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn samples(ms: impl IntoIterator<Item = u64>) -> Samples {
        Samples::new(ms.into_iter().map(Duration::from_millis).collect()).unwrap()
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let hundred = samples((1..=100).rev());
        assert_eq!(hundred.percentile(50.0), Duration::from_millis(50));
        assert_eq!(hundred.percentile(99.0), Duration::from_millis(99));
        assert_eq!(hundred.percentile(99.9), Duration::from_millis(100));
        assert_eq!(hundred.percentile(0.1), Duration::from_millis(1));
        assert_eq!(hundred.max(), Duration::from_millis(100));
        assert_eq!(hundred.min(), Duration::from_millis(1));
        let one = samples([7]);
        assert_eq!((one.median(), one.max()), (Duration::from_millis(7), Duration::from_millis(7)));
        assert_eq!(samples([1, 2, 3]).median(), Duration::from_millis(2));
    }

    #[test]
    fn empty_samples_are_rejected() {
        assert!(Samples::new(Vec::new()).is_err());
        assert_eq!(median::<u64>(&mut []), None);
    }

    #[test]
    fn medians() {
        assert_eq!(median(&mut [3, 1, 2]), Some(2));
        assert_eq!(median(&mut [4, 1, 3, 2]), Some(2));
        assert_eq!(median(&mut [9]), Some(9));
        assert!((middle(vec![4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
        assert!((middle(vec![9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!(middle(Vec::new()).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(ms(Duration::from_micros(1_234)), "1.23 ms");
        assert_eq!(ms(Duration::from_micros(12_345)), "12.3 ms");
        assert_eq!(ms(Duration::from_micros(123_456)), "123 ms");
        assert_eq!(secs(Duration::from_millis(9_876)), "9.88 s");
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(100), "100");
    }
}
