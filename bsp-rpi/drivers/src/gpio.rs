//! Pins of the Raspberry Pi 3 and 4 (the Pi 5's header is behind RP1).
//!
//! Registers: "BCM2835 ARM Peripherals", 6.1; "BCM2711 ARM Peripherals", 5.2. The registers here are the same in both;
//! pull resistors differ and are not here.
//!
//! Setting and clearing write a one to the pin's own bit and touch no other pin. [`Gpio::set_function`] reads and
//! writes back a register that ten pins share: one owner at a time.

use crate::mmio::ReadOnly;
use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_structs;
use tock_registers::registers::{ReadWrite, WriteOnly};

register_structs! {
    /// The block, as far as both SoCs agree.
    pub Registers {
        /// `GPFSEL0` to 5: three bits a pin, ten pins a register.
        (0x00 => pub function: [ReadWrite<u32>; 6]),
        (0x18 => _reserved0),
        /// `GPSET0` and 1.
        (0x1c => pub set: [WriteOnly<u32>; 2]),
        (0x24 => _reserved1),
        /// `GPCLR0` and 1.
        (0x28 => pub clear: [WriteOnly<u32>; 2]),
        (0x30 => _reserved2),
        /// `GPLEV0` and 1.
        (0x34 => pub level: [ReadOnly<u32>; 2]),
        (0x3c => @END),
    }
}

/// Pins there are on both SoCs.
pub const PIN_COUNT: u8 = 54;

/// A pin's number, below [`PIN_COUNT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin(u8);

impl Pin {
    /// The pin `GPIO number`; `None` if there is no such pin.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < PIN_COUNT { Some(Self(number)) } else { None }
    }

    const fn word(self) -> usize {
        self.0 as usize / 32
    }

    const fn bit(self) -> u32 {
        1 << (self.0 % 32)
    }
}

/// What a pin is used for. The alternate functions are listed per pin in 6.2 (BCM2835) and 5.3 (BCM2711).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Function {
    /// Input.
    Input = 0,
    /// Output.
    Output = 1,
    /// Alternate function 0.
    Alt0 = 4,
    /// Alternate function 1.
    Alt1 = 5,
    /// Alternate function 2.
    Alt2 = 6,
    /// Alternate function 3.
    Alt3 = 7,
    /// Alternate function 4.
    Alt4 = 3,
    /// Alternate function 5.
    Alt5 = 2,
}

/// The driver.
pub struct Gpio<'r> {
    registers: &'r Registers,
}

impl<'r> Gpio<'r> {
    /// A driver for these registers.
    #[must_use]
    pub const fn new(registers: &'r Registers) -> Self {
        Self { registers }
    }

    /// Connects a pin to a function.
    pub fn set_function(&self, pin: Pin, function: Function) {
        let register = &self.registers.function[pin.0 as usize / 10];
        let shift = u32::from(pin.0 % 10) * 3;
        register.set((register.get() & !(7 << shift)) | ((function as u32) << shift));
    }

    /// Drives an output high.
    pub fn set(&self, pin: Pin) {
        self.registers.set[pin.word()].set(pin.bit());
    }

    /// Drives an output low.
    pub fn clear(&self, pin: Pin) {
        self.registers.clear[pin.word()].set(pin.bit());
    }

    /// The level at the pin, whatever its function.
    #[must_use]
    pub fn is_high(&self, pin: Pin) -> bool {
        self.registers.level[pin.word()].get() & pin.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Function, Gpio, PIN_COUNT, Pin, Registers};
    use crate::mmio::Fake;

    #[test]
    fn choosing_one_pins_function_leaves_the_nine_others_alone() {
        let fake = Fake::<Registers>::zeroed();
        let gpio = Gpio::new(fake.registers());
        fake.set(0x04, 0x3fff_ffff);
        gpio.set_function(Pin::new(17).unwrap(), Function::Output);
        assert_eq!(fake.get(0x04), 0x3fff_ffff & !(7 << 21) | (1 << 21));
        gpio.set_function(Pin::new(53).unwrap(), Function::Alt3);
        assert_eq!(fake.get(0x14), 7 << 9);
    }

    #[test]
    fn setting_and_clearing_touch_the_pins_own_bit() {
        let fake = Fake::<Registers>::zeroed();
        let gpio = Gpio::new(fake.registers());
        gpio.set(Pin::new(17).unwrap());
        gpio.clear(Pin::new(40).unwrap());
        assert_eq!((fake.get(0x1c), fake.get(0x20)), (1 << 17, 0));
        assert_eq!((fake.get(0x28), fake.get(0x2c)), (0, 1 << 8));
    }

    #[test]
    fn a_level_is_read_from_the_pins_own_bit() {
        let fake = Fake::<Registers>::zeroed();
        let gpio = Gpio::new(fake.registers());
        fake.set(0x34, 1 << 17);
        assert!(gpio.is_high(Pin::new(17).unwrap()));
        assert!(!gpio.is_high(Pin::new(16).unwrap()));
        assert!(!gpio.is_high(Pin::new(49).unwrap()));
    }

    #[test]
    fn there_is_no_pin_past_the_last() {
        assert!(Pin::new(PIN_COUNT - 1).is_some());
        assert!(Pin::new(PIN_COUNT).is_none());
    }
}
