//! What a TinyOS program uses.
//!
//! | module | holds |
//! |---|---|
//! | [`time`] | instants and durations in counter ticks |
//! | [`periodic`] | the loop of a periodic thread |
//! | [`thread`](mod@thread) | the partition's other threads |
//! | [`notify`] | notification bits |
//! | [`ipc`] | calls to a server, and the server's side |
//! | [`ring`] | shared byte rings between two partitions |
//! | [`stdio`] | standard output and input, [`print!`], [`println!`] |
//! | [`args`] | the words a program was started with |
//! | [`irq`], [`device`], [`grant`] | interrupt lines, device registers, single register bits |
//! | [`info`], [`control`], [`build`](mod@build) | what the system is doing; stopping and building partitions, by right |
//! | [`sys`] | the system calls themselves |
//!
//! The numbers of edges, lines, bits and threads are generated from the program's `partition.toml`:
//!
//! ```ignore
//! #![cfg_attr(target_os = "none", no_std, no_main)]
//! use rtos_api::prelude::*;
//!
//! include!(concat!(env!("OUT_DIR"), "/handles.rs"));
//! rtos_api::entry!(main);
//!
//! fn main() {
//!     println!("hello");
//! }
//! ```
//!
//! A program also compiles on the host, so that its logic can be tested there: time runs, text is printed, and any other
//! system call panics.
#![no_std]

#[cfg(not(target_os = "none"))]
extern crate std;

pub mod args;
pub mod build;
pub mod control;
pub mod device;
pub mod entry;
pub mod grant;
pub mod info;
pub mod ipc;
pub mod irq;
pub mod notify;
pub mod periodic;
pub mod prelude;
pub mod ring;
pub mod stdio;
pub mod sys;
pub mod thread;
pub mod time;

pub use grant::Grant;
pub use ipc::CallEdge;
pub use irq::IrqLine;
pub use notify::NotifyEdge;
pub use rtos_abi as abi;
pub use rtos_abi::Error;
pub use thread::ThreadNumber;
pub use time::{Duration, Instant};

/// The 64 bytes of a call or a reply, in eight registers.
pub type Message = [u64; 8];
