//! Interrupt lines of the partition. The kernel masks a line when it interrupts and sets its notification bit; the
//! driver's thread serves the device and says [`done`](IrqLine::done), which unmasks it.

use crate::{Error, Instant, notify, sys};

/// A line bound to a notification bit of a thread of this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IrqLine {
    number: u8,
    bit: u64,
}

impl IrqLine {
    /// Line `number` of the partition, and the mask of its bit.
    #[must_use]
    pub const fn new(number: u8, bit: u64) -> Self {
        Self { number, bit }
    }

    /// The mask of its bit, to wait for together with others.
    #[must_use]
    pub const fn bit(self) -> u64 {
        self.bit
    }

    /// Waits for an interrupt of this line.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`].
    #[inline(always)]
    pub fn wait(self, deadline: Instant) -> Result<(), Error> {
        notify::wait(self.bit, deadline).map(|_| ())
    }

    /// Lets the line interrupt again.
    #[inline(always)]
    pub fn done(self) {
        sys::irq_done(self.number);
    }
}
