//! The rules of the TinyOS kernel: a state machine in safe code, the same on the hardware and in a test on the host.
//!
//! What it believes:
//! 1. The worst case is the promise. Every loop has a constant bound ([`kernel_bounds::turn`]); there is no recursion,
//!    no allocation, no dynamic dispatch. Work that grows with its input is done in steps that say *again*.
//! 2. It decides and does not act. An [`event`] comes in, a [`decision`] of two words goes out; what a rule needs of the
//!    machine meanwhile is the dozen methods of [`port::Port`].
//! 3. Nothing below you can interrupt you. The timer is set for what concerns the running thread; of several
//!    expiries the most urgent thread's is handled first (after the end of the running thread's own budget).
//! 4. A handle is as old as its generation. Death changes a number; what was made before it fails by itself.
//! 5. Misuse stops the caller with a named reason; what a correct program can meet is an error value.
//!
//! | to learn about | read |
//! |---|---|
//! | the state, and the steps every path shares | [`kernel`] |
//! | who runs | [`sched`], [`thread`], [`budget`] |
//! | when | [`time`], [`interrupt`] |
//! | calls, notifications, all system calls | [`syscall`] |
//! | partitions: memory, building, death | [`partition`], [`build`], [`user_range`], [`fault`] |
//! | how a system gets in | [`load`], [`first`] |
//!
//! Invariants (checked after every step of the random walks in `tests/`):
//! - I1 a thread is in the ready queue exactly when its state is ready; the running thread is the head of the highest level;
//! - I2 a thread's timer is set, no later than what can end its wait and its job's deadline; an earlier one is stale;
//! - I3 a thread with a token waits for a reply or in a queue, and its server is more urgent;
//! - I4 a dead partition's threads are dead, and no handle fits its generation;
//! - I5 no page is mapped both writable and executable, and none outside its slot's own memory and declared regions.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod budget;
pub mod build;
pub mod decision;
pub mod event;
pub mod fault;
pub mod first;
pub mod frame;
pub mod id;
pub mod interrupt;
pub mod kernel;
pub mod load;
pub mod partition;
pub mod port;
pub mod sched;
pub mod syscall;
pub mod thread;
pub mod time;
pub mod user_range;
