//! What the core answers to an event. Two words, so that they come back in two registers; `image` applies them.

use crate::id::Tid;

/// The core's answer. See the constants for the bits of `ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
#[must_use]
pub struct Decision {
    /// What to do. Below 256: return to the caller with this status in `x0` and `val` in `x1`.
    pub ctl: u64,
    /// The next deadline for the timer ([`SWITCH`] or [`TIMER`] set), else the value for `x1`.
    pub val: u64,
}

/// Number of bit [`SLOW`], for a test-and-branch.
pub const SLOW_BIT: u32 = 8;
/// Set whenever any other bit is: not a plain return.
pub const SLOW: u64 = 1 << SLOW_BIT;
/// Save the current thread, run [`Decision::next`]; `val` is the next deadline.
pub const SWITCH: u64 = 1 << 9;
/// With [`SWITCH`]: the partition changes; load its tables and clear scratch registers.
pub const SPACE: u64 = 1 << 10;
/// First store the live message registers in the frame of [`Decision::deliver_to`].
pub const DELIVER: u64 = 1 << 11;
/// Return in place, but load the message registers from the frame of [`Decision::fetch_from`] (after any [`DELIVER`]).
pub const FETCH: u64 = 1 << 12;
/// Return in place, but load `x0`-`x3` from the current thread's frame.
pub const RESULTS: u64 = 1 << 13;
/// Return in place; `val` is the next deadline. Needs [`RESULTS`] in a system call.
pub const TIMER: u64 = 1 << 14;
/// One bounded step is done and there is more: set the timer if [`TIMER`] is set too, look for a pending interrupt, then
/// enter the same call again.
pub const AGAIN: u64 = 1 << 15;
/// Stop the machine; `val` is the exit code.
pub const HALT: u64 = 1 << 16;
/// Exit code with [`HALT`] when the supervisor died: not 0, so that a board restarts.
pub const SUPERVISOR_DIED: u64 = 102;
/// First bit of the next thread's number.
pub const NEXT_SHIFT: u32 = 24;
/// First bit of the number of the thread whose frame takes the message.
pub const DELIVER_SHIFT: u32 = 32;
/// First bit of the number of the thread whose frame gives the message.
pub const FETCH_SHIFT: u32 = 40;

impl Decision {
    /// Return in place with success and `x1` = `value`.
    #[inline(always)]
    pub const fn value(value: u64) -> Self {
        Self { ctl: 0, val: value }
    }

    /// Return in place with an error.
    #[inline(always)]
    pub const fn error(error: rtos_abi::Error) -> Self {
        Self { ctl: error.status(), val: 0 }
    }

    /// Enter the same call again after a look for interrupts.
    pub const AGAIN: Self = Self { ctl: SLOW | AGAIN, val: 0 };

    /// Whether all bits of `flags` are set.
    #[inline(always)]
    #[must_use]
    pub const fn has(self, flags: u64) -> bool {
        self.ctl & flags == flags
    }

    /// The thread to run, with [`SWITCH`].
    #[inline(always)]
    #[must_use]
    pub const fn next(self) -> Tid {
        Tid((self.ctl >> NEXT_SHIFT) as u8)
    }

    /// The thread whose frame takes the live message, with [`DELIVER`].
    #[inline(always)]
    #[must_use]
    pub const fn deliver_to(self) -> Tid {
        Tid((self.ctl >> DELIVER_SHIFT) as u8)
    }

    /// The thread whose frame gives the message, with [`FETCH`].
    #[inline(always)]
    #[must_use]
    pub const fn fetch_from(self) -> Tid {
        Tid((self.ctl >> FETCH_SHIFT) as u8)
    }
}
