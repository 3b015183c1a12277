//! A PID controller with a limited output and an integral that stops at the limit.

/// A controller for one value.
#[derive(Clone, Copy, Debug)]
pub struct Pid {
    /// Output a unit of error.
    pub proportional: f32,
    /// Output a unit of error and second.
    pub integral: f32,
    /// Output a unit of change a second.
    pub derivative: f32,
    /// Largest output, in both directions.
    pub limit: f32,
    sum: f32,
    last: f32,
}

impl Pid {
    /// A controller at rest. Gains as in the fields of the same names.
    #[must_use]
    pub const fn new(proportional: f32, integral: f32, derivative: f32, limit: f32) -> Self {
        Self { proportional, integral, derivative, limit, sum: 0.0, last: 0.0 }
    }

    /// The output for the next `seconds`.
    ///
    /// The derivative is taken from the measured value, so that a new setpoint does not kick. The integral is held while
    /// the output is at its limit.
    pub fn step(&mut self, setpoint: f32, measured: f32, seconds: f32) -> f32 {
        let error = setpoint - measured;
        let rate = (measured - self.last) / seconds;
        self.last = measured;
        let sum = self.sum + error * self.integral * seconds;
        let wanted = self.proportional * error + sum - self.derivative * rate;
        let output = wanted.clamp(-self.limit, self.limit);
        if output == wanted {
            self.sum = sum;
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::Pid;
    use crate::model::Motor;

    const PERIOD: f32 = 0.001;

    /// Runs the loop for `steps` periods; answers the largest speed and the last.
    fn run(pid: &mut Pid, motor: &mut Motor, setpoint: f32, load: f32, steps: u32) -> (f32, f32) {
        let (mut largest, mut speed) = (f32::MIN, motor.step(0.0, load, 0.0));
        for _ in 0..steps {
            let voltage = pid.step(setpoint, speed, PERIOD);
            speed = motor.step(voltage, load, PERIOD);
            largest = largest.max(speed);
        }
        (largest, speed)
    }

    #[test]
    fn the_speed_settles_at_the_setpoint_without_much_overshoot() {
        let (mut pid, mut motor) = (crate::CONTROLLER, Motor::default());
        let (largest, speed) = run(&mut pid, &mut motor, 200.0, 0.0, 500);
        assert!((speed - 200.0).abs() < 0.5, "{speed}");
        assert!(largest < 220.0, "{largest}");
    }

    #[test]
    fn a_sudden_load_is_made_up_for() {
        let (mut pid, mut motor) = (crate::CONTROLLER, Motor::default());
        run(&mut pid, &mut motor, 200.0, 0.0, 500);
        let (_, speed) = run(&mut pid, &mut motor, 200.0, 0.03, 500);
        assert!((speed - 200.0).abs() < 0.5, "{speed}");
    }

    #[test]
    fn the_output_never_leaves_its_limit_and_the_integral_does_not_wind_up() {
        let mut pid = crate::CONTROLLER;
        for _ in 0..10_000 {
            assert!(pid.step(10_000.0, 0.0, PERIOD).abs() <= pid.limit);
        }
        assert!(pid.step(0.0, 50.0, PERIOD) < 0.0, "it turns at once");
    }
}
