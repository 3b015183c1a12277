//! Interrupts: what the controller says becomes the kernel's event. Compiled once for each controller.

use crate::fault;
use crate::machine::{Controller, Hardware, Machine};
use crate::panic::kernel_panic_because;
use bsp_rpi::InterruptController;
use kernel_arch::core_block::CoreBlock;
use kernel_core::decision::Decision;
use kernel_core::kernel::Kernel;

/// What one acknowledged interrupt is.
enum Taken {
    Timer,
    Line(u16),
    Nothing,
}

/// Takes the most urgent interrupt. A device's line is masked before its interrupt ends, so it comes once.
#[inline(always)]
fn take<C: InterruptController>(controller: &C, timer_line: u16) -> Taken {
    let claim = controller.acknowledge();
    let Some(line) = C::line(claim) else { return Taken::Nothing };
    if line == timer_line {
        controller.end(claim);
        return Taken::Timer;
    }
    controller.mask(line);
    controller.end(claim);
    Taken::Line(line)
}

#[inline(always)]
fn decide(kernel: &mut Kernel, hardware: &mut Hardware, now: u64, core: &mut CoreBlock, taken: Taken) -> Decision {
    match taken {
        Taken::Timer => {
            core.count_as_timer();
            kernel.on_timer(hardware, now)
        }
        Taken::Line(line) if kernel.is_bound(line) => kernel.on_irq(hardware, line, now),
        Taken::Line(line) => kernel.on_unknown_irq(line, now),
        Taken::Nothing => kernel.on_spurious_irq(now),
    }
}

/// An interrupt on a board with a GIC. Called by the vectors.
#[unsafe(no_mangle)]
extern "C" fn irq_gic(machine: &mut Machine, now: u64, core: &mut CoreBlock) -> Decision {
    let Controller::Gic(gic) = &machine.hardware.controller else {
        kernel_panic_because("an interrupt before the controller is known")
    };
    let taken = take(gic, machine.hardware.timer_line);
    decide(&mut machine.kernel, &mut machine.hardware, now, core, taken)
}

/// An interrupt on the Raspberry Pi 3. Called by the vectors.
#[unsafe(no_mangle)]
extern "C" fn irq_bcm(machine: &mut Machine, now: u64, core: &mut CoreBlock) -> Decision {
    let Controller::Bcm(bcm) = &machine.hardware.controller else {
        kernel_panic_because("an interrupt before the controller is known")
    };
    let taken = take(bcm, machine.hardware.timer_line);
    decide(&mut machine.kernel, &mut machine.hardware, now, core, taken)
}

/// A fault of a program, whose frame is saved. Called by the vectors.
#[unsafe(no_mangle)]
extern "C" fn fault_from_program(machine: &mut Machine, now: u64, syndrome: u64, far: u64) -> Decision {
    machine.kernel.on_fault(&mut machine.hardware, fault::event(syndrome, far), now)
}
