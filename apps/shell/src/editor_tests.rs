use std::string::String;
use std::vec::Vec;

use super::{COLUMNS, Editor, Outcome, Sink};
use crate::history::{HISTORY_LINES, LINE_BYTES};

/// One terminal row, as a terminal shows what the editor puts out.
#[derive(Default)]
struct Terminal {
    row: Vec<char>,
    column: usize,
    rows: Vec<String>,
    pending: Vec<u8>,
    /// Everything since the last carriage return or newline, as the console keeps it.
    since_return: Vec<u8>,
}

impl Sink for Terminal {
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if matches!(byte, b'\r' | b'\n') {
                self.since_return.clear();
            }
            self.since_return.push(*byte);
            self.pending.push(*byte);
            self.interpret();
        }
    }
}

impl Terminal {
    fn interpret(&mut self) {
        match self.pending.as_slice() {
            [0x1b] | [0x1b, b'['] => return,
            [0x1b, b'[', parameters @ .., last] if last.is_ascii_alphabetic() => {
                let count: usize = String::from_utf8_lossy(parameters).parse().unwrap_or(1);
                match last {
                    b'K' => self.row.truncate(self.column),
                    b'D' => self.column -= count,
                    b'J' => self.row.clear(),
                    b'H' => self.column = 0,
                    _ => panic!("unknown sequence"),
                }
            }
            [0x1b, ..] => return,
            [b'\r'] => self.column = 0,
            [b'\n'] => {
                self.rows.push(self.row.drain(..).collect());
                self.column = 0;
            }
            [0x08] => self.column -= 1,
            [0x07] => {}
            bytes => {
                let Ok(text) = core::str::from_utf8(bytes) else { return };
                let c = text.chars().next().unwrap();
                if self.column < self.row.len() {
                    self.row[self.column] = c;
                } else {
                    assert_eq!(self.column, self.row.len(), "the cursor never leaves the text");
                    self.row.push(c);
                }
                self.column += 1;
                assert!(self.row.len() <= COLUMNS, "the line stays in its row");
            }
        }
        self.pending.clear();
    }

    fn shown(&self) -> String {
        self.row.iter().collect::<String>().trim_end().into()
    }
}

struct Session {
    editor: Editor,
    terminal: Terminal,
}

impl Session {
    fn new() -> Self {
        let mut session = Self { editor: Editor::new("> "), terminal: Terminal::default() };
        session.editor.draw(&mut session.terminal);
        session
    }

    fn keys(&mut self, keys: &[u8]) -> Outcome {
        let mut last = Outcome::Typing;
        for key in keys {
            last = self.editor.feed(*key, &mut self.terminal);
        }
        last
    }

    fn enter(&mut self, line: &str) {
        self.keys(line.as_bytes());
        assert_eq!(self.keys(b"\r"), Outcome::Line);
        self.editor.next_line();
        self.editor.draw(&mut self.terminal);
    }

    fn expect(&self, line: &str, column: usize) {
        assert_eq!(self.editor.line(), line);
        assert_eq!(self.terminal.shown(), std::format!("> {line}").trim_end());
        assert_eq!(self.terminal.column, 2 + column, "column in {line:?}");
    }
}

const LEFT: &[u8] = b"\x1b[D";
const RIGHT: &[u8] = b"\x1b[C";
const UP: &[u8] = b"\x1b[A";
const DOWN: &[u8] = b"\x1b[B";

#[test]
fn typed_text_is_echoed_and_a_return_ends_the_line() {
    let mut session = Session::new();
    session.keys(b"ps");
    session.expect("ps", 2);
    assert_eq!(session.keys(b"\r"), Outcome::Line);
    assert_eq!(session.editor.line(), "ps");
    assert_eq!(session.terminal.rows, ["> ps"]);
}

#[test]
fn return_and_newline_together_end_one_line() {
    let mut session = Session::new();
    session.enter("a");
    assert_eq!(session.keys(b"\n"), Outcome::Typing);
    assert_eq!(session.keys(b"b\n"), Outcome::Line);
    assert_eq!(session.editor.line(), "b");
}

#[test]
fn backspace_and_delete_remove_on_either_side_of_the_cursor() {
    let mut session = Session::new();
    session.keys(b"abcd\x7f");
    session.expect("abc", 3);
    session.keys(LEFT);
    session.keys(b"\x08");
    session.expect("ac", 1);
    session.keys(b"\x1b[3~");
    session.expect("a", 1);
    session.keys(b"\x1b[3~\x7f\x7f\x7f");
    session.expect("", 0);
}

#[test]
fn characters_go_in_where_the_cursor_is() {
    let mut session = Session::new();
    session.keys(b"ac");
    session.keys(LEFT);
    session.keys(b"b");
    session.expect("abc", 2);
    session.keys(RIGHT);
    session.keys(RIGHT);
    session.keys(b"d");
    session.expect("abcd", 4);
}

#[test]
fn home_end_and_their_control_keys_move_to_the_ends() {
    let mut session = Session::new();
    session.keys(b"middle\x1b[H<\x1b[F>");
    session.expect("<middle>", 8);
    session.keys(b"\x01(\x05)");
    session.expect("(<middle>)", 10);
    session.keys(b"\x1b[1~a\x1b[4~b\x1bOHc\x1bOFd");
    session.expect("ca(<middle>)bd", 14);
}

