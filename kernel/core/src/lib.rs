//! The rules of the TinyOS kernel.
#![no_std]
#![forbid(unsafe_code)]

pub mod decision;
pub mod event;
pub mod frame;
pub mod id;
pub mod port;
