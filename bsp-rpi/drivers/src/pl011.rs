//! PL011 UART, the console of every board.
//!
//! Registers: ARM PrimeCell UART (PL011), DDI 0183, chapter 3; "BCM2835 ARM Peripherals", 13.4, for what the Pi leaves
//! out (no IrDA, no modem lines but RTS and CTS).
//!
//! **The transmit interrupt** tells that the transmit FIFO *fell to* its trigger level (DDI 0183, 2.4.1): it does not
//! come for a FIFO that was never filled. So write until [`Pl011::try_write`] refuses, then wait for it.

use crate::mmio::ReadOnly;
use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::registers::{ReadWrite, WriteOnly};
use tock_registers::{register_bitfields, register_structs};

register_bitfields! { u32,
    /// `UARTDR`, 3.3.1.
    Data [
        /// A receive error belongs to this byte (frame, parity, break) or to one before it (overrun).
        ERROR OFFSET(8) NUMBITS(4) [],
        /// The FIFO was full when a byte came: it is lost.
        OVERRUN OFFSET(11) NUMBITS(1) [],
        /// The byte.
        BYTE OFFSET(0) NUMBITS(8) []
    ],
    /// `UARTFR`, 3.3.3.
    Flag [
        /// Transmit FIFO empty.
        TXFE OFFSET(7) NUMBITS(1) [],
        /// Transmit FIFO full.
        TXFF OFFSET(5) NUMBITS(1) [],
        /// Receive FIFO empty.
        RXFE OFFSET(4) NUMBITS(1) [],
        /// Sending.
        BUSY OFFSET(3) NUMBITS(1) []
    ],
    /// `UARTLCR_H`, 3.3.7.
    Line [
        /// Bits a character.
        WLEN OFFSET(5) NUMBITS(2) [
            /// Eight.
            Eight = 3
        ],
        /// FIFOs on.
        FEN OFFSET(4) NUMBITS(1) []
    ],
    /// `UARTCR`, 3.3.8.
    Control [
        /// Receive.
        RXE OFFSET(9) NUMBITS(1) [],
        /// Transmit.
        TXE OFFSET(8) NUMBITS(1) [],
        /// Loop the output back to the input.
        LBE OFFSET(7) NUMBITS(1) [],
        /// The UART.
        UARTEN OFFSET(0) NUMBITS(1) []
    ],
    /// `UARTIFLS`, 3.3.9: the FIFO levels that interrupt.
    Level [
        /// Receive.
        RX OFFSET(3) NUMBITS(3) [
            /// A quarter full.
            Quarter = 1
        ],
        /// Transmit.
        TX OFFSET(0) NUMBITS(3) [
            /// Down to a quarter.
            Quarter = 1
        ]
    ]
}

register_structs! {
    /// The UART, 3.2.
    pub Registers {
        /// `UARTDR`.
        (0x00 => pub data: ReadWrite<u32, Data::Register>),
        /// `UARTRSR`, `UARTECR`.
        (0x04 => pub receive_status: ReadWrite<u32>),
        (0x08 => _reserved0),
        /// `UARTFR`.
        (0x18 => pub flag: ReadOnly<u32, Flag::Register>),
        (0x1c => _reserved1),
        /// `UARTIBRD`: whole part of the divisor.
        (0x24 => pub divisor: ReadWrite<u32>),
        /// `UARTFBRD`: 64ths of the divisor.
        (0x28 => pub divisor_64ths: ReadWrite<u32>),
        /// `UARTLCR_H`: writing it also takes over the divisor.
        (0x2c => pub line: ReadWrite<u32, Line::Register>),
        /// `UARTCR`.
        (0x30 => pub control: ReadWrite<u32, Control::Register>),
        /// `UARTIFLS`.
        (0x34 => pub level: ReadWrite<u32, Level::Register>),
        /// `UARTIMSC`: a one lets the interrupt through.
        (0x38 => pub interrupt_mask: ReadWrite<u32>),
        /// `UARTRIS`.
        (0x3c => pub raw_interrupts: ReadOnly<u32>),
        /// `UARTMIS`.
        (0x40 => pub masked_interrupts: ReadOnly<u32>),
        /// `UARTICR`: a one forgets the interrupt.
        (0x44 => pub clear_interrupts: WriteOnly<u32>),
        (0x48 => @END),
    }
}

/// Bits of the interrupt registers, 3.3.10 to 3.3.13.
pub mod interrupt {
    /// The receive FIFO reached its level.
    pub const RECEIVE: u32 = 1 << 4;
    /// The transmit FIFO fell to its level.
    pub const TRANSMIT: u32 = 1 << 5;
    /// Bytes wait in the receive FIFO and none came for 32 bit times.
    pub const RECEIVE_TIMEOUT: u32 = 1 << 6;
    /// A frame, parity, break or overrun error.
    pub const ERROR: u32 = 0x780;
    /// Everything the UART can tell.
    pub const ALL: u32 = 0x7ff;
}

