//! The UART that this partition owns.

use rpi_drivers::mmio;
use rpi_drivers::pl011::{Pl011, ReceiveError, Registers, interrupt};

use crate::devices;
use crate::server::LINE_ERRORS;

/// Interrupts that are always wanted: bytes came, or came wrong.
const RECEIVE: u32 = interrupt::RECEIVE | interrupt::RECEIVE_TIMEOUT | interrupt::ERROR;

/// The UART, with both directions by interrupt.
pub struct Uart {
    device: Pl011<'static>,
}

impl Uart {
    /// Takes the UART over with the bit rate that the kernel has set. To be called once.
    pub fn open() -> Self {
        // SAFETY: 1. The manifest gives this partition the device at this address, for its whole life. 2. The kernel
        // writes to it only when it stops the machine; nobody else in this partition has a driver for it.
        let registers = unsafe { mmio::block::<Registers>(devices::CONSOLE_UART) };
        let device = Pl011::new(registers);
        device.enable();
        device.set_interrupts(RECEIVE);
        Self { device }
    }

    /// The next byte that came.
    pub fn read(&self) -> Option<u8> {
        loop {
            match self.device.try_read()? {
                Ok(byte) => return Some(byte),
                Err(ReceiveError::Overrun(byte)) => {
                    LINE_ERRORS.add(1);
                    return Some(byte);
                }
                Err(ReceiveError::Line) => LINE_ERRORS.add(1),
            }
        }
    }

    /// Sends as much of `bytes` as there is room for; answers how much.
    pub fn write(&self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.device.try_write(**byte)).count()
    }

    /// Asks for an interrupt when bytes come and, if `blocked`, when there is room to send.
    pub fn wait_for(&self, blocked: bool) {
        self.device.set_interrupts(if blocked { RECEIVE | interrupt::TRANSMIT } else { RECEIVE });
    }

    /// Forgets the interrupts of received bytes. To be called before they are read: what comes later interrupts again.
    pub fn acknowledge(&self) {
        self.device.acknowledge(RECEIVE);
    }

    /// Whether bytes are still on their way out.
    pub fn is_sending(&self) -> bool {
        self.device.is_sending()
    }
}
