//! The system calls: the only `svc` of every program, and a typed function for each call.
//!
//! A system call is a function call that clobbers `x0`-`x18` and the flags ([`rtos_abi::call`]). The wrappers are inlined
//! and load only the registers their call has, so that a call costs its `svc` and little else. The message registers
//! `x20`-`x27` belong to the compiler between calls; where a call carries a message they are its operands.
//!
//! The modules above this one give the same calls better types. On the host a program compiles but has no kernel: there
//! a call panics.
//!
//! The bound of every call is the one `cargo xtask paths` prints for it: no call works longer than that with interrupts
//! masked. Those that copy or map ([`loan_read`], [`part_write`], [`part_map`], ...) do it in steps of at most 1 KiB,
//! between which interrupts are taken.

mod machine;
#[cfg_attr(not(target_os = "none"), path = "sys/host.rs")]
mod svc;

pub use machine::{args_page, counter, cycles, info_page, virtual_timer};

use crate::{Error, Message};
use rtos_abi::call;

/// The registers a call answers in.
#[derive(Clone, Copy, Debug)]
struct Answer {
    status: u64,
    x1: u64,
    x2: u64,
    x3: u64,
}

impl Answer {
    #[inline(always)]
    fn check(self) -> Result<Self, Error> {
        if self.status == 0 {
            return Ok(self);
        }
        // The kernel answers no other number; if it ever did, "refused" is the truth that is left.
        Err(Error::from_status(self.status).unwrap_or(Error::Refused))
    }

    #[inline(always)]
    fn done(self) -> Result<(), Error> {
        self.check().map(|_| ())
    }
}

/// A received call, as the registers hold it.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Names the caller until it is answered.
    pub token: u64,
    /// Badge of the edge it came by.
    pub badge: u64,
    /// Length and kind of the loan.
    pub loan: u64,
    /// The message.
    pub message: Message,
}

/// Admits the calls that neither read nor write the caller's memory, start no code in it and carry no message: their
/// wrappers are safe whatever the arguments, which the kernel checks. (The partition calls change memory only of
/// partitions that are being built, and so not of the one that runs.)
const fn plain(number: u8) -> u8 {
    assert!(
        matches!(
            number,
            call::NULL
                | call::YIELD
                | call::NOTIFY
                | call::WAIT
                | call::WAIT_PERIOD
                | call::IRQ_DONE
                | call::SLEEP_UNTIL
                | call::EXIT
                | call::THREAD_EXIT
                | call::THREAD_JOIN
                | call::REG_READ
                | call::REG_WRITE
                | call::KILL
                | call::PART_REAP
                | call::PART_MAP
                | call::PART_SEAL
                | call::PART_START
                | call::SHUTDOWN
                | call::NOTIFY_OWN
        ),
        "this call is not a plain one"
    );
    number
}

#[inline(always)]
fn plain0<const NUMBER: u8>() -> Answer {
    // SAFETY: `plain` admits only calls that demand nothing of their caller.
    unsafe { svc::call0(const { plain(NUMBER) }) }
}

#[inline(always)]
fn plain1<const NUMBER: u8>(a1: u64) -> Answer {
    // SAFETY: `plain` admits only calls that demand nothing of their caller.
    unsafe { svc::call1(const { plain(NUMBER) }, a1) }
}

#[inline(always)]
fn plain2<const NUMBER: u8>(a1: u64, a2: u64) -> Answer {
    // SAFETY: `plain` admits only calls that demand nothing of their caller.
    unsafe { svc::call2(const { plain(NUMBER) }, a1, a2) }
}

#[inline(always)]
fn plain4<const NUMBER: u8>(a1: u64, a2: u64, a3: u64, a6: u64) -> Answer {
    // SAFETY: `plain` admits only calls that demand nothing of their caller.
    unsafe { svc::call4(const { plain(NUMBER) }, a1, a2, a3, a6) }
}

/// Crosses into the kernel and back.
#[inline(always)]
pub fn null() {
    plain0::<{ call::NULL }>();
}

/// Lets the next ready thread of the same priority run.
#[inline(always)]
pub fn yield_now() {
    plain0::<{ call::YIELD }>();
}

/// Sets `bits` of the peer at notification edge `edge`.
///
/// # Errors
/// [`Error::PeerDead`], [`Error::PeerRestarted`].
#[inline(always)]
pub fn notify(edge: u8, bits: u64) -> Result<(), Error> {
    plain2::<{ call::NOTIFY }>(edge.into(), bits).done()
}

/// Sets `bits` of the own partition's thread number `thread`.
///
/// # Errors
/// [`Error::BadState`] when that thread is not started.
#[inline(always)]
pub fn notify_own(thread: u8, bits: u64) -> Result<(), Error> {
    plain2::<{ call::NOTIFY_OWN }>(thread.into(), bits).done()
}

