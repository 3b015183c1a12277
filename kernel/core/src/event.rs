//! Every input the kernel can get. No input bypasses it, so a recorded stream replays on the host bit for bit.

use rtos_abi::FaultReason;

/// A system call's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CallArgs {
    /// `x1`.
    pub a1: u64,
    /// `x2`.
    pub a2: u64,
    /// `x3`.
    pub a3: u64,
    /// `x6`.
    pub a6: u64,
    /// `x7`.
    pub a7: u64,
}

/// An exception of a program that is no system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultEvent {
    /// What happened; a stack overflow is told apart by the core, from the address.
    pub reason: FaultReason,
    /// `FAR_EL1`, or 0.
    pub address: u64,
    /// `ESR_EL1`.
    pub syndrome: u64,
}

/// An input of the kernel. The time comes beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The running thread executed `svc`.
    Call(u8, CallArgs),
    /// A device line is raised. The controller has masked it.
    Irq(u16),
    /// The controller had nothing to tell.
    SpuriousIrq,
    /// The timer's deadline has passed.
    Timer,
    /// The running thread caused an exception; its frame is saved.
    Fault(FaultEvent),
}
