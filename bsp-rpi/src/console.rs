//! The kernel's own voice, before the console partition runs and after it is gone.

use core::fmt;
use rpi_drivers::pl011::{Divisor, Pl011, Registers};

/// How often a full transmit FIFO is looked at before the line counts as stuck: far longer than the 87 us that a byte
/// takes at 115200 bits a second.
const PATIENCE: u32 = 100_000;

/// Text output over a PL011 without interrupts. Slow: a byte takes as long as the line does. It never hangs: once the
/// UART stops taking bytes, the rest is dropped.
pub struct EarlyConsole {
    uart: Pl011<'static>,
    stuck: bool,
}

impl EarlyConsole {
    /// Text for the UART with these registers, which are not touched before [`EarlyConsole::init`] or the first byte.
    #[must_use]
    pub const fn new(registers: &'static Registers) -> Self {
        Self { uart: Pl011::new(registers), stuck: false }
    }

    /// Sets the UART up, unless the firmware has: then its rate is kept. A rate that the clock cannot make leaves the
    /// UART as it is.
    pub fn init(&mut self, clock_hz: u32, rate: u32) {
        if self.uart.is_set_up() {
            self.uart.enable();
        } else if let Some(divisor) = Divisor::new(clock_hz, rate) {
            self.uart.init(divisor);
        }
    }

    /// Waits until everything has left the UART: before the machine stops.
    pub fn flush(&mut self) {
        self.stuck |= !(0..PATIENCE).any(|_| !self.uart.is_sending());
    }

    fn put(&mut self, byte: u8) {
        self.stuck = self.stuck || !(0..PATIENCE).any(|_| self.uart.try_write(byte));
    }
}

impl fmt::Write for EarlyConsole {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.put(b'\r');
            }
            self.put(byte);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::EarlyConsole;
    use core::fmt::Write;
    use rpi_drivers::mmio::Fake;
    use rpi_drivers::pl011::Registers;
    use std::boxed::Box;

    fn fake() -> &'static Fake<Registers> {
        Box::leak(Box::new(Fake::zeroed()))
    }

    #[test]
    fn text_reaches_the_uart() {
        let fake = fake();
        let mut console = EarlyConsole::new(fake.registers());
        write!(console, "{}", 7).unwrap();
        assert_eq!(fake.get(0), u32::from(b'7'));
    }

    #[test]
    fn a_stuck_line_ends_the_output_instead_of_the_kernel() {
        let fake = fake();
        let mut console = EarlyConsole::new(fake.registers());
        fake.set(0x18, 1 << 5);
        console.write_str("lost").unwrap();
        fake.set(0x18, 0);
        console.write_str("x").unwrap();
        assert_eq!(fake.get(0), 0, "not one more byte after the line was found stuck");
    }

    #[test]
    fn the_firmwares_rate_is_kept_and_a_missing_one_is_set() {
        let fake = fake();
        EarlyConsole::new(fake.registers()).init(48_000_000, 115_200);
        assert_eq!((fake.get(0x24), fake.get(0x30)), (26, 0x301));
        EarlyConsole::new(fake.registers()).init(48_000_000, 9_600);
        assert_eq!(fake.get(0x24), 26);
    }
}
