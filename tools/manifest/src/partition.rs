//! `partition.toml`: what a partition asks for. This module only knows the grammar; [`crate::check`] knows the rules.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

mod budget;

pub use budget::{Budget, OwnBudget, SharedBudget};

use crate::rule::{Refusal, Rule};
use crate::source::{Files, Source};

/// Smallest stack, KiB.
pub const MIN_STACK_KIB: u32 = 4;
/// Bits with a name a thread can have; the two above are the kernel's (standard streams, deaths).
pub const MAX_BITS: usize = 62;

/// A parsed `partition.toml` and where it came from.
#[derive(Clone, Debug)]
pub struct PartitionFile {
    /// Directory of the partition, relative to the root of the tree.
    pub dir: PathBuf,
    /// The file.
    pub source: Source,
    /// What it says.
    pub manifest: Partition,
}

impl PartitionFile {
    /// Reads and parses `dir/partition.toml`; `from` is the refusal if it is not there.
    ///
    /// # Errors
    /// A file that is missing or not of the grammar.
    pub fn read(files: &dyn Files, dir: &Path, from: &Refusal) -> Result<Self, Refusal> {
        let source = Source::read(files, &dir.join("partition.toml"), from)?;
        let manifest = source.parse()?;
        Ok(Self { dir: dir.to_path_buf(), source, manifest })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.manifest.name.get_ref()
    }

    /// Whether its program is built to use the floating-point registers: only if every thread declares `fp`, because the
    /// compiler uses them for copies too, in whatever thread a copy happens. Other programs compute in software.
    #[must_use]
    pub fn uses_floating_point(&self) -> bool {
        self.manifest.thread.iter().all(|thread| thread.fp)
    }

    /// A refusal at the place of `value` in this file.
    pub fn refuse<T>(&self, value: &Spanned<T>, rule: Rule, text: impl Into<String>) -> Refusal {
        self.source.refuse(value.span(), rule, text)
    }
}

/// A right that the kernel checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// May ask about others.
    Inspect,
    /// May kill others.
    Control,
    /// May build and reap partitions.
    Build,
    /// May stop the machine.
    Shutdown,
    /// Is told of every death.
    Supervise,
    /// May use the virtual timer.
    VirtualTimer,
}

impl Right {
    /// Its bit in [`rtos_abi::call::right`].
    #[must_use]
    pub const fn bit(self) -> u16 {
        use rtos_abi::call::right;
        match self {
            Self::Inspect => right::INSPECT,
            Self::Control => right::CONTROL,
            Self::Build => right::BUILD,
            Self::Shutdown => right::SHUTDOWN,
            Self::Supervise => right::SUPERVISE,
            Self::VirtualTimer => right::VIRTUAL_TIMER,
        }
    }
}

/// A partition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Name, at most 15 bytes of `a`-`z`, `0`-`9`, `_`, `-`.
    pub name: Spanned<String>,
    /// May be started and killed from the shell.
    #[serde(default)]
    pub program: bool,
    /// Started at boot; by default services are and programs are not.
    pub autostart: Option<bool>,
    /// Rights.
    #[serde(default)]
    pub rights: Vec<Spanned<Right>>,
    /// Memory ceilings.
    pub memory: Spanned<Memory>,
    /// Has standard input and output at the console.
    #[serde(default = "no")]
    pub stdio: Spanned<bool>,
    /// Roles of the devices whose registers it maps.
    #[serde(default)]
    pub devices: Vec<Spanned<String>>,
    /// Pins it drives.
    #[serde(default)]
    pub pins: Vec<Pin>,
    /// Is inside the trust boundary: may program masters that reach all memory.
    #[serde(default)]
    pub trusted_dma: bool,
    /// Restarted after a fault.
    pub on_fault: Option<Spanned<FaultPolicy>>,
    /// Interrupt lines.
    #[serde(default)]
    pub irq: Vec<Irq>,
    /// Threads it may call.
    #[serde(default)]
    pub call: Vec<Call>,
    /// Threads it may notify.
    #[serde(default)]
    pub notify: Vec<Notify>,
    /// Rings it writes.
    #[serde(default)]
    pub ring: Vec<Ring>,
    /// Budgets that its threads share.
    #[serde(default)]
    pub budget: Vec<SharedBudget>,
    /// Threads; the first one is started with the partition.
    #[serde(default)]
    pub thread: Vec<Thread>,
}

impl Partition {
    /// All its rights, as in [`rtos_abi::call::right`].
    #[must_use]
    pub fn rights(&self) -> u16 {
        self.rights.iter().fold(0, |all, r| all | r.get_ref().bit())
    }

    /// Whether it is started at boot.
    #[must_use]
    pub fn starts_at_boot(&self) -> bool {
        self.autostart.unwrap_or(!self.program)
    }
}

