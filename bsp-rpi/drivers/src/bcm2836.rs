//! Interrupt controllers of the Raspberry Pi 3: a local block for the four cores and an older controller behind it.
//!
//! Registers: "BCM2836 ARM-local peripherals" (QA7), chapter 4, for [`Local`]; "BCM2835 ARM Peripherals", 7.5, for
//! [`Legacy`]. The manuals call its groups pending 1, pending 2 and basic.
//!
//! There is no controller that numbers all lines, so the driver does:
//!
//! | line | what |
//! |---|---|
//! | 0 to 63 | GPU interrupt n, both pending registers (57 is UART0) |
//! | 64 to 71 | ARM interrupt n - 64, basic pending register bits 0 to 7 |
//! | 80 to 91 | bit n - 80 of the core's source register: 80-83 timers ([`TIMER_LINE`], [`VIRTUAL_TIMER_LINE`]), 84-87 mailboxes, 89 performance monitor, 91 local timer |
//!
//! There are no hardware priorities and no end of interrupt. [`Bcm2836::acknowledge`] tells the kernel's timer first,
//! then the other local lines, then ARM and GPU lines, in each group the lowest number; whoever handles a line masks
//! it or makes its device silent. The driver serves core 0, to which all GPU lines go, and never uses FIQ.

use crate::mmio::ReadOnly;
use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_structs;
use tock_registers::registers::{ReadWrite, WriteOnly};

register_structs! {
    /// The local block.
    pub Local {
        /// Control register.
        (0x00 => pub control: ReadWrite<u32>),
        (0x04 => _reserved0),
        /// GPU interrupt routing: bits 1:0 the core that gets IRQ, 3:2 the core that gets FIQ.
        (0x0c => pub gpu_routing: ReadWrite<u32>),
        /// Performance monitor routing set: bit n IRQ of core n, bit 4 + n FIQ.
        (0x10 => pub monitor_set: WriteOnly<u32>),
        /// Performance monitor routing clear.
        (0x14 => pub monitor_clear: WriteOnly<u32>),
        (0x18 => _reserved1),
        /// Local timer routing: the core, plus 4 for FIQ.
        (0x24 => pub local_timer_routing: ReadWrite<u32>),
        (0x28 => _reserved2),
        /// Interrupt when bus accesses are outstanding.
        (0x30 => pub axi_interrupt: ReadWrite<u32>),
        /// Local timer: bit 29 interrupt enable, bit 28 run, 27:0 reload.
        (0x34 => pub local_timer: ReadWrite<u32>),
        /// Local timer: bit 31 clears the interrupt, bit 30 reloads.
        (0x38 => pub local_timer_clear: WriteOnly<u32>),
        (0x3c => _reserved3),
        /// A word a core: bits 3:0 timer n raises IRQ, bits 7:4 FIQ.
        (0x40 => pub timer_control: [ReadWrite<u32>; 4]),
        /// A word a core: bits 3:0 mailbox n raises IRQ, bits 7:4 FIQ.
        (0x50 => pub mailbox_control: [ReadWrite<u32>; 4]),
        /// A word a core: the lines that interrupt it.
        (0x60 => pub irq_source: [ReadOnly<u32>; 4]),
        (0x70 => _reserved4),
        (0x100 => @END),
    },
    /// The older controller, from its basic pending register (0x200 into its page).
    pub Legacy {
        /// IRQ basic pending.
        (0x00 => pub basic_pending: ReadOnly<u32>),
        /// IRQ pending 1 and 2: GPU interrupts 0-31 and 32-63 that are enabled.
        (0x04 => pub pending: [ReadOnly<u32>; 2]),
        /// FIQ control: bit 7 enables.
        (0x0c => pub fiq_control: ReadWrite<u32>),
        /// Enable IRQs 1 and 2: writing a one unmasks.
        (0x10 => pub enable: [ReadWrite<u32>; 2]),
        /// Enable basic IRQs.
        (0x18 => pub basic_enable: ReadWrite<u32>),
        /// Disable IRQs 1 and 2: writing a one masks.
        (0x1c => pub disable: [ReadWrite<u32>; 2]),
        /// Disable basic IRQs.
        (0x24 => pub basic_disable: ReadWrite<u32>),
        (0x28 => @END),
    }
}

