//! Rows that need no measuring program: sizes, the way to the prompt, and the bound of the masked paths.

use std::fs;

use anyhow::{Context, Result};

use super::{LIMIT, Row};
use crate::qemu::Board;
use crate::session::{self, Options, Step};
use crate::{build, paths};

/// The rows of the system that people use.
pub fn rows(board: Board) -> Result<Vec<Row>> {
    let system = build::system(build::DEFAULT_SYSTEM, None)?;
    let machine = system.machine(board, "timing-boot");
    let steps = ["uptime", "mem", "shutdown"].map(|line| Ok(Step::Line(line.to_owned())));
    let report = session::play(&machine, steps, &Options { limit: LIMIT, show: false, shell: true })?;
    report.outcome.map_err(anyhow::Error::msg)?;
    let figure = |line: &str, unit: &str| number(&report.lines, line, unit).with_context(|| report.lines.join("\n"));
    // What the kernel and its tables take; the bundle stays where it was delivered.
    let ram = ["kernel", "tables", "bundle"].iter().map(|line| figure(line, "bytes")).sum::<Result<u64>>()?;
    let image = fs::metadata(&system.image)?.len();
    Ok(vec![
        Row::single("masked_max", "insn", paths::report(false)?.masked_max()),
        // The emulator's clock counts instructions, one a nanosecond.
        Row::single("boot_to_prompt", "insn", figure("first", "ns")?),
        Row::single("image_bytes", "bytes", image),
        Row::single("kernel_ram_bytes", "bytes", ram),
    ])
}

/// The number before `unit` in the first line that begins with the word `first` and has one.
fn number(lines: &[String], first: &str, unit: &str) -> Option<u64> {
    lines.iter().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == unit).filter(|_| words.first() == Some(&first))?;
        words.get(at.checked_sub(1)?)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_figure_is_read_before_its_unit_in_its_own_line() {
        let lines = ["TinyOS kernel 12 bytes", "kernel table entries bytes", "kernel   884736 bytes  864 KiB"];
        let lines = lines.map(str::to_owned);
        assert_eq!(number(&lines, "kernel", "bytes"), Some(884_736));
        assert_eq!(number(&lines, "bundle", "bytes"), None);
    }
}
