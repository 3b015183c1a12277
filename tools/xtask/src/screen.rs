//! What a terminal would show of the serial line: lines as they stand after carriage returns, backspaces and the few
//! escape sequences a line editor sends. The prompt is looked for here, not in the raw bytes.

/// The prompt's first word; a directory may follow before the `>`.
const PROMPT: &str = "tinyos";
/// The prompt's end.
const PROMPT_END: &str = "> ";

/// A terminal of one endless line at a time.
#[derive(Default)]
pub struct Screen {
    line: Vec<u8>,
    column: usize,
    escape: Escape,
}

/// How far an escape sequence has come.
#[derive(Default)]
enum Escape {
    #[default]
    None,
    /// After ESC.
    Started,
    /// After ESC `[`, with the parameter read so far.
    Parameter(usize),
}

impl Screen {
    /// Takes one byte; answers the line that it finished.
    pub fn feed(&mut self, byte: u8) -> Option<String> {
        match self.escape {
            Escape::None => return self.plain(byte),
            Escape::Started if byte == b'[' => self.escape = Escape::Parameter(0),
            Escape::Started => self.escape = Escape::None,
            Escape::Parameter(value) => self.parameter(value, byte),
        }
        None
    }

    fn plain(&mut self, byte: u8) -> Option<String> {
        match byte {
            b'\n' => {
                self.column = 0;
                return Some(String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim_end().to_owned());
            }
            b'\r' => self.column = 0,
            8 => self.column = self.column.saturating_sub(1),
            0x1b => self.escape = Escape::Started,
            0..0x20 | 0x7f => {}
            _ => {
                if self.line.len() <= self.column {
                    self.line.resize(self.column + 1, b' ');
                }
                self.line[self.column] = byte;
                self.column += 1;
            }
        }
        None
    }

    fn parameter(&mut self, value: usize, byte: u8) {
        if byte.is_ascii_digit() {
            let value = value.saturating_mul(10).saturating_add(usize::from(byte - b'0')).min(1000);
            self.escape = Escape::Parameter(value);
            return;
        }
        match byte {
            b';' | b'?' => {
                self.escape = Escape::Parameter(0);
                return;
            }
            b'K' if value == 0 => self.line.truncate(self.column),
            b'K' => self.line.iter_mut().for_each(|byte| *byte = b' '),
            b'C' => self.column += value.max(1),
            b'D' => self.column = self.column.saturating_sub(value.max(1)),
            b'G' => self.column = value.saturating_sub(1),
            b'H' => self.column = 0,
            b'J' => self.line.truncate(self.column),
            _ => {}
        }
        self.escape = Escape::None;
    }

    /// The line that is not finished yet.
    pub fn current(&self) -> String {
        String::from_utf8_lossy(&self.line).into_owned()
    }

    /// The cursor stands behind an empty prompt. Output without a line end may come before it.
    pub fn at_prompt(&self) -> bool {
        let line = self.current();
        let Some(start) = line.rfind(PROMPT) else { return false };
        self.column == self.line.len()
            && line[start + PROMPT.len()..].strip_suffix(PROMPT_END).is_some_and(is_directory)
    }
}

/// What may stand between the prompt's word and its end.
fn is_directory(text: &str) -> bool {
    text.is_empty() || (text.starts_with([':', '/', ' ']) && !text.contains('>'))
}

/// The finished line is a prompt with `typed` behind it: the echo of a typed line.
pub fn is_echo(line: &str, typed: &str) -> bool {
    let Some(start) = line.find(PROMPT) else { return false };
    let Some((directory, rest)) = line[start + PROMPT.len()..].split_once('>') else { return false };
    // A long line may be scrolled sideways; then the prompt alone has to do.
    is_directory(directory) && (rest.trim() == typed.trim() || typed.len() > 60)
}

#[cfg(test)]
mod tests {
    use super::{Screen, is_echo};

    fn fed(text: &str) -> (Screen, Vec<String>) {
        let mut screen = Screen::default();
        let lines = text.bytes().filter_map(|byte| screen.feed(byte)).collect();
        (screen, lines)
    }

    #[test]
    fn the_prompt_is_seen_behind_output_and_escape_sequences() {
        assert!(fed("boot\r\ntinyos> ").0.at_prompt());
        assert!(fed("no line end tinyos> ").0.at_prompt());
        assert!(fed("tinyos> ps\r\x1b[Khello died\r\n\x1b[2Ktinyos> ").0.at_prompt());
        assert!(fed("tinyos:/logs> ").0.at_prompt());
    }

    #[test]
    fn a_line_being_typed_is_no_prompt() {
        assert!(!fed("tinyos> p").0.at_prompt());
        assert!(!fed("tinyos> \r").0.at_prompt());
        assert!(!fed("tinyos> ps\r\nPID").0.at_prompt());
        assert!(!fed("tinyos>").0.at_prompt());
    }

    #[test]
    fn backspace_and_redraw_leave_what_a_terminal_would_show() {
        let (_, lines) = fed("tinyos> pz\x08s\x1b[K\r\ntinyos> ab\x1b[2D\x1b[Cx\r\n");
        assert_eq!(lines, ["tinyos> ps", "tinyos> ax"]);
    }

    #[test]
    fn an_echo_is_a_prompt_with_the_typed_line() {
        assert!(is_echo("tinyos> run hello &", "run hello &"));
        assert!(is_echo("tinyos> ps", "ps  "));
        assert!(!is_echo("tinyos> run hel", "run hello"));
        assert!(!is_echo("echo tinyos", "tinyos"));
    }
}
