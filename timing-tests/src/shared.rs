//! Words in a ring's memory that two partitions time each other by: one writes when it begins, the other when it has run.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Offset of the first word in the ring's pages, after the ring's header.
const OFFSET: u64 = 256;

/// Words of a ring that is used as shared memory.
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    words: &'static [AtomicU64; 16],
}

impl Shared {
    /// The words in the ring at `address`.
    ///
    /// # Safety
    /// `address` is that of a ring of this partition, as the kernel told it, that is not used as a ring.
    #[must_use]
    pub const unsafe fn new(address: u64) -> Self {
        let words = core::ptr::with_exposed_provenance::<[AtomicU64; 16]>((address + OFFSET) as usize);
        // SAFETY: the kernel maps a ring's pages readable and writable for the partition's whole life, 128 bytes from
        // `OFFSET` are inside the first page and aligned, and all access to them is atomic.
        Self { words: unsafe { &*words } }
    }

    /// Word `n`.
    #[inline(always)]
    #[must_use]
    pub fn get(self, n: usize) -> u64 {
        self.words[n % 16].load(Relaxed)
    }

    /// Replaces word `n`.
    #[inline(always)]
    pub fn set(self, n: usize, value: u64) {
        self.words[n % 16].store(value, Relaxed);
    }
}

/// Words and what they hold.
pub mod word {
    /// Cycle counter when the thread that was waited for ran its first instruction.
    pub const WOKE: usize = 0;
    /// Counts the wakes, so that a stale time is noticed.
    pub const WAKES: usize = 1;
}
