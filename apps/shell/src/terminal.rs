//! The shell's ends of its standard output and input.

use core::fmt;

use heapless::Deque;
use rtos_api::prelude::*;
use rtos_api::stdio::{Stdin, Stdout};
use shell_lib::editor::Sink;
use shell_lib::history::LINE_BYTES;

use crate::bits;

/// Ctrl-C.
const INTERRUPT: u8 = 0x03;

/// Standard output: nothing is lost, the shell waits for room.
pub struct Output;

impl Sink for Output {
    fn put(&mut self, bytes: &[u8]) {
        // Without a deadline it ends with all bytes written, or with a console that is gone for good.
        let _ = Stdout.write_all_by(bytes, Instant::NEVER);
    }
}

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

/// Prints a line.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use core::fmt::Write;
        // The output takes everything.
        let _ = writeln!($crate::terminal::Output, $($text)*);
    }};
}

/// What woke the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// This byte was typed.
    Typed(u8),
    /// A partition died.
    Death,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Ctrl-C was typed.
    Interrupted,
    /// A partition died.
    Death,
    /// The time is over.
    TimedOut,
}

/// Standard input, with what was typed ahead of its use.
pub struct Input {
    stdin: Stdin,
    ahead: Deque<u8, LINE_BYTES>,
}

impl Input {
    /// Opens standard input.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a partition without it.
    pub fn open() -> Result<Self, Error> {
        Ok(Self { stdin: Stdin::open()?, ahead: Deque::new() })
    }

    /// The next byte, or a death.
    pub fn next(&mut self) -> Woken {
        loop {
            if let Some(byte) = self.ahead.pop_front() {
                return Woken::Typed(byte);
            }
            if self.fill() == 0
                && let Ok(came) = self.stdin.wait_or(bits::CHILD, Instant::NEVER)
                && came & bits::CHILD != 0
            {
                return Woken::Death;
            }
        }
    }

    /// Forgets a Ctrl-C that came when nothing was there to be ended.
    pub fn forget_interrupt(&mut self) {
        let _ = notify::wait(bits::INTERRUPT, Instant::POLL);
    }

    /// Waits until `deadline`, keeping what is typed for later. Ctrl-C ends it, and throws away what was typed before.
    pub fn wait(&mut self, deadline: Instant) -> Waited {
        let bits = bits::CHILD | bits::INTERRUPT;
        loop {
            self.fill();
            if self.ahead.iter().any(|byte| *byte == INTERRUPT) {
                self.ahead.clear();
                return Waited::Interrupted;
            }
            // With the buffer full, more bytes stay in the ring.
            let came =
                if self.ahead.is_full() { notify::wait(bits, deadline) } else { self.stdin.wait_or(bits, deadline) };
            match came {
                Ok(came) if came & bits::INTERRUPT != 0 => {
                    self.ahead.clear();
                    return Waited::Interrupted;
                }
                Ok(came) if came & bits::CHILD != 0 => return Waited::Death,
                Ok(_) => {}
                Err(_) => return Waited::TimedOut,
            }
        }
    }

    /// Takes what is in the ring; answers how much.
    fn fill(&mut self) -> usize {
        let mut bytes = [0; 64];
        let room = (self.ahead.capacity() - self.ahead.len()).min(bytes.len());
        let count = self.stdin.read_now(bytes.get_mut(..room).unwrap_or(&mut []));
        for byte in bytes.iter().take(count) {
            // There is room: no more was read.
            let _ = self.ahead.push_back(*byte);
        }
        count
    }
}
