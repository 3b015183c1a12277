//! One promise a test.

mod budgets;
mod building;
mod calls;
mod calls_rare;
mod death;
mod info;
mod interrupts;
mod loans;
mod misuse;
mod notifications;
mod periods;
mod scheduling;
mod threads;
