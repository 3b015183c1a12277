//! The line being typed: bytes from the terminal in, bytes to the terminal out.
//!
//! The editor asks the terminal nothing and waits for nothing, so a script can be piped into it. It draws within one
//! terminal row and scrolls sideways in it. Each drawing begins with a carriage return: what it has put out since then
//! draws the line again, which is how the console restores it after the output of another program.

use heapless::Vec;

use crate::history::{History, Line};

/// Columns of the terminal row that are used.
pub const COLUMNS: usize = 79;
/// Columns by which a line that is longer than the row scrolls.
const SCROLL_COLUMNS: usize = 20;
/// Bytes put out since the last carriage return after which the line is drawn anew.
const ECHO_LIMIT: usize = 256;

/// Where the editor's bytes go.
pub trait Sink {
    /// Takes all of `bytes`.
    fn put(&mut self, bytes: &[u8]);
}

/// What a byte led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The line goes on.
    Typing,
    /// The line is complete: see [`Editor::line`].
    Line,
    /// Ctrl-C: the line was thrown away.
    Interrupt,
    /// Ctrl-D on an empty line.
    EndOfInput,
}

/// How far an escape sequence has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Started,
    /// After `ESC [`, with its first number.
    Control(u8),
    /// After `ESC [`, past a `;`: modifiers, which are ignored.
    Modifiers(u8),
    /// After `ESC O`.
    Shifted,
}

/// A line editor.
pub struct Editor {
    prompt: &'static str,
    line: Line,
    /// Byte before which the next character goes; always at a character's start.
    cursor: usize,
    /// First byte that is shown.
    first: usize,
    escape: Escape,
    /// Bytes of a character that has not come whole yet.
    partial: Vec<u8, 4>,
    after_return: bool,
    echoed: usize,
    history: History,
}

impl Editor {
    /// An empty line behind `prompt`, not yet drawn.
    #[must_use]
    pub fn new(prompt: &'static str) -> Self {
        Self {
            prompt,
            line: Line::new(),
            cursor: 0,
            first: 0,
            escape: Escape::None,
            partial: Vec::new(),
            after_return: false,
            echoed: 0,
            history: History::default(),
        }
    }

    /// The line.
    #[must_use]
    pub fn line(&self) -> &str {
        // Only whole characters were let in.
        core::str::from_utf8(&self.line).unwrap_or("")
    }

    /// Keeps the line in the history and begins an empty one.
    pub fn next_line(&mut self) {
        self.history.push(&self.line);
        self.clear();
    }

    fn clear(&mut self) {
        self.line.clear();
        self.cursor = 0;
        self.first = 0;
    }

    /// Takes the line off the terminal, so that something else can be printed; [`Editor::draw`] brings it back below.
    pub fn hide(&mut self, out: &mut impl Sink) {
        out.put(b"\r\x1b[K");
        self.echoed = 0;
    }

    /// Draws prompt and line from the start of the row.
    pub fn draw(&mut self, out: &mut impl Sink) {
        let room = COLUMNS - self.prompt.len();
        if self.cursor < self.first {
            self.first = self.cursor;
        }
        if columns(&self.line[self.first..self.cursor]) > room {
            // By several columns at once, so that not every further character draws the whole row.
            while columns(&self.line[self.first..self.cursor]) > room - SCROLL_COLUMNS {
                self.first = next(&self.line, self.first);
            }
        }
        let mut end = self.cursor;
        while end < self.line.len() && columns(&self.line[self.first..next(&self.line, end)]) <= room {
            end = next(&self.line, end);
        }
        out.put(b"\r");
        out.put(self.prompt.as_bytes());
        out.put(&self.line[self.first..end]);
        out.put(b"\x1b[K");
        self.echoed = 0;
        move_left(columns(&self.line[self.cursor..end]), out);
    }

