//! The loop of a thread with a period.

use crate::{Instant, sys};

/// A release of a periodic thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// When the period began: exactly start + k * period, however late the thread came to run.
    pub time: Instant,
    /// Periods before this one that were skipped because the work overran.
    pub skipped: u64,
}

/// The releases of the calling thread, which has a `period_us` in its manifest. A thread without one is stopped at the
/// first [`wait_next`](Self::wait_next).
///
/// ```no_run
/// # use rtos_api::prelude::*;
/// let mut period = Periodic::new();
/// loop {
///     let release = period.wait_next();
///     // read, compute, act
/// #   let _ = release;
/// }
/// ```
#[derive(Debug)]
pub struct Periodic {
    /// When this period's work began, ticks; 0 before the first.
    began: u64,
}

impl Periodic {
    /// The thread's releases, from the next one on.
    #[must_use]
    pub const fn new() -> Self {
        Self { began: 0 }
    }

    /// Ends this period's work and waits for the next release. The kernel learns when the work began, and keeps the
    /// thread's worst wake-up and response from it.
    #[inline(always)]
    pub fn wait_next(&mut self) -> Release {
        let (time, skipped) = sys::wait_period(self.began);
        self.began = sys::counter();
        Release { time: Instant::from_ticks(time), skipped }
    }

    /// When this period's work began, as the thread itself saw it.
    #[must_use]
    pub const fn began(&self) -> Instant {
        Instant::from_ticks(self.began)
    }
}

impl Default for Periodic {
    fn default() -> Self {
        Self::new()
    }
}
