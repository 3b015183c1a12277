//! What the analysis refuses, in words.

use std::fmt;

/// What is wrong at an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A loop without a record in its body.
    UnknownLoop,
    /// A loop with a record that some turns pass by.
    TurnWithoutRecord,
    /// A loop that is entered at two places.
    Irreducible,
    /// A call of a copying function whose length is no constant there.
    UnknownLength,
    /// A branch to a register's value that is not the system call table.
    IndirectBranch,
    /// A function that calls itself, perhaps through others (their names).
    Recursion(Vec<String>),
    /// Control leaves the known code.
    OutsideCode,
    /// `ret` in an entry, which nobody called.
    ReturnFromEntry,
    /// The stack pointer is moved by an unknown amount.
    UnknownStack,
    /// The stack grows with each turn of a loop.
    GrowingStack,
    /// Interrupts are unmasked inside the kernel.
    Unmasks,
    /// The block that looks for a pending interrupt does not lead both on and out.
    CheckUndecided,
    /// No path from this entry reaches the table of system calls.
    NoTable,
    /// No path from this entry ends.
    Endless,
}

/// Something the analysis refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What.
    pub kind: Kind,
    /// Where.
    pub address: u64,
    /// In which function.
    pub function: String,
    /// In which line of the source, where known.
    pub line: Option<String>,
    /// Calls that lead into the function.
    pub calls: Vec<Call>,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// In which function.
    pub function: String,
    /// Where.
    pub address: u64,
    /// In which line of the source, where known.
    pub line: Option<String>,
}

/// A place: function, address, and line where known.
fn place(f: &mut fmt::Formatter<'_>, function: &str, address: u64, line: Option<&str>) -> fmt::Result {
    write!(f, "{function} at {address:#x}")?;
    line.map_or(Ok(()), |line| write!(f, " ({line})"))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.function, self.address, self.line.as_deref())?;
        write!(f, ": {}", self.kind)?;
        for call in &self.calls {
            f.write_str("\n    called from ")?;
            place(f, &call.function, call.address, call.line.as_deref())?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownLoop => "a loop without a bound: call kernel_bounds::turn::<N>() in each turn",
            Self::TurnWithoutRecord => "a turn of this loop can pass by its bound: make the bound its first statement",
            Self::Irreducible => "a loop that is entered at two places",
            Self::UnknownLength => "a copy, fill or comparison of a length that is no constant here",
            Self::IndirectBranch => "a branch to a register's value: its targets are unknown",
            Self::Recursion(names) => return write!(f, "recursion: {}", names.join(" -> ")),
            Self::OutsideCode => "control leaves the known code",
            Self::ReturnFromEntry => "an entry ends in `ret`, but nobody called it",
            Self::UnknownStack => "the stack pointer is moved by an unknown amount",
            Self::GrowingStack => "the stack grows with each turn of a loop",
            Self::Unmasks => "interrupts are unmasked inside the kernel",
            Self::CheckUndecided => "the look for a pending interrupt must end in a branch that leads both on and out",
            Self::NoTable => "no path from here reaches call_table",
            Self::Endless => "no path from here ends",
        })
    }
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file is no ELF file as expected.
    Elf(String),
    /// An entry symbol is missing.
    MissingSymbol(String),
    /// The code cannot be bounded.
    Refused(Vec<Problem>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elf(text) => write!(f, "the kernel's ELF file cannot be read: {text}"),
            Self::MissingSymbol(name) => write!(f, "the kernel has no symbol `{name}`"),
            Self::Refused(problems) => {
                write!(f, "{} place(s) in the kernel have no bound:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl std::error::Error for Error {}
