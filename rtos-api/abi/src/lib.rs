//! What the TinyOS kernel, its programs and its tools agree on. One fact, one place: every number that two of them
//! must share is here and nowhere else.
//!
//! | module | holds |
//! |---|---|
//! | [`call`] | system-call numbers and the register layout of each |
//! | [`error`] | the errors a correct program can meet |
//! | [`fault`] | why a thread was stopped, and the kinds of misuse |
//! | [`limits`] | sizes of the kernel's tables |
//! | [`layout`] | where things are in a partition's address space |
//! | [`info`] | the records that `info` answers |
//! | [`bundle`] | the boot bundle: boards, systems and programs as data |
//! | [`ring`] | the shared byte ring between two partitions |
#![no_std]
#![forbid(unsafe_code)]

pub mod bundle;
pub mod call;
pub mod error;
pub mod fault;
pub mod info;
pub mod layout;
pub mod limits;
pub mod record;
pub mod ring;

pub use error::Error;
pub use fault::{FaultReason, Misuse};

/// Version of everything in this crate; a program built for another one is refused by name.
pub const ABI_VERSION: u32 = 1;
