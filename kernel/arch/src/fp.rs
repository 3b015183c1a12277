//! Floating-point registers of the threads that declared `fp`. The assembly in `switch.s` moves them.

use crate::core_block;
use kernel_core::id::Tid;
use rtos_abi::limits::MAX_THREADS;

/// Saved `q0`-`q31`, `FPCR`, `FPSR`.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub struct FpArea {
    q: [u128; 32],
    fpcr: u64,
    fpsr: u64,
}

const EMPTY: FpArea = FpArea { q: [0; 32], fpcr: 0, fpsr: 0 };
/// Bytes of one area.
pub const FP_AREA_BYTES: usize = size_of::<FpArea>();
const _: () = assert!(FP_AREA_BYTES == 528 && core::mem::offset_of!(FpArea, fpcr) == 512);

#[unsafe(no_mangle)]
static mut fp_areas: [FpArea; MAX_THREADS] = [EMPTY; MAX_THREADS];

/// Clears the registers of a thread that died or starts anew, wherever they are.
pub fn forget(thread: Tid) {
    // SAFETY: the index is a `u8` into 256 areas; the assembly uses them only outside Rust code.
    let area = unsafe { &raw mut fp_areas[thread.index()] }.cast::<u64>();
    for word in 0..FP_AREA_BYTES / 8 {
        kernel_bounds::turn::<{ FP_AREA_BYTES as u64 / 8 }>();
        // SAFETY: within the area.
        unsafe { area.wrapping_add(word).write_volatile(0) };
    }
    if core_block::fp_owner() == thread {
        core_block::clear_fp_owner();
    }
}
