//! A machine on the host: one core, its memory and devices, and programs that do what a test says.
//!
//! It applies decisions as `kernel/arch` does and holds the kernel to more than a real core would notice: registers that
//! change under a thread, translations and code of an earlier life, a table page that is not clear all end the test.

mod apply;
pub mod check;
mod life;
pub mod memory;
mod port;
mod program;
pub mod system;

use kernel_core::frame::Frame;
use kernel_core::id::{Slot, Tid};
use kernel_core::kernel::{BootFacts, Kernel};
use kernel_core::load::{Pool, Source};
use kernel_core::port::Phys;
use port::HostPort;
use rtos_abi::bundle::Bundle;
use std::collections::{BTreeMap, VecDeque};
use system::System;

/// Where RAM begins, and the bundle in it.
const RAM: u64 = 0x4000_0000;
/// Where the memory for partitions begins.
const POOL: u64 = RAM + 0x10_0000;
/// Bytes of it.
const POOL_BYTES: u64 = 0x200_0000;
/// Ticks a second: a tick is a microsecond.
pub const TICKS: u32 = 1_000_000;
/// When the kernel is entered.
pub const BOOT: u64 = 1000;
/// Value of `CPACR_EL1` for a thread with floating point.
const CPACR_FP: u64 = 3 << 20;

/// Registers of the running thread.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Registers {
    /// `x0` to `x30`.
    pub x: [u64; 31],
    /// `SP_EL0`.
    pub sp: u64,
    /// Program counter.
    pub pc: u64,
    /// Flags.
    pub psr: u64,
    /// `TPIDR_EL0`.
    pub tpidr: u64,
    /// Floating point, one register standing for all.
    pub fp: u64,
}

/// What a thread's registers were when it stopped running.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The registers.
    registers: Registers,
    /// Whether it stopped inside a system call, which gives results and clobbers the rest.
    in_call: bool,
    /// A message was put into its frame since.
    delivered: bool,
}

/// The machine.
pub struct Machine {
    /// The rules under test.
    pub kernel: Box<Kernel>,
    /// Memory and devices.
    pub port: HostPort,
    /// Threads by full name.
    pub names: BTreeMap<String, Tid>,
    /// The time, ticks.
    pub now: u64,
    /// The timer's compare value.
    pub timer: u64,
    /// Registers of the running thread.
    pub live: Registers,
    /// Thread on the core, none when it idles.
    pub current: Tid,
    /// Translation base and address-space id that are loaded.
    space: u64,
    /// What stopped threads had in their registers.
    kept: BTreeMap<u8, Kept>,
    /// Threads that return to a system call which is not done.
    unfinished: [bool; 256],
    /// Exit code, once the machine was stopped.
    pub halted: Option<u64>,
    /// Time each thread ran; thread 0 is idle time.
    pub ran: [u64; 256],
    /// Ticks that a step of a long call takes.
    pub step_ticks: u64,
    /// Steps that said again, in all.
    pub steps: u64,
    /// After how many more steps which line is raised.
    pub raise_after: Option<(u64, u16)>,
    /// Interrupts of the timer so far.
    pub timer_interrupts: u64,
    /// Latest events, for the report of a failed walk.
    pub log: VecDeque<String>,
    /// Offset of each partition's program in the bundle.
    bundle: Vec<u8>,
}

impl Machine {
    /// Loads a system and runs `init`.
    pub fn boot(system: &System) -> Self {
        let mut machine = Self::unloaded(system);
        machine.load().unwrap();
        machine.start();
        machine
    }

    /// The machine before the kernel knows of the system.
    pub fn unloaded(system: &System) -> Self {
        let mut port = HostPort::default();
        port.memory.ram = (RAM, POOL + POOL_BYTES);
        let bundle = system.bundle();
        port.memory.write(RAM, &bundle);
        Self {
            kernel: Box::new(Kernel::ZERO),
            port,
            names: system.numbers(),
            now: BOOT,
            timer: u64::MAX,
            live: Registers::default(),
            current: Tid::IDLE,
            space: 0,
            kept: BTreeMap::new(),
            unfinished: [false; 256],
            halted: None,
            ran: [0; 256],
            step_ticks: 0,
            steps: 0,
            raise_after: None,
            timer_interrupts: 0,
            log: VecDeque::new(),
            bundle,
        }
    }

