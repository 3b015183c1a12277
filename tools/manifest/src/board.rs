//! `bsp-rpi/boards/*.toml`: what a board has. The records of the boot bundle are made from it.

use std::collections::BTreeMap;
use std::path::Path;

use rtos_abi::bundle::{self, write_kind};
use rtos_abi::record::name_bytes;
use serde::Deserialize;
use toml::Spanned;

use crate::rule::{Refusal, Rule};
use crate::source::{Files, Source};

/// Where the board files are.
pub const DIRECTORY: &str = "bsp-rpi/boards";

/// A parsed board file and where it came from.
#[derive(Clone, Debug)]
pub struct BoardFile {
    /// The file.
    pub source: Source,
    /// What it says.
    pub board: Board,
}

impl BoardFile {
    /// Reads and parses the file of board `name`; `from` is the refusal if it is not there.
    ///
    /// # Errors
    /// A file that is missing or not of the grammar.
    pub fn read(files: &dyn Files, name: &str, from: &Refusal) -> Result<Self, Refusal> {
        let path = Path::new(DIRECTORY).join(format!("{name}.toml"));
        let source = Source::read(files, &path, from)?;
        let board = source.parse()?;
        Ok(Self { source, board })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.board.name.get_ref()
    }

    /// A refusal at the place of `value` in this file.
    pub fn refuse<T>(&self, value: &Spanned<T>, rule: Rule, text: impl Into<String>) -> Refusal {
        self.source.refuse(value.span(), rule, text)
    }
}

/// A board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Name, as in `--board`.
    pub name: Spanned<String>,
    /// Compatible strings of the device tree's root, any of which chooses this board.
    pub compatible: Vec<Spanned<String>>,
    /// Part number of MIDR_EL1 that chooses this board when there is no device tree; 0 for none.
    pub midr_part: u16,
    /// Interrupt controller.
    pub controller: Controller,
    /// The kernel's timer.
    pub timer: Timer,
    /// UART for the kernel's last words.
    pub uart: Uart,
    /// Watchdog and reset block.
    pub reset: Block,
    /// RAM when there is no device tree.
    pub ram: Ram,
    /// How the other cores wait.
    pub core_start: CoreStart,
    /// Devices by role.
    #[serde(default)]
    pub role: BTreeMap<String, Spanned<Role>>,
    /// Pins by role.
    #[serde(default)]
    pub pin: BTreeMap<String, Spanned<Pin>>,
}

/// An interrupt controller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// Kind.
    pub kind: ControllerKind,
    /// First register block, physical.
    pub base0: u64,
    /// Second register block, physical.
    pub base1: u64,
    /// Lines it has.
    pub line_count: u16,
}

/// Kinds of interrupt controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControllerKind {
    /// GICv2.
    GicV2,
    /// BCM2836 local block and legacy controller.
    Bcm2836,
}

/// The kernel's timer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// Line of the EL1 physical timer.
    pub line: u16,
}

/// A UART.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uart {
    /// First register, physical.
    pub base: u64,
    /// Its clock, hertz.
    pub clock_hz: u32,
    /// Bits a second.
    pub baud: u32,
}

/// A register block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// First register, physical; 0 for none.
    pub base: u64,
}

/// Memory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ram {
    /// First address.
    pub base: u64,
    /// Bytes.
    pub bytes: Spanned<u64>,
}

/// How the other cores wait at boot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoreStart {
    /// Kind.
    pub kind: CoreStartKind,
    /// Release addresses of cores 1 to 3 (spin table).
    pub release: [u64; 3],
}

/// Kinds of core start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreStartKind {
    /// They spin on release addresses.
    SpinTable,
    /// They are off.
    Psci,
}

/// A device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// First register, physical, page aligned; none for a device without registers in memory.
    pub address: Option<u64>,
    /// Pages of registers.
    #[serde(default)]
    pub pages: u32,
    /// Interrupt line.
    pub line: Option<u16>,
    /// The line is edge triggered.
    #[serde(default)]
    pub edge: bool,
    /// It can write to any memory: only a partition with `trusted_dma` may have it.
    #[serde(default)]
    pub dma: bool,
}

/// A pin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Writes that make it an output.
    #[serde(default)]
    pub setup: Vec<Write>,
    /// Drives it high.
    pub set: Write,
    /// Drives it low.
    pub clear: Write,
    /// Shows its level.
    pub level: Read,
}

/// A register write.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// Register, physical.
    pub address: u64,
    /// Bytes of the register: 1, 2 or 4.
    pub width: u8,
    /// How it is made.
    pub write: WriteKind,
    /// Bits.
    pub mask: u32,
    /// Their value.
    pub value: u32,
}

/// How a register write is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteKind {
    /// The value is written as it is.
    Plain,
    /// Read, replace the masked bits, write.
    Modify,
}

impl WriteKind {
    /// Its number in [`write_kind`].
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Plain => write_kind::PLAIN,
            Self::Modify => write_kind::MODIFY,
        }
    }
}

/// A register read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Register, physical.
    pub address: u64,
    /// Bytes of the register: 1, 2 or 4.
    pub width: u8,
    /// Bits.
    pub mask: u32,
}

impl Board {
    /// Its record in the bundle, without the tables.
    #[must_use]
    pub fn record(&self) -> bundle::Board {
        let mut compatible = [[0; 32]; 4];
        for (to, from) in compatible.iter_mut().zip(&self.compatible) {
            *to = name_bytes(from.get_ref());
        }
        bundle::Board {
            name: name_bytes(self.name.get_ref()),
            compatible,
            midr_part: self.midr_part,
            controller: match self.controller.kind {
                ControllerKind::GicV2 => bundle::controller::GIC_V2,
                ControllerKind::Bcm2836 => bundle::controller::BCM2836,
            },
            core_start: match self.core_start.kind {
                CoreStartKind::SpinTable => bundle::core_start::SPIN_TABLE,
                CoreStartKind::Psci => bundle::core_start::PSCI,
            },
            timer_line: self.timer.line,
            line_count: self.controller.line_count,
            controller_base0: self.controller.base0,
            controller_base1: self.controller.base1,
            uart_base: self.uart.base,
            uart_clock_hz: self.uart.clock_hz,
            uart_baud: self.uart.baud,
            reset_base: self.reset.base,
            ram_base: self.ram.base,
            ram_bytes: *self.ram.bytes.get_ref(),
            release: self.core_start.release,
            ..bundle::Board::default()
        }
    }
}
