//! The TinyOS kernel: boots, loads the system that the boot bundle describes, and then only answers events.
//!
//! | file | holds |
//! |---|---|
//! | [`start`] | the order of start-up |
//! | [`board`], [`tree`], [`ranges`] | which board this is and what memory it has |
//! | [`machine`] | the rules' state and the hardware, joined |
//! | [`calls`], [`irq`], [`fault`] | system calls, interrupts and faults: from the vectors to the rules |
//! | [`mod@panic`] | the end |
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
mod calls;
#[cfg(any(target_os = "none", test))]
mod fault;
#[cfg(target_os = "none")]
mod irq;
#[cfg(target_os = "none")]
mod machine;
#[cfg(target_os = "none")]
mod panic;
#[cfg(any(target_os = "none", test))]
mod ranges;
#[cfg(target_os = "none")]
mod start;
#[cfg(any(target_os = "none", test))]
mod tree;

/// On the host there is nothing to run: the crate is built there only to test the modules that are plain rules.
#[cfg(not(target_os = "none"))]
fn main() {}