/// Memory ceilings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// All segments of the program, KiB.
    pub image_kib: u32,
    /// Heap after the last segment, KiB.
    #[serde(default)]
    pub heap_kib: u32,
}

/// A pin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Role, resolved by the board file.
    pub role: Spanned<String>,
    /// Level it takes when the partition dies, and before it starts.
    pub safe: Level,
    /// A board without the pin is no error; a program that uses it there all the same is stopped.
    #[serde(default)]
    pub optional: bool,
}

/// A level of a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Off.
    Low,
    /// On.
    High,
}

/// What happens after a fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPolicy {
    /// Restarts in a window.
    pub restarts: u32,
    /// Window, milliseconds.
    pub window_ms: u32,
    /// Wait before the first restart, milliseconds; doubled each time within the window.
    pub backoff_ms: u32,
}

/// An interrupt line bound to a bit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Irq {
    /// Role of the device, or `virtual_timer`.
    pub role: Spanned<String>,
    /// Bit that is set.
    pub bit: Spanned<String>,
    /// Thread that is readied.
    pub thread: Spanned<String>,
    /// Most interrupts in a second; none for no limit.
    pub limit_hz: Option<Spanned<u32>>,
}

/// A thread of another partition that may be called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// `partition.thread`.
    pub to: Spanned<String>,
    /// The own thread that calls; without it any may, and all must be less urgent than the server.
    pub thread: Option<Spanned<String>>,
    /// Calls in each window.
    pub limit: Option<u32>,
    /// Window, microseconds.
    pub window_us: Option<u32>,
}

/// A thread of another partition that may be notified.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// `partition.thread`.
    pub to: Spanned<String>,
    /// Its bits that may be set.
    pub bits: Vec<Spanned<String>>,
}

/// A ring from this partition to another one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// `partition.thread` that reads.
    pub to: Spanned<String>,
    /// Size with the header, KiB.
    pub size_kib: Spanned<u32>,
    /// Bit of the reader.
    pub bit: Spanned<String>,
    /// Bit of the own main thread.
    pub room_bit: Spanned<String>,
}

/// What happens when a budget ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overrun {
    /// The thread waits.
    #[default]
    Throttle,
    /// The partition is stopped.
    Fault,
    /// The supervisor is told.
    Notify,
}

/// A thread.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    /// Name.
    pub name: Spanned<String>,
    /// Priority, 1 to 255, larger is more urgent.
    pub priority: Spanned<u32>,
    /// Period, microseconds; none if not periodic.
    pub period_us: Option<Spanned<u32>>,
    /// Deadline after the release, microseconds; the period by default.
    pub deadline_us: Option<Spanned<u32>>,
    /// Budget.
    pub budget: Spanned<Budget>,
    /// What happens when it ends.
    #[serde(default)]
    pub overrun: Overrun,
    /// Uses floating point.
    #[serde(default)]
    pub fp: bool,
    /// Stack, KiB.
    pub stack_kib: Spanned<u32>,
    /// Receives calls.
    #[serde(default)]
    pub server: bool,
    /// Round-robin slice, microseconds; 0 for none.
    #[serde(default)]
    pub slice_us: u32,
    /// Highest ceiling of a lock it takes; 0 for its own priority.
    #[serde(default = "zero")]
    pub ceiling: Spanned<u32>,
    /// Longest time it holds a lock, microseconds.
    #[serde(default)]
    pub hold_us: u32,
    /// Names of its notification bits, from bit 0.
    #[serde(default)]
    pub bits: Vec<Spanned<String>>,
}

impl Thread {
    /// Its priority; out of range is refused by [`crate::check`].
    #[must_use]
    pub fn urgency(&self) -> u8 {
        u8::try_from(*self.priority.get_ref()).unwrap_or(u8::MAX)
    }

    /// The highest ceiling of a lock it takes, its own priority by default.
    #[must_use]
    pub fn highest_ceiling(&self) -> u8 {
        u8::try_from(*self.ceiling.get_ref()).unwrap_or(u8::MAX).max(self.urgency())
    }

    /// The deadline after the release, microseconds: the period by default, 0 if it is not periodic.
    #[must_use]
    pub fn deadline(&self) -> u32 {
        self.deadline_us.as_ref().or(self.period_us.as_ref()).map_or(0, |d| *d.get_ref())
    }

    /// The number of a bit.
    #[must_use]
    pub fn bit(&self, name: &str) -> Option<u8> {
        self.bits.iter().position(|b| b.get_ref() == name).and_then(|n| u8::try_from(n).ok())
    }
}

fn no() -> Spanned<bool> {
    Spanned::new(0..0, false)
}

fn zero() -> Spanned<u32> {
    Spanned::new(0..0, 0)
}
