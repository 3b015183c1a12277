//! Devices that are mapped into the partition. The n-th device of its manifest lies at the same address on every board.

use crate::{Duration, sys};
use rtos_abi::layout::{DEVICE_BASE, DEVICE_STRIDE};

/// Address of the registers of the partition's device `number`, for its driver.
#[must_use]
pub const fn base(number: u8) -> usize {
    (DEVICE_BASE + number as u64 * DEVICE_STRIDE) as usize
}

/// The core's virtual timer, as a device of a partition with the right `virtual_timer`. Its line stays raised until it is
/// set anew or stopped. A partition without the right is stopped at the first access.
#[derive(Debug)]
pub struct VirtualTimer;

impl VirtualTimer {
    /// Raises the line once `delay` has passed; at once for [`Duration::ZERO`].
    #[inline(always)]
    pub fn set(&mut self, delay: Duration) {
        sys::virtual_timer(Some(delay.ticks()));
    }

    /// Lowers the line and does not raise it.
    #[inline(always)]
    pub fn stop(&mut self) {
        sys::virtual_timer(None);
    }
}
