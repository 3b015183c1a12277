//! The partition's other threads. They are declared in `partition.toml`, with priority, budget and stack; nothing is
//! created at run time. Thread 0 runs `main`; it starts the others.

use crate::{Error, Instant, sys};

/// A declared thread of this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadNumber(u8);

impl ThreadNumber {
    /// Thread `number` of the partition, as its manifest counts.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Lets the thread run `entry`; it ends when that returns, and can then be started again.
    ///
    /// # Errors
    /// [`Error::BadState`] when it has been started and has not ended.
    ///
    /// ```no_run
    /// # use rtos_api::ThreadNumber;
    /// # const DRIVER: ThreadNumber = ThreadNumber::new(1);
    /// fn driver() -> ! {
    ///     loop { /* ... */ }
    /// }
    /// DRIVER.start(driver)?;
    /// # Ok::<(), rtos_api::Error>(())
    /// ```
    pub fn start<R>(self, entry: fn() -> R) -> Result<(), Error> {
        sys::thread_start(self.0, entry)
    }

    /// Waits until the thread has ended.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`].
    pub fn join(self, deadline: Instant) -> Result<(), Error> {
        sys::thread_join(self.0, deadline.ticks())
    }

    /// Sets notification bits of the thread.
    ///
    /// # Errors
    /// [`Error::BadState`] when it is not started.
    #[inline(always)]
    pub fn notify(self, bits: u64) -> Result<(), Error> {
        sys::notify_own(self.0, bits)
    }
}

/// Ends the calling thread. What lies on its stack is not dropped.
pub fn exit() -> ! {
    sys::thread_exit()
}

/// Lets the next ready thread of the same priority run.
#[inline(always)]
pub fn yield_now() {
    sys::yield_now();
}
