//! The emulated boards: one command line each, and what their logs may say.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Result, bail};

use crate::context::QEMU;

/// A board that QEMU emulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Board {
    /// Raspberry Pi 3 Model B.
    Rpi3,
    /// Raspberry Pi 4 Model B.
    Rpi4,
    /// QEMU's own board with a Cortex-A76 and a GICv2: the stand-in for the Raspberry Pi 5.
    Virt,
}

impl Board {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rpi3, Self::Rpi4, Self::Virt];

    /// The name that users type, and that of the board's file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rpi3 => "rpi3",
            Self::Rpi4 => "rpi4",
            Self::Virt => "virt",
        }
    }

    /// The device tree is ours: without one the firmware of these boards, and so QEMU, hands over nothing useful.
    pub const fn needs_device_tree(self) -> bool {
        !matches!(self, Self::Virt)
    }

    /// Options that choose the machine. One core is powered: before QEMU 11 the others spin in the boot stub for ever,
    /// which costs a host core each and stops virtual time from jumping over idle time.
    const fn machine(self) -> &'static [&'static str] {
        match self {
            Self::Rpi3 => &["-M", "raspi3b", "-global", "bcm2837.enabled-cpus=1"],
            Self::Rpi4 => &["-M", "raspi4b", "-global", "bcm2838.enabled-cpus=1"],
            Self::Virt => &[
                "-M",
                "virt,gic-version=2",
                "-cpu",
                "cortex-a76",
                "-m",
                "1G",
                "-smp",
                "1",
                "-global",
                "virtio-mmio.force-legacy=false",
                // No default network card: its boot ROM is not installed, and nothing here uses it.
                "-nic",
                "none",
            ],
        }
    }

    /// Options that put the card image `file` into the board's slot.
    fn card(self, file: &Path) -> Vec<String> {
        // A comma separates options, and is doubled within one.
        let file = file.display().to_string().replace(',', ",,");
        let separate = format!("file={file},if=none,id=card,format=raw");
        match self {
            Self::Rpi3 => vec!["-drive".to_owned(), format!("file={file},if=sd,format=raw")],
            Self::Rpi4 => vec![
                "-drive".to_owned(),
                separate,
                "-device".to_owned(),
                "sd-card,drive=card,bus=/generic-sdhci/sd-bus".to_owned(),
            ],
            Self::Virt => {
                vec!["-drive".to_owned(), separate, "-device".to_owned(), "virtio-blk-device,drive=card".to_owned()]
            }
        }
    }
}

impl Display for Board {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Board {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|board| board.name() == text) {
            Some(board) => Ok(board),
            None if text == "rpi5" => bail!("no emulator has a Raspberry Pi 5; its stand-in is `virt`"),
            None => bail!("there is no board '{text}'; expected rpi3, rpi4 or virt"),
        }
    }
}

/// One start of the emulator.
pub struct Machine {
    /// Which board.
    pub board: Board,
    /// The image that every board boots.
    pub image: PathBuf,
    /// The device tree, for boards that need one.
    pub device_tree: Option<PathBuf>,
    /// A card image in the board's slot.
    pub card: Option<PathBuf>,
    /// Time counts instructions, one a nanosecond, and jumps over idle time: the same on every run.
    pub icount: bool,
    /// Where QEMU writes what the guest did wrong.
    pub log: PathBuf,
}

impl Machine {
    /// The command, with its standard streams piped: standard input and output are the serial line.
    pub fn command(&self) -> Command {
        let mut command = Command::new(QEMU);
        command.args(self.board.machine());
        command.args(["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"]);
        command.args(["-semihosting-config", "enable=on,target=native"]);
        if self.icount {
            command.args(["-icount", "shift=0,sleep=off"]);
        }
        command.arg("-kernel").arg(&self.image);
        if let Some(tree) = &self.device_tree {
            command.arg("-dtb").arg(tree);
        }
        // The kernel ends the emulator through semihosting only when it is told that there is one.
        command.args(["-append", "semihosting"]);
        if let Some(card) = &self.card {
            command.args(self.board.card(card));
        }
        command.args(["-d", "unimp,guest_errors", "-D"]).arg(&self.log);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Lines of the log that nobody expects: accesses to registers that are not there, wrong uses of those that are.
    pub fn unexpected(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().filter(|line| !EXPECTED.iter().any(|part| line.contains(part))).map(str::to_owned).collect()
    }
}

/// Parts of log lines that are no fault of ours.
const EXPECTED: &[&str] = &[
    // The Pi 3's performance monitor routing and bus-access interrupt, which the kernel switches off at boot; the
    // emulator does not have them.
    "bcm2836_control_write: Unsupported offset 0x14 ",
    "bcm2836_control_write: Unsupported offset 0x30 ",
    // Restart and power-off: the emulator keeps the values without acting on them, and says so.
    "bcm2835_powermgt_write: RSTS",
    "bcm2835_powermgt_write: WDOG",
];

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Board, Machine};
    use crate::context::shown;

    #[test]
    fn a_board_is_known_by_its_name_and_others_are_refused_with_the_choice() {
        for board in Board::ALL {
            assert_eq!(board.name().parse::<Board>().unwrap(), board);
        }
        assert_eq!(
            "pi".parse::<Board>().unwrap_err().to_string(),
            "there is no board 'pi'; expected rpi3, rpi4 or virt"
        );
    }

    #[test]
    fn a_comma_in_the_cards_path_stays_in_the_path() {
        let machine = Machine {
            board: Board::Rpi4,
            image: PathBuf::from("k.img"),
            device_tree: None,
            card: Some(PathBuf::from("a,b.img")),
            icount: true,
            log: PathBuf::from("log"),
        };
        let text = shown(&machine.command());
        assert!(text.contains("file=a,,b.img,if=none"), "{text}");
        assert!(text.contains("-icount shift=0,sleep=off"), "{text}");
    }
}
