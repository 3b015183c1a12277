//! The shell's logic without the machine: everything here runs and is tested on the host.
//!
//! | module | holds |
//! |---|---|
//! | [`editor`] | the line being typed: keys in, terminal bytes out |
//! | [`history`] | the lines typed before |
//! | [`words`] | a line split into words |
//! | [`command`] | the table of commands, with usage and help |
//! | [`format`] | times and shares as text |
//! | [`report`] | how a program ended, in words |
//! | [`table`] | the rows of `ps`, `latency`, `irq` and `mem` |
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod command;
pub mod editor;
pub mod format;
pub mod history;
pub mod report;
pub mod table;
pub mod words;

/// What the shell prints when it is ready for a line. Tests and scripts rely on it.
pub const PROMPT: &str = "tinyos> ";
