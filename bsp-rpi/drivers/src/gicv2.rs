//! GICv2 interrupt controller: distributor and CPU interface.
//!
//! Registers: ARM Generic Interrupt Controller Architecture 2.0, IHI 0048B, chapter 4. Register names are the manual's.
//!
//! **Groups and security.** The driver leaves `GICD_IGROUPR` alone and sets bit 0 of both control registers. In the
//! non-secure view of a real Pi 4 or 5 that is the enable bit of group 1, which the firmware put every line in; on a
//! GIC without the security extension (the emulated boards) it is that of group 0, where every line is after reset.
//! The same values work in both (4.3.1, 4.4.1).
//!
//! **Priorities.** A smaller number is more urgent. How many bits a priority has differs: 8 in the emulator, 5 on a
//! GIC-400, 4 of which the non-secure view shows. [`Gic::init`] finds out. The lowest priority is never used: it would
//! be held back by the highest value of the priority mask.
//!
//! **One core.** Everything that runs after [`Gic::init`] but [`Gic::set_edge`] uses byte registers and registers in
//! which writing a one acts and a zero does nothing, so cores need no lock between them.

use crate::mmio::ReadOnly;
use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::registers::{ReadWrite, WriteOnly};
use tock_registers::{register_bitfields, register_structs};

register_bitfields! { u32,
    /// `GICD_TYPER`, 4.3.2.
    TYPER [
        /// Lines are 32 * (this + 1), at most 1020.
        LINES OFFSET(0) NUMBITS(5) []
    ],
    /// `GICC_IAR`, 4.4.4; `GICC_EOIR`, 4.4.5, takes the same value back.
    IAR [
        /// The line.
        ID OFFSET(0) NUMBITS(10) [],
        /// The core that sent a software-generated interrupt.
        SOURCE OFFSET(10) NUMBITS(3) []
    ]
}

register_structs! {
    /// The distributor, 4.1.2. Arrays are as long as the line numbers they hold, so that an index needs no check.
    pub Distributor {
        /// `GICD_CTLR`.
        (0x000 => pub control: ReadWrite<u32>),
        /// `GICD_TYPER`.
        (0x004 => pub kind: ReadOnly<u32, TYPER::Register>),
        (0x008 => _reserved0),
        /// `GICD_ISENABLER`: writing a one unmasks.
        (0x100 => pub set_enable: [ReadWrite<u32>; 32]),
        /// `GICD_ICENABLER`: writing a one masks.
        (0x180 => pub clear_enable: [ReadWrite<u32>; 32]),
        /// `GICD_ISPENDR`: writing a one raises.
        (0x200 => pub set_pending: [ReadWrite<u32>; 32]),
        /// `GICD_ICPENDR`: writing a one forgets.
        (0x280 => pub clear_pending: [ReadWrite<u32>; 32]),
        /// `GICD_ISACTIVER`.
        (0x300 => pub set_active: [ReadWrite<u32>; 32]),
        /// `GICD_ICACTIVER`: writing a one ends.
        (0x380 => pub clear_active: [ReadWrite<u32>; 32]),
        /// `GICD_IPRIORITYR`, a byte a line.
        (0x400 => pub priority: [ReadWrite<u8>; 1024]),
        /// `GICD_ITARGETSR`, a byte a line: bit n sends it to core n.
        (0x800 => pub target: [ReadWrite<u8>; 1024]),
        /// `GICD_ICFGR`, two bits a line; the upper one says edge.
        (0xc00 => pub config: [ReadWrite<u32>; 64]),
        (0xd00 => _reserved1),
        /// `GICD_SGIR`.
        (0xf00 => pub software: WriteOnly<u32>),
        (0xf04 => _reserved2),
        (0x1000 => @END),
    },
    /// The CPU interface of the core that reads it, 4.1.3.
    pub CpuInterface {
        /// `GICC_CTLR`.
        (0x00 => pub control: ReadWrite<u32>),
        /// `GICC_PMR`: only lines more urgent than this are told.
        (0x04 => pub mask: ReadWrite<u32>),
        /// `GICC_BPR`.
        (0x08 => pub split: ReadWrite<u32>),
        /// `GICC_IAR`: reading acknowledges.
        (0x0c => pub acknowledge: ReadOnly<u32, IAR::Register>),
        /// `GICC_EOIR`.
        (0x10 => pub end: WriteOnly<u32>),
        /// `GICC_RPR`.
        (0x14 => pub running: ReadOnly<u32>),
        (0x18 => _reserved0),
        /// `GICC_APR0` to 3: the priorities of interrupts that were acknowledged and not ended.
        (0xd0 => pub active: [ReadWrite<u32>; 4]),
        (0xe0 => _reserved1),
        (0x100 => @END),
    }
}

