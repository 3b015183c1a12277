//! Device registers at their alias addresses.

use crate::mmu::ALIAS_BASE;
use kernel_core::port::{Phys, Register};

/// Where the register at a physical address is seen, once its page is mapped.
#[inline(always)]
#[must_use]
pub const fn address(at: Phys) -> usize {
    ALIAS_BASE.wrapping_add(at.0) as usize
}

/// Reads a register of 1, 2 or 4 bytes. One whose page is not mapped is a kernel fault.
#[inline(always)]
#[must_use]
pub fn read(register: Register) -> u32 {
    let at = core::ptr::with_exposed_provenance::<u8>(address(register.address));
    match register.width {
        // SAFETY: devices are mapped apart from all memory of the kernel; the rules checked alignment.
        1 => u32::from(unsafe { at.read_volatile() }),
        // SAFETY: as above.
        2 => u32::from(unsafe { at.cast::<u16>().read_volatile() }),
        // SAFETY: as above.
        _ => unsafe { at.cast::<u32>().read_volatile() },
    }
}

/// Writes a register of 1, 2 or 4 bytes; its effect has reached the device's bus before anything that follows.
#[inline(always)]
pub fn write(register: Register, value: u32) {
    let at = core::ptr::with_exposed_provenance_mut::<u8>(address(register.address));
    match register.width {
        // SAFETY: as in `read`.
        1 => unsafe { at.write_volatile(value as u8) },
        // SAFETY: as in `read`.
        2 => unsafe { at.cast::<u16>().write_volatile(value as u16) },
        // SAFETY: as in `read`.
        _ => unsafe { at.cast::<u32>().write_volatile(value) },
    }
    // Blocks of these boards may answer out of order between each other (BCM2835 ARM Peripherals, 1.3).
    // SAFETY: a barrier changes nothing.
    unsafe { core::arch::asm!("dmb osh", options(nostack, preserves_flags)) };
}

/// Writes an aligned double word, past the caches, as a core with its caches off reads it.
pub fn write_double(at: Phys, value: u64) {
    let at = core::ptr::with_exposed_provenance_mut::<u64>(address(at));
    // SAFETY: as in `read`.
    unsafe { at.write_volatile(value) };
}
