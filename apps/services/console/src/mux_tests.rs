use std::string::String;
use std::vec::Vec;

use super::{LINE_BYTES, Mux, Output};

const SHELL: usize = 0;
const MOTOR: usize = 1;
const HELLO: usize = 2;

/// Programs' rings and the terminal.
struct Console {
    mux: Mux<3>,
    rings: [Vec<u8>; 3],
    terminal: Vec<u8>,
}

impl Console {
    fn new() -> Self {
        Self { mux: Mux::new(SHELL), rings: Default::default(), terminal: Vec::new() }
    }

    fn print(&mut self, program: usize, text: &str) {
        self.rings[program].extend(text.as_bytes());
    }

    /// One pass of the driver; answers whether something went out.
    fn pass(&mut self) -> bool {
        for (program, ring) in self.rings.iter_mut().enumerate() {
            let count = self.mux.room(program).min(ring.len());
            let bytes: Vec<u8> = ring.drain(..count).collect();
            self.mux.take(program, &bytes);
        }
        let mut out = Output::new();
        let more = self.mux.step(|n| ["shell", "motor", "hello"][n], &mut out);
        self.terminal.extend(&out);
        more
    }

    fn run(&mut self) -> String {
        while self.pass() {}
        String::from_utf8(core::mem::take(&mut self.terminal)).unwrap()
    }
}

#[test]
fn newlines_get_their_carriage_return() {
    let mut console = Console::new();
    console.print(SHELL, "a\nb\r\nc");
    assert_eq!(console.run(), "a\r\nb\r\r\nc");
}

#[test]
fn a_line_from_the_background_goes_above_the_line_being_typed() {
    let mut console = Console::new();
    console.print(SHELL, "old\n\rtinyos> he");
    assert_eq!(console.run(), "old\r\n\rtinyos> he");
    console.print(HELLO, "hello\n");
    assert_eq!(console.run(), "\r\x1b[Khello\r\ntinyos> he");
    console.print(SHELL, "lp");
    assert_eq!(console.run(), "lp");
    console.print(HELLO, "again\n");
    assert_eq!(console.run(), "\r\x1b[Kagain\r\ntinyos> help");
}

#[test]
fn lines_of_several_programs_are_never_mixed() {
    let mut console = Console::new();
    let mut text = String::new();
    for n in 0..20 {
        // Both begin a line before either ends it.
        console.print(MOTOR, "motor ");
        console.print(HELLO, "hello ");
        text += &console.run();
        console.print(MOTOR, &std::format!("says {n}\nmotor again {n}\n"));
        console.print(HELLO, &std::format!("says {n}\nhello again {n}\n"));
        text += &console.run();
    }
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 80);
    for line in &lines {
        let whole = line.starts_with("motor ") && !line.contains("hello")
            || line.starts_with("hello ") && !line.contains("motor");
        assert!(whole, "{line}");
    }
    assert_ne!(lines[0][..5], lines[1][..5], "they take turns");
}

#[test]
fn a_begun_line_from_the_background_waits_for_its_end_or_a_flush() {
    let mut console = Console::new();
    console.print(HELLO, "50 %");
    assert_eq!(console.run(), "");
    assert!(console.mux.has_partial());
    console.mux.flush_partial();
    assert_eq!(console.run(), "50 %\r\n");
    assert!(!console.mux.has_partial());
    console.print(SHELL, "tinyos> ");
    console.run();
    assert!(!console.mux.has_partial(), "the foreground's open line waits for nobody");
}

#[test]
fn a_line_that_never_ends_is_cut() {
    let mut console = Console::new();
    console.print(HELLO, &"x".repeat(LINE_BYTES + 10));
    assert_eq!(console.run(), std::format!("{}\r\n", "x".repeat(LINE_BYTES)));
}

#[test]
fn the_foreground_comes_first_but_starves_nobody() {
    let mut console = Console::new();
    console.print(HELLO, "background\n");
    for n in 0..100 {
        console.print(SHELL, &std::format!("{n}\n"));
    }
    let text = console.run();
    let place = text.split("\r\n").position(|line| line == "background").unwrap();
    assert!((1..20).contains(&place), "{place}");
}

#[test]
fn a_program_that_left_the_foreground_prints_its_last_bytes_first() {
    let mut console = Console::new();
    console.mux.set_foreground(HELLO);
    console.print(HELLO, &"long\n".repeat(200));
    console.print(HELLO, "no newline");
    console.pass();
    console.mux.set_foreground(SHELL);
    console.print(SHELL, "\rtinyos> ");
    let text = console.run();
    assert!(text.ends_with("long\r\nno newline\r\n\rtinyos> "), "{text}");
    assert_eq!(text.matches("long").count(), 200);
}

#[test]
fn a_program_that_goes_on_printing_does_not_keep_the_foreground() {
    let mut console = Console::new();
    console.mux.set_foreground(HELLO);
    console.print(HELLO, &"long\n".repeat(10_000));
    console.pass();
    console.mux.set_foreground(SHELL);
    console.print(SHELL, "\rtinyos> ");
    let text = console.run();
    assert!(text.find("tinyos> ").unwrap() < 20_000);
}

#[test]
fn lost_bytes_are_told_once_with_the_program_s_name() {
    let mut console = Console::new();
    console.print(SHELL, "\r> x");
    console.run();
    console.mux.note_dropped(MOTOR, 40);
    console.mux.note_dropped(MOTOR, 2);
    assert_eq!(console.run(), "\r\x1b[K[motor: 42 bytes of output lost]\r\n> x");
    assert_eq!(console.run(), "");
}

#[test]
fn an_open_line_too_long_to_keep_is_left_standing() {
    let mut console = Console::new();
    console.print(SHELL, &"y".repeat(2000));
    console.run();
    console.print(HELLO, "hello\n");
    assert_eq!(console.run(), "\r\nhello\r\n");
}

#[test]
fn no_step_puts_out_more_than_its_buffer() {
    let mut console = Console::new();
    for program in [SHELL, MOTOR, HELLO] {
        console.print(program, &"\n".repeat(1000));
        console.print(program, &"z".repeat(700));
        console.print(program, "\n");
    }
    console.mux.note_dropped(HELLO, u32::MAX);
    while console.pass() {}
}
