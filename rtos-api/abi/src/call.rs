//! System calls: `svc #0` with the number in `x0`.
//!
//! A system call is a function call. Arguments are in `x1`, `x2`, `x3`, `x6`, `x7` (the kernel uses `x4` and `x5`); the
//! status comes back in `x0` (0, or [`Error`](crate::Error)), values in `x1` to `x3`. `x0`-`x18` and the flags are
//! clobbered, `x19`-`x30` preserved; `x20`-`x27` carry the 64-byte message where a call has one. Floating-point
//! registers are not touched. Times are absolute, in ticks of `CNTPCT_EL0`; [`NEVER`] waits for ever, [`POLL`] not at all.

/// A deadline that never comes.
pub const NEVER: u64 = u64::MAX;
/// A deadline that has passed: do not wait.
pub const POLL: u64 = 0;

macro_rules! calls {
    ($($(#[$m:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        $($(#[$m])* pub const $name: u8 = $number;)*
        /// Every call as number and name, in order.
        pub const ALL: &[(u8, &str)] = &[$(($number, $text)),*];
    };
}

calls! {
    /// Nothing: the cost of crossing into the kernel and back.
    NULL = 0, "null";
    /// Lets the next ready thread of the same priority run.
    YIELD = 1, "yield";
    /// Sets bits of a peer: `x1` notification edge, `x2` bits (those the edge does not allow are misuse).
    /// Errors: `PeerDead`, `PeerRestarted`.
    NOTIFY = 2, "notify";
    /// Waits for any bit of the mask `x1` until `x2`; `x1` answers and clears the bits that came. Errors: `TimedOut`, `WouldBlock`.
    WAIT = 3, "wait";
    /// Ends this period's work and waits for the next release. `x1`: the time at which this period's work began, as the
    /// thread read it, or 0 for not measured. Answers `x1` the release's exact time, `x2` the periods that were skipped.
    WAIT_PERIOD = 4, "wait_period";
    /// Calls a server: `x1` call edge, `x2` deadline, `x3` address and `x6` length and kind of a loan ([`LOAN_NONE`] for
    /// none), message in `x20`-`x27` both ways. A loan of what is not the caller's is refused when the server uses it. Errors: `TimedOut`, `PeerDead`, `PeerRestarted`, `CallLimit`.
    CALL = 5, "call";
    /// Waits for a call until `x1`. Answers `x1` token, `x2` badge of the edge it came by, `x3` length and kind of the
    /// loan; message in `x20`-`x27`. Errors: `TimedOut`, `WouldBlock`.
    RECEIVE = 6, "receive";
    /// Answers the call with token `x1` with the message in `x20`-`x27`. Errors: `Cancelled`.
    REPLY = 7, "reply";
    /// [`REPLY`] to token `x1` (0: to nobody), then [`RECEIVE`] until `x2`. A cancelled reply is not reported.
    REPLY_RECEIVE = 8, "reply_receive";
    /// Lets the partition's interrupt line `x1` interrupt again. A line is masked until its driver first says so.
    IRQ_DONE = 9, "irq_done";
    /// Sleeps until `x1`.
    SLEEP_UNTIL = 10, "sleep_until";
    /// Ends the partition with exit code `x1`.
    EXIT = 11, "exit";
    /// Starts the partition's dormant thread number `x1` at `x2` with argument `x3`. Errors: `BadState`.
    THREAD_START = 12, "thread_start";
    /// Ends the calling thread; its slot can be started again.
    THREAD_EXIT = 13, "thread_exit";
    /// Waits until the partition's thread number `x1` is dormant, until `x2`. Errors: `TimedOut`, `WouldBlock`.
    THREAD_JOIN = 14, "thread_join";
    /// Copies from the loan of token `x1`: offset `x2` in it, to `x3`, `x6` bytes. Errors: `Cancelled`, `Refused`.
    LOAN_READ = 15, "loan_read";
    /// Copies to the loan of token `x1`: offset `x2` in it, from `x3`, `x6` bytes. Errors: `Cancelled`, `Refused`.
    LOAN_WRITE = 16, "loan_write";
    /// Reads through register grant `x1`; `x1` answers the masked value.
    REG_READ = 17, "reg_read";
    /// Writes `x2` through register grant `x1`; bits outside its mask are misuse. A grant of one action (a pin's set or
    /// clear: [`ONES`](crate::bundle::write_kind::ONES)) ignores `x2`.
    REG_WRITE = 18, "reg_write";
    /// One record of kind `x1`, index `x2`, in `x20`-`x27` ([`crate::info`]). Right: `inspect`, but for own records. Errors: `NotFound`.
    INFO = 19, "info";
    /// Stops partition `x1` if its generation is still `x2`. Right: `control`. Errors: `NotFound`, `BadState`.
    KILL = 20, "kill";
    /// Clears a dead or half-built partition's tables and ends the calls that waited for it, in steps (its memory is cleared when it is
    /// mapped again). `x1` slot. Right: `build`. Errors: `BadState`.
    PART_REAP = 21, "part_reap";
    /// Maps zeroed pages of the slot's reserved memory: `x1` slot, `x2` address, `x3` pages, `x6` [`perm`].
    /// Right: `build`. Errors: `BadState`, `NoMemory`, `Refused`.
    PART_MAP = 22, "part_map";
    /// Copies into an unsealed partition: `x1` slot, `x2` address there, `x3` own address, `x6` bytes. Right: `build`.
    /// Errors: `BadState`, `Refused`.
    PART_WRITE = 23, "part_write";
    /// Checks W^X, synchronises code, maps what the manifest declares (devices, rings, info page), freezes. `x1` slot.
    /// Right: `build`. Errors: `BadState`, `NoMemory`, `NotSealed`.
    PART_SEAL = 24, "part_seal";
    /// Starts thread 0 of a sealed partition: `x1` slot, `x2` entry, `x3` argument. Right: `build`. Errors: `BadState`, `Refused`.
    PART_START = 25, "part_start";
    /// Stops the machine with exit code `x1`. Right: `shutdown`.
    SHUTDOWN = 26, "shutdown";
    /// Stops the partition as panicked; `x1` address of the message, `x2` its length, `x3` line: kept for whoever reads the fault.
    PANIC = 27, "panic";
    /// Sets bits `x2` of the own partition's thread number `x1`.
    NOTIFY_OWN = 28, "notify_own";
}

/// Kinds of loan, in bits 62 and 63 of the length register.
pub const LOAN_NONE: u64 = 0;
/// The server may read the range.
pub const LOAN_READABLE: u64 = 1 << 62;
/// The server may write the range.
pub const LOAN_WRITABLE: u64 = 1 << 63;

/// What a page may be used for; a partition never has both of `WRITE` and `EXECUTE`.
pub mod perm {
    /// Loads.
    pub const READ: u8 = 1;
    /// Stores.
    pub const WRITE: u8 = 2;
    /// Instruction fetches.
    pub const EXECUTE: u8 = 4;
}

/// Rights of a partition, from its manifest.
pub mod right {
    /// May ask `info` about others.
    pub const INSPECT: u16 = 1;
    /// May kill others.
    pub const CONTROL: u16 = 2;
    /// May build and reap partitions.
    pub const BUILD: u16 = 4;
    /// May stop the machine.
    pub const SHUTDOWN: u16 = 8;
    /// Is told of every death; its own is a reboot.
    pub const SUPERVISE: u16 = 16;
    /// May use the virtual timer as a device (`CNTV_*_EL0`).
    pub const VIRTUAL_TIMER: u16 = 32;
}

/// Bit of thread 0 of a partition with standard input and output: its rings changed.
pub const STDIO_BIT: u64 = 1 << 62;
/// Bits of a supervisor's notification word that the kernel itself sets.
pub const SUPERVISOR_DEATH_BIT: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    #[test]
    fn call_numbers_are_dense_and_in_order() {
        for (index, (number, name)) in super::ALL.iter().enumerate() {
            assert_eq!(index, usize::from(*number), "{name}");
        }
    }
}
