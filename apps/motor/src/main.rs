//! A control loop at 1 kHz: a PID controller holds the speed of a simulated DC motor through changes of setpoint and
//! load. It prints nothing and calls nobody; `ps` and `latency` show its runs, misses, worst wake-up and response.
#![cfg_attr(target_os = "none", no_std, no_main)]

use motor_lib::CONTROLLER;
use motor_lib::model::Motor;
use rtos_api::prelude::*;

include!(concat!(env!("OUT_DIR"), "/handles.rs"));

rtos_api::entry!(main);

/// Period of the loop, seconds; the manifest says the same in microseconds.
const PERIOD: f32 = 0.001;
/// Runs between two changes of the setpoint.
const HOLD_RUNS: u32 = 2000;
/// Speeds that are held in turn, radian a second.
const SETPOINTS: [f32; 2] = [200.0, 120.0];
/// Loads in turn, newton metre.
const LOADS: [f32; 4] = [0.0, 0.0, 0.02, 0.02];

fn main() {
    // Shows that the loop is alive; the kernel drives it low, whatever happens to this program.
    grants::STATUS_LED_SET.write(0);
    let mut motor = Motor::default();
    let mut controller = CONTROLLER;
    let mut speed = 0.0;
    let mut phase = 0_usize;
    let mut runs = 0;
    let mut period = Periodic::new();
    loop {
        let release = period.wait_next();
        // A skipped period is time that passed at the last voltage: the model takes a longer step.
        let seconds = PERIOD * (1 + release.skipped.min(10)) as f32;
        let voltage = controller.step(SETPOINTS[phase % SETPOINTS.len()], speed, seconds);
        // On a real motor this goes to a PWM register. Here nothing outside reads it, and the compiler must not notice.
        let voltage = core::hint::black_box(voltage);
        speed = motor.step(voltage, LOADS[phase % LOADS.len()], seconds);
        runs += 1;
        if runs == HOLD_RUNS {
            runs = 0;
            phase = (phase + 1) % LOADS.len();
        }
    }
}
