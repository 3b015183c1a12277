//! Standard output and input, for a partition with `stdio = true`. Both are rings to the console: printing never blocks
//! and never calls anybody. When the ring is full, what does not fit is dropped, counted, and shown as dropped.
//!
//! [`print!`](crate::print!) and [`println!`](crate::println!) may be used by all threads. Each sends its text in pieces of up to [`PIECE`] bytes, which
//! do not mix with those of other threads.

use crate::{Error, Instant, ring};
use core::convert::Infallible;
use core::fmt::{self, Write};

/// Bytes that are printed in one piece.
pub const PIECE: usize = 128;
/// Ring of a partition's standard output.
#[cfg(target_os = "none")]
const OUTPUT: u8 = 0;
/// Ring of a partition's standard input.
const INPUT: u8 = 1;

#[cfg(target_os = "none")]
static STDOUT: ring::SharedWriter = ring::SharedWriter::new();

/// Opens standard output, before `main`. A partition without it keeps a closed one, which takes and drops everything.
#[cfg(target_os = "none")]
pub(crate) fn open() {
    if let Ok(record) = ring::describe(OUTPUT) {
        STDOUT.open(&record);
    }
}

/// Prints to standard output, as [`std::print!`](https://doc.rust-lang.org/std/macro.print.html).
#[macro_export]
macro_rules! print {
    ($($text:tt)*) => { $crate::stdio::print_arguments(format_args!($($text)*)) };
}

/// Prints a line to standard output.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($text:tt)*) => { $crate::stdio::print_arguments(format_args!("{}\n", format_args!($($text)*))) };
}

/// What [`print!`](crate::print!) expands to.
pub fn print_arguments(text: fmt::Arguments<'_>) {
    let mut piece = Piece { bytes: [0; PIECE], len: 0 };
    // Writing fails only if a value's own `Display` does; there is nobody to tell, and what it printed stays.
    let _ = piece.write_fmt(text);
    piece.send();
}

/// Text on its way to standard output.
struct Piece {
    bytes: [u8; PIECE],
    len: usize,
}

impl Piece {
    fn send(&mut self) {
        Stdout.put(self.bytes.get(..self.len).unwrap_or(&[]));
        self.len = 0;
    }
}

impl Write for Piece {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut text = text.as_bytes();
        while !text.is_empty() {
            let room = self.bytes.get_mut(self.len..).unwrap_or(&mut []);
            let taken = room.len().min(text.len());
            let (now, later) = text.split_at(taken);
            room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            self.len += taken;
            text = later;
            if self.len == PIECE {
                self.send();
            }
        }
        Ok(())
    }
}

/// Standard output. Writing succeeds always and at once; see [`Stdout::write_all_by`] for output that must not be dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stdout;

impl Stdout {
    /// Writes what there is room for and counts the rest as dropped.
    fn put(self, bytes: &[u8]) {
        let rest = bytes.len() - self.put_some(bytes);
        #[cfg(target_os = "none")]
        if rest > 0 {
            STDOUT.count_dropped(rest);
        }
        let _ = rest;
    }

    #[cfg(target_os = "none")]
    fn put_some(self, bytes: &[u8]) -> usize {
        STDOUT.write(bytes)
    }

    #[cfg(not(target_os = "none"))]
    fn put_some(self, bytes: &[u8]) -> usize {
        // `print!` and not the standard output itself: the test harness captures it.
        std::print!("{}", std::string::String::from_utf8_lossy(bytes));
        bytes.len()
    }

    /// Writes all of `bytes`, waiting for room until `deadline`. Only for the partition's main thread.
    ///
    /// # Errors
    /// [`Error::TimedOut`]: the rest was not written, and is not counted as dropped.
    pub fn write_all_by(self, mut bytes: &[u8], deadline: Instant) -> Result<(), Error> {
        loop {
            bytes = bytes.get(self.put_some(bytes)..).unwrap_or(&[]);
            if bytes.is_empty() {
                return Ok(());
            }
            #[cfg(target_os = "none")]
            STDOUT.wait_room(deadline)?;
            let _ = deadline;
        }
    }
}

impl Write for Stdout {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

impl embedded_io::ErrorType for Stdout {
    type Error = Infallible;
}

impl embedded_io::Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Standard input: the bytes that the console reads while this program is in the foreground.
#[derive(Debug)]
pub struct Stdin(ring::Reader);

impl Stdin {
    /// Opens standard input. What a former life of this program left unread is thrown away.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a partition without it.
    pub fn open() -> Result<Self, Error> {
        let mut reader = ring::Reader::open(INPUT)?;
        if !reader.reopened() {
            reader.clear();
        }
        Ok(Self(reader))
    }

    /// Reads what is there; answers how much, 0 if nothing is.
    pub fn read_now(&mut self, to: &mut [u8]) -> usize {
        self.0.read(to)
    }

    /// Waits for at least one byte and reads what is there. Only for the partition's main thread.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`].
    pub fn read_by(&mut self, to: &mut [u8], deadline: Instant) -> Result<usize, Error> {
        self.0.wait(deadline)?;
        Ok(self.0.read(to))
    }

    /// Waits for input or for any of `bits`, whichever comes first; answers the bits that came. Only for the partition's
    /// main thread.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`].
    pub fn wait_or(&self, bits: u64, deadline: Instant) -> Result<u64, Error> {
        self.0.wait_or(bits, deadline)
    }
}

impl embedded_io::ErrorType for Stdin {
    type Error = Infallible;
}

impl embedded_io::Read for Stdin {
    /// Waits for at least one byte.
    fn read(&mut self, to: &mut [u8]) -> Result<usize, Infallible> {
        // A wait without a deadline ends only with bytes.
        while !to.is_empty() {
            if let Ok(taken) = self.read_by(to, Instant::NEVER) {
                return Ok(taken);
            }
        }
        Ok(0)
    }
}

impl embedded_io::ReadReady for Stdin {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.available() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Piece};
    use core::fmt::Write;

    #[test]
    fn text_longer_than_a_piece_is_sent_in_pieces() {
        let mut piece = Piece { bytes: [0; PIECE], len: 0 };
        for _ in 0..10 {
            write!(piece, "{:30}", "").unwrap();
        }
        assert_eq!(piece.len, 300 - 2 * PIECE);
    }
}
