//! The kernel on AArch64 at EL1: everything that plain Rust cannot say, and nothing that decides.
//!
//! | file | holds |
//! |---|---|
//! | `boot.s`, [`boot`] | first instruction to Rust in the upper half |
//! | `vectors.s`, `switch.s`, [`vectors`] | entries from programs, applying a decision |
//! | [`core_block`] | the core's words above its stack, the longest paths |
//! | [`mmu`] | translation tables |
//! | [`copy`] | all stores to and loads from memory of partitions |
//! | [`device`] | device registers |
//! | `memory.s`, [`memory`] | what the compiler calls to copy and fill large values |
//! | [`fp`], [`cpu`], [`timer`] | floating-point areas, system registers, generic timer |
//!
//! `image` provides what the assembly calls: `kernel_main`, `irq_gic`, `irq_bcm`, `fault_from_program`, `call_table` and
//! its calls, `kernel_panic_exception`, `kernel_panic_halt`.
#![no_std]
#![cfg(all(target_arch = "aarch64", target_os = "none"))]

pub mod boot;
pub mod copy;
pub mod core_block;
pub mod cpu;
pub mod device;
pub mod fp;
pub mod memory;
pub mod mmu;
pub mod timer;
pub mod vectors;
