//! The thread that answers calls, and what it shares with the driver thread.

use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};

use console_proto::{ConsoleError, Request, SHELL, Statistics, encode_reply};
use rtos_api::ipc;
use rtos_api::prelude::*;

use crate::{bits, threads};

/// Longest time that a flush waits, milliseconds.
const FLUSH_MS: u64 = 2000;

/// Slots of the programs that are served, a bit each.
static KNOWN: AtomicU64 = AtomicU64::new(0);
/// Slot of the shell.
static SHELL_SLOT: AtomicU8 = AtomicU8::new(0);
/// Slot that is wanted in the foreground.
static FOREGROUND: AtomicU8 = AtomicU8::new(0);
/// The server thread waits until all is sent.
static FLUSHING: AtomicBool = AtomicBool::new(false);
/// Ctrl-C was typed since the foreground was set.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A count that the driver thread keeps and the server thread tells.
pub struct Count(AtomicU64);

impl Count {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds to it. Only the driver thread does.
    pub fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed) + more, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Bytes sent to the terminal.
pub static OUTPUT: Count = Count::new();
/// Bytes that came from it.
pub static INPUT: Count = Count::new();
/// Printed bytes that were lost.
pub static OUTPUT_DROPPED: Count = Count::new();
/// Typed bytes that were lost.
pub static INPUT_DROPPED: Count = Count::new();
/// Bytes that came damaged or were overrun.
pub static LINE_ERRORS: Count = Count::new();

/// Tells the server thread, before it starts, which programs there are.
pub fn announce(slots: u64, shell: u8) {
    KNOWN.store(slots, Relaxed);
    SHELL_SLOT.store(shell, Relaxed);
    FOREGROUND.store(shell, Relaxed);
}

/// The slot that is wanted in the foreground.
pub fn foreground() -> u8 {
    FOREGROUND.load(Relaxed)
}

/// Ctrl-C was typed.
pub fn interrupted() {
    INTERRUPTED.store(true, Relaxed);
}

/// Whether the server thread waits until all is sent.
pub fn is_flushing() -> bool {
    FLUSHING.load(Relaxed)
}

/// All that was printed has been sent.
pub fn drained() {
    if FLUSHING.swap(false, Relaxed) {
        // It waits, or has just given up waiting: either is fine.
        let _ = threads::SERVER.notify(bits::DRAINED);
    }
}

/// The server thread.
pub fn run() -> Result<(), Error> {
    let mut request = ipc::receive(Instant::NEVER)?;
    loop {
        let reply = Request::decode(request.message).and_then(answer);
        request = request.reply_receive(encode_reply(reply), Instant::NEVER)?;
    }
}

fn answer(request: Request) -> Result<Statistics, ConsoleError> {
    match request {
        Request::SetForeground(slot) => {
            let slot = if slot == SHELL { SHELL_SLOT.load(Relaxed) } else { slot };
            if slot > 63 || KNOWN.load(Relaxed) & 1 << slot == 0 {
                return Err(ConsoleError::NoSuchProgram);
            }
            FOREGROUND.store(slot, Relaxed);
            INTERRUPTED.store(false, Relaxed);
            wake_driver();
        }
        Request::Flush => {
            // An answer to an earlier flush, which had given up, is none to this one.
            let _ = notify::wait(bits::DRAINED, Instant::POLL);
            FLUSHING.store(true, Relaxed);
            wake_driver();
            // Longer than that nobody wants to wait for a slow terminal.
            let _ = notify::wait(bits::DRAINED, Instant::after(Duration::from_millis(FLUSH_MS)));
        }
        Request::Statistics => {}
    }
    Ok(Statistics {
        foreground: FOREGROUND.load(Relaxed),
        interrupted: INTERRUPTED.load(Relaxed),
        output: OUTPUT.get(),
        input: INPUT.get(),
        output_dropped: OUTPUT_DROPPED.get(),
        input_dropped: INPUT_DROPPED.get(),
        line_errors: LINE_ERRORS.get(),
    })
}

fn wake_driver() {
    // The driver has started this thread and never ends.
    let _ = threads::DRIVER.notify(bits::REQUEST);
}
