//! Times and shares as text, and text as times. Whole numbers only: the shell does not use floating point.

use core::fmt;

/// Whole nanoseconds in `ticks`; saturates.
#[must_use]
pub const fn nanoseconds(ticks: u64, ticks_per_second: u32) -> u64 {
    if ticks_per_second == 0 {
        return 0;
    }
    let wide = ticks as u128 * 1_000_000_000 / ticks_per_second as u128;
    if wide > u64::MAX as u128 { u64::MAX } else { wide as u64 }
}

/// Whole microseconds in `ticks`; saturates.
#[must_use]
pub const fn microseconds(ticks: u64, ticks_per_second: u32) -> u64 {
    nanoseconds(ticks, ticks_per_second) / 1000
}

/// Ticks in `microseconds`, rounded up; saturates.
#[must_use]
pub const fn ticks(microseconds: u64, ticks_per_second: u32) -> u64 {
    let wide = (microseconds as u128 * ticks_per_second as u128).div_ceil(1_000_000);
    if wide > u64::MAX as u128 { u64::MAX } else { wide as u64 }
}

/// Ticks shown in microseconds with one digit, rounded up: a worst case is never shown smaller than it was.
#[derive(Clone, Copy)]
pub struct WorstMicroseconds {
    /// The time, ticks.
    pub ticks: u64,
    /// Ticks of a second.
    pub ticks_per_second: u32,
}

impl fmt::Display for WorstMicroseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = nanoseconds(self.ticks, self.ticks_per_second).div_ceil(100);
        write!(f, "{}.{}", tenths / 10, tenths % 10)
    }
}

/// A share of a whole, shown in percent with one digit.
#[derive(Clone, Copy)]
pub struct Percent {
    /// The part.
    pub part: u64,
    /// The whole; of nothing every share is 0.
    pub whole: u64,
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = if self.whole == 0 { 0 } else { u128::from(self.part) * 1000 / u128::from(self.whole) };
        write!(f, "{}.{}", tenths / 10, tenths % 10)
    }
}

/// Any text of at most 64 bytes, so that it can be set in a column.
pub struct Text<'a>(pub fmt::Arguments<'a>);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = heapless::String::<64>::new();
        fmt::write(&mut text, self.0)?;
        f.pad(&text)
    }
}

/// A time shown as `1 day 02:03:04.567`; days only if there are any.
#[derive(Clone, Copy)]
pub struct Elapsed {
    /// The time, microseconds.
    pub microseconds: u64,
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.microseconds / 1000;
        let seconds = milliseconds / 1000;
        match seconds / 86_400 {
            0 => {}
            1 => f.write_str("1 day ")?,
            days => write!(f, "{days} days ")?,
        }
        let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, milliseconds % 1000)
    }
}

/// Microseconds in a number of seconds such as `2`, `0.5` or `.25`; digits after the sixth are ignored. `None` if the
/// text is no such number or longer than about 31 years.
#[must_use]
pub fn parse_seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) || whole.len() > 9 {
        return None;
    }
    let seconds: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut microseconds = 0;
    let mut unit = 100_000;
    for digit in fraction.bytes().take(6) {
        microseconds += u64::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(seconds * 1_000_000 + microseconds)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::{Elapsed, Percent, Text, microseconds, nanoseconds, parse_seconds, ticks};

    #[test]
    fn ticks_and_microseconds_convert_without_overflow() {
        assert_eq!(microseconds(62_500_000, 62_500_000), 1_000_000);
        assert_eq!(microseconds(19, 19_200_000), 0);
        assert_eq!(nanoseconds(u64::MAX, 1), u64::MAX);
        assert_eq!(microseconds(5, 0), 0);
        assert_eq!(ticks(1, 19_200_000), 20, "never too short");
        assert_eq!(ticks(u64::MAX, u32::MAX), u64::MAX);
    }

    #[test]
    fn shares_have_one_digit() {
        assert_eq!(Percent { part: 1, whole: 8 }.to_string(), "12.5");
        assert_eq!(Percent { part: 3, whole: 0 }.to_string(), "0.0");
        assert_eq!(Percent { part: u64::MAX, whole: u64::MAX }.to_string(), "100.0");
    }

    #[test]
    fn composed_text_fits_into_a_column() {
        let text = std::format!("{:<6}|{:>6}|", Text(format_args!("a{}", 1)), Text(format_args!("b")));
        assert_eq!(text, "a1    |     b|");
    }

    #[test]
    fn elapsed_times_read_like_a_clock() {
        assert_eq!(Elapsed { microseconds: 1_234_567 }.to_string(), "00:00:01.234");
        assert_eq!(Elapsed { microseconds: 90_061_000_000 }.to_string(), "1 day 01:01:01.000");
        assert_eq!(Elapsed { microseconds: 200_000_000_000 }.to_string(), "2 days 07:33:20.000");
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        assert_eq!(parse_seconds("2"), Some(2_000_000));
        assert_eq!(parse_seconds("0.5"), Some(500_000));
        assert_eq!(parse_seconds(".25"), Some(250_000));
        assert_eq!(parse_seconds("1.0000019"), Some(1_000_001));
        for wrong in ["", ".", "x", "-1", "1.2.3", "1s", "+2", "9999999999"] {
            assert_eq!(parse_seconds(wrong), None, "{wrong}");
        }
    }
}