#[test]
fn kill_keys_cut_to_the_ends_and_by_word() {
    let mut session = Session::new();
    session.keys(b"one two three");
    session.keys(b"\x17");
    session.expect("one two ", 8);
    session.keys(LEFT);
    session.keys(b"\x0b");
    session.expect("one two", 7);
    session.keys(b"\x1b[D\x15");
    session.expect("o", 0);
}

#[test]
fn control_c_throws_the_line_away_and_control_d_ends_only_an_empty_one() {
    let mut session = Session::new();
    assert_eq!(session.keys(b"abc\x03"), Outcome::Interrupt);
    assert_eq!(session.editor.line(), "");
    assert_eq!(session.terminal.rows, ["> abc^C"]);
    session.editor.draw(&mut session.terminal);
    session.keys(b"xy\x01");
    assert_eq!(session.keys(b"\x04"), Outcome::Typing);
    session.expect("y", 0);
    assert_eq!(session.keys(b"\x04\x04"), Outcome::EndOfInput);
}

#[test]
fn clear_screen_keeps_the_line() {
    let mut session = Session::new();
    session.keys(b"abc\x0c");
    session.expect("abc", 3);
}

#[test]
fn history_goes_back_and_forth_and_keeps_the_line_being_typed() {
    let mut session = Session::new();
    session.enter("first");
    session.enter("second");
    session.enter("second");
    session.keys(b"dra");
    session.keys(UP);
    session.expect("second", 6);
    session.keys(UP);
    session.expect("first", 5);
    session.keys(UP);
    session.expect("first", 5);
    session.keys(DOWN);
    session.keys(DOWN);
    session.expect("dra", 3);
    session.keys(DOWN);
    session.expect("dra", 3);
}

#[test]
fn history_keeps_the_newest_lines() {
    let mut session = Session::new();
    for n in 0..HISTORY_LINES + 5 {
        session.enter(&std::format!("line {n}"));
    }
    for _ in 0..HISTORY_LINES + 5 {
        session.keys(UP);
    }
    session.expect("line 5", 6);
}

#[test]
fn a_full_line_takes_no_more_and_does_not_break() {
    let mut session = Session::new();
    session.keys(&[b'x'; LINE_BYTES + 10]);
    assert_eq!(session.editor.line().len(), LINE_BYTES);
    session.keys(b"\x7fy");
    assert_eq!(session.editor.line().len(), LINE_BYTES);
    assert!(session.editor.line().ends_with('y'));
}

#[test]
fn a_line_longer_than_the_row_scrolls_in_it() {
    let mut session = Session::new();
    let text: String = ('a'..='z').cycle().take(120).collect();
    session.keys(text.as_bytes());
    assert!(session.terminal.shown().ends_with(&text[100..]), "the end is in sight");
    session.keys(b"\x01");
    assert!(session.terminal.shown().starts_with("> abcdefghij"), "the start is in sight");
    session.keys(b"\x05\x7f");
    assert_eq!(session.editor.line(), &text[..119]);
    assert!(session.terminal.shown().ends_with(&text[100..119]));
}

#[test]
fn characters_of_several_bytes_count_as_one() {
    let mut session = Session::new();
    session.keys("aäö".as_bytes());
    session.expect("aäö", 3);
    session.keys(LEFT);
    session.keys(b"\x7f");
    session.expect("aö", 1);
    session.keys("é".as_bytes());
    session.keys(b"\x80\xff\xe2\x82");
    session.expect("aéö", 2);
}

#[test]
fn unknown_escape_sequences_leave_no_trace() {
    let mut session = Session::new();
    session.keys(b"a\x1b[15~\x1b[1;5D\x1bx\x1bOP\x1b[Zb");
    session.expect("ba", 1);
}

#[test]
fn any_bytes_at_all_keep_the_line_in_its_row() {
    let mut state = 1_u32;
    for _ in 0..200 {
        let mut session = Session { editor: Editor::new("> "), terminal: Terminal::default() };
        let mut out = Raw;
        for _ in 0..400 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if session.editor.feed((state >> 24) as u8, &mut out) == Outcome::Line {
                session.editor.next_line();
            }
            session.editor.draw(&mut out);
        }
    }
    struct Raw;
    impl Sink for Raw {
        fn put(&mut self, _bytes: &[u8]) {}
    }
}

#[test]
fn the_bytes_since_the_last_return_draw_the_line_again() {
    let mut session = Session::new();
    session.keys(b"run helo");
    session.keys(LEFT);
    session.keys(b"l");
    let kept = session.terminal.since_return.clone();
    let (line, column) = (session.terminal.shown(), session.terminal.column);
    session.terminal.put(b"\r\x1b[K");
    session.terminal.put(b"output of another program\n");
    session.terminal.put(&kept);
    assert_eq!((session.terminal.shown(), session.terminal.column), (line, column));
    assert!(kept.len() < 300);
}

#[test]
fn a_hidden_line_comes_back_below_what_was_printed() {
    let mut session = Session::new();
    session.keys(b"half a li");
    session.editor.hide(&mut session.terminal);
    session.terminal.put(b"news\n");
    session.editor.draw(&mut session.terminal);
    session.keys(b"ne");
    session.expect("half a line", 11);
    assert_eq!(session.terminal.rows, ["news"]);
}