    /// Lets the kernel load the system and build `init`.
    pub fn load(&mut self) -> Result<(), kernel_core::load::LoadError> {
        let bytes = self.bundle.clone();
        let bundle = Bundle::new(&bytes).unwrap();
        let board = bundle.boards().next().unwrap();
        let boot = BootFacts {
            ticks_per_second: TICKS,
            boot_ticks: BOOT,
            board: board.name,
            kernel_hash: 0x1234,
            total: POOL + POOL_BYTES - RAM,
            bundle_at: Phys(RAM),
            bundle_bytes: bytes.len() as u64,
            ..BootFacts::EMPTY
        };
        let source = Source { bundle, board: &board, boot, cpacr: [0, CPACR_FP] };
        let mut runs = [(Phys(0), 0); 8];
        runs[0] = (Phys(POOL), POOL_BYTES);
        self.kernel.load(&mut self.port, &source, &mut Pool { runs })?;
        self.kernel.start_init(&mut self.port, &source, self.now)
    }

    /// Runs the first thread.
    pub fn start(&mut self) {
        let decision = self.kernel.first_run(self.now);
        self.apply_interrupt(decision);
        self.settle();
    }

    /// The number of a thread.
    pub fn tid(&self, name: &str) -> Tid {
        *self.names.get(name).unwrap_or_else(|| panic!("no thread {name}"))
    }

    /// The full name of a thread.
    pub fn name(&self, id: Tid) -> &str {
        self.names.iter().find(|(_, known)| **known == id).map_or("idle", |(name, _)| name)
    }

    /// The slot of a partition.
    pub fn slot(&self, name: &str) -> Slot {
        let found = self.kernel.partitions.iter().position(|p| p.name == rtos_abi::record::name_bytes(name));
        Slot::new(found.unwrap_or_else(|| panic!("no partition {name}")) as u64).unwrap()
    }

    /// The state of a thread.
    pub fn thread(&self, name: &str) -> &kernel_core::thread::Thread {
        &self.kernel.threads[self.tid(name).index()]
    }

    /// The state of a partition.
    pub fn partition(&self, name: &str) -> &kernel_core::partition::Partition {
        &self.kernel.partitions[self.slot(name).index()]
    }

    /// Whether an interrupt would be taken now.
    pub fn interrupt_pending(&self) -> bool {
        self.timer <= self.now || self.pending_line().is_some()
    }

    fn pending_line(&self) -> Option<u16> {
        self.port.lines.iter().find(|(_, line)| line.enabled && line.raised).map(|(number, _)| *number)
    }

    /// A device asserts its line, which stays so until [`Machine::lower`].
    pub fn raise(&mut self, line: u16) {
        self.port.lines.entry(line).or_default().raised = true;
        self.settle();
    }

    /// A device has been served.
    pub fn lower(&mut self, line: u16) {
        self.port.lines.entry(line).or_default().raised = false;
    }

    /// Lets time pass while threads work; every interrupt comes at its exact time.
    pub fn tick(&mut self, ticks: u64) {
        let end = self.now + ticks;
        self.settle();
        while self.now < end && self.halted.is_none() {
            let to = if self.timer > self.now { self.timer.min(end) } else { end };
            self.pass(to - self.now);
            self.settle();
        }
    }

    /// Lets time pass until a moment.
    pub fn tick_to(&mut self, moment: u64) {
        self.tick(moment.checked_sub(self.now).unwrap_or_else(|| panic!("{moment} has passed")));
    }

    /// Charges time to whoever is on the core.
    fn pass(&mut self, ticks: u64) {
        self.ran[self.current.index()] += ticks;
        self.now += ticks;
    }

    /// Keeps an event for the report.
    fn note(&mut self, event: String) {
        if self.log.len() == 60 {
            self.log.pop_front();
        }
        self.log.push_back(format!("{} {}: {event}", self.now, self.name(self.current)));
    }
}

impl Kept {
    /// Whether a thread finds its registers as they were. Those of a system call: only what it preserves.
    fn fits(&self, frame: &Frame, live: &Registers) -> bool {
        let old = &self.registers;
        if !self.in_call {
            return old == live;
        }
        let message = Frame::MESSAGE..Frame::MESSAGE + 8;
        let same = |n: usize| (self.delivered && message.contains(&n)) || old.x[n] == live.x[n];
        let cleared = live.x[4..19].iter().all(|x| *x == 0);
        let results = live.x[..4] == frame.x[..4];
        let rest = (old.sp, old.pc, old.tpidr, old.fp) == (live.sp, live.pc, live.tpidr, live.fp);
        (19..31).all(same) && cleared && results && rest
    }
}
