//! The interrupt controllers behind one trait.

use rpi_drivers::bcm2836::{self, Bcm2836};
use rpi_drivers::gicv2::{self, Acknowledged, CpuInterface, Distributor, Priority};

/// What the kernel asks of an interrupt controller, on the core it runs on and with interrupts masked.
///
/// After [`init`](Self::init) every line is masked. The kernel then prefers and unmasks its timer, and configures and
/// unmasks each line that a partition has. An interrupt is taken by `acknowledge`, `mask` (a partition's line stays
/// masked until its driver is done), `end`. All but `init` and `configure` are free of loops.
pub trait InterruptController {
    /// An interrupt that was acknowledged and has to be ended, or that there was none.
    type Claim: Copy;

    /// Masks and forgets everything that the firmware may have left on.
    fn init(&mut self);
    /// Takes the most urgent interrupt that waits.
    fn acknowledge(&self) -> Self::Claim;
    /// The line of a claim; `None` if nothing waits (any longer). Such a claim is not ended.
    fn line(claim: Self::Claim) -> Option<u16>;
    /// Ends an interrupt, the latest acknowledged first.
    fn end(&self, claim: Self::Claim);
    /// Stops a line from interrupting. Like every line number here it is below
    /// the board's line count, which the boot bundle says and the kernel checks.
    fn mask(&self, line: u16);
    /// Lets a line interrupt.
    fn unmask(&self, line: u16);
    /// Prepares a masked line for this core: edge or level triggered, all equally urgent.
    fn configure(&mut self, line: u16, edge: bool);
    /// Makes a line more urgent than all others: the kernel's timer.
    fn prefer(&mut self, line: u16);
}

/// GICv2: Raspberry Pi 4 and 5, `virt`.
pub struct Gic(gicv2::Gic<'static>);

impl Gic {
    /// The controller with these registers, which are not touched before [`InterruptController::init`].
    #[must_use]
    pub const fn new(distributor: &'static Distributor, cpu: &'static CpuInterface) -> Self {
        Self(gicv2::Gic::new(distributor, cpu))
    }

    /// Lines it has, the private ones included.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.0.line_count()
    }
}

impl InterruptController for Gic {
    type Claim = Acknowledged;

    fn init(&mut self) {
        self.0.init();
    }

    #[inline(always)]
    fn acknowledge(&self) -> Acknowledged {
        self.0.acknowledge()
    }

    #[inline(always)]
    fn line(claim: Acknowledged) -> Option<u16> {
        claim.line()
    }

    #[inline(always)]
    fn end(&self, claim: Acknowledged) {
        self.0.end(claim);
    }

    #[inline(always)]
    fn mask(&self, line: u16) {
        self.0.mask(line);
    }

    #[inline(always)]
    fn unmask(&self, line: u16) {
        self.0.unmask(line);
    }

    fn configure(&mut self, line: u16, edge: bool) {
        self.0.set_edge(line, edge);
        self.0.set_priority(line, Priority::MIDDLE);
    }

    fn prefer(&mut self, line: u16) {
        self.0.set_priority(line, Priority::HIGHEST);
    }
}

/// The Raspberry Pi 3's controllers. Its lines are level triggered and their order is fixed, the kernel's timer first.
pub struct Bcm(Bcm2836<'static>);

impl Bcm {
    /// The controllers with these registers, which are not touched before [`InterruptController::init`].
    #[must_use]
    pub const fn new(local: &'static bcm2836::Local, legacy: &'static bcm2836::Legacy) -> Self {
        Self(Bcm2836::new(local, legacy))
    }
}

impl InterruptController for Bcm {
    type Claim = Option<u16>;

    fn init(&mut self) {
        self.0.init();
    }

    #[inline(always)]
    fn acknowledge(&self) -> Option<u16> {
        self.0.acknowledge()
    }

    #[inline(always)]
    fn line(claim: Option<u16>) -> Option<u16> {
        claim
    }

    #[inline(always)]
    fn end(&self, _claim: Option<u16>) {}

    #[inline(always)]
    fn mask(&self, line: u16) {
        self.0.mask(line);
    }

    #[inline(always)]
    fn unmask(&self, line: u16) {
        self.0.unmask(line);
    }

    fn configure(&mut self, _line: u16, _edge: bool) {}

    fn prefer(&mut self, _line: u16) {}
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Bcm, Gic, InterruptController};
    use rpi_drivers::bcm2836::{Legacy, Local};
    use rpi_drivers::gicv2::{CpuInterface, Distributor};
    use rpi_drivers::mmio::Fake;
    use std::boxed::Box;

    /// Memory that lives as long as the kernel's device mappings do: for ever.
    fn fake<R: rpi_drivers::mmio::RegisterBlock>() -> &'static Fake<R> {
        Box::leak(Box::new(Fake::zeroed()))
    }

    /// A line that interrupts is told, masked and ended through the trait, as the kernel does it.
    fn serve<C: InterruptController>(controller: &C) -> Option<u16> {
        let claim = controller.acknowledge();
        let line = C::line(claim)?;
        controller.mask(line);
        controller.end(claim);
        Some(line)
    }

    #[test]
    fn the_gics_line_is_told_masked_and_ended() {
        let (distributor, cpu) = (fake::<Distributor>(), fake::<CpuInterface>());
        let mut gic = Gic::new(distributor.registers(), cpu.registers());
        distributor.set(0x004, 6);
        gic.init();
        cpu.set(0x0c, 153);
        assert_eq!(serve(&gic), Some(153));
        assert_eq!(distributor.get(0x180 + 16), 1 << 25);
        assert_eq!(cpu.get(0x10), 153);
        cpu.set(0x0c, 1023);
        assert_eq!(serve(&gic), None);
        assert_eq!(cpu.get(0x10), 153, "what is no interrupt is not ended");
    }

    #[test]
    fn the_preferred_line_is_more_urgent_than_a_configured_one() {
        let (distributor, cpu) = (fake::<Distributor>(), fake::<CpuInterface>());
        let mut gic = Gic::new(distributor.registers(), cpu.registers());
        gic.configure(33, true);
        gic.prefer(30);
        let priority = |line: usize| distributor.get(0x400 + line / 4 * 4) >> (line % 4 * 8) & 0xff;
        assert!(priority(30) < priority(33));
        assert_eq!(distributor.get(0xc08), 2 << 2, "edge triggered");
    }

    #[test]
    fn the_pi_3s_line_is_told_and_masked() {
        let (local, legacy) = (fake::<Local>(), fake::<Legacy>());
        let mut bcm = Bcm::new(local.registers(), legacy.registers());
        bcm.init();
        assert_eq!(serve(&bcm), None);
        local.set(0x60, 0x100);
        legacy.set(0x00, 1 << 19);
        legacy.set(0x08, 1 << 25);
        assert_eq!(serve(&bcm), Some(57));
        assert_eq!(legacy.get(0x20), 1 << 25);
    }
}
