//! The commands: their names, their usage, and what is said when they are used wrongly.

use core::fmt;

use crate::words::Words;

/// A command's description.
#[derive(Debug)]
pub struct Command {
    /// Which one.
    pub id: Id,
    /// What is typed.
    pub name: &'static str,
    /// What may follow the name.
    pub usage: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// More, for `help NAME`; lines of at most 100 columns.
    pub details: &'static str,
    /// Fewest words after the name.
    pub least: usize,
    /// Most words after the name.
    pub most: usize,
    /// Flags it knows.
    pub flags: &'static [&'static str],
}

/// The commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// `help`
    Help,
    /// `echo`
    Echo,
    /// `clear`
    Clear,
    /// `ps`
    Ps,
    /// `run`
    Run,
    /// `kill`
    Kill,
    /// `sleep`
    Sleep,
    /// `uptime`
    Uptime,
    /// `mem`
    Mem,
    /// `irq`
    Irq,
    /// `latency`
    Latency,
    /// `shutdown`
    Shutdown,
}

const ANY: usize = usize::MAX;

/// All commands, in the order in which `help` lists them.
pub const COMMANDS: &[Command] = &[
    Command {
        id: Id::Help,
        name: "help",
        usage: "[COMMAND]",
        summary: "lists the commands, or explains one",
        details: "",
        least: 0,
        most: 1,
        flags: &[],
    },
    Command {
        id: Id::Echo,
        name: "echo",
        usage: "[-n] [TEXT...]",
        summary: "prints its words",
        details: "-n: without a new line at the end.",
        least: 0,
        most: ANY,
        flags: &[],
    },
    Command {
        id: Id::Clear,
        name: "clear",
        usage: "",
        summary: "clears the screen",
        details: "Ctrl-L does the same and keeps the line being typed.",
        least: 0,
        most: 0,
        flags: &[],
    },
    Command {
        id: Id::Ps,
        name: "ps",
        usage: "[-a]",
        summary: "lists the threads",
        details: "-a: also of programs that are not running.\n\
            prio: priority, larger is more urgent. runs: releases of a periodic thread. missed: its deadlines.\n\
            worst us: longest response, from release to the end of the work, in microseconds. cpu %: since the start.",
        least: 0,
        most: 1,
        flags: &["-a"],
    },
    Command {
        id: Id::Run,
        name: "run",
        usage: "NAME [ARGUMENTS...] [&]",
        summary: "starts a program",
        details: "Waits for its end; Ctrl-C kills it. With & it runs in the background, and its end is told when it comes.\n\
            Without a name it lists the programs.",
        least: 0,
        most: ANY,
        flags: &[],
    },
    Command {
        id: Id::Kill,
        name: "kill",
        usage: "NAME|PID",
        summary: "stops a program",
        details: "Services cannot be killed: the system needs them. `ps` shows names and numbers.",
        least: 1,
        most: 1,
        flags: &[],
    },
    Command {
        id: Id::Sleep,
        name: "sleep",
        usage: "SECONDS",
        summary: "waits; fractions are allowed",
        details: "Ctrl-C ends the wait.",
        least: 1,
        most: 1,
        flags: &[],
    },
    Command {
        id: Id::Uptime,
        name: "uptime",
        usage: "",
        summary: "shows the time since the start",
        details: "",
        least: 0,
        most: 0,
        flags: &[],
    },
    Command {
        id: Id::Mem,
        name: "mem",
        usage: "",
        summary: "shows what the memory is used for",
        details: "reserved: set aside at the start for partitions, which never get more. mapped: the part of it in use.",
        least: 0,
        most: 0,
        flags: &[],
    },
    Command {
        id: Id::Irq,
        name: "irq",
        usage: "",
        summary: "shows the interrupt lines",
        details: "A line interrupts once, then is masked until its driver has dealt with it.",
        least: 0,
        most: 0,
        flags: &[],
    },
    Command {
        id: Id::Latency,
        name: "latency",
        usage: "",
        summary: "shows how the periodic threads keep their deadlines",
        details: "wake-up: from the release to the thread's first instruction. response: from the release to the end of its work.",
        least: 0,
        most: 0,
        flags: &[],
    },
    Command {
        id: Id::Shutdown,
        name: "shutdown",
        usage: "[CODE]",
        summary: "stops the machine",
        details: "CODE: exit code told to the emulator, 0 to 255; 0 if not given.",
        least: 0,
        most: 1,
        flags: &[],
    },
];

/// The command with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// What is wrong with the use of a command.
#[derive(Debug)]
pub enum UsageError<'a> {
    /// No command has this name.
    Unknown(&'a str),
    /// Words are missing.
    TooFew(&'static Command),
    /// This word is too many.
    TooMany(&'static Command, &'a str),
    /// The command does not know this flag.
    Flag(&'static Command, &'a str),
    /// `&` after a command that cannot run in the background.
    Background(&'static Command),
}

impl fmt::Display for UsageError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = match self {
            Self::Unknown(name) => {
                write!(f, "{name}: unknown command; ")?;
                if let Some(command) = closest(name) {
                    write!(f, "did you mean `{command}`? ")?;
                }
                return f.write_str("`help` lists the commands");
            }
            Self::TooFew(command) => {
                write!(f, "{}: something is missing", command.name)?;
                command
            }
            Self::TooMany(command, word) => {
                write!(f, "{}: `{word}` is too much", command.name)?;
                command
            }
            Self::Flag(command, flag) => {
                write!(f, "{}: unknown flag `{flag}`", command.name)?;
                command
            }
            Self::Background(command) => {
                return write!(f, "{}: only programs started with `run` can be in the background", command.name);
            }
        };
        write!(f, "; usage: {}", Usage(command))
    }
}

