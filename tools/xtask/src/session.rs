//! A scripted session: lines are typed one at a time, each after the prompt has come back, as a patient person would.

use std::io::Write;
use std::process::ExitStatus;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::emulator::Emulator;
use crate::qemu::Machine;
use crate::screen::{Screen, is_echo};
use crate::terminal::exit_code;

/// A prompt counts when nothing follows it for this long: it could be part of a program's output.
const QUIET: Duration = Duration::from_millis(2);
/// A system that says it died gets this long to end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What the kernel says when it stops itself.
const PANIC: &str = "kernel panic";

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Type this line at the prompt, and wait for the next prompt.
    Line(String),
    /// Type these bytes and wait for nothing (`@type TEXT`, with `\r`, `\xNN`, `\\`).
    Type(Vec<u8>),
    /// Wait until this was said since the last line was typed (`@wait TEXT`).
    Wait(String),
    /// Wait for the prompt (`@prompt`).
    Prompt,
}

impl Step {
    /// A line of a script; `None` for empty ones and comments.
    pub fn parse(line: &str) -> Result<Option<Self>> {
        let line = line.trim_end_matches(['\r', '\n']);
        let Some(directive) = line.strip_prefix('@') else {
            let text = line.trim();
            return Ok((!text.is_empty() && !text.starts_with('#')).then(|| Self::Line(text.to_owned())));
        };
        let (name, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match name {
            "type" => Ok(Some(Self::Type(unescape(rest)?))),
            "wait" if !rest.is_empty() => Ok(Some(Self::Wait(rest.to_owned()))),
            "prompt" => Ok(Some(Self::Prompt)),
            _ => bail!("'{line}' is no step; expected a command, @type TEXT, @wait TEXT or @prompt"),
        }
    }
}

/// `\r`, `\n`, `\\` and `\xNN` as the bytes they stand for.
pub fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            bytes.extend(c.to_string().as_bytes());
            continue;
        }
        match rest.next() {
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => bytes.push(u8::from_str_radix(&rest.by_ref().take(2).collect::<String>(), 16)?),
            _ => bail!("'{text}': expected \\r, \\n, \\\\ or \\xNN"),
        }
    }
    Ok(bytes)
}

/// How a session went.
pub struct Report {
    /// The lines that a terminal would show.
    pub lines: Vec<String>,
    /// For each step that was begun, the number of lines before it.
    pub begun: Vec<usize>,
    /// The system's exit code, or why it has none.
    pub outcome: Result<u8, String>,
}

/// How a session is played.
pub struct Options {
    /// Longest time, on the host.
    pub limit: Duration,
    /// Print the session as it goes.
    pub show: bool,
    /// The system has a shell: the first step waits for its prompt, and a script that does not shut the system down is
    /// followed by `shutdown`. Without one the emulator is ended after the last step.
    pub shell: bool,
}

/// A session under way.
struct Session {
    emulator: Emulator,
    screen: Screen,
    lines: Vec<String>,
    /// Numbers of lines when the steps began.
    begun: Vec<usize>,
    /// Number of lines when something was typed last.
    typed_at: usize,
    show: bool,
    end: Instant,
    limit: Duration,
}

/// Why waiting ended without what was waited for.
enum Stop {
    /// The emulator ended.
    Ended,
    /// It ended although nobody asked it to.
    Early(String),
    /// The reason.
    Reason(String),
    /// Nothing is left to do, and nothing to wait for.
    Done,
}

/// Boots `machine` and does the steps.
pub fn play(machine: &Machine, steps: impl IntoIterator<Item = Result<Step>>, options: &Options) -> Result<Report> {
    crate::terminal::guard()?;
    let mut session = Session {
        emulator: Emulator::start(machine)?,
        screen: Screen::default(),
        lines: Vec::new(),
        begun: Vec::new(),
        typed_at: 0,
        show: options.show,
        end: Instant::now() + options.limit,
        limit: options.limit,
    };
    let stop = session.steps(steps, options.shell)?;
    let panic = session.lines.iter().find(|line| line.to_ascii_lowercase().contains(PANIC)).cloned();
    if matches!(stop, Stop::Reason(_)) || panic.is_some() {
        session.emulator.kill();
    }
    session.finish_line();
    let (status, errors) = session.emulator.finish()?;
    let outcome = match (panic, stop) {
        (Some(line), _) => Err(format!("the kernel died: {line}")),
        (None, Stop::Reason(reason)) => Err(reason),
        (None, Stop::Done) => Ok(0),
        (None, Stop::Early(when)) => Err(format!("the system stopped by itself, {when}: {}", ending(status, &errors))),
        (None, Stop::Ended) => exit_code(status, &errors).map_err(|error| error.to_string()),
    };
    Ok(Report { lines: session.lines, begun: session.begun, outcome })
}

