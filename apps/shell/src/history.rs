//! The lines typed before, newest last.

use heapless::{Deque, Vec};

/// Longest line, bytes.
pub const LINE_BYTES: usize = 256;
/// Lines kept.
pub const HISTORY_LINES: usize = 16;

/// A line of at most [`LINE_BYTES`] bytes.
pub type Line = Vec<u8, LINE_BYTES>;

/// The last [`HISTORY_LINES`] lines and the place where the user is among them.
#[derive(Default)]
pub struct History {
    lines: Deque<Line, HISTORY_LINES>,
    /// Steps back from the line being typed; 0 is that line.
    back: usize,
    /// The line being typed while an older one is shown.
    draft: Line,
}

impl History {
    /// Keeps a line, unless it is empty or the same as the last.
    pub fn push(&mut self, line: &Line) {
        self.back = 0;
        if line.is_empty() || self.lines.back() == Some(line) {
            return;
        }
        if self.lines.is_full() {
            self.lines.pop_front();
        }
        // There is room now.
        let _ = self.lines.push_back(line.clone());
    }

    /// The line before the one shown; `shown` is kept if it is the one being typed.
    pub fn older(&mut self, shown: &Line) -> Option<&Line> {
        let index = self.lines.len().checked_sub(self.back + 1)?;
        if self.back == 0 {
            self.draft.clone_from(shown);
        }
        self.back += 1;
        self.lines.get(index)
    }

    /// The line after the one shown; the last one is the line being typed.
    pub fn newer(&mut self) -> Option<&Line> {
        self.back = self.back.checked_sub(1)?;
        if self.back == 0 {
            return Some(&self.draft);
        }
        self.lines.get(self.lines.len() - self.back)
    }
}
