//! Constants of the vectors and of the switch, taken from the types they describe.

use crate::core_block::{CORE_BLOCK_BYTES, CoreBlock};
use core::mem::offset_of;
use kernel_core::decision::{
    AGAIN, DELIVER, DELIVER_SHIFT, Decision, FETCH, FETCH_SHIFT, HALT, NEXT_SHIFT, RESULTS, SLOW_BIT, SPACE, SWITCH,
    TIMER,
};
use kernel_core::frame::{Frame, FrameKind};
use kernel_core::kernel::Kernel;
use kernel_core::thread::Thread;
use rtos_abi::info::path;

const FRAME: usize = offset_of!(Thread, frame);
const fn in_frame(offset: usize) -> usize {
    FRAME + offset
}

// What the assembly takes for granted.
const _: () = {
    assert!(size_of::<Thread>() == 512, "a thread's address is its number shifted by 9");
    assert!(offset_of!(Frame, pc) == offset_of!(Frame, sp) + 8);
    assert!(offset_of!(Frame, tpidr) == offset_of!(Frame, psr) + 8);
    assert!(offset_of!(Frame, cpacr) == offset_of!(Frame, space) + 8);
    assert!(in_frame(offset_of!(Frame, space)) <= 504, "in reach of a load of two registers");
    assert!(FrameKind::Call as u64 == 0 && FrameKind::Full as u64 == 1);
    assert!(offset_of!(CoreBlock, path) == offset_of!(CoreBlock, start) + 8);
    assert!(offset_of!(CoreBlock, zero) <= 504 && CORE_BLOCK_BYTES < 4096);
    assert!(offset_of!(Decision, ctl) == 0 && offset_of!(Decision, val) == 8);
};

/// The registers of the kernel's own exception, as the vectors store them.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct ExceptionRecord {
    /// `x0` to `x30`.
    pub x: [u64; 31],
    /// `SP_EL1`.
    pub sp: u64,
    /// `ELR_EL1`.
    pub pc: u64,
    /// `SPSR_EL1`.
    pub psr: u64,
    /// `ESR_EL1`.
    pub syndrome: u64,
    /// `FAR_EL1`.
    pub address: u64,
    /// Number of the vector, 0 to 15.
    pub vector: u64,
}

const _: () = assert!(offset_of!(ExceptionRecord, vector) == 288);

core::arch::global_asm!(
    include_str!("macros.s"),
    include_str!("vectors.s"),
    include_str!("switch.s"),
    START = const offset_of!(CoreBlock, start),
    PATH = const offset_of!(CoreBlock, path),
    ZERO = const offset_of!(CoreBlock, zero),
    LINK = const offset_of!(CoreBlock, link),
    CURRENT = const offset_of!(CoreBlock, current),
    ARGUMENTS = const offset_of!(CoreBlock, arguments),
    FP_OWNER = const offset_of!(CoreBlock, fp_owner),
    BCM = const offset_of!(CoreBlock, bcm),
    MACHINE = const CORE_BLOCK_BYTES,
    THREADS = const CORE_BLOCK_BYTES + offset_of!(Kernel, threads),
    FRAME_X = const in_frame(offset_of!(Frame, x)),
    FRAME_SP = const in_frame(offset_of!(Frame, sp)),
    FRAME_PSR = const in_frame(offset_of!(Frame, psr)),
    FRAME_SPACE = const in_frame(offset_of!(Frame, space)),
    FRAME_KIND = const in_frame(offset_of!(Frame, kind)),
    SLOW_BIT = const SLOW_BIT,
    SWITCH_BIT = const SWITCH.trailing_zeros(),
    SPACE_BIT = const SPACE.trailing_zeros(),
    DELIVER_BIT = const DELIVER.trailing_zeros(),
    FETCH_BIT = const FETCH.trailing_zeros(),
    RESULTS_BIT = const RESULTS.trailing_zeros(),
    TIMER_BIT = const TIMER.trailing_zeros(),
    AGAIN_BIT = const AGAIN.trailing_zeros(),
    HALT_BIT = const HALT.trailing_zeros(),
    NEXT_SHIFT = const NEXT_SHIFT,
    DELIVER_SHIFT = const DELIVER_SHIFT,
    FETCH_SHIFT = const FETCH_SHIFT,
    PATH_IRQ = const path::IRQ,
    PATH_FAULT = const path::FAULT,
    PATH_IDLE = const path::IDLE,
    FP_AREA_BYTES = const crate::fp::FP_AREA_BYTES,
    RECORD_BYTES = const size_of::<ExceptionRecord>(),
);

unsafe extern "C" {
    safe fn enter_first_thread(ctl: u64, val: u64) -> !;
}

/// Leaves boot: runs the thread that the decision names, on its registers. The kernel stack starts afresh.
pub fn enter(first: Decision) -> ! {
    enter_first_thread(first.ctl, first.val)
}
