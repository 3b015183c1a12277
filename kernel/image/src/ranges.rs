//! Ranges of physical memory: what there is, what is taken, and what is left.

use kernel_core::load::Pool;
use kernel_core::port::Phys;

/// Bytes of a page.
pub const PAGE: u64 = rtos_abi::limits::PAGE_BYTES as u64;

/// A list of up to `N` ranges, start and end.
#[derive(Clone, Copy, Debug)]
pub struct Ranges<const N: usize> {
    list: [(u64, u64); N],
    count: usize,
    overflow: bool,
}

impl<const N: usize> Ranges<N> {
    /// No range.
    pub const fn new() -> Self {
        Self { list: [(0, 0); N], count: 0, overflow: false }
    }

    /// Adds a range; an empty one, or one that wraps, is ignored.
    pub fn add(&mut self, start: u64, len: u64) {
        let Some(end) = start.checked_add(len).filter(|end| *end > start) else { return };
        match self.list.get_mut(self.count) {
            Some(place) => {
                *place = (start, end);
                self.count += 1;
            }
            None => self.overflow = true,
        }
    }

    /// Whether a range did not fit into the list.
    pub const fn overflowed(&self) -> bool {
        self.overflow
    }

    /// The ranges.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.list[..self.count].iter().copied()
    }

    /// Bytes of all ranges together, counting what they share once for each.
    pub fn total(&self) -> u64 {
        self.iter().map(|(start, end)| end - start).sum()
    }

    /// End of the range that holds `at`, if one does.
    fn end_of(&self, at: u64) -> Option<u64> {
        self.iter().find(|(start, end)| *start <= at && at < *end).map(|(_, end)| end)
    }

    /// Start of the first range after `at`, or `limit`.
    fn next_after(&self, at: u64, limit: u64) -> u64 {
        self.iter().map(|(start, _)| start).filter(|start| *start > at).min().unwrap_or(limit).min(limit)
    }
}

/// The memory that partitions are made of: `wanted` bytes in one run where there is one, else all that is free.
pub fn pool<const M: usize, const R: usize>(memory: &Ranges<M>, reserved: &Ranges<R>, wanted: u64) -> Pool {
    let mut pool = Pool { runs: [(Phys(0), 0); 8] };
    let mut count = 0;
    for (start, end) in memory.iter() {
        let mut at = start.next_multiple_of(PAGE);
        let end = end & !(PAGE - 1);
        while at < end && count < pool.runs.len() {
            if let Some(taken) = reserved.end_of(at) {
                at = taken.next_multiple_of(PAGE);
                continue;
            }
            let until = reserved.next_after(at, end) & !(PAGE - 1);
            if until - at >= wanted {
                let mut whole = Pool { runs: [(Phys(0), 0); 8] };
                whole.runs[0] = (Phys(at), wanted);
                return whole;
            }
            if until > at {
                pool.runs[count] = (Phys(at), until - at);
                count += 1;
            }
            at = until.max(at + PAGE);
        }
    }
    pool
}

#[cfg(test)]
mod tests {
    use super::{Ranges, pool};
    use kernel_core::port::Phys;

    fn ranges(list: &[(u64, u64)]) -> Ranges<4> {
        let mut ranges = Ranges::new();
        for (start, len) in list {
            ranges.add(*start, *len);
        }
        ranges
    }

    fn runs(memory: &[(u64, u64)], reserved: &[(u64, u64)], wanted: u64) -> Vec<(u64, u64)> {
        let pool = pool(&ranges(memory), &ranges(reserved), wanted);
        pool.runs.iter().filter(|run| run.1 > 0).map(|(Phys(at), len)| (*at, *len)).collect()
    }

    #[test]
    fn one_run_is_taken_where_it_fits_and_no_more_than_wanted() {
        assert_eq!(runs(&[(0, 0x10_0000)], &[(0, 0x8_0000)], 0x4000), [(0x8_0000, 0x4000)]);
        let reserved = [(0, 0x1000), (0x3000, 0x1000), (0x6000, 0x1000)];
        assert_eq!(runs(&[(0, 0x10000)], &reserved, 0x4000), [(0x7000, 0x4000)]);
    }

    #[test]
    fn without_one_run_all_that_is_free_is_given() {
        assert_eq!(
            runs(&[(0, 0x4000), (0x10000, 0x3000)], &[(0x1000, 0x1000)], 0x10_0000),
            [(0, 0x1000), (0x2000, 0x2000), (0x10000, 0x3000)]
        );
    }

    #[test]
    fn overlapping_and_unaligned_reservations_never_leave_a_shared_page() {
        let reserved = [(0x1800, 0x1000), (0x2000, 0x1001), (0x4fff, 1)];
        assert_eq!(runs(&[(0x10, 0x7ff0)], &reserved, 0x10_0000), [(0x5000, 0x3000)]);
    }

    #[test]
    fn nonsense_ranges_are_ignored_and_an_overflow_is_seen() {
        let mut list = ranges(&[(0, 0), (u64::MAX, 2), (1, u64::MAX)]);
        assert_eq!(list.total(), 0);
        for n in 0..5 {
            assert!(!list.overflowed());
            list.add(n * 0x1000, 0x1000);
        }
        assert!(list.overflowed());
    }
}
