//! A brushed DC motor of about 20 W, simulated in steps of the control period.

/// State and load of the motor. The constants are those of a common 24 V gear motor, without its gear.
#[derive(Clone, Copy, Debug, Default)]
pub struct Motor {
    /// Current, ampere.
    current: f32,
    /// Speed, radian a second.
    speed: f32,
}

/// Resistance of the winding, ohm.
const RESISTANCE: f32 = 2.0;
/// Inductance of the winding, henry.
const INDUCTANCE: f32 = 0.003;
/// Torque a current gives, newton metre an ampere; also the voltage a speed gives, volt second a radian.
const CONSTANT: f32 = 0.05;
/// Moment of inertia, kilogram square metre.
const INERTIA: f32 = 4.0e-5;
/// Viscous friction, newton metre second a radian.
const FRICTION: f32 = 2.0e-5;
/// Integration steps in one call: the current changes faster than the control period.
const SUBSTEPS: u8 = 4;

impl Motor {
    /// Lets `seconds` pass with `voltage` at the terminals and a `load` torque in newton metre; answers the new speed in
    /// radian a second.
    pub fn step(&mut self, voltage: f32, load: f32, seconds: f32) -> f32 {
        let dt = seconds / f32::from(SUBSTEPS);
        for _ in 0..SUBSTEPS {
            let drop = voltage - RESISTANCE * self.current - CONSTANT * self.speed;
            self.current += drop / INDUCTANCE * dt;
            let torque = CONSTANT * self.current - FRICTION * self.speed - load;
            self.speed += torque / INERTIA * dt;
        }
        self.speed
    }
}

#[cfg(test)]
mod tests {
    use super::{CONSTANT, FRICTION, Motor, RESISTANCE};

    #[test]
    fn at_a_constant_voltage_the_speed_is_that_of_the_data_sheet() {
        let mut motor = Motor::default();
        let mut speed = 0.0;
        for _ in 0..3000 {
            speed = motor.step(12.0, 0.0, 0.001);
        }
        let expected = 12.0 / (CONSTANT + RESISTANCE * FRICTION / CONSTANT);
        assert!((speed - expected).abs() < 0.5, "{speed} is not {expected}");
    }

    #[test]
    fn a_load_slows_the_motor_down() {
        let (mut free, mut loaded) = (Motor::default(), Motor::default());
        let (mut fast, mut slow) = (0.0, 0.0);
        for _ in 0..3000 {
            fast = free.step(12.0, 0.0, 0.001);
            slow = loaded.step(12.0, 0.02, 0.001);
        }
        assert!(slow < fast - 5.0);
    }
}
