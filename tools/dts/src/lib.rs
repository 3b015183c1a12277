//! Compiles a device tree source (`bsp-rpi/boards/*.dts`) to the flat form that a kernel is handed.
//!
//! The emulated Raspberry Pis start with no device tree of their own. Compiling ours here means that nothing but the
//! emulator has to be installed. The language is the Devicetree Specification v0.4, chapter 6, without includes,
//! overlays, expressions, deletions and character literals: what our own files use. The output is version 17,
//! chapter 5.
#![forbid(unsafe_code)]

mod flat;
mod parse;
mod token;

use std::fmt;

/// What is wrong with a source, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, as a sentence part.
    pub text: String,
}

impl Error {
    /// An error in a line.
    fn new(line: usize, text: impl Into<String>) -> Self {
        Self { line, text: text.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

impl std::error::Error for Error {}

/// The flat device tree of a source.
///
/// # Errors
/// The first thing that is not of the language, or a reference to a label that is not there.
pub fn compile(source: &str) -> Result<Vec<u8>, Error> {
    let tree = parse::tree(&token::tokens(source)?)?;
    Ok(flat::flatten(&tree.resolved()?))
}