/// First line that is a GPU interrupt of the second pending register.
const SECOND_BANK: u16 = 32;
/// First ARM (basic) line.
pub const FIRST_ARM_LINE: u16 = 64;
/// First line of the local block.
pub const FIRST_LOCAL_LINE: u16 = 80;
/// EL1 physical timer (`CNTPNSIRQ`), the kernel's.
pub const TIMER_LINE: u16 = 81;
/// Virtual timer (`CNTVIRQ`).
pub const VIRTUAL_TIMER_LINE: u16 = 83;
/// Performance monitor.
pub const MONITOR_LINE: u16 = 89;
/// Local timer.
pub const LOCAL_TIMER_LINE: u16 = 91;
/// Lines there can be: one more than the last.
pub const LINE_COUNT: u16 = 92;

/// Source register: the kernel's timer.
const SOURCE_TIMER: u32 = 1 << (TIMER_LINE - FIRST_LOCAL_LINE);
/// Source register: something in the older controller.
const SOURCE_GPU: u32 = 1 << 8;
/// Source register: all lines of the local block itself, so without the older controller and the unused upper bits.
const SOURCE_LOCAL: u32 = 0xeff;
/// Basic pending: bits 7:0 are lines of their own.
const BASIC_LINES: u32 = 0xff;
/// Basic pending: something in pending register 1: bit 8, or one of the five of it that have a bit here (10-14) and
/// are then left out of bit 8.
const BASIC_BANK_1: u32 = (1 << 8) | 0x7c00;
/// Local timer: interrupt enable.
const LOCAL_TIMER_ENABLE: u32 = 1 << 29;

/// The driver, for core 0.
pub struct Bcm2836<'r> {
    local: &'r Local,
    legacy: &'r Legacy,
}

impl<'r> Bcm2836<'r> {
    /// A driver for these registers; nothing is touched before [`Bcm2836::init`].
    #[must_use]
    pub const fn new(local: &'r Local, legacy: &'r Legacy) -> Self {
        Self { local, legacy }
    }

    /// Masks every line of every core, switches FIQ and the local timer off and sends GPU lines to core 0.
    pub fn init(&mut self) {
        for (timer, mailbox) in self.local.timer_control.iter().zip(&self.local.mailbox_control) {
            timer.set(0);
            mailbox.set(0);
        }
        self.local.monitor_clear.set(0xff);
        self.local.axi_interrupt.set(0);
        self.local.local_timer.set(0);
        self.local.local_timer_clear.set(1 << 31);
        self.local.local_timer_routing.set(0);
        self.local.gpu_routing.set(0);
        self.legacy.fiq_control.set(0);
        self.legacy.disable[0].set(u32::MAX);
        self.legacy.disable[1].set(u32::MAX);
        self.legacy.basic_disable.set(BASIC_LINES);
    }

    /// The line that interrupts, the kernel's timer before all others; `None` if none does.
    #[inline(always)]
    #[must_use]
    pub fn acknowledge(&self) -> Option<u16> {
        let source = self.local.irq_source[0].get();
        if source & SOURCE_TIMER != 0 {
            return Some(TIMER_LINE);
        }
        if source & SOURCE_LOCAL != 0 {
            return lowest(source & SOURCE_LOCAL, FIRST_LOCAL_LINE);
        }
        if source & SOURCE_GPU == 0 {
            return None;
        }
        let basic = self.legacy.basic_pending.get();
        if basic & BASIC_LINES != 0 {
            lowest(basic & BASIC_LINES, FIRST_ARM_LINE)
        } else if basic & BASIC_BANK_1 != 0 {
            lowest(self.legacy.pending[0].get(), 0)
        } else {
            lowest(self.legacy.pending[1].get(), SECOND_BANK)
        }
    }

