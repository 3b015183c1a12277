//! The line on the terminal that the foreground program has begun and not ended: a prompt and what is being typed, say.

use heapless::Vec;

/// Bytes kept of an open line.
pub const OPEN_LINE_BYTES: usize = 768;

/// The bytes that draw the open line: all since the last carriage return or newline.
#[derive(Default)]
pub struct OpenLine {
    bytes: Vec<u8, OPEN_LINE_BYTES>,
    /// More came than is kept, so the line cannot be drawn again.
    overflow: bool,
}

impl OpenLine {
    /// Takes note of a byte that goes to the terminal.
    pub fn note(&mut self, byte: u8) {
        if matches!(byte, b'\r' | b'\n') {
            self.clear();
        } else if self.bytes.push(byte).is_err() {
            self.overflow = true;
        }
    }

    /// Whether the terminal is at the start of a line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The line was ended.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.overflow = false;
    }

    /// The bytes that draw the line again; `None` if they are not all known.
    #[must_use]
    pub fn replay(&self) -> Option<&[u8]> {
        if self.overflow { None } else { Some(&self.bytes) }
    }
}
