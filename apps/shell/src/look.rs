//! The commands that show what the system is doing.

use heapless::Vec;
use rtos_api::info::{self, Partition, System, Thread, name_text, partition_state};
use rtos_api::{Error, Instant};
use shell_lib::format::{Elapsed, Percent, microseconds, nanoseconds};
use shell_lib::table::{
    IRQ_HEADER, IrqRow, LATENCY_HEADER, MemoryRows, PS_HEADER, TABLE_HEADER, TOTALS_HEADER, TableRow, ThreadRow,
    TotalsRow, Verdict,
};

use crate::say;

/// Most threads of a system.
const MAX_THREADS: usize = 256;

/// Name of the kernel in lists.
const KERNEL: &str = "kernel";

/// The number by which users know a partition. The kernel's idle thread is 0.
pub fn pid(slot: u8) -> u32 {
    u32::from(slot) + 1
}

/// The slots of the system with their partitions.
pub fn partitions() -> impl Iterator<Item = (u8, Partition)> {
    let count = info::system().map_or(0, |system| system.partitions.min(u8::MAX.into()) as u8);
    (0..count).filter_map(|slot| Some((slot, info::partition(slot).ok()?)))
}

/// The programs that can be run.
pub fn programs() -> impl Iterator<Item = Partition> {
    partitions().filter(|(_, partition)| partition.program != 0).map(|(_, partition)| partition)
}

/// `run` without a name.
pub fn list_programs() {
    say!("programs:");
    for program in programs() {
        let state = partition_state::NAMES.get(usize::from(program.state)).copied().unwrap_or("?");
        say!("  {:<16} {}", name_text(&program.name), if program.state == partition_state::EMPTY { "" } else { state });
    }
}

/// `ps`
pub fn ps(all: bool) -> Result<(), Error> {
    let system = info::system()?;
    say!("{PS_HEADER}");
    for_threads(&system, |slot, thread, number| {
        let Some(slot) = slot else {
            let idle = Thread { cpu_ticks: system.idle_ticks, ..*thread };
            return print_thread(&system, 0, KERNEL, "idle", &idle);
        };
        let running = info::partition(slot).is_ok_and(|partition| partition.state == partition_state::RUNNING);
        if (running || all)
            && let Ok(name) = info::thread_name(number)
        {
            print_thread(&system, pid(slot), name_text(&name.partition), name_text(&name.name), thread);
        }
    })
}

fn print_thread(system: &System, pid: u32, partition: &str, name: &str, thread: &Thread) {
    say!("{}", row(system, pid, partition, name, thread));
}

fn row<'a>(system: &System, pid: u32, partition: &'a str, name: &'a str, thread: &'a Thread) -> ThreadRow<'a> {
    let elapsed = system.now.saturating_sub(system.boot_ticks);
    ThreadRow { pid, partition, name, thread, ticks_per_second: system.ticks_per_second, elapsed }
}

/// Calls `show` for all threads in the order of slots and their own numbers, the idle thread (no slot) first.
fn for_threads(system: &System, mut show: impl FnMut(Option<u8>, &Thread, u8)) -> Result<(), Error> {
    let count = system.threads.min(u8::MAX.into()) as u8;
    let mut order: Vec<(u8, u8, u8), MAX_THREADS> = Vec::new();
    for number in 1..count {
        let (thread, name) = (info::thread(number)?, info::thread_name(number)?);
        // There are no more threads than there is room.
        let _ = order.push((thread.partition, name.number as u8, number));
    }
    order.sort_unstable();
    show(None, &info::thread(0)?, 0);
    for (slot, _, number) in order {
        show(Some(slot), &info::thread(number)?, number);
    }
    Ok(())
}

/// `latency`
pub fn latency() -> Result<(), Error> {
    let system = info::system()?;
    let mut verdict = Verdict::default();
    say!("{LATENCY_HEADER}");
    for_threads(&system, |slot, thread, number| {
        let running = slot.and_then(|slot| info::partition(slot).ok()).map(|partition| partition.state);
        if thread.period > 0
            && running == Some(partition_state::RUNNING)
            && let Ok(name) = info::thread_name(number)
        {
            let row = row(&system, 0, name_text(&name.partition), name_text(&name.name), thread);
            say!("{}", row.latency());
            verdict.add(thread);
        }
    })?;
    say!("{verdict}");
    if info::boot().emulated != 0 {
        say!("(an emulator's time: says nothing about a board)");
    }
    Ok(())
}

/// `irq`
pub fn interrupts() -> Result<(), Error> {
    let system = info::system()?;
    say!("{IRQ_HEADER}");
    for binding in 0..system.irqs.min(u8::MAX.into()) as u8 {
        let irq = info::irq(binding)?;
        let name = info::thread_name(irq.thread)?;
        say!("{}", IrqRow { irq: &irq, partition: name_text(&name.partition), thread: name_text(&name.name) });
    }
    let totals = info::irq_totals()?;
    say!("");
    say!("{TOTALS_HEADER}");
    say!("{}", TotalsRow(totals));
    if totals.unknown > 0 {
        say!("the last unknown line was {}; it is masked", totals.last_unknown);
    }
    Ok(())
}

/// `mem`
pub fn memory() -> Result<(), Error> {
    say!("{}", MemoryRows(info::memory()?));
    say!("");
    say!("{TABLE_HEADER}");
    for table in (0..).map_while(|n| info::table(n).ok()) {
        say!("{}", TableRow(&table));
    }
    Ok(())
}

/// `uptime`; `prompt` is when the first prompt was shown.
pub fn uptime(prompt: Instant) -> Result<(), Error> {
    let system = info::system()?;
    let elapsed = system.now.saturating_sub(system.boot_ticks);
    let up = Elapsed { microseconds: microseconds(elapsed, system.ticks_per_second) };
    let idle = Percent { part: system.idle_ticks, whole: elapsed };
    say!("up {up}, {idle} % idle, board {}, {} core(s)", name_text(&system.board), system.cores);
    let boot = prompt.ticks().saturating_sub(system.boot_ticks);
    say!("first prompt {} ns after the kernel was entered", nanoseconds(boot, system.ticks_per_second));
    Ok(())
}
