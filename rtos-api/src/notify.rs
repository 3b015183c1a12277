//! Notification bits: every thread has a word of 64, which others set and it waits for. Setting a bit that is set
//! changes nothing: bits say *that* something happened, never how often.

use crate::{Error, Instant, sys};

/// The right to set bits of one thread in another partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotifyEdge {
    number: u8,
    mask: u64,
}

impl NotifyEdge {
    /// Notification edge `number` of the partition, with the bits it may set.
    #[must_use]
    pub const fn new(number: u8, mask: u64) -> Self {
        Self { number, mask }
    }

    /// The bits it may set.
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.mask
    }

    /// Sets all bits of the edge.
    ///
    /// # Errors
    /// [`Error::PeerDead`]; [`Error::PeerRestarted`] once after the other partition was started again.
    #[inline(always)]
    pub fn notify(self) -> Result<(), Error> {
        sys::notify(self.number, self.mask)
    }

    /// Sets some bits of the edge; others than [`mask`](Self::mask) has are misuse.
    ///
    /// # Errors
    /// As [`notify`](Self::notify).
    #[inline(always)]
    pub fn notify_bits(self, bits: u64) -> Result<(), Error> {
        sys::notify(self.number, bits)
    }
}

/// Waits for any bit of `mask`; answers those that came, and clears them. Only one wait is needed for many sources:
/// give the bits of all.
///
/// # Errors
/// [`Error::TimedOut`]; [`Error::WouldBlock`] for [`Instant::POLL`].
#[inline(always)]
pub fn wait(mask: u64, deadline: Instant) -> Result<u64, Error> {
    sys::wait(mask, deadline.ticks())
}
