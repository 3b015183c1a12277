//! Many programs, one terminal: which bytes come next.
//!
//! The foreground program's bytes go out as they come. The lines of others go out whole, between two lines of the
//! foreground; if it has an open line, that is wiped, and drawn again below. Nobody waits for anybody: a program that
//! prints faster than the line carries fills its own ring only.

use heapless::Vec;

use crate::open_line::{OPEN_LINE_BYTES, OpenLine};

/// Bytes of a program that are looked at together: the longest line that is kept whole.
pub const LINE_BYTES: usize = 256;
/// Lines of the foreground after which a waiting line of another program has its turn.
const FOREGROUND_LINES: u8 = 8;
/// Most bytes of a program that left the foreground that go out before those of the next: a full ring.
const FORMER_BYTES: usize = 16 * 1024;
/// Most bytes one step puts out: a line with its wiping, or a note, and the open line drawn again.
pub const STEP_BYTES: usize = 2 * LINE_BYTES + OPEN_LINE_BYTES + 64;

/// Bytes on their way to the terminal.
pub type Output = Vec<u8, STEP_BYTES>;

/// A program's output.
#[derive(Default)]
struct Input {
    bytes: Vec<u8, LINE_BYTES>,
    /// Bytes it lost because its ring was full, not yet told.
    dropped: u32,
    /// Its bytes go out though they end no line.
    flush: bool,
}

impl Input {
    /// Length of the line that can go out now, its newline included.
    fn line(&self) -> Option<usize> {
        if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            return Some(end + 1);
        }
        let whole = self.bytes.is_full() || (self.flush && !self.bytes.is_empty());
        if whole { Some(self.bytes.len()) } else { None }
    }

    fn remove(&mut self, count: usize) {
        let left = self.bytes.len() - count;
        self.bytes.copy_within(count.., 0);
        self.bytes.truncate(left);
        if left == 0 {
            self.flush = false;
        }
    }
}

/// The output of up to `N` programs.
pub struct Mux<const N: usize> {
    inputs: [Input; N],
    foreground: usize,
    /// The foreground program before this one, whose last bytes come first, and how many these can be.
    former: Option<(usize, usize)>,
    open: OpenLine,
    /// Lines of the foreground since the last of another program.
    lines: u8,
    /// Program that is looked at first for the next line from the background.
    next: usize,
}

impl<const N: usize> Mux<N> {
    /// Nothing to put out, with program `foreground` in the foreground.
    #[must_use]
    pub fn new(foreground: usize) -> Self {
        Self {
            inputs: core::array::from_fn(|_| Input::default()),
            foreground,
            former: None,
            open: OpenLine::default(),
            lines: 0,
            next: 0,
        }
    }

    /// Number of the program in the foreground.
    #[must_use]
    pub const fn foreground(&self) -> usize {
        self.foreground
    }

    /// Puts another program into the foreground. What the former one has printed until now still goes out first.
    pub fn set_foreground(&mut self, program: usize) {
        if program != self.foreground && program < N {
            // A second change before the first is through: the bytes of the program between go out as lines.
            self.former.get_or_insert((self.foreground, FORMER_BYTES));
            self.foreground = program;
        }
    }

    /// Bytes that [`Mux::take`] would take of a program now.
    #[must_use]
    pub fn room(&self, program: usize) -> usize {
        self.inputs.get(program).map_or(0, |input| LINE_BYTES - input.bytes.len())
    }

    /// Takes bytes that a program printed, at most [`Mux::room`].
    pub fn take(&mut self, program: usize, bytes: &[u8]) {
        if let Some(input) = self.inputs.get_mut(program) {
            let fit = bytes.len().min(LINE_BYTES - input.bytes.len());
            // It fits.
            let _ = input.bytes.extend_from_slice(bytes.get(..fit).unwrap_or(&[]));
        }
    }

    /// A program lost so many bytes more, because its ring was full.
    pub fn note_dropped(&mut self, program: usize, bytes: u32) {
        if let Some(input) = self.inputs.get_mut(program) {
            input.dropped = input.dropped.saturating_add(bytes);
        }
    }

