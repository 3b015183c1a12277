//! Points in time and spans of it, in ticks of the machine's counter.
//!
//! The counter runs at [`ticks_per_second`] on all cores alike and never stops. Comparing and adding ticks costs an
//! instruction; converting to and from seconds costs a division, so do it outside of loops that matter.

use crate::sys;
use core::fmt;
use core::ops::{Add, AddAssign, Sub};
use rtos_abi::call::{NEVER, POLL};

/// Ticks of the counter in a second: 19.2 MHz on the Pi 3, 54 MHz on the Pi 4 and 5, 62.5 MHz in the emulator.
#[must_use]
pub fn ticks_per_second() -> u32 {
    sys::info_page().ticks_per_second
}

/// A point in time; also a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Instant(u64);

impl Instant {
    /// A deadline that never comes: wait for ever.
    pub const NEVER: Self = Self(NEVER);
    /// A deadline that has passed: do not wait.
    pub const POLL: Self = Self(POLL);

    /// This moment.
    #[inline(always)]
    #[must_use]
    pub fn now() -> Self {
        Self(sys::counter())
    }

    /// The moment `duration` from now.
    #[inline(always)]
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self::now() + duration
    }

    /// The moment at which the counter reads `ticks`.
    #[inline(always)]
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// What the counter reads at this moment.
    #[inline(always)]
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// The time since `earlier`; zero if that is later.
    #[inline(always)]
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// The time that has passed since this moment; zero if it lies ahead.
    #[inline(always)]
    #[must_use]
    pub fn elapsed(self) -> Duration {
        Self::now().since(self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    #[inline(always)]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }
}

impl AddAssign<Duration> for Instant {
    #[inline(always)]
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;
    #[inline(always)]
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// A span of time. It prints itself in a fitting unit: `850 ns`, `12.5 us`, `3.20 ms`, `1.50 s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Duration(u64);

const NANOS: u64 = 1_000_000_000;
const MICROS: u64 = 1_000_000;
const MILLIS: u64 = 1_000;

/// `amount` (of which `per_second` make a second) in units of which `to_per_second` make a second, rounded up or down.
/// Both rates are below 2^32, so the products of the remainder fit; the whole seconds saturate.
const fn convert(amount: u64, per_second: u64, to_per_second: u64, round_up: bool) -> u64 {
    let (seconds, rest) = (amount / per_second, amount % per_second);
    let rounding = if round_up { per_second - 1 } else { 0 };
    seconds.saturating_mul(to_per_second).saturating_add((rest * to_per_second + rounding) / per_second)
}

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// This many ticks.
    #[inline(always)]
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// In ticks.
    #[inline(always)]
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// At least this many nanoseconds: rounded up to the next tick.
    #[must_use]
    pub fn from_nanos(nanos: u64) -> Self {
        Self(convert(nanos, NANOS, ticks_per_second().into(), true))
    }

    /// At least this many microseconds.
    #[must_use]
    pub fn from_micros(micros: u64) -> Self {
        Self(convert(micros, MICROS, ticks_per_second().into(), true))
    }

    /// At least this many milliseconds.
    #[must_use]
    pub fn from_millis(millis: u64) -> Self {
        Self(convert(millis, MILLIS, ticks_per_second().into(), true))
    }

    /// This many seconds.
    #[must_use]
    pub fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(ticks_per_second().into()))
    }

    /// In whole nanoseconds.
    #[must_use]
    pub fn as_nanos(self) -> u64 {
        convert(self.0, ticks_per_second().into(), NANOS, false)
    }

    /// In whole microseconds.
    #[must_use]
    pub fn as_micros(self) -> u64 {
        convert(self.0, ticks_per_second().into(), MICROS, false)
    }

    /// In whole milliseconds.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        convert(self.0, ticks_per_second().into(), MILLIS, false)
    }

    /// In whole seconds.
    #[must_use]
    pub fn as_secs(self) -> u64 {
        self.0 / u64::from(ticks_per_second())
    }
}

