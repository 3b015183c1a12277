//! A bounded set of samples, and what is said of it.

use crate::row::Row;

/// At most `N` samples; the first few rounds are left out by whoever takes them.
#[derive(Clone, Debug)]
pub struct Samples<const N: usize> {
    values: [u64; N],
    len: usize,
}

impl<const N: usize> Default for Samples<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Samples<N> {
    /// No samples.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: [0; N], len: 0 }
    }

    /// Adds a sample; those beyond `N` are not kept.
    pub fn add(&mut self, value: u64) {
        if let Some(free) = self.values.get_mut(self.len) {
            *free = value;
            self.len += 1;
        }
    }

    /// Number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row that says what the samples are: the least, the middle, the 99.9th percentile (the least value that 99.9 %
    /// of all do not exceed) and the most.
    #[must_use]
    pub fn row(&self, name: &'static str, unit: &'static str) -> Row<'static> {
        let mut sorted = self.values;
        let sorted = &mut sorted[..self.len];
        sorted.sort_unstable();
        let at = |n: usize| sorted.get(n.min(self.len.saturating_sub(1))).copied().unwrap_or(0);
        let p999 = (self.len * 999).div_ceil(1000).saturating_sub(1);
        Row { name, unit, n: self.len as u64, min: at(0), median: at(self.len / 2), p999: at(p999), max: at(self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn a_row_tells_least_middle_percentile_and_most() {
        let mut samples = Samples::<2000>::new();
        for n in (1..=2000).rev() {
            samples.add(n);
        }
        let row = samples.row("x", "insn");
        assert_eq!((row.n, row.min, row.median, row.p999, row.max), (2000, 1, 1001, 1998, 2000));
    }

    #[test]
    fn samples_beyond_the_room_are_not_kept_and_none_is_no_panic() {
        let mut samples = Samples::<1>::new();
        assert_eq!(samples.row("x", "insn").n, 0);
        assert!(samples.is_empty());
        samples.add(5);
        samples.add(6);
        assert_eq!((samples.len(), samples.row("x", "insn").max), (1, 5));
    }
}
