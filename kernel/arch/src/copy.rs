//! The linear alias of RAM: the one file in which the kernel touches memory that partitions use.
//!
//! The alias holds no object of the kernel (its image is not in it, the bundle and the device tree are read-only), so
//! no store here can change what safe code relies on. An address outside it is a kernel fault, never silent.

use crate::mmu::ALIAS_BASE;
use core::arch::asm;
use kernel_core::port::Phys;
use rtos_abi::limits::STEP_BYTES;

/// Bytes moved by one turn of the fast loops.
const CHUNK: usize = 64;
const CHUNKS: u64 = (STEP_BYTES / CHUNK) as u64;
/// Bytes copied by one turn.
const RUN: usize = kernel_core::port::COPY_RUN as usize;
const RUNS: u64 = (STEP_BYTES / RUN) as u64;
/// Cache line of every core this kernel runs on.
const LINE: usize = 64;

#[inline(always)]
fn at(address: Phys) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(ALIAS_BASE.wrapping_add(address.0) as usize)
}

/// Reads an aligned word.
#[inline(always)]
pub(crate) fn load_word(from: Phys) -> u64 {
    // SAFETY: see the file's head; `from` is aligned because tables are.
    unsafe { at(from).cast::<u64>().read_volatile() }
}

/// Writes an aligned word.
#[inline(always)]
pub(crate) fn store_word(to: Phys, word: u64) {
    // SAFETY: as in `load_word`.
    unsafe { at(to).cast::<u64>().write_volatile(word) }
}

/// Clears `len` bytes, at most [`STEP_BYTES`] and a multiple of 64.
#[inline(always)]
pub fn clear(to: Phys, len: usize) {
    let mut to = at(to);
    let mut left = len.min(STEP_BYTES) / CHUNK;
    while left > 0 {
        kernel_bounds::turn::<CHUNKS>();
        // SAFETY: see the file's head; 64 bytes are left.
        unsafe {
            asm!(
                "stp xzr, xzr, [{to}]", "stp xzr, xzr, [{to}, #16]", "stp xzr, xzr, [{to}, #32]", "stp xzr, xzr, [{to}, #48]",
                to = in(reg) to, options(nostack, preserves_flags)
            );
        }
        to = to.wrapping_add(CHUNK);
        left -= 1;
    }
}

/// Copies `len` bytes, at most [`STEP_BYTES`] and either a multiple of `RUN` or less than it; the ranges do not overlap.
#[inline(always)]
pub fn copy(to: Phys, from: Phys, len: usize) {
    if len >= RUN { copy_runs(at(to), at(from), len) } else { copy_rest(at(to), at(from), len) }
}

#[inline(always)]
fn copy_runs(mut to: *mut u8, mut from: *mut u8, len: usize) {
    let mut runs = len.min(STEP_BYTES) / RUN;
    while runs > 0 {
        kernel_bounds::turn::<RUNS>();
        // SAFETY: see the file's head; a run is left on both sides.
        unsafe {
            asm!(
                "ldp {a}, {b}, [{from}]", "ldp {c}, {d}, [{from}, #16]", "stp {a}, {b}, [{to}]", "stp {c}, {d}, [{to}, #16]",
                "ldp {a}, {b}, [{from}, #32]", "ldp {c}, {d}, [{from}, #48]", "stp {a}, {b}, [{to}, #32]", "stp {c}, {d}, [{to}, #48]",
                "ldp {a}, {b}, [{from}, #64]", "ldp {c}, {d}, [{from}, #80]", "stp {a}, {b}, [{to}, #64]", "stp {c}, {d}, [{to}, #80]",
                "ldp {a}, {b}, [{from}, #96]", "ldp {c}, {d}, [{from}, #112]", "stp {a}, {b}, [{to}, #96]", "stp {c}, {d}, [{to}, #112]",
                to = in(reg) to, from = in(reg) from,
                a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _,
                options(nostack, preserves_flags)
            );
        }
        (to, from) = (to.wrapping_add(RUN), from.wrapping_add(RUN));
        runs -= 1;
    }
}

#[inline(always)]
fn copy_rest(mut to: *mut u8, mut from: *mut u8, len: usize) {
    let mut words = len % RUN / 8;
    while words > 0 {
        kernel_bounds::turn::<{ RUN as u64 / 8 }>();
        // The compiler would move an unaligned word byte by byte; the core does it at once, in normal memory.
        // SAFETY: see the file's head; eight bytes are left on both sides.
        unsafe {
            asm!(
                "ldr {word}, [{from}], #8", "str {word}, [{to}], #8",
                word = out(reg) _, from = inout(reg) from, to = inout(reg) to, options(nostack, preserves_flags)
            );
        }
        words -= 1;
    }
    let mut bytes = len % 8;
    while bytes > 0 {
        kernel_bounds::turn::<8>();
        // SAFETY: as above; one byte is left.
        let byte = unsafe { from.read() };
        // SAFETY: as above.
        unsafe { to.write(byte) };
        (to, from) = (to.wrapping_add(1), from.wrapping_add(1));
        bytes -= 1;
    }
}

/// Writes up to 64 bytes.
#[inline(always)]
pub fn store(to: Phys, bytes: &[u8]) {
    let to = at(to);
    for (n, byte) in bytes.iter().take(CHUNK).enumerate() {
        kernel_bounds::turn::<{ CHUNK as u64 }>();
        // SAFETY: see the file's head.
        unsafe { to.wrapping_add(n).write_volatile(*byte) };
    }
}

/// Makes freshly written code visible to instruction fetch: at most [`STEP_BYTES`] from `start`.
#[inline(always)]
pub fn sync_code(start: Phys, len: usize) {
    let first = Phys(start.0 & !(LINE as u64 - 1));
    let lines = (len.min(STEP_BYTES) + (start.0 - first.0) as usize).div_ceil(LINE);
    let mut line = at(first);
    let mut left = lines;
    while left > 0 {
        kernel_bounds::turn::<{ CHUNKS + 1 }>();
        // SAFETY: cleaning a line changes no memory.
        unsafe { asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags)) };
        line = line.wrapping_add(LINE);
        left -= 1;
    }
    // A cache indexed by virtual addresses (Cortex-A53) keeps the program's own alias apart, so all of it goes. One
    // core runs programs; the others have nothing in theirs.
    // SAFETY: invalidating the instruction cache changes no memory.
    unsafe { asm!("dsb ish", "ic iallu", "dsb nsh", "isb", options(nostack, preserves_flags)) };
}

/// Memory that is mapped read-only and never changes again, as bytes.
///
/// # Safety
/// The range is mapped as [`Alias::ReadOnly`](crate::mmu::Alias::ReadOnly), nothing else writes it, and it stays mapped
/// for as long as the bytes are used.
#[must_use]
pub unsafe fn read_only(from: Phys, len: usize) -> &'static [u8] {
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(at(from), len) }
}