/// Line numbers below this belong to each core itself (software-generated and private interrupts).
pub const FIRST_SHARED: u16 = 32;
/// Line numbers from here on say that there is no interrupt, 3.2.5.
pub const FIRST_SPURIOUS: u32 = 1020;

/// What [`Gic::acknowledge`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an acknowledged interrupt has to be ended"]
pub struct Acknowledged(u32);

impl Acknowledged {
    /// The line that interrupts; `None` if none does (any longer). The core that sent a software-generated interrupt
    /// is not part of it.
    #[inline(always)]
    #[must_use]
    pub const fn line(self) -> Option<u16> {
        let id = self.0 & 0x3ff;
        if id < FIRST_SPURIOUS { Some(id as u16) } else { None }
    }
}

/// The driver. One value drives the distributor and the CPU interface of the core it runs on.
pub struct Gic<'r> {
    distributor: &'r Distributor,
    cpu: &'r CpuInterface,
    priority_bits: u32,
}

impl<'r> Gic<'r> {
    /// A driver for these registers; nothing is touched before [`Gic::init`].
    #[must_use]
    pub const fn new(distributor: &'r Distributor, cpu: &'r CpuInterface) -> Self {
        Self { distributor, cpu, priority_bits: 4 }
    }

    /// Stops and forgets every interrupt that the firmware may have left on, gives every line the middle priority and
    /// this core, and opens the CPU interface. Afterwards every line is masked.
    pub fn init(&mut self) {
        self.distributor.control.set(0);
        self.cpu.control.set(0);
        let lines = self.line_count();
        for word in 0..lines.div_ceil(32) {
            self.distributor.clear_enable[word].set(u32::MAX);
            self.distributor.clear_pending[word].set(u32::MAX);
            self.distributor.clear_active[word].set(u32::MAX);
        }
        self.priority_bits = self.discover_priority_bits();
        // A GIC for one core reads all targets as zero and ignores writes, 4.3.12.
        let this_core = self.distributor.target[0].get();
        for line in 0..lines {
            self.set_priority(line as u16, Priority::MIDDLE);
            if line >= usize::from(FIRST_SHARED) {
                self.distributor.target[line].set(this_core);
            }
        }
        for active in &self.cpu.active {
            active.set(0);
        }
        self.cpu.mask.set(0xff);
        self.cpu.split.set(0);
        self.cpu.control.set(1);
        self.distributor.control.set(1);
    }

    /// Lines the distributor has, the private ones included: a multiple of 32, at most 1024 (of which 1020 are lines).
    #[must_use]
    pub fn line_count(&self) -> usize {
        (self.distributor.kind.read(TYPER::LINES) as usize + 1) * 32
    }

    /// Bits of a priority that this controller keeps, found by [`Gic::init`]: 4 to 8.
    #[must_use]
    pub const fn priority_bits(&self) -> u32 {
        self.priority_bits
    }

    /// Writes ones into the priority of line 0 and sees which stay (4.3.11: unimplemented bits read as zero, and they
    /// are the lowest).
    fn discover_priority_bits(&self) -> u32 {
        self.distributor.priority[0].set(0xff);
        bits_kept(self.distributor.priority[0].get())
    }

    /// Asks which line interrupts, and makes it active: until [`Gic::end`] it does not interrupt again.
    #[inline(always)]
    pub fn acknowledge(&self) -> Acknowledged {
        Acknowledged(self.cpu.acknowledge.get())
    }