/// Waits for any bit of `mask`; answers and clears those that came.
///
/// # Errors
/// [`Error::TimedOut`], [`Error::WouldBlock`].
#[inline(always)]
pub fn wait(mask: u64, deadline: u64) -> Result<u64, Error> {
    plain2::<{ call::WAIT }>(mask, deadline).check().map(|a| a.x1)
}

/// Ends this period's work, which began at `began` (0: not measured); answers the next release and the periods skipped.
#[inline(always)]
#[must_use]
pub fn wait_period(began: u64) -> (u64, u64) {
    let answer = plain1::<{ call::WAIT_PERIOD }>(began);
    (answer.x1, answer.x2)
}

/// Sleeps until `time`.
#[inline(always)]
pub fn sleep_until(time: u64) {
    plain1::<{ call::SLEEP_UNTIL }>(time);
}

/// Calls a server through edge `edge`; `message` becomes the reply. It lends nothing.
///
/// # Errors
/// [`Error::TimedOut`], [`Error::PeerDead`], [`Error::PeerRestarted`], [`Error::CallLimit`]; `message` then means nothing.
#[inline(always)]
pub fn call(edge: u8, deadline: u64, message: &mut Message) -> Result<(), Error> {
    // SAFETY: nothing is lent; the message is in registers.
    unsafe { svc::message(call::CALL, [edge.into(), deadline, 0, call::LOAN_NONE], message) }.done()
}

/// [`call`](fn@call), lending `bytes` to be read.
///
/// # Errors
/// As [`call`](fn@call).
pub fn call_lending(edge: u8, deadline: u64, bytes: &[u8], message: &mut Message) -> Result<(), Error> {
    let (address, length) = (bytes.as_ptr().expose_provenance() as u64, bytes.len() as u64 | call::LOAN_READABLE);
    // SAFETY: the server reads the range, which is borrowed for the length of the call.
    unsafe { svc::message(call::CALL, [edge.into(), deadline, address, length], message) }.done()
}

/// [`call`](fn@call), lending `bytes` to be read and written.
///
/// # Errors
/// As [`call`](fn@call).
pub fn call_lending_mut(edge: u8, deadline: u64, bytes: &mut [u8], message: &mut Message) -> Result<(), Error> {
    let kind = call::LOAN_READABLE | call::LOAN_WRITABLE;
    let (address, length) = (bytes.as_mut_ptr().expose_provenance() as u64, bytes.len() as u64 | kind);
    // SAFETY: the server reads and writes the range, which is borrowed exclusively for the length of the call.
    unsafe { svc::message(call::CALL, [edge.into(), deadline, address, length], message) }.done()
}

/// Waits for a call.
///
/// # Errors
/// [`Error::TimedOut`], [`Error::WouldBlock`].
#[inline(always)]
pub fn receive(deadline: u64) -> Result<Received, Error> {
    // SAFETY: the call touches no memory of the caller; the message is in registers.
    let (answer, message) = unsafe { svc::message_out(call::RECEIVE, deadline, 0) };
    answer.check().map(|a| Received { token: a.x1, badge: a.x2, loan: a.x3, message })
}

/// Answers the call with this token.
///
/// # Errors
/// [`Error::Cancelled`].
#[inline(always)]
pub fn reply(token: u64, mut message: Message) -> Result<(), Error> {
    // SAFETY: the call touches no memory of the caller; the message is in registers.
    unsafe { svc::message(call::REPLY, [token, 0, 0, 0], &mut message) }.done()
}

/// Answers the call with this token (0: none), then waits for the next.
///
/// # Errors
/// [`Error::TimedOut`], [`Error::WouldBlock`].
#[inline(always)]
pub fn reply_receive(token: u64, mut message: Message, deadline: u64) -> Result<Received, Error> {
    // SAFETY: the call touches no memory of the caller; the message is in registers.
    let answer = unsafe { svc::message(call::REPLY_RECEIVE, [token, deadline, 0, 0], &mut message) };
    answer.check().map(|a| Received { token: a.x1, badge: a.x2, loan: a.x3, message })
}

/// Copies from the loan of `token`, from byte `offset` of it on, until `to` is full.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Refused`] (outside the loan, or a loan that may not be read).
pub fn loan_read(token: u64, offset: u64, to: &mut [u8]) -> Result<(), Error> {
    // SAFETY: the kernel writes `to` alone, which is ours to write.
    unsafe { svc::call4(call::LOAN_READ, token, offset, to.as_mut_ptr().expose_provenance() as u64, to.len() as u64) }
        .done()
}

/// Copies `from` to the loan of `token`, to byte `offset` of it and on.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Refused`] (outside the loan, or a loan that may not be written).
pub fn loan_write(token: u64, offset: u64, from: &[u8]) -> Result<(), Error> {
    // SAFETY: the kernel reads `from` alone.
    unsafe { svc::call4(call::LOAN_WRITE, token, offset, from.as_ptr().expose_provenance() as u64, from.len() as u64) }
        .done()
}

/// Lets interrupt line number `line` of the partition interrupt again.
#[inline(always)]
pub fn irq_done(line: u8) {
    plain1::<{ call::IRQ_DONE }>(line.into());
}

