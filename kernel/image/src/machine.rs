//! Everything this core's kernel has: the rules' state and the hardware they act on.

use crate::tree::Psci;
use bsp_rpi::{Bcm, EarlyConsole, Gic, InterruptController, Reset};
use kernel_arch::{copy, core_block, cpu, device, fp, mmu};
use kernel_core::id::Tid;
use kernel_core::kernel::Kernel;
use kernel_core::port::{NeedsTable, PageAttr, Phys, Port, Register};

/// The state of one core. The assembly finds the kernel at its start, right behind the core block.
#[repr(C)]
pub struct Machine {
    /// The rules' state.
    pub kernel: Kernel,
    /// What they act on.
    pub hardware: Hardware,
}

const _: () = assert!(core::mem::offset_of!(Machine, kernel) == 0 && align_of::<Machine>() <= 1024);

#[unsafe(link_section = ".bss.machine")]
#[unsafe(no_mangle)]
static mut machine: Machine = Machine { kernel: Kernel::ZERO, hardware: Hardware::NONE };

/// The boot core's machine.
///
/// # Safety
/// Called by one core, while no other reference to it lives: at boot, or in a panic, after which nothing else runs.
#[must_use]
pub unsafe fn boot_machine() -> &'static mut Machine {
    let only = &raw mut machine;
    // SAFETY: the caller's promise.
    unsafe { &mut *only }
}

/// The board's interrupt controller.
pub enum Controller {
    /// Not known yet.
    None,
    /// GICv2.
    Gic(Gic),
    /// The Raspberry Pi 3's pair.
    Bcm(Bcm),
}

/// How the machine ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Waits for ever.
    Park,
    /// By semihosting, as the boot arguments allow.
    Semihosting,
}

/// The board as the kernel drives it.
pub struct Hardware {
    /// Its interrupt controller.
    pub controller: Controller,
    /// Line of the kernel's timer.
    pub timer_line: u16,
    /// How the machine ends.
    pub ending: Ending,
    /// Where its UART is seen; 0 as long as there is none.
    pub uart: usize,
    /// The reset block, where the board has one.
    pub reset: Option<Reset<'static>>,
    /// The firmware's power functions, where it has some.
    pub psci: Psci,
}

impl Hardware {
    /// Nothing known yet. All zero, so that the static takes no room in the image.
    const NONE: Self = Self {
        controller: Controller::None,
        timer_line: 0,
        ending: Ending::Park,
        uart: 0,
        reset: None,
        psci: Psci::Absent,
    };

    /// The kernel's own voice: before the console partition runs, and when the kernel dies.
    #[must_use]
    pub fn console(&self) -> Option<EarlyConsole> {
        // SAFETY: mapped as device memory for ever by `Hardware::open`. The console partition drives the same UART
        // later, but then the kernel speaks only when everything else has stopped.
        (self.uart != 0).then(|| EarlyConsole::new(unsafe { bsp_rpi::block(self.uart) }))
    }
}

impl Port for Hardware {
    #[inline(always)]
    fn map_page(&mut self, root: Phys, va: u64, to: Phys, attr: PageAttr) -> Result<(), NeedsTable> {
        mmu::map_page(root, va, to, attr)
    }

    fn add_table(&mut self, root: Phys, va: u64, table: Phys) {
        mmu::add_table(root, va, table);
    }

    fn flush_space(&mut self, asid: u16) {
        cpu::flush_space(asid);
    }

    fn clear(&mut self, at: Phys, len: usize) {
        copy::clear(at, len);
    }

    fn copy(&mut self, to: Phys, from: Phys, len: usize) {
        copy::copy(to, from, len);
    }

    fn store(&mut self, to: Phys, bytes: &[u8]) {
        copy::store(to, bytes);
    }

    fn sync_code(&mut self, at: Phys, len: usize) {
        copy::sync_code(at, len);
    }

    #[inline(always)]
    fn unmask_line(&mut self, line: u16) {
        match &self.controller {
            Controller::Gic(gic) => gic.unmask(line),
            Controller::Bcm(bcm) => bcm.unmask(line),
            Controller::None => {}
        }
    }

    #[inline(always)]
    fn read_register(&mut self, register: Register) -> u32 {
        device::read(register)
    }

    #[inline(always)]
    fn write_register(&mut self, register: Register, value: u32) {
        device::write(register, value);
    }

    fn forget_fp(&mut self, thread: Tid) {
        fp::forget(thread);
    }

    fn longest_path(&mut self, kind: usize) -> u64 {
        core_block::longest_path(kind)
    }
}
