//! Starting, waiting for and ending programs, and telling how they ended.

use console_proto::ConsoleError;
use heapless::{String, Vec};
use init_proto::{Loader, Started};
use rtos_abi::limits::{MAX_PARTITIONS, MAX_SAFE_WRITES};
use rtos_api::info::{self, Fault, Safe, name_text, partition_state};
use rtos_api::prelude::*;
use shell_lib::history::LINE_BYTES;
use shell_lib::report::End;
use shell_lib::words::Words;

use crate::look::{self, pid};
use crate::terminal::{Input, Waited};
use crate::{CONSOLE, CONSOLE_MS, calls, say};

/// The loader.
const LOADER: Loader = Loader::new(calls::INIT_LOADER);
/// Seconds that loading a program may take.
const LOADING_S: u64 = 10;

/// What the shell knows of the lives in each slot.
pub struct Jobs {
    /// The death in each slot that was told last: its generation and one; 0 for none.
    told: [u64; MAX_PARTITIONS],
}

impl Jobs {
    /// Takes all deaths until now as told.
    pub fn new() -> Self {
        let mut jobs = Self { told: [0; MAX_PARTITIONS] };
        for (slot, fault) in deaths() {
            jobs.mark(slot, &fault);
        }
        jobs
    }

    fn mark(&mut self, slot: u8, fault: &Fault) {
        if let Some(told) = self.told.get_mut(usize::from(slot)) {
            *told = u64::from(fault.generation) + 1;
        }
    }

    fn is_news(&self, slot: u8, fault: &Fault) -> bool {
        self.told.get(usize::from(slot)).is_some_and(|told| *told != u64::from(fault.generation) + 1)
    }

    /// Whether there are deaths to tell.
    pub fn has_news(&self) -> bool {
        deaths().any(|(slot, fault)| self.is_news(slot, &fault))
    }

    /// Tells all deaths that were not told yet.
    pub fn report(&mut self) {
        for (slot, fault) in deaths() {
            if self.is_news(slot, &fault) {
                self.mark(slot, &fault);
                tell(slot, &fault, true);
            }
        }
    }

    /// `run`
    pub fn run(&mut self, words: &Words, input: &mut Input) {
        let name = words.get(1);
        let deadline = Instant::after(Duration::from_secs(LOADING_S));
        if !words.background {
            input.forget_interrupt();
            // Before it starts: what it prints first is the foreground's.
            let slot = look::partitions().find(|(_, p)| name_text(&p.name) == name && p.program != 0);
            if let Some((slot, _)) = slot {
                give_foreground(slot);
            }
        }
        match LOADER.start(name, arguments(words).as_bytes(), deadline) {
            Ok(started) if words.background => say!("[{}] {name}", pid(started.slot)),
            Ok(started) => {
                self.wait(started, input);
                take_foreground();
                self.tell_end(started);
            }
            Err(error) => {
                take_foreground();
                say!("run: {name}: {error}; `run` alone lists the programs");
            }
        }
    }

    /// Waits for the end of a program. Ctrl-C kills it.
    fn wait(&mut self, started: Started, input: &mut Input) {
        while is_alive(started) {
            if input.wait(Instant::NEVER) == Waited::Interrupted {
                say!("^C");
                // It may have ended by itself just now.
                let _ = rtos_api::control::kill(started.slot, started.generation);
            }
        }
    }

    /// Tells how a program in the foreground ended, unless all went well.
    fn tell_end(&mut self, started: Started) {
        if let Ok(fault) = info::fault(started.slot)
            && fault.generation == started.generation
        {
            self.mark(started.slot, &fault);
            tell(started.slot, &fault, false);
        }
    }
}

/// `kill`
pub fn kill(wanted: &str) {
    let number = wanted.parse::<u32>().ok();
    let found = look::partitions().find(|(slot, p)| name_text(&p.name) == wanted || number == Some(pid(*slot)));
    let Some((slot, partition)) = found else {
        return say!("kill: no partition is called `{wanted}` or has that number; `ps` shows both");
    };
    let name = name_text(&partition.name);
    if partition.program == 0 {
        return say!("kill: {name} is a service of the system and is not killed; only programs are");
    }
    let result = match partition.state {
        partition_state::RUNNING => rtos_api::control::kill(slot, partition.generation),
        _ => return say!("kill: {name} is not running"),
    };
    if let Err(error) = result {
        say!("kill: {name}: {error}");
    }
}

/// Gives the terminal to a program. One without standard input leaves it with the shell, which then sees Ctrl-C itself.
fn give_foreground(slot: u8) {
    let set = || CONSOLE.set_foreground(slot, Instant::after(Duration::from_millis(CONSOLE_MS)));
    // A restarted console says so once.
    if matches!(set(), Err(ConsoleError::Unreachable(Error::PeerRestarted))) {
        let _ = set();
    }
}

/// Takes the terminal back.
pub fn take_foreground() {
    give_foreground(console_proto::SHELL);
}

/// A program's words with a zero byte between each two.
fn arguments(words: &Words) -> String<LINE_BYTES> {
    let mut text = String::new();
    for (n, word) in words.from(2).enumerate() {
        // Together they are shorter than the line they came from.
        let _ = text.push_str(if n > 0 { "\0" } else { "" }).and_then(|()| text.push_str(word));
    }
    text
}

fn is_alive(started: Started) -> bool {
    info::partition(started.slot)
        .is_ok_and(|p| p.generation == started.generation && p.state == partition_state::RUNNING)
}

/// The last death in each slot that has seen one.
fn deaths() -> impl Iterator<Item = (u8, Fault)> {
    look::partitions().filter_map(|(slot, _)| {
        let fault = info::fault(slot).ok()?;
        (fault.reason != 0).then_some((slot, fault))
    })
}

/// Tells how a partition ended; a success only if `also_success`.
fn tell(slot: u8, fault: &Fault, also_success: bool) {
    let (Ok(partition), Ok(thread)) = (info::partition(slot), info::thread_name(fault.thread)) else { return };
    let mut registers = [0; 31];
    for (n, seven) in (0_u8..).zip(registers.chunks_mut(7)) {
        if let Ok(record) = info::fault_registers(slot, n) {
            seven.iter_mut().zip(record.x).for_each(|(to, from)| *to = from);
        }
    }
    let safe: Vec<Safe, MAX_SAFE_WRITES> = (0..fault.safe_writes).filter_map(|n| info::safe(slot, n).ok()).collect();
    let end = End {
        partition: name_text(&partition.name),
        thread: name_text(&thread.name),
        fault,
        registers: &registers,
        safe: &safe,
    };
    if end.is_success() {
        if also_success {
            say!("[{}] {} ended", pid(slot), name_text(&partition.name));
        }
    } else {
        say!("{end}");
    }
}