    /// Whether a program in the background has begun a line and not ended it.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        self.background().any(|n| !self.inputs[n].bytes.is_empty() && self.inputs[n].line().is_none())
    }

    /// Lets begun lines of programs in the background go out as if they were ended.
    pub fn flush_partial(&mut self) {
        for n in 0..N {
            self.inputs[n].flush = n != self.foreground && !self.inputs[n].bytes.is_empty();
        }
    }

    fn background(&self) -> impl Iterator<Item = usize> + use<N> {
        let (next, foreground) = (self.next, self.foreground);
        (0..N).map(move |n| (next + n) % N).filter(move |n| *n != foreground)
    }

    /// Puts the next bytes into `out`, which is empty; answers whether there were any. Before each step every program's
    /// bytes should have been taken as far as there is room, so that an empty input means an empty ring.
    ///
    /// `names` gives the programs' names, for the note that bytes were lost.
    pub fn step<'a>(&mut self, names: impl Fn(usize) -> &'a str, out: &mut Output) -> bool {
        if let Some((former, left)) = self.former {
            self.drain_former(former, left, out);
            return true;
        }
        let waiting = self.background().find(|n| self.inputs[*n].line().is_some());
        let lost = (0..N).find(|n| self.inputs[*n].dropped > 0 && self.inputs[*n].line().is_none());
        let foreground_first = self.lines < FOREGROUND_LINES || (waiting.is_none() && lost.is_none());
        if foreground_first && !self.inputs[self.foreground].bytes.is_empty() {
            self.put_foreground(self.foreground, out);
        } else if let Some(program) = waiting {
            self.put_background(program, out);
        } else if let Some(program) = lost {
            self.put_note(program, names(program), out);
        } else {
            return false;
        }
        true
    }

    fn drain_former(&mut self, former: usize, left: usize, out: &mut Output) {
        if left > 0 && !self.inputs[former].bytes.is_empty() {
            self.put_foreground(former, out);
            self.former = Some((former, left.saturating_sub(out.len())));
            return;
        }
        self.former = None;
        if !self.open.is_empty() {
            put(out, b"\r\n");
            self.open.clear();
        }
    }

    /// Puts out a program's bytes up to the end of a line or of what there is.
    fn put_foreground(&mut self, program: usize, out: &mut Output) {
        let input = &mut self.inputs[program];
        let end = input.bytes.iter().position(|byte| *byte == b'\n').map_or(input.bytes.len(), |n| n + 1);
        for byte in &input.bytes[..end] {
            self.open.note(*byte);
            put_byte(out, *byte);
        }
        input.remove(end);
        if self.open.is_empty() {
            self.lines = self.lines.saturating_add(1);
        }
    }

    /// Puts out a whole line from the background.
    fn put_background(&mut self, program: usize, out: &mut Output) {
        self.wipe(out);
        let input = &mut self.inputs[program];
        let end = input.line().unwrap_or(0);
        for byte in &input.bytes[..end] {
            put_byte(out, *byte);
        }
        if !input.bytes[..end].ends_with(b"\n") {
            put(out, b"\r\n");
        }
        input.remove(end);
        self.next = (program + 1) % N;
        self.redraw(out);
    }

    fn put_note(&mut self, program: usize, name: &str, out: &mut Output) {
        self.wipe(out);
        let dropped = core::mem::take(&mut self.inputs[program].dropped);
        // A name and a number fit.
        let _ = core::fmt::write(out, format_args!("[{name:.16}: {dropped} bytes of output lost]\r\n"));
        self.redraw(out);
    }

    fn wipe(&mut self, out: &mut Output) {
        self.lines = 0;
        if self.open.is_empty() {
            return;
        }
        if self.open.replay().is_some() {
            put(out, b"\r\x1b[K");
        } else {
            put(out, b"\r\n");
            self.open.clear();
        }
    }

    fn redraw(&self, out: &mut Output) {
        put(out, self.open.replay().unwrap_or(&[]));
    }
}

/// A terminal wants a carriage return with each newline.
fn put_byte(out: &mut Output, byte: u8) {
    put(out, if byte == b'\n' { b"\r\n" } else { core::slice::from_ref(&byte) });
}

fn put(out: &mut Output, bytes: &[u8]) {
    // A step never puts out more than the buffer holds.
    let fits = out.extend_from_slice(bytes);
    debug_assert!(fits.is_ok(), "a step is at most {STEP_BYTES} bytes");
}

#[cfg(test)]
#[path = "mux_tests.rs"]
mod tests;
