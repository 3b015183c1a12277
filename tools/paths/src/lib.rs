//! Bounds every interrupt-masked path of the shipped kernel, and its deepest stack, from the machine code.
//!
//! The kernel runs with interrupts masked, so its longest path is the longest time an interrupt can wait. This crate
//! reads the ELF file, follows control from each entry ([`cfg`](mod@cfg)), finds the loops and their declared bounds
//! ([`loops`]), and computes the longest path ([`longest`]) and the deepest stack ([`stack`]). It refuses what it cannot
//! bound: a loop without a record in `.tinyos.bounds`, recursion, a branch to a register's value other than the table of
//! system calls. [`run`] compares with `docs/bounds.md`, where a figure may only grow on purpose.
//!
//! Instructions are counted, not time: each counts one.
#![forbid(unsafe_code)]

pub mod cfg;
pub mod decode;
pub mod elf;
pub mod entries;
pub mod functions;
pub mod graph;
pub mod lines;
pub mod longest;
pub mod loops;
pub mod path;
pub mod problem;
pub mod program;
pub mod report;
pub mod stack;

use std::fs;
use std::path::Path;

pub use problem::Error;
pub use report::{Report, Row};

/// The most instructions that may run masked, over all entries: the promise.
pub const MASKED_MAX_LIMIT: u64 = 700;

/// Analyses a kernel's ELF file.
///
/// # Errors
/// The file cannot be read as one, or what runs in it cannot be bounded.
pub fn analyse(elf: &[u8]) -> Result<Report, Error> {
    entries::analyse(&elf::read(elf)?, rtos_abi::call::ALL)
}

/// Analyses the kernel in file `elf` and compares with the page `doc`, which is made anew unless a figure grew. Then the
/// longest path is held against the limit, which nothing but a shorter path meets.
///
/// # Errors
/// In words: a file cannot be read or written, something has no bound, a figure grew and `accept` is not set, or the
/// longest path is longer than [`MASKED_MAX_LIMIT`].
pub fn run(elf: &Path, doc: &Path, accept: bool) -> Result<Report, String> {
    let bytes = fs::read(elf).map_err(|error| format!("{}: {error}", elf.display()))?;
    let report = analyse(&bytes).map_err(|error| lines::with_lines(error, elf).to_string())?;
    let page = report.page();
    let old = if doc.exists() {
        fs::read_to_string(doc).map_err(|error| format!("{}: {error}", doc.display()))?
    } else {
        String::new()
    };
    let grown = report.growth(&old);
    if !grown.is_empty() && !accept {
        let grown = grown.join("\n  ");
        return Err(format!("bounds grew over {}; if on purpose, run again with --accept:\n  {grown}", doc.display()));
    }
    if page != old {
        fs::write(doc, page).map_err(|error| format!("{}: {error}", doc.display()))?;
    }
    if report.masked_max() > MASKED_MAX_LIMIT {
        let text = report.text();
        return Err(format!("{text}masked_max is {}, the limit is {MASKED_MAX_LIMIT}", report.masked_max()));
    }
    Ok(report)
}
