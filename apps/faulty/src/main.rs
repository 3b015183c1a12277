//! Does on purpose what a broken program does by accident: `faulty MODE`. Nothing but this program may suffer from it.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod evil;

use rtos_api::device::VirtualTimer;
use rtos_api::entry::ExitCode;
use rtos_api::prelude::*;
// On the host this name is also the standard library's.
use rtos_api::println;

include!(concat!(env!("OUT_DIR"), "/handles.rs"));

rtos_api::entry!(main);

/// A way to fail.
struct Mode {
    name: &'static str,
    about: &'static str,
    run: fn(),
}

const MODES: [Mode; 12] = [
    Mode { name: "null-read", about: "reads from address 0", run: evil::null_read },
    Mode { name: "kernel-write", about: "writes to the kernel's memory", run: evil::kernel_write },
    Mode { name: "exec-data", about: "jumps into its data", run: evil::exec_data },
    Mode { name: "write-text", about: "writes over its own code", run: evil::write_text },
    Mode { name: "stack-overflow", about: "calls itself until the stack ends", run: evil::stack_overflow },
    Mode { name: "undefined", about: "executes an instruction that does not exist", run: evil::undefined },
    Mode { name: "loop", about: "never stops, more urgent than every control loop", run: endless },
    Mode { name: "storm", about: "keeps its interrupt line raised", run: storm },
    Mode { name: "fp", about: "uses floating point without having declared it", run: evil::floating_point },
    Mode { name: "panic", about: "panics", run: panic },
    Mode { name: "misuse", about: "makes a system call that its manifest does not allow", run: misuse },
    Mode { name: "exit", about: "ends with code 3", run: exit },
];

fn main() -> ExitCode {
    // The kernel drives it low when this program dies, in whatever way.
    grants::AUX_PIN_SET.write(0);
    let wanted = args::words().next();
    if let Some(mode) = MODES.iter().find(|mode| Some(mode.name) == wanted) {
        (mode.run)();
        println!("faulty: {} did not fail", mode.name);
        return ExitCode::FAILURE;
    }
    match wanted {
        Some(wanted) => println!("faulty: unknown mode `{wanted}`; the modes are:"),
        None => println!("usage: run faulty MODE; the modes are:"),
    }
    for mode in &MODES {
        println!("  {:15} {}", mode.name, mode.about);
    }
    ExitCode::FAILURE
}

fn endless() {
    loop {
        core::hint::spin_loop();
    }
}

fn storm() {
    let mut timer = VirtualTimer;
    // Never stopped and never set again: the line stays raised, and interrupts again as soon as it may.
    timer.set(Duration::ZERO);
    loop {
        irqs::VIRTUAL_TIMER.done();
        if irqs::VIRTUAL_TIMER.wait(Instant::NEVER).is_err() {
            return;
        }
    }
}

fn panic() {
    panic!("on purpose");
}

fn misuse() {
    // Only the shell has the right to stop the machine.
    rtos_api::control::shutdown(1);
}

fn exit() {
    rtos_api::control::exit(3);
}
