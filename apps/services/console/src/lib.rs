//! The console's logic without the machine: which program's bytes go to the terminal next, and who gets what is typed.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod keys;
pub mod mux;
pub mod open_line;
