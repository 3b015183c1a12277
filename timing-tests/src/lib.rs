//! What the timing programs and `cargo xtask timing` share: samples, rows, and memory that two partitions time by.
//!
//! A timing program prints one line a row; the tool reads them, holds them against `budgets/<board>.toml` and against
//! the last accepted result in `results/<board>.json`.
#![no_std]

pub mod row;
pub mod samples;
pub mod shared;

pub use row::Row;
pub use samples::Samples;
pub use shared::Shared;