/// A command with what may follow it.
pub struct Usage(pub &'static Command);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)?;
        if !self.0.usage.is_empty() {
            write!(f, " {}", self.0.usage)?;
        }
        Ok(())
    }
}

/// Finds the command of a line that has at least one word, and checks the number of words and the flags.
///
/// # Errors
/// Any [`UsageError`].
pub fn check(words: &Words) -> Result<&'static Command, UsageError<'_>> {
    let command = find(words.get(0)).ok_or_else(|| UsageError::Unknown(words.get(0)))?;
    let given = words.len() - 1;
    if words.background && command.id != Id::Run {
        return Err(UsageError::Background(command));
    }
    if given < command.least {
        return Err(UsageError::TooFew(command));
    }
    if command.most == ANY {
        return Ok(command);
    }
    let flag = words.from(1).find(|word| word.starts_with('-') && !command.flags.contains(word));
    if let Some(flag) = flag {
        return Err(UsageError::Flag(command, flag));
    }
    if given > command.most {
        return Err(UsageError::TooMany(command, words.get(command.most + 1)));
    }
    // Where there are flags, every word is one.
    match words.from(1).find(|word| !command.flags.is_empty() && !command.flags.contains(word)) {
        Some(word) => Err(UsageError::TooMany(command, word)),
        None => Ok(command),
    }
}

/// The command whose name differs least from `name`, if it is at most two edits away.
#[must_use]
pub fn closest(name: &str) -> Option<&'static str> {
    let near = COMMANDS.iter().map(|command| (distance(name.as_bytes(), command.name.as_bytes()), command.name));
    near.filter(|(edits, known)| *edits <= 2 && usize::from(*edits) < known.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, c)| c)
}

/// Insertions, removals, replacements and swaps of neighbours that turn one name into the other; 255 for a long one.
fn distance(from: &[u8], to: &[u8]) -> u8 {
    const LONGEST: usize = 16;
    if from.len() >= LONGEST || to.len() >= LONGEST {
        return u8::MAX;
    }
    let mut table = [[0_u8; LONGEST]; LONGEST];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            table[i][j] = if i == 0 || j == 0 {
                // Below `LONGEST`.
                (i + j) as u8
            } else {
                let replaced = table[i - 1][j - 1] + u8::from(from[i - 1] != to[j - 1]);
                let edited = table[i - 1][j].min(table[i][j - 1]) + 1;
                let swap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                let swapped = if swap { table[i - 2][j - 2] + 1 } else { u8::MAX };
                replaced.min(edited).min(swapped)
            };
        }
    }
    table[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};

    use super::{COMMANDS, Id, check, closest};
    use crate::words::Words;

    fn refusal(line: &str) -> String {
        check(&Words::split(line).unwrap()).unwrap_err().to_string()
    }

    fn accepted(line: &str) -> Id {
        check(&Words::split(line).unwrap()).unwrap().id
    }

    #[test]
    fn the_twelve_commands_are_there_and_explained() {
        let names: std::vec::Vec<_> = COMMANDS.iter().map(|c| c.name).collect();
        assert_eq!(
            names,
            ["help", "echo", "clear", "ps", "run", "kill", "sleep", "uptime", "mem", "irq", "latency", "shutdown"]
        );
        for command in COMMANDS {
            assert!(!command.summary.is_empty() && command.least <= command.most, "{}", command.name);
            assert!(command.details.lines().all(|line| line.len() <= 120), "{}", command.name);
        }
    }

    #[test]
    fn an_unknown_command_is_answered_with_help_and_the_closest_name() {
        assert_eq!(refusal("hlep"), "hlep: unknown command; did you mean `help`? `help` lists the commands");
        assert_eq!(refusal("xyzzy"), "xyzzy: unknown command; `help` lists the commands");
        assert_eq!(closest("lattency"), Some("latency"));
        assert_eq!(closest("p"), Some("ps"));
        assert_eq!(closest("a-name-that-is-much-too-long"), None);
    }

    #[test]
    fn wrong_arguments_are_answered_with_what_was_expected() {
        assert_eq!(refusal("kill"), "kill: something is missing; usage: kill NAME|PID");
        assert_eq!(refusal("kill a b"), "kill: `b` is too much; usage: kill NAME|PID");
        assert_eq!(refusal("ps -x"), "ps: unknown flag `-x`; usage: ps [-a]");
        assert_eq!(refusal("ps all"), "ps: `all` is too much; usage: ps [-a]");
        assert_eq!(refusal("uptime now"), "uptime: `now` is too much; usage: uptime");
        assert_eq!(refusal("sleep -1"), "sleep: unknown flag `-1`; usage: sleep SECONDS");
        assert_eq!(refusal("ps &"), "ps: only programs started with `run` can be in the background");
    }

    #[test]
    fn right_arguments_are_accepted() {
        assert_eq!(accepted("ps"), Id::Ps);
        assert_eq!(accepted("ps -a"), Id::Ps);
        assert_eq!(accepted("run faulty loop --flag &"), Id::Run);
        assert_eq!(accepted("echo -n a -b c"), Id::Echo);
        assert_eq!(accepted("shutdown 3"), Id::Shutdown);
    }
}
