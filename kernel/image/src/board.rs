//! Which board this is: by the device tree, or without one by the core's id register.

use crate::machine::{Controller, Hardware};
use crate::tree::{self, Tree};
use bsp_rpi::{Bcm, Gic, InterruptController, Reset};
use dtoolkit::fdt::Fdt;
use kernel_arch::boot::BootFacts;
use kernel_arch::mmu::{Alias, KernelMap, MapError};
use kernel_arch::{copy, cpu, device};
use kernel_core::port::Phys;
use rtos_abi::bundle::{self, Board, Bundle, controller, core_start};

const PAGE: u64 = crate::ranges::PAGE;

/// The device tree as the firmware handed it over.
pub enum Given {
    /// None: tags, or nothing.
    Nothing,
    /// One that cannot be used, and why.
    Wrong(&'static str),
    /// A checked one.
    Checked(Fdt<'static>, u64),
}

/// Maps and checks the device tree. It stays mapped, read-only, until [`forget_tree`].
pub fn device_tree(facts: &BootFacts, map: &mut KernelMap) -> Given {
    let at = facts.device_tree;
    if at == 0 {
        return Given::Nothing;
    }
    if at >= facts.load && at < facts.end() {
        return Given::Wrong("the device tree lies where the kernel's data goes");
    }
    if map.map(Phys(at), 8, Alias::ReadOnly).is_err() {
        return Given::Wrong("the device tree is out of reach");
    }
    // SAFETY: just mapped, and nobody writes it.
    let head = unsafe { copy::read_only(Phys(at), 8) };
    let Some(len) = head.first_chunk().and_then(|head| tree::length(*head)) else {
        return Given::Wrong("the device tree's first record is wrong");
    };
    if at + len > facts.load && at < facts.end() || map.map(Phys(at), len, Alias::ReadOnly).is_err() {
        return Given::Wrong("the device tree is out of reach");
    }
    // SAFETY: just mapped, and nobody writes it; `forget_tree` is called when it is no longer used.
    let bytes = unsafe { copy::read_only(Phys(at), len as usize) };
    match Fdt::new(bytes) {
        Ok(fdt) => Given::Checked(fdt, len),
        Err(_) => Given::Wrong("the device tree is damaged"),
    }
}

/// Hides the device tree again; nothing may refer to it any more.
pub fn forget_tree(facts: &BootFacts, map: &mut KernelMap, len: u64) {
    map.unmap(Phys(facts.device_tree), len);
}

/// The bundle's record of this board.
pub fn choose(bundle: &Bundle<'_>, given: &Given) -> Option<Board> {
    let part = (cpu::main_id() >> 4 & 0xfff) as u16;
    let by_core = || bundle.boards().find(|board| board.midr_part != 0 && board.midr_part == part);
    match given {
        Given::Checked(fdt, _) => {
            bundle.boards().find(|board| tree::is_compatible(*fdt, &board.compatible)).or_else(by_core)
        }
        _ => by_core(),
    }
}

impl Hardware {
    /// Maps the board's own devices and silences its interrupts.
    ///
    /// # Errors
    /// A [`MapError`]; then the console is not there either.
    pub fn open(&mut self, board: &Board, map: &mut KernelMap) -> Result<(), MapError> {
        let bcm = board.controller == controller::BCM2836;
        let (base0, base1) = (Phys(board.controller_base0), Phys(board.controller_base1));
        map.map(Phys(board.uart_base), PAGE, Alias::Device)?;
        map.map(base0, PAGE, Alias::Device)?;
        map.map(base1, PAGE, Alias::Device)?;
        let (at0, at1) = (device::address(base0), device::address(base1));
        if bcm {
            // SAFETY: mapped as device memory for ever, and this is its only driver.
            let local = unsafe { bsp_rpi::block(at0) };
            // SAFETY: as above.
            let legacy = unsafe { bsp_rpi::block(at1) };
            let mut driver = Bcm::new(local, legacy);
            driver.init();
            self.controller = Controller::Bcm(driver);
        } else {
            // SAFETY: as above.
            let distributor = unsafe { bsp_rpi::block(at0) };
            // SAFETY: as above.
            let interface = unsafe { bsp_rpi::block(at1) };
            let mut driver = Gic::new(distributor, interface);
            driver.init();
            self.controller = Controller::Gic(driver);
        }
        self.timer_line = board.timer_line;
        self.uart = device::address(Phys(board.uart_base));
        if let Some(mut console) = self.console() {
            console.init(board.uart_clock_hz, board.uart_baud);
        }
        if board.reset_base != 0 {
            map.map(Phys(board.reset_base), PAGE, Alias::Device)?;
            // SAFETY: as above.
            self.reset = Some(Reset::new(unsafe { bsp_rpi::block(device::address(Phys(board.reset_base))) }));
        }
        cpu::use_vectors(bcm);
        Ok(())
    }

    /// Prepares the timer's line and the lines that partitions have; those open with their driver's first `irq_done`.
    pub fn open_lines(&mut self, lines: impl Iterator<Item = (u16, bool)>) {
        let timer = self.timer_line;
        match &mut self.controller {
            Controller::Gic(gic) => open_lines(gic, timer, lines),
            Controller::Bcm(bcm) => open_lines(bcm, timer, lines),
            Controller::None => {}
        }
    }
}

fn open_lines<C: InterruptController>(driver: &mut C, timer: u16, lines: impl Iterator<Item = (u16, bool)>) {
    for (line, edge) in lines {
        driver.configure(line, edge);
    }
    driver.prefer(timer);
    driver.unmask(timer);
}

/// Maps the pages of all registers that the kernel writes for partitions: grants and safe states.
///
/// # Errors
/// A [`MapError`].
pub fn map_registers(bundle: &Bundle<'_>, board: &Board, map: &mut KernelMap) -> Result<(), MapError> {
    for grant in bundle.table::<bundle::Grant>(board.grants_off, board.grant_count) {
        map.map(Phys(grant.address), 4, Alias::Device)?;
    }
    for write in bundle.table::<bundle::SafeWrite>(board.safe_writes_off, board.safe_write_count) {
        map.map(Phys(write.address), 4, Alias::Device)?;
        if write.level_address != 0 {
            map.map(Phys(write.level_address), 4, Alias::Device)?;
        }
    }
    Ok(())
}

/// Sends the cores that spin on a word in memory to a loop that sleeps; cores that are off stay off.
pub fn park_others(facts: &BootFacts, board: &Board, tree: Option<&Tree>, map: &mut KernelMap) {
    if board.core_start != core_start::SPIN_TABLE {
        return;
    }
    let release = tree.map(|tree| tree.release).filter(|release| release.iter().any(|at| *at != 0));
    let release = release.unwrap_or(board.release);
    for at in release.into_iter().filter(|at| *at != 0 && at.is_multiple_of(8)) {
        if (at < facts.load || at >= facts.end()) && map.map(Phys(at), 8, Alias::Device).is_ok() {
            device::write_double(Phys(at), facts.park_address());
            map.unmap(Phys(at), 8);
        }
    }
    cpu::wake_others();
}
