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
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:#x}", self.function, self.address)?;
        if let Some(line) = &self.line {
            write!(f, " ({line})")?;
        }
        f.write_str(": ")?;
        f.write_str(match &self.kind {
            Kind::UnknownLoop => "a loop without a bound: call kernel_bounds::turn::<N>() in each turn",
            Kind::TurnWithoutRecord => "a turn of this loop can pass by its bound: make the bound its first statement",
            Kind::Irreducible => "a loop that is entered at two places",
            Kind::IndirectBranch => "a branch to a register's value: its targets are unknown",
            Kind::Recursion(names) => return write!(f, "recursion: {}", names.join(" -> ")),
            Kind::OutsideCode => "control leaves the known code",
            Kind::ReturnFromEntry => "an entry ends in `ret`, but nobody called it",
            Kind::UnknownStack => "the stack pointer is moved by an unknown amount",
            Kind::GrowingStack => "the stack grows with each turn of a loop",
            Kind::Unmasks => "interrupts are unmasked inside the kernel",
            Kind::CheckUndecided => "the look for a pending interrupt must end in a branch that leads both on and out",
            Kind::NoTable => "no path from here reaches call_table",
            Kind::Endless => "no path from here ends",
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