/// A divisor for the bit rate, 3.3.5 and 3.3.6: clock / (16 * rate), in 64ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divisor {
    /// Whole part, 1 to 65535.
    whole: u16,
    /// 64ths, 0 to 63.
    parts: u8,
}

impl Divisor {
    /// The nearest divisor that makes `rate` bits a second of a clock of `clock_hz`; `None` if the clock is too slow
    /// or too fast for it, or either is zero.
    #[must_use]
    pub const fn new(clock_hz: u32, rate: u32) -> Option<Self> {
        if rate == 0 {
            return None;
        }
        let parts = (clock_hz as u64 * 8 / rate as u64).div_ceil(2);
        let whole = parts >> 6;
        // The largest whole part allows no 64ths.
        if whole == 0 || parts > 0xffff << 6 {
            return None;
        }
        Some(Self { whole: whole as u16, parts: (parts & 63) as u8 })
    }
}

/// A byte that did not arrive as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveError {
    /// The byte itself is good, but bytes before it were lost: the FIFO was full.
    Overrun(u8),
    /// A wrong stop bit, parity or a break: the byte is worth nothing.
    Line,
}

/// The driver.
pub struct Pl011<'r> {
    registers: &'r Registers,
}

impl<'r> Pl011<'r> {
    /// A driver for these registers, which it leaves as they are.
    #[must_use]
    pub const fn new(registers: &'r Registers) -> Self {
        Self { registers }
    }

    /// Whether somebody, the firmware say, has set a bit rate and switched the transmitter on.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        let on = Control::UARTEN::SET + Control::TXE::SET;
        self.registers.control.get() & on.mask() == on.mask() && self.registers.divisor.get() != 0
    }

    /// Sets eight bits, no parity, one stop bit, both FIFOs, and switches both directions on with all interrupts off.
    /// What is still being sent is cut off; a received byte is lost. (The order is that of 3.3.8: off, flush the FIFOs
    /// by switching them off, set up, on.)
    pub fn init(&self, divisor: Divisor) {
        self.registers.control.set(0);
        self.registers.line.set(0);
        self.registers.interrupt_mask.set(0);
        self.registers.clear_interrupts.set(interrupt::ALL);
        self.registers.divisor.set(u32::from(divisor.whole));
        self.registers.divisor_64ths.set(u32::from(divisor.parts));
        self.registers.line.write(Line::WLEN::Eight + Line::FEN::SET);
        self.enable();
    }

    /// Switches both directions on with the bit rate and format that are set, and all interrupts off: for a driver
    /// that takes over a UART in use.
    pub fn enable(&self) {
        self.registers.interrupt_mask.set(0);
        self.registers.level.write(Level::RX::Quarter + Level::TX::Quarter);
        self.registers.control.write(Control::UARTEN::SET + Control::TXE::SET + Control::RXE::SET);
        self.registers.clear_interrupts.set(interrupt::ALL);
    }

    /// Hands a byte to the transmit FIFO; `false` if it is full and nothing was done.
    #[inline]
    #[must_use = "a full FIFO takes no byte"]
    pub fn try_write(&self, byte: u8) -> bool {
        let room = !self.registers.flag.is_set(Flag::TXFF);
        if room {
            self.registers.data.set(u32::from(byte));
        }
        room
    }

    /// The next received byte; `None` if there is none.
    #[inline]
    pub fn try_read(&self) -> Option<Result<u8, ReceiveError>> {
        if self.registers.flag.is_set(Flag::RXFE) {
            return None;
        }
        let data = self.registers.data.extract();
        let byte = data.read(Data::BYTE) as u8;
        Some(match data.read(Data::ERROR) {
            0 => Ok(byte),
            0b1000 => Err(ReceiveError::Overrun(byte)),
            _ => Err(ReceiveError::Line),
        })
    }

    /// Whether the last bit of the last byte has not been sent.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.registers.flag.is_set(Flag::BUSY) || !self.registers.flag.is_set(Flag::TXFE)
    }

    /// Lets exactly these interrupts ([`interrupt`]) through.
    #[inline]
    pub fn set_interrupts(&self, interrupts: u32) {
        self.registers.interrupt_mask.set(interrupts);
    }

    /// The interrupts that are raised and let through.
    #[inline]
    #[must_use]
    pub fn interrupts(&self) -> u32 {
        self.registers.masked_interrupts.get()
    }

    /// Forgets these interrupts. Those of a FIFO go by themselves once it is read or filled past its level.
    #[inline]
    pub fn acknowledge(&self, interrupts: u32) {
        self.registers.clear_interrupts.set(interrupts);
    }
}

#[cfg(test)]
mod tests {
    use super::{Divisor, Pl011, ReceiveError, Registers, interrupt};
    use crate::mmio::Fake;