impl Add for Duration {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<core::time::Duration> for Duration {
    fn from(duration: core::time::Duration) -> Self {
        Self::from_secs(duration.as_secs()) + Self::from_nanos(duration.subsec_nanos().into())
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.as_nanos();
        let (unit, name) = match nanos {
            0..MILLIS => return write!(f, "{nanos} ns"),
            MILLIS..MICROS => (MILLIS, "us"),
            MICROS..NANOS => (MICROS, "ms"),
            _ => (NANOS, "s"),
        };
        let (whole, rest) = (nanos / unit, nanos % unit);
        // Three digits are enough to compare by eye.
        match whole {
            0..10 => write!(f, "{whole}.{:02} {name}", rest / (unit / 100)),
            10..100 => write!(f, "{whole}.{} {name}", rest / (unit / 10)),
            _ => write!(f, "{whole} {name}"),
        }
    }
}

/// Sleeps until `time`; returns at once if it has passed.
#[inline(always)]
pub fn sleep_until(time: Instant) {
    sys::sleep_until(time.0);
}

/// Sleeps for `duration`. A loop with a fixed rate wants [`Periodic`](crate::periodic::Periodic) instead: this one drifts.
#[inline(always)]
pub fn sleep(duration: Duration) {
    sleep_until(Instant::after(duration));
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, MICROS, NANOS, convert};
    use std::format;

    #[test]
    fn conversions_are_exact_where_the_rates_divide() {
        assert_eq!(convert(1_000, MICROS, 54_000_000, true), 54_000);
        assert_eq!(convert(54_000_000, 54_000_000, NANOS, false), NANOS);
    }

    #[test]
    fn a_wait_is_never_shorter_than_asked_for() {
        // 1 ns is 0.0192 ticks of the Pi 3.
        assert_eq!(convert(1, NANOS, 19_200_000, true), 1);
        assert_eq!(convert(53, NANOS, 19_200_000, true), 2);
        for micros in [1, 3, 7, 999, 1_001, 123_456_789] {
            let ticks = convert(micros, MICROS, 19_200_000, true);
            assert_eq!(convert(ticks, 19_200_000, MICROS, false), micros);
        }
    }

    #[test]
    fn conversions_saturate_and_never_overflow() {
        assert_eq!(convert(u64::MAX, MICROS, u64::from(u32::MAX), true), u64::MAX);
        assert_eq!(convert(u64::MAX, 1_000, 62_500_000, true), u64::MAX);
        assert_eq!(convert(u64::MAX, u64::from(u32::MAX), NANOS, false), 4_294_967_297 * NANOS);
        assert_eq!(convert(NANOS - 1, NANOS, u64::from(u32::MAX), true), u64::from(u32::MAX) - 4);
    }

    #[test]
    fn never_stays_never_and_the_past_is_zero() {
        assert_eq!(Instant::NEVER + Duration::from_secs(9), Instant::NEVER);
        assert_eq!(Instant::POLL - Instant::NEVER, Duration::ZERO);
        assert_eq!(Duration::from_ticks(3) - Duration::from_ticks(5), Duration::ZERO);
    }

    #[test]
    fn a_duration_prints_in_a_fitting_unit() {
        let shown = |nanos| format!("{}", Duration::from_nanos(nanos));
        assert_eq!(shown(0), "0 ns");
        assert_eq!(shown(848), "848 ns");
        assert_eq!(shown(12_544), "12.5 us");
        assert_eq!(shown(3_200_000), "3.20 ms");
        assert_eq!(shown(250_000_000), "250 ms");
        assert_eq!(shown(1_500_000_000), "1.50 s");
    }

    #[test]
    fn the_standard_duration_converts() {
        let one_and_a_half = core::time::Duration::from_millis(1_500);
        assert_eq!(Duration::from(one_and_a_half), Duration::from_millis(1_500));
    }

    #[test]
    fn time_passes_on_the_host() {
        let start = Instant::now();
        std::thread::sleep(core::time::Duration::from_millis(2));
        assert!(start.elapsed() >= Duration::from_millis(2));
    }
}
