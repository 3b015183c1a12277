//! One promise a test.
//!
//! All of it is safe code, and a machine takes many seconds to boot under Miri: there one family and a walk are enough.

mod budgets;
#[cfg(not(miri))]
mod building;
#[cfg(not(miri))]
mod calls;
#[cfg(not(miri))]
mod calls_rare;
#[cfg(not(miri))]
mod death;
#[cfg(not(miri))]
mod info;
#[cfg(not(miri))]
mod interrupts;
#[cfg(not(miri))]
mod loans;
#[cfg(not(miri))]
mod misuse;
#[cfg(not(miri))]
mod notifications;
#[cfg(not(miri))]
mod periods;
#[cfg(not(miri))]
mod scheduling;
#[cfg(not(miri))]
mod threads;
