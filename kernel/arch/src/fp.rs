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
    let areas = (&raw mut fp_areas).cast::<FpArea>();
    // SAFETY: the index is a `u8` into 256 areas; the assembly uses them only outside Rust code.
    unsafe {
        core::arch::asm!(
            ".rept {pairs}",
            "stp xzr, xzr, [{at}], #16",
            ".endr",
            pairs = const FP_AREA_BYTES / 16,
            at = inout(reg) areas.wrapping_add(thread.index()) => _,
            options(nostack, preserves_flags)
        );
    }
    if core_block::fp_owner() == thread {
        core_block::clear_fp_owner();
    }
}
