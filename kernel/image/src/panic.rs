//! The end of the kernel: what went wrong, over the UART, then the machine stops. Nothing returns from here.

use crate::machine::{Ending, boot_machine};
use crate::tree::Psci;
use core::fmt::{Arguments, Write};
use kernel_arch::cpu::{self, Conduit};
use kernel_arch::vectors::ExceptionRecord;
use rtos_abi::FaultReason;
use rtos_abi::limits::PAGE_BYTES;

/// Exit code of the emulator after the kernel died.
const DEAD: u64 = 101;

/// Stops the machine with an exit code: the emulator ends, a board restarts or waits.
fn kernel_panic_stop(code: u64) -> ! {
    // SAFETY: nothing else runs any more; this core is the only one, and it never goes back.
    let hardware = &mut unsafe { boot_machine() }.hardware;
    if let Some(mut console) = hardware.console() {
        console.flush();
    }
    if hardware.ending == Ending::Semihosting {
        cpu::semihosting_exit(code);
    }
    // Code 0 is a wish to stop; anything else is a system that should come up again.
    let stop = code == 0;
    let function = if stop { cpu::SYSTEM_OFF } else { cpu::SYSTEM_RESET };
    match hardware.psci {
        Psci::Hvc => cpu::psci(Conduit::Hypervisor, function),
        Psci::Smc => cpu::psci(Conduit::Secure, function),
        Psci::Absent => {}
    }
    if let Some(reset) = &hardware.reset {
        if stop { reset.power_off() } else { reset.restart() }
    }
    cpu::park()
}

fn kernel_panic_text(text: Arguments<'_>) {
    // SAFETY: as in `kernel_panic_stop`; the reference ends with this function.
    if let Some(mut console) = unsafe { boot_machine() }.hardware.console() {
        // The console drops what its line does not take, so this cannot fail.
        let _ = console.write_fmt(text);
    }
}

/// The machine cannot run: says why, in words.
#[cold]
pub fn kernel_panic_start(text: Arguments<'_>) -> ! {
    kernel_panic_text(format_args!("\nTinyOS cannot start: {text}\n"));
    kernel_panic_stop(DEAD)
}

/// The kernel found itself in a state that cannot be.
#[cold]
#[inline(never)]
pub fn kernel_panic_because(text: &str) -> ! {
    kernel_panic_text(format_args!("\nkernel panic: {text}\n"));
    kernel_panic_stop(DEAD)
}

/// The rules stop the machine; called by the vectors.
#[unsafe(no_mangle)]
extern "C" fn kernel_panic_halt(code: u64) -> ! {
    // SAFETY: as in `kernel_panic_stop`; the reference ends before anything else is done.
    let kernel = &unsafe { boot_machine() }.kernel;
    if kernel.supervisor_died() {
        let death = &kernel.partitions[kernel.threads[kernel.supervisor.index()].slot.index()].death;
        let (reason, address) = (FaultReason::from_number(u64::from(death.reason)), death.address);
        let pc = kernel.threads[death.thread.index()].frame.pc;
        kernel_panic_text(format_args!(
            "\nthe supervisor stopped: {} (thread {}, address {address:#x}, pc {pc:#x})\n",
            reason.text(),
            death.thread.0
        ));
    }
    kernel_panic_stop(code)
}

/// The kernel caused an exception; called by the vectors, on the emergency stack.
#[unsafe(no_mangle)]
extern "C" fn kernel_panic_exception(record: &ExceptionRecord) -> ! {
    unsafe extern "C" {
        // The page below the kernel stack, which is not mapped.
        static __stack_guard: [u8; PAGE_BYTES];
    }
    let guard = (&raw const __stack_guard) as u64;
    let kind = match (record.vector, record.syndrome >> 26) {
        (4, 0x25) if record.address.wrapping_sub(guard) < PAGE_BYTES as u64 => "stack overflow",
        (4, 0x25) => "access to memory it does not have",
        (4, 0x21) => "jump to memory it does not have",
        (4, 0x26) => "misaligned stack",
        (7 | 11, _) => "asynchronous bus error",
        _ => "exception",
    };
    kernel_panic_text(format_args!(
        "\nkernel panic: {kind} (vector {}, esr {:#x}, far {:#x}, elr {:#x}, spsr {:#x}, sp {:#x})\n",
        record.vector, record.syndrome, record.address, record.pc, record.psr, record.sp
    ));
    for (n, value) in record.x.iter().enumerate() {
        let end = if n % 4 == 3 || n == 30 { '\n' } else { ' ' };
        kernel_panic_text(format_args!("x{n:<2} {value:016x}{end}"));
    }
    kernel_panic_stop(DEAD)
}

#[panic_handler]
fn kernel_panic(info: &core::panic::PanicInfo<'_>) -> ! {
    kernel_panic_text(format_args!("\nkernel panic: {}", info.message()));
    if let Some(at) = info.location() {
        kernel_panic_text(format_args!(" at {}:{}", at.file(), at.line()));
    }
    kernel_panic_text(format_args!("\n"));
    kernel_panic_stop(DEAD)
}