    const DATA: usize = 0x00;
    const FLAG: usize = 0x18;
    const TXFF: u32 = 1 << 5;
    const RXFE: u32 = 1 << 4;

    fn fake() -> Fake<Registers> {
        Fake::zeroed()
    }

    #[test]
    fn a_divisor_is_the_nearest_and_a_rate_out_of_reach_is_refused() {
        assert_eq!(Divisor::new(48_000_000, 115_200), Some(Divisor { whole: 26, parts: 3 }), "26.0417");
        assert_eq!(Divisor::new(9_216_000, 115_200), Some(Divisor { whole: 5, parts: 0 }), "exact");
        assert_eq!(Divisor::new(4_000_000, 230_400), Some(Divisor { whole: 1, parts: 5 }), "the manual's example");
        assert_eq!(Divisor::new(48_000_000, 0), None);
        assert_eq!(Divisor::new(1_000_000, 115_200), None, "below 1");
        assert_eq!(Divisor::new(u32::MAX, 300), None, "above 65535");
        assert_eq!(Divisor::new(0, 115_200), None);
    }

    #[test]
    fn init_sets_rate_format_and_fifos_and_leaves_all_interrupts_off() {
        let fake = fake();
        fake.set(0x38, interrupt::ALL);
        let uart = Pl011::new(fake.registers());
        assert!(!uart.is_set_up());
        uart.init(Divisor::new(48_000_000, 115_200).unwrap());
        assert_eq!((fake.get(0x24), fake.get(0x28)), (26, 3));
        assert_eq!(fake.get(0x2c), 0x70, "8 bits, FIFOs");
        assert_eq!(fake.get(0x30), 0x301, "on, both directions");
        assert_eq!((fake.get(0x38), fake.get(0x44)), (0, interrupt::ALL));
        assert!(uart.is_set_up());
    }

    #[test]
    fn taking_over_keeps_the_rate_and_format_in_use() {
        let fake = fake();
        fake.set(0x24, 26);
        fake.set(0x28, 3);
        fake.set(0x2c, 0x70);
        Pl011::new(fake.registers()).enable();
        assert_eq!((fake.get(0x24), fake.get(0x28), fake.get(0x2c), fake.get(0x30)), (26, 3, 0x70, 0x301));
    }

    #[test]
    fn a_uart_that_is_off_or_has_no_rate_is_not_set_up() {
        let fake = fake();
        fake.set(0x30, 0x301);
        assert!(!Pl011::new(fake.registers()).is_set_up(), "no rate");
        fake.set(0x24, 26);
        fake.set(0x30, 0x300);
        assert!(!Pl011::new(fake.registers()).is_set_up(), "off");
    }

    #[test]
    fn a_full_fifo_takes_no_byte() {
        let fake = fake();
        let uart = Pl011::new(fake.registers());
        fake.set(FLAG, TXFF);
        assert!(!uart.try_write(b'x'));
        assert_eq!(fake.get(DATA), 0);
        fake.set(FLAG, 0);
        assert!(uart.try_write(b'x'));
        assert_eq!(fake.get(DATA), u32::from(b'x'));
    }

    #[test]
    fn received_bytes_come_with_their_errors() {
        let fake = fake();
        let uart = Pl011::new(fake.registers());
        fake.set(FLAG, RXFE);
        assert_eq!(uart.try_read(), None);
        fake.set(FLAG, 0);
        fake.set(DATA, 0x41);
        assert_eq!(uart.try_read(), Some(Ok(b'A')));
        fake.set(DATA, 0x841);
        assert_eq!(uart.try_read(), Some(Err(ReceiveError::Overrun(b'A'))), "the byte itself is good");
        for error in [0x100, 0x200, 0x400, 0xc00] {
            fake.set(DATA, error | 0x41);
            assert_eq!(uart.try_read(), Some(Err(ReceiveError::Line)), "{error:#x}");
        }
    }

    #[test]
    fn sending_lasts_until_the_last_bit() {
        let fake = fake();
        let uart = Pl011::new(fake.registers());
        fake.set(FLAG, 1 << 3);
        assert!(uart.is_sending(), "shift register");
        fake.set(FLAG, 0);
        assert!(uart.is_sending(), "FIFO not empty");
        fake.set(FLAG, 1 << 7);
        assert!(!uart.is_sending());
    }

    #[test]
    fn interrupts_are_chosen_told_and_forgotten_by_their_bits() {
        let fake = fake();
        let uart = Pl011::new(fake.registers());
        uart.set_interrupts(interrupt::RECEIVE | interrupt::RECEIVE_TIMEOUT);
        assert_eq!(fake.get(0x38), 0x50);
        fake.set(0x40, 0x10);
        assert_eq!(uart.interrupts(), interrupt::RECEIVE);
        uart.acknowledge(interrupt::RECEIVE);
        assert_eq!(fake.get(0x44), 0x10);
    }
}
