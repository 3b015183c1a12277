//! The motor's logic without the machine: a model of a DC motor, and the controller that holds its speed.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod model;
pub mod pid;

/// The controller of this motor: volt from radian a second, at most 24 V.
pub const CONTROLLER: pid::Pid = pid::Pid::new(0.1, 4.0, 0.0001, 24.0);