    /// Ends an interrupt. Only one that has a line may be ended, the latest acknowledged first.
    #[inline(always)]
    pub fn end(&self, interrupt: Acknowledged) {
        self.cpu.end.set(interrupt.0);
    }

    /// Lets a line interrupt.
    #[inline(always)]
    pub fn unmask(&self, line: u16) {
        self.distributor.set_enable[word(line)].set(bit(line));
    }

    /// Stops a line from interrupting; what arrives meanwhile stays pending.
    #[inline(always)]
    pub fn mask(&self, line: u16) {
        self.distributor.clear_enable[word(line)].set(bit(line));
    }

    /// Says which of two waiting lines is told first.
    #[inline(always)]
    pub fn set_priority(&self, line: u16, priority: Priority) {
        self.distributor.priority[byte(line)].set(priority.0);
    }

    /// Sends a shared line to the cores of a mask (bit n is core n); the private lines are where they are.
    pub fn set_target(&self, line: u16, cores: u8) {
        if line >= FIRST_SHARED {
            self.distributor.target[byte(line)].set(cores);
        }
    }

    /// Says whether a shared line counts edges or follows a level. The line must be masked (4.3.13). Sixteen lines
    /// share a register: one core at a time.
    pub fn set_edge(&self, line: u16, edge: bool) {
        if line < FIRST_SHARED {
            return;
        }
        let register = &self.distributor.config[byte(line) / 16];
        let bit = 2 << (u32::from(line) % 16 * 2);
        let others = register.get() & !bit;
        register.set(if edge { others | bit } else { others });
    }
}

/// An interrupt's urgency, as the controller counts: smaller is more urgent. Only the four upper bits are used, which
/// every controller and both security views keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority(u8);

impl Priority {
    /// More urgent than every other.
    pub const HIGHEST: Self = Self(0x10);
    /// Every line's after [`Gic::init`].
    pub const MIDDLE: Self = Self(0x80);
    /// Less urgent than every other that is told at all.
    pub const LOWEST: Self = Self(0xe0);
}

/// Priority bits of a controller that keeps `read_back` of eight ones.
const fn bits_kept(read_back: u8) -> u32 {
    8 - read_back.trailing_zeros()
}

/// Index of a line's word among words of 32 lines.
#[inline(always)]
const fn word(line: u16) -> usize {
    (line as usize >> 5) & 31
}

/// Index of a line's byte.
#[inline(always)]
const fn byte(line: u16) -> usize {
    line as usize & 1023
}

