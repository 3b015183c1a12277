//! Watchdog and reset block of the Raspberry Pi 3, 4 and 5: restart and power-off.
//!
//! Broadcom's manuals leave the block out. Source: `bcm2835_wdt.c` and the device trees of the Linux kernel, which
//! call it `brcm,bcm2835-pm-wdt` on all three.

use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_structs;
use tock_registers::registers::ReadWrite;

register_structs! {
    /// The block, as far as it restarts the machine.
    pub Registers {
        (0x00 => _reserved0),
        /// `PM_RSTC`: bits 5:4 say what happens when the watchdog ends.
        (0x1c => pub control: ReadWrite<u32>),
        /// `PM_RSTS`: survives the restart; the firmware reads the partition to boot from in it.
        (0x20 => pub status: ReadWrite<u32>),
        /// `PM_WDOG`: time left, in 2^-16 seconds.
        (0x24 => pub time: ReadWrite<u32>),
        (0x28 => @END),
    }
}

/// Upper byte without which a write is ignored.
const PASSWORD: u32 = 0x5a00_0000;
/// `PM_RSTC`: the field of what happens.
const ACTION: u32 = 0x30;
/// `PM_RSTC`: the whole machine restarts.
const FULL_RESET: u32 = 0x20;
/// `PM_RSTS`: every second bit holds the partition number; 63, all ones, makes the firmware halt instead of boot.
const HALT_PARTITION: u32 = 0x555;
/// About 150 us.
const SOON: u32 = 10;

/// The driver.
pub struct Reset<'r> {
    registers: &'r Registers,
}

impl<'r> Reset<'r> {
    /// A driver for these registers.
    #[must_use]
    pub const fn new(registers: &'r Registers) -> Self {
        Self { registers }
    }

    /// Restarts the machine, about 150 us later (the emulator: at once). Returns; the caller waits.
    pub fn restart(&self) {
        self.registers.time.set(PASSWORD | SOON);
        let others = self.registers.control.get() & !(ACTION | 0xff00_0000);
        self.registers.control.set(PASSWORD | others | FULL_RESET);
    }

    /// Restarts the machine into the firmware's halt, in which it draws little power until it is plugged in anew or
    /// its power button is pressed. Returns; the caller waits.
    pub fn power_off(&self) {
        let others = self.registers.status.get() & !0xff00_0000;
        self.registers.status.set(PASSWORD | others | HALT_PARTITION);
        self.restart();
    }
}

#[cfg(test)]
mod tests {
    use super::{Registers, Reset};
    use crate::mmio::Fake;

    #[test]
    fn a_restart_carries_the_password_and_keeps_unrelated_bits() {
        let fake = Fake::<Registers>::zeroed();
        fake.set(0x1c, 0x0000_0112);
        Reset::new(fake.registers()).restart();
        assert_eq!(fake.get(0x1c), 0x5a00_0122);
        assert_eq!(fake.get(0x24), 0x5a00_000a);
        assert_eq!(fake.get(0x20), 0, "boots again from the same partition");
    }

    #[test]
    fn a_power_off_asks_the_firmware_to_halt_and_then_restarts() {
        let fake = Fake::<Registers>::zeroed();
        fake.set(0x20, 0x0000_1000);
        Reset::new(fake.registers()).power_off();
        assert_eq!(fake.get(0x20), 0x5a00_1555);
        assert_eq!(fake.get(0x1c), 0x5a00_0020);
    }
}
