//! Binds the drivers to what the kernel needs of a board: an interrupt controller, a way to say its last words and a
//! way to stop the machine.
//!
//! Which of the two controllers a machine has is known when its device tree has been read; the kernel's code is
//! compiled once for each (there is no `dyn`), and its start-up chooses. Addresses come from the boot bundle
//! (`boards/*.toml`); the kernel maps them and makes register blocks of them with [`block`]:
//!
//! ```ignore
//! // SAFETY: both blocks are mapped as device memory for ever, and this is their only driver.
//! let mut controller = bsp_rpi::Gic::new(unsafe { bsp_rpi::block(distributor) }, unsafe { bsp_rpi::block(cpu) });
//! controller.init();
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod console;
mod interrupts;

pub use console::EarlyConsole;
pub use interrupts::{Bcm, Gic, InterruptController};
pub use rpi_drivers::mmio::block;
pub use rpi_drivers::reset::Reset;
