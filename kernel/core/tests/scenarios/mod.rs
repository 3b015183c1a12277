//! One promise a test.

mod budgets;
mod calls;
mod calls_rare;
mod notifications;
mod periods;
mod scheduling;
