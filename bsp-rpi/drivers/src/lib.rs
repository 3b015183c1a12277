//! Drivers for the devices of the Raspberry Pi 3, 4 and 5 and of the emulated `virt` board.
//!
//! A driver takes references to typed register blocks and nothing else: it knows no address, no board and no kernel.
//! The kernel, a service partition or a host test (over plain memory) gives it the blocks. Each file names the manual
//! that its registers come from.
//!
//! | module | device | boards |
//! |---|---|---|
//! | [`gicv2`] | interrupt controller: GIC-400 and other GICv2 | Pi 4, Pi 5, virt |
//! | [`bcm2836`] | interrupt controllers: per-core local block and the older one behind it | Pi 3 |
//! | [`pl011`] | UART | all |
//! | [`gpio`] | pins of the 40-pin header | Pi 3, Pi 4 |
//! | [`reset`] | watchdog block: restart and power-off | Pi 3, Pi 4, Pi 5 |
//!
//! [`mmio`] is the only file with `unsafe` code: it makes a register block of an address.
//! What the kernel calls on its interrupt paths has no loop and is inlined into its caller.
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "fakes"))]
extern crate alloc;

pub mod bcm2836;
pub mod gicv2;
pub mod gpio;
pub mod mmio;
pub mod pl011;
pub mod reset;