    /// Lets a line interrupt. A number that is no line does nothing.
    #[inline(always)]
    pub fn unmask(&self, line: u16) {
        let bit = 1 << (line & 31);
        match line {
            0..=31 => self.legacy.enable[0].set(bit),
            32..=63 => self.legacy.enable[1].set(bit),
            64..=71 => self.legacy.basic_enable.set(1 << (line - FIRST_ARM_LINE)),
            _ => self.set_local(line, true),
        }
    }

    /// Stops a line from interrupting. A number that is no line does nothing.
    #[inline(always)]
    pub fn mask(&self, line: u16) {
        let bit = 1 << (line & 31);
        match line {
            0..=31 => self.legacy.disable[0].set(bit),
            32..=63 => self.legacy.disable[1].set(bit),
            64..=71 => self.legacy.basic_disable.set(1 << (line - FIRST_ARM_LINE)),
            _ => self.set_local(line, false),
        }
    }

    /// A line of the local block. Its enable bits of core 0 are written by core 0 alone, with interrupts masked.
    #[inline(always)]
    fn set_local(&self, line: u16, on: bool) {
        let replace = |register: &ReadWrite<u32>, bit: u32| {
            let others = register.get() & !bit;
            register.set(if on { others | bit } else { others });
        };
        match line {
            80..=83 => replace(&self.local.timer_control[0], 1 << (line - FIRST_LOCAL_LINE)),
            84..=87 => replace(&self.local.mailbox_control[0], 1 << (line - FIRST_LOCAL_LINE - 4)),
            MONITOR_LINE if on => self.local.monitor_set.set(1),
            MONITOR_LINE => self.local.monitor_clear.set(1),
            LOCAL_TIMER_LINE => replace(&self.local.local_timer, LOCAL_TIMER_ENABLE),
            _ => {}
        }
    }
}

/// The line of the lowest set bit, counted from `first`; `None` without one.
#[inline(always)]
const fn lowest(bits: u32, first: u16) -> Option<u16> {
    if bits == 0 { None } else { Some(first + bits.trailing_zeros() as u16) }
}

#[cfg(test)]
mod tests {
    use super::{Bcm2836, Legacy, Local};
    use crate::mmio::Fake;

    fn fakes() -> (Fake<Local>, Fake<Legacy>) {
        (Fake::zeroed(), Fake::zeroed())
    }

    #[test]
    fn init_masks_every_line_of_every_core_and_routes_nothing_to_fiq() {
        let (local, legacy) = fakes();
        for offset in [0x0c, 0x24, 0x30, 0x34, 0x40, 0x44, 0x48, 0x4c, 0x50, 0x54, 0x58, 0x5c] {
            local.set(offset, u32::MAX);
        }
        legacy.set(0x0c, 0xff);
        Bcm2836::new(local.registers(), legacy.registers()).init();
        for offset in [0x0c, 0x24, 0x30, 0x34, 0x40, 0x44, 0x48, 0x4c, 0x50, 0x54, 0x58, 0x5c] {
            assert_eq!(local.get(offset), 0, "local register {offset:#x}");
        }
        assert_eq!(local.get(0x14), 0xff, "performance monitors of all cores, IRQ and FIQ");
        assert_eq!(local.get(0x38), 1 << 31, "a local timer that already fired is forgotten");
        assert_eq!(legacy.get(0x0c), 0);
        assert_eq!((legacy.get(0x1c), legacy.get(0x20), legacy.get(0x24)), (u32::MAX, u32::MAX, 0xff));
    }

