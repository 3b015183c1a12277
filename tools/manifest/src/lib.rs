//! Manifests: what partitions ask for, what boards have, and whether the two fit.
//!
//! | file | read by | says |
//! |---|---|---|
//! | `partition.toml` | [`partition`] | what one partition needs: threads, budgets, devices by role, peers |
//! | `apps/systems/*.toml` | [`system`] | which partitions ship together |
//! | `bsp-rpi/boards/*.toml` | [`board`] | what one board has |
//!
//! [`load_system`] reads all three, refuses what is wrong ([`check`]) by file, line and [`rule`], and resolves the rest
//! into the records of the boot bundle ([`resolve`]). [`handles`] makes the constants by which a program names what its
//! manifest gives it; [`report`] prints a system for people.
#![forbid(unsafe_code)]

pub mod handles;
pub mod partition;
pub mod rule;
pub mod source;