    /// Takes one byte from the terminal.
    pub fn feed(&mut self, byte: u8, out: &mut impl Sink) -> Outcome {
        let after_return = core::mem::replace(&mut self.after_return, byte == b'\r');
        if self.escape != Escape::None {
            self.feed_escape(byte, out);
            return Outcome::Typing;
        }
        match byte {
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                out.put(b"\n");
                return Outcome::Line;
            }
            0x03 => {
                out.put(b"^C\n");
                self.clear();
                return Outcome::Interrupt;
            }
            0x04 if self.line.is_empty() => return Outcome::EndOfInput,
            0x1b => self.escape = Escape::Started,
            0x20..=0x7e => self.insert(&[byte], out),
            0x80.. => self.collect(byte, out),
            _ => self.control(byte, out),
        }
        Outcome::Typing
    }

    fn control(&mut self, byte: u8, out: &mut impl Sink) {
        match byte {
            0x01 => self.move_to(0, out),
            0x02 => self.left(out),
            0x04 => self.delete(out),
            0x05 => self.move_to(self.line.len(), out),
            0x06 => self.right(out),
            0x08 | 0x7f => self.backspace(out),
            0x0b => {
                self.line.truncate(self.cursor);
                self.draw(out);
            }
            0x0c => {
                out.put(b"\x1b[2J\x1b[H");
                self.draw(out);
            }
            0x0e => self.newer(out),
            0x10 => self.older(out),
            0x15 => self.remove(0, self.cursor, out),
            0x17 => self.remove(self.word_start(), self.cursor, out),
            _ => {}
        }
    }

    fn feed_escape(&mut self, byte: u8, out: &mut impl Sink) {
        self.escape = match (self.escape, byte) {
            (Escape::Started, b'[') => Escape::Control(0),
            (Escape::Started, b'O') => Escape::Shifted,
            (Escape::Control(n), b'0'..=b'9') => Escape::Control(n.saturating_mul(10).saturating_add(byte - b'0')),
            (Escape::Control(n), b';') | (Escape::Modifiers(n), b'0'..=b'9' | b';') => Escape::Modifiers(n),
            (Escape::Control(n) | Escape::Modifiers(n), _) => {
                self.key(n, byte, out);
                Escape::None
            }
            (Escape::Shifted, _) => {
                self.key(0, byte, out);
                Escape::None
            }
            _ => Escape::None,
        };
    }

    /// Acts on a key sent as an escape sequence; unknown ones are ignored.
    fn key(&mut self, number: u8, last: u8, out: &mut impl Sink) {
        match (last, number) {
            (b'A', _) => self.older(out),
            (b'B', _) => self.newer(out),
            (b'C', _) => self.right(out),
            (b'D', _) => self.left(out),
            (b'H', _) | (b'~', 1 | 7) => self.move_to(0, out),
            (b'F', _) | (b'~', 4 | 8) => self.move_to(self.line.len(), out),
            (b'~', 3) => self.delete(out),
            _ => {}
        }
    }

    /// Takes a byte of a character of several bytes, and lets the character in when it is whole.
    fn collect(&mut self, byte: u8, out: &mut impl Sink) {
        if !continues(byte) {
            self.partial.clear();
        }
        // At most four: a character of four bytes is whole, and a wrong one is thrown away then.
        let full = self.partial.push(byte).is_err() || self.partial.is_full();
        let partial = self.partial.clone();
        if core::str::from_utf8(&partial).is_ok() {
            self.partial.clear();
            self.insert(&partial, out);
        } else if full {
            self.partial.clear();
        }
    }

    fn insert(&mut self, character: &[u8], out: &mut impl Sink) {
        let (at, old) = (self.cursor, self.line.len());
        if self.line.extend_from_slice(character).is_err() {
            out.put(b"\x07");
            return;
        }
        self.line.copy_within(at..old, at + character.len());
        self.line[at..at + character.len()].copy_from_slice(character);
        self.cursor += character.len();
        let fits = columns(&self.line[self.first..]) <= COLUMNS - self.prompt.len();
        if self.cursor == self.line.len() && fits && self.echoed < ECHO_LIMIT {
            self.echo(character, out);
        } else {
            self.draw(out);
        }
    }

    fn backspace(&mut self, out: &mut impl Sink) {
        let from = previous(&self.line, self.cursor);
        let last = self.cursor == self.line.len() && from < self.cursor && from >= self.first && self.first == 0;
        if last && self.echoed < ECHO_LIMIT {
            self.line.truncate(from);
            self.cursor = from;
            self.echo(b"\x08 \x08", out);
        } else {
            self.remove(from, self.cursor, out);
        }
    }

    fn delete(&mut self, out: &mut impl Sink) {
        self.remove(self.cursor, next(&self.line, self.cursor), out);
    }

    /// Removes the bytes from `from` to `to` and leaves the cursor there.
    fn remove(&mut self, from: usize, to: usize, out: &mut impl Sink) {
        if from == to {
            return;
        }
        self.line.copy_within(to.., from);
        self.line.truncate(self.line.len() - (to - from));
        self.cursor = from;
        self.draw(out);
    }

    fn word_start(&self) -> usize {
        let before = &self.line[..self.cursor];
        let word_end = before.iter().rposition(|b| *b != b' ').map_or(0, |n| n + 1);
        before[..word_end].iter().rposition(|b| *b == b' ').map_or(0, |n| n + 1)
    }

    fn left(&mut self, out: &mut impl Sink) {
        self.move_to(previous(&self.line, self.cursor), out);
    }

    fn right(&mut self, out: &mut impl Sink) {
        self.move_to(next(&self.line, self.cursor), out);
    }

    fn move_to(&mut self, to: usize, out: &mut impl Sink) {
        if to != self.cursor {
            self.cursor = to;
            self.draw(out);
        }
    }

    fn older(&mut self, out: &mut impl Sink) {
        if let Some(line) = self.history.older(&self.line) {
            self.line.clone_from(line);
            self.show_whole(out);
        }
    }

    fn newer(&mut self, out: &mut impl Sink) {
        if let Some(line) = self.history.newer() {
            self.line.clone_from(line);
            self.show_whole(out);
        }
    }

    fn show_whole(&mut self, out: &mut impl Sink) {
        self.first = 0;
        self.cursor = self.line.len();
        self.draw(out);
    }

    fn echo(&mut self, bytes: &[u8], out: &mut impl Sink) {
        self.echoed += bytes.len();
        out.put(bytes);
    }
}

/// Whether a byte continues a character of several bytes.
const fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Columns that `bytes` take: one a character.
fn columns(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| !continues(**b)).count()
}

/// Start of the character after the one at `at`.
fn next(line: &[u8], at: usize) -> usize {
    line.iter().skip(at + 1).position(|b| !continues(*b)).map_or(line.len(), |n| at + 1 + n)
}

/// Start of the character before `at`.
fn previous(line: &[u8], at: usize) -> usize {
    line[..at].iter().rposition(|b| !continues(*b)).unwrap_or(0)
}

fn move_left(count: usize, out: &mut impl Sink) {
    if count == 0 {
        return;
    }
    let mut digits = [0; 3];
    let mut at = digits.len();
    let mut rest = count;
    while rest > 0 && at > 0 {
        at -= 1;
        // A remainder of ten fits.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.put(b"\x1b[");
    out.put(&digits[at..]);
    out.put(b"D");
}

#[cfg(test)]
#[path = "editor_tests.rs"]
mod tests;