    #[test]
    fn the_kernels_timer_is_told_before_everything_else() {
        let (local, legacy) = fakes();
        let controller = Bcm2836::new(local.registers(), legacy.registers());
        local.set(0x60, 0x100 | 0x800 | 0b1111);
        legacy.set(0x00, 0x3ff);
        assert_eq!(controller.acknowledge(), Some(81));
        local.set(0x60, 0x100 | 0x800 | 0b1000);
        assert_eq!(controller.acknowledge(), Some(83), "then the other local lines");
        local.set(0x60, 0x100 | 0x800);
        assert_eq!(controller.acknowledge(), Some(91));
        local.set(0x60, 0x100);
        assert_eq!(controller.acknowledge(), Some(64), "then ARM lines");
    }

    #[test]
    fn a_gpu_line_is_found_in_either_bank_with_and_without_its_shortcut_bit() {
        let (local, legacy) = fakes();
        let controller = Bcm2836::new(local.registers(), legacy.registers());
        local.set(0x60, 0x100);
        legacy.set(0x04, 1 << 29);
        legacy.set(0x00, 1 << 8);
        assert_eq!(controller.acknowledge(), Some(29), "AUX, by the bank bit");
        legacy.set(0x04, 1 << 7);
        legacy.set(0x00, 1 << 10);
        assert_eq!(controller.acknowledge(), Some(7), "GPU 7, by its shortcut alone");
        legacy.set(0x04, 0);
        legacy.set(0x08, 1 << (57 - 32));
        legacy.set(0x00, 1 << 19);
        assert_eq!(controller.acknowledge(), Some(57), "UART0, by its shortcut alone");
        legacy.set(0x08, 1 << (49 - 32));
        legacy.set(0x00, 1 << 9);
        assert_eq!(controller.acknowledge(), Some(49), "GPIO, by the bank bit");
    }

    #[test]
    fn nothing_pending_is_no_line() {
        let (local, legacy) = fakes();
        let controller = Bcm2836::new(local.registers(), legacy.registers());
        assert_eq!(controller.acknowledge(), None);
        local.set(0x60, 0x100);
        assert_eq!(controller.acknowledge(), None, "the GPU line fell before it was read");
    }

    #[test]
    fn gpu_and_arm_lines_are_masked_by_their_own_bit_alone() {
        let (local, legacy) = fakes();
        let controller = Bcm2836::new(local.registers(), legacy.registers());
        for (line, enable, disable, bit) in [(1, 0x10, 0x1c, 1), (57, 0x14, 0x20, 25), (66, 0x18, 0x24, 2)] {
            controller.unmask(line);
            controller.mask(line);
            assert_eq!(legacy.get(enable), 1 << bit, "unmask {line}");
            assert_eq!(legacy.get(disable), 1 << bit, "mask {line}");
        }
    }

    #[test]
    fn masking_one_local_line_leaves_its_neighbours_on() {
        let (local, legacy) = fakes();
        let controller = Bcm2836::new(local.registers(), legacy.registers());
        controller.unmask(81);
        controller.unmask(83);
        assert_eq!(local.get(0x40), 0b1010);
        controller.mask(83);
        assert_eq!(local.get(0x40), 0b0010);
        controller.unmask(84);
        assert_eq!(local.get(0x50), 1, "mailbox 0");
        controller.unmask(89);
        controller.mask(89);
        assert_eq!((local.get(0x10), local.get(0x14)), (1, 1), "performance monitor of core 0");
        local.set(0x34, (1 << 28) | 1000);
        controller.unmask(91);
        assert_eq!(local.get(0x34), (1 << 29) | (1 << 28) | 1000, "the local timer keeps running");
    }

    #[test]
    fn a_number_that_is_no_line_touches_nothing() {
        let (local, legacy) = fakes();
        let controller = Bcm2836::new(local.registers(), legacy.registers());
        for line in [72, 79, 88, 90, 92, u16::MAX] {
            controller.unmask(line);
            controller.mask(line);
        }
        assert!((0..0x100).step_by(4).all(|offset| local.get(offset) == 0));
        assert!((0..0x28).step_by(4).all(|offset| legacy.get(offset) == 0));
    }
}