/// How the emulator ended, in words.
fn ending(status: ExitStatus, errors: &str) -> String {
    exit_code(status, errors).map_or_else(|error| error.to_string(), |code| format!("exit code {code}"))
}

impl Session {
    /// Types the steps; answers why it stopped.
    fn steps(&mut self, steps: impl IntoIterator<Item = Result<Step>>, shell: bool) -> Result<Stop> {
        let mut shutdown = false;
        if shell && let Err(stop) = self.wait("the first prompt", QUIET, Self::prompted) {
            return Ok(early(stop, "before its first prompt"));
        }
        for step in steps {
            let step = step?;
            self.begun.push(self.lines.len());
            shutdown = matches!(&step, Step::Line(line) if line.split_whitespace().next() == Some("shutdown"));
            if let Err(stop) = self.step(&step) {
                return Ok(if shutdown { stop } else { early(stop, &format!("at {step:?}")) });
            }
        }
        if !shell {
            self.emulator.kill();
            return Ok(Stop::Done);
        }
        if !shutdown && let Err(stop) = self.step(&Step::Line("shutdown".to_owned())) {
            return Ok(stop);
        }
        Ok(Stop::Reason("`shutdown` came back to the prompt".to_owned()))
    }

    fn step(&mut self, step: &Step) -> Result<(), Stop> {
        match step {
            Step::Line(line) => {
                self.typed_at = self.lines.len();
                self.send(format!("{line}\r").as_bytes())?;
                let echoed = |session: &Self| session.lines[session.typed_at..].iter().any(|l| is_echo(l, line));
                self.wait(&format!("the echo of '{line}'"), Duration::ZERO, echoed)?;
                self.wait(&format!("the prompt after '{line}'"), QUIET, Self::prompted)
            }
            Step::Type(bytes) => {
                self.typed_at = self.lines.len();
                self.send(bytes)
            }
            Step::Wait(text) => self.wait(&format!("'{text}'"), Duration::ZERO, |session| {
                let said = &session.lines[session.typed_at..];
                said.iter().any(|line| line.contains(text)) || session.screen.current().contains(text)
            }),
            Step::Prompt => self.wait("the prompt", QUIET, Self::prompted),
        }
    }

    fn prompted(&self) -> bool {
        self.screen.at_prompt()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let input = self.emulator.input.as_mut().ok_or(Stop::Ended)?;
        input.write_all(bytes).and_then(|()| input.flush()).map_err(|_| Stop::Ended)
    }

    /// Reads until `reached` holds and nothing more comes for `quiet`.
    fn wait(&mut self, what: &str, quiet: Duration, reached: impl Fn(&Self) -> bool) -> Result<(), Stop> {
        // A program that prints all the time never leaves the line quiet; a prompt that stays is good enough then.
        let mut seen = 0;
        loop {
            let there = reached(self);
            if there && quiet.is_zero() {
                return Ok(());
            }
            seen = if there { seen + 1 } else { 0 };
            let left = self.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let line = self.screen.current();
                let limit = self.limit.as_secs();
                let reason = format!("no sign of {what} within the time limit of {limit} s; the last line is '{line}'");
                return Err(Stop::Reason(reason));
            }
            match self.emulator.output.recv_timeout(if there { quiet.min(left) } else { left }) {
                Ok(_) if seen > 50 => return Ok(()),
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) if there => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Stop::Ended),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let Some(line) = self.screen.feed(*byte) else { continue };
            if line.to_ascii_lowercase().contains(PANIC) {
                self.end = self.end.min(Instant::now() + LAST_WORDS);
            }
            if self.show {
                println!("{line}");
            }
            self.lines.push(line);
        }
    }

    /// The last line has no end; it counts all the same.
    fn finish_line(&mut self) {
        while let Ok(bytes) = self.emulator.output.recv_timeout(LAST_WORDS) {
            self.take(&bytes);
        }
        if !self.screen.current().trim().is_empty() {
            self.take(b"\n");
        }
    }
}

/// A system that ended although nobody told it to.
fn early(stop: Stop, when: &str) -> Stop {
    match stop {
        Stop::Ended => Stop::Early(when.to_owned()),
        stop => stop,
    }
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn a_script_line_is_a_command_a_directive_or_nothing() {
        assert_eq!(Step::parse("run hello &\n").unwrap(), Some(Step::Line("run hello &".to_owned())));
        assert_eq!(Step::parse(r"@type ab\x08\r").unwrap(), Some(Step::Type(b"ab\x08\r".to_vec())));
        assert_eq!(Step::parse("@wait hello").unwrap(), Some(Step::Wait("hello".to_owned())));
        assert_eq!(Step::parse("# note").unwrap(), None);
        assert_eq!(Step::parse("  ").unwrap(), None);
        assert!(Step::parse("@nonsense").is_err());
    }
}