/// A line's bit in its word.
#[inline(always)]
const fn bit(line: u16) -> u32 {
    1 << (line & 31)
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, CpuInterface, Distributor, Gic, Priority, bits_kept};
    use crate::mmio::Fake;

    /// A controller of `lines` lines whose own core is number 0 of four.
    fn fakes(lines: u32) -> (Fake<Distributor>, Fake<CpuInterface>) {
        let distributor = Fake::zeroed();
        distributor.set(0x004, lines / 32 - 1);
        distributor.set(0x800, 0x0101_0101);
        (distributor, Fake::zeroed())
    }

    #[test]
    fn init_masks_and_forgets_every_line_and_opens_the_core_interface() {
        let (distributor, cpu) = fakes(224);
        cpu.set(0xd0, 0x40);
        let mut gic = Gic::new(distributor.registers(), cpu.registers());
        gic.init();
        for word in 0..7 {
            for block in [0x180, 0x280, 0x380] {
                assert_eq!(distributor.get(block + 4 * word), u32::MAX, "{block:#x} word {word}");
            }
            assert_eq!(distributor.get(0x100 + 4 * word), 0, "nothing is unmasked");
        }
        assert_eq!(distributor.get(0x180 + 4 * 7), 0, "there is no eighth word");
        assert_eq!(distributor.get(0x400 + 220), 0x8080_8080, "the last line has the middle priority");
        assert_eq!(distributor.get(0x800 + 220), 0x0101_0101, "and this core");
        assert_eq!((distributor.get(0), cpu.get(0), cpu.get(4)), (1, 1, 0xff));
        assert_eq!(cpu.get(0xd0), 0, "an interrupt that the firmware never ended does not hold others back");
    }

    #[test]
    fn init_never_writes_the_groups() {
        let (distributor, cpu) = fakes(96);
        for word in 0..3 {
            distributor.set(0x080 + 4 * word, 0x1234_5678);
        }
        Gic::new(distributor.registers(), cpu.registers()).init();
        for word in 0..3 {
            assert_eq!(distributor.get(0x080 + 4 * word), 0x1234_5678);
        }
    }

    #[test]
    fn a_line_is_unmasked_and_masked_by_its_own_bit_alone() {
        let (distributor, cpu) = fakes(224);
        let gic = Gic::new(distributor.registers(), cpu.registers());
        gic.unmask(153);
        gic.mask(30);
        assert_eq!(distributor.get(0x100 + 4 * 4), 1 << 25);
        assert_eq!(distributor.get(0x180), 1 << 30);
    }

    #[test]
    fn setting_one_priority_or_target_leaves_its_neighbours_alone() {
        let (distributor, cpu) = fakes(224);
        let gic = Gic::new(distributor.registers(), cpu.registers());
        distributor.set(0x400 + 152, 0xa0a0_a0a0);
        distributor.set(0x800 + 152, 0x0101_0101);
        gic.set_priority(153, Priority::HIGHEST);
        gic.set_target(153, 2);
        assert_eq!(distributor.get(0x400 + 152), 0xa0a0_10a0);
        assert_eq!(distributor.get(0x800 + 152), 0x0101_0201);
    }

    #[test]
    fn a_private_line_keeps_its_core_and_its_trigger() {
        let (distributor, cpu) = fakes(224);
        let gic = Gic::new(distributor.registers(), cpu.registers());
        gic.set_target(30, 8);
        gic.set_edge(30, true);
        assert_eq!(distributor.get(0x800 + 28), 0);
        assert_eq!(distributor.get(0xc00 + 4), 0);
    }

    #[test]
    fn edge_and_level_change_one_line_only() {
        let (distributor, cpu) = fakes(224);
        let gic = Gic::new(distributor.registers(), cpu.registers());
        gic.set_edge(35, true);
        gic.set_edge(36, true);
        assert_eq!(distributor.get(0xc08), (2 << 6) | (2 << 8));
        gic.set_edge(35, false);
        assert_eq!(distributor.get(0xc08), 2 << 8);
    }

    #[test]
    fn the_core_that_sent_a_software_interrupt_is_stripped_from_the_line_and_returned_at_the_end() {
        let (distributor, cpu) = fakes(224);
        let gic = Gic::new(distributor.registers(), cpu.registers());
        cpu.set(0x0c, (2 << 10) | 1);
        let interrupt = gic.acknowledge();
        assert_eq!(interrupt.line(), Some(1));
        gic.end(interrupt);
        assert_eq!(cpu.get(0x10), (2 << 10) | 1);
    }

    #[test]
    fn special_numbers_are_no_line() {
        assert_eq!(Acknowledged(1019).line(), Some(1019));
        for id in 1020..1024 {
            assert_eq!(Acknowledged(id).line(), None, "{id}");
        }
    }

    #[test]
    fn priority_bits_are_counted_from_what_the_controller_keeps() {
        assert_eq!(bits_kept(0xff), 8, "the emulator");
        assert_eq!(bits_kept(0xf8), 5, "a GIC-400");
        assert_eq!(bits_kept(0xf0), 4, "its non-secure view");
        let (distributor, cpu) = fakes(32);
        let mut gic = Gic::new(distributor.registers(), cpu.registers());
        gic.init();
        assert_eq!(gic.priority_bits(), 8, "plain memory keeps all");
    }

    #[test]
    fn every_priority_survives_four_bits_and_passes_the_mask() {
        for priority in [Priority::HIGHEST, Priority::MIDDLE, Priority::LOWEST] {
            assert_eq!(priority.0 & 0xf0, priority.0);
            assert!(priority.0 < 0xf0, "the mask reads back 0xf0 where four bits are kept");
        }
    }
}