/// Reads through register grant `grant`.
#[inline(always)]
#[must_use]
pub fn reg_read(grant: u8) -> u32 {
    plain1::<{ call::REG_READ }>(grant.into()).x1 as u32
}

/// Writes through register grant `grant`.
#[inline(always)]
pub fn reg_write(grant: u8, value: u32) {
    plain2::<{ call::REG_WRITE }>(grant.into(), value.into());
}

/// Ends the partition.
pub fn exit(code: u64) -> ! {
    loop {
        plain1::<{ call::EXIT }>(code);
    }
}

/// Stops the partition as panicked.
pub fn panic(message: &str, line: u32) -> ! {
    loop {
        // SAFETY: the kernel reads `message` alone.
        unsafe {
            svc::call3(call::PANIC, message.as_ptr().expose_provenance() as u64, message.len() as u64, line.into())
        };
    }
}

/// Starts the partition's dormant thread number `thread`; it runs `entry` and ends when that returns.
///
/// # Errors
/// [`Error::BadState`] when it is not dormant.
pub fn thread_start<R>(thread: u8, entry: fn() -> R) -> Result<(), Error> {
    #[expect(improper_ctypes_definitions, reason = "the kernel only carries the address to `x0` of the new thread")]
    extern "C" fn begin<R>(entry: fn() -> R) -> ! {
        entry();
        thread_exit()
    }
    let begin: extern "C" fn(fn() -> R) -> ! = begin::<R>;
    let (start, argument) = (begin as *const (), entry as *const ());
    let (start, argument) = (start.expose_provenance() as u64, argument.expose_provenance() as u64);
    // SAFETY: `begin` takes a function in `x0`, which is where the kernel puts the argument.
    unsafe { svc::call3(call::THREAD_START, thread.into(), start, argument) }.done()
}

/// Ends the calling thread.
pub fn thread_exit() -> ! {
    loop {
        plain0::<{ call::THREAD_EXIT }>();
    }
}

/// Waits until the partition's thread number `thread` is dormant.
///
/// # Errors
/// [`Error::TimedOut`], [`Error::WouldBlock`].
pub fn thread_join(thread: u8, deadline: u64) -> Result<(), Error> {
    plain2::<{ call::THREAD_JOIN }>(thread.into(), deadline).done()
}

/// One record of `kind`.
///
/// # Errors
/// [`Error::NotFound`].
pub fn info(kind: u64, index: u64) -> Result<Message, Error> {
    // SAFETY: the call touches no memory of the caller; the record comes in registers.
    let (answer, message) = unsafe { svc::message_out(call::INFO, kind, index) };
    answer.check().map(|_| message)
}

/// Stops partition `slot` if it still is in life number `generation`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::BadState`].
pub fn kill(slot: u8, generation: u32) -> Result<(), Error> {
    plain2::<{ call::KILL }>(slot.into(), generation.into()).done()
}

/// Stops the machine.
pub fn shutdown(code: u64) -> ! {
    loop {
        plain1::<{ call::SHUTDOWN }>(code);
    }
}

/// Frees the tables of dead partition `slot` and clears its memory.
///
/// # Errors
/// [`Error::BadState`].
pub fn part_reap(slot: u8) -> Result<(), Error> {
    plain1::<{ call::PART_REAP }>(slot.into()).done()
}

/// Maps zeroed pages of the slot's memory at `address`.
///
/// # Errors
/// [`Error::BadState`], [`Error::NoMemory`], [`Error::Refused`].
pub fn part_map(slot: u8, address: u64, pages: u64, perm: u8) -> Result<(), Error> {
    plain4::<{ call::PART_MAP }>(slot.into(), address, pages, perm.into()).done()
}

/// Copies `bytes` to `address` in a partition that is being built.
///
/// # Errors
/// [`Error::BadState`], [`Error::Refused`].
pub fn part_write(slot: u8, address: u64, bytes: &[u8]) -> Result<(), Error> {
    // SAFETY: the kernel reads `bytes` alone; what it writes belongs to another partition.
    unsafe {
        svc::call4(
            call::PART_WRITE,
            slot.into(),
            address,
            bytes.as_ptr().expose_provenance() as u64,
            bytes.len() as u64,
        )
    }
    .done()
}

/// Checks and freezes a partition that is being built.
///
/// # Errors
/// [`Error::BadState`], [`Error::NoMemory`], [`Error::NotSealed`].
pub fn part_seal(slot: u8) -> Result<(), Error> {
    plain1::<{ call::PART_SEAL }>(slot.into()).done()
}

/// Starts thread 0 of a sealed partition at `entry` with `argument` in `x0`.
///
/// # Errors
/// [`Error::BadState`], [`Error::Refused`].
pub fn part_start(slot: u8, entry: u64, argument: u64) -> Result<(), Error> {
    plain4::<{ call::PART_START }>(slot.into(), entry, argument, 0).done()
}
