//! The generic timer. The deadline itself is written by the assembly at every switch.

use core::arch::asm;

/// Ticks a second, as the firmware set it; 0 if it did not.
#[must_use]
pub fn frequency() -> u64 {
    let value: u64;
    // SAFETY: reading this register changes nothing.
    unsafe { asm!("mrs {}, cntfrq_el0", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// The time, in ticks.
#[inline(always)]
#[must_use]
pub fn now() -> u64 {
    let value: u64;
    // SAFETY: reading the counter changes nothing.
    unsafe { asm!("isb", "mrs {}, cntpct_el0", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Switches the kernel's timer on, with no deadline.
pub fn start() {
    // SAFETY: the timer only raises its line.
    unsafe {
        asm!(
            "msr cntp_cval_el0, {never}",
            "msr cntp_ctl_el0, {on}",
            "isb",
            never = in(reg) u64::MAX,
            on = in(reg) 1_u64,
            options(nomem, nostack, preserves_flags)
        );
    }
}
