//! The shell: an ordinary program that reads lines, starts programs and shows what the system is doing.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod jobs;
mod look;
mod terminal;

use console_proto::Console;
use rtos_api::info;
use rtos_api::prelude::*;
use shell_lib::PROMPT;
use shell_lib::command::{self, COMMANDS, Command, Id, Usage};
use shell_lib::editor::{Editor, Outcome, Sink};
use shell_lib::format::{parse_seconds, ticks};
use shell_lib::words::Words;

use jobs::Jobs;
use terminal::{Input, Output, Waited, Woken};

include!(concat!(env!("OUT_DIR"), "/handles.rs"));

rtos_api::entry!(main);

/// The console's server.
const CONSOLE: Console = Console::new(calls::CONSOLE_SERVER);
/// Milliseconds that the console is given to answer, or to send what was printed.
const CONSOLE_MS: u64 = 3000;

fn main() -> Result<(), Error> {
    let mut editor = Editor::new(PROMPT);
    let board = info::boot().board;
    say!("TinyOS on {}. `help` lists the commands.", info::name_text(&board));
    editor.draw(&mut Output);
    let mut shell = Shell { input: Input::open()?, jobs: Jobs::new(), prompt_shown: Instant::now() };
    jobs::take_foreground();
    loop {
        shell.read_line(&mut editor);
        shell.execute(editor.line());
        shell.jobs.report();
        editor.next_line();
        editor.draw(&mut Output);
    }
}

/// What the commands work on.
struct Shell {
    input: Input,
    jobs: Jobs,
    /// When the first prompt was there.
    prompt_shown: Instant,
}

impl Shell {
    /// Lets the user type a line. The end of a program is told above it meanwhile.
    fn read_line(&mut self, editor: &mut Editor) {
        loop {
            match self.input.next() {
                Woken::Typed(byte) => match editor.feed(byte, &mut Output) {
                    Outcome::Line => return,
                    Outcome::Interrupt => editor.draw(&mut Output),
                    Outcome::Typing | Outcome::EndOfInput => {}
                },
                Woken::Death if self.jobs.has_news() => {
                    editor.hide(&mut Output);
                    self.jobs.report();
                    editor.draw(&mut Output);
                }
                Woken::Death => {}
            }
        }
    }

    fn execute(&mut self, line: &str) {
        let words = match Words::split(line) {
            Ok(words) if words.is_empty() => return,
            Ok(words) => words,
            Err(error) => return say!("{error}"),
        };
        match command::check(&words) {
            Ok(command) => self.run(command, &words),
            Err(error) => {
                say!("{error}");
                if let command::UsageError::Unknown(name) = error
                    && look::programs().any(|program| info::name_text(&program.name) == name)
                {
                    say!("`run {name}` starts the program of that name");
                }
            }
        }
    }

    fn run(&mut self, command: &Command, words: &Words) {
        match command.id {
            Id::Help => help(words),
            Id::Echo => echo(words),
            Id::Clear => Output.put(b"\x1b[2J\x1b[H"),
            Id::Ps => told(look::ps(words.len() > 1)),
            Id::Run if words.len() == 1 => look::list_programs(),
            Id::Run => self.jobs.run(words, &mut self.input),
            Id::Kill => jobs::kill(words.get(1)),
            Id::Sleep => pause(words.get(1), &mut self.input),
            Id::Uptime => told(look::uptime(self.prompt_shown)),
            Id::Mem => told(look::memory()),
            Id::Irq => told(look::interrupts()),
            Id::Latency => told(look::latency()),
            Id::Shutdown => shutdown(words.get(1)),
        }
    }
}

/// Tells why the kernel did not answer.
fn told(result: Result<(), Error>) {
    if let Err(error) = result {
        say!("the kernel does not tell: {error}");
    }
}

fn help(words: &Words) {
    match (words.get(1), command::find(words.get(1))) {
        ("", _) => {
            for command in COMMANDS {
                say!("  {:<30} {}", shell_lib::format::Text(format_args!("{}", Usage(command))), command.summary);
            }
            say!("Lines are edited with the arrow keys, Home, End, Ctrl-A E K U W L; up and down bring back lines.");
        }
        (_, Some(command)) => {
            say!("{}: {}", Usage(command), command.summary);
            for line in command.details.lines() {
                say!("{line}");
            }
        }
        (name, None) => say!("{}", command::UsageError::Unknown(name)),
    }
}

fn echo(words: &Words) {
    let first = if words.get(1) == "-n" { 2 } else { 1 };
    for (n, word) in words.from(first).enumerate() {
        if n > 0 {
            Output.put(b" ");
        }
        Output.put(word.as_bytes());
    }
    Output.put(if first == 1 { b"\n" } else { b"" });
}

fn pause(text: &str, input: &mut Input) {
    let Some(microseconds) = parse_seconds(text) else {
        return say!("sleep: expected a number of seconds such as 2 or 0.5, found `{text}`");
    };
    let deadline = Instant::after(Duration::from_ticks(ticks(microseconds, rtos_api::time::ticks_per_second())));
    loop {
        match input.wait(deadline) {
            Waited::TimedOut => return,
            Waited::Interrupted => return say!("^C"),
            // It is told before the next prompt.
            Waited::Death => {}
        }
    }
}

fn shutdown(text: &str) {
    let code = if text.is_empty() { Ok(0) } else { text.parse::<u8>() };
    match code {
        Ok(code) => {
            // What was printed should be seen; the machine stops in any case.
            let _ = CONSOLE.flush(Instant::after(Duration::from_millis(CONSOLE_MS)));
            rtos_api::control::shutdown(code.into())
        }
        Err(_) => say!("shutdown: expected an exit code from 0 to 255, found `{text}`"),
    }
}
