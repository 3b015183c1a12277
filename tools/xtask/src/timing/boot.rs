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
    let figure =
        |line: &str, before: &str| number(&report.lines, line, before).with_context(|| report.lines.join("\n"));
    let image = fs::metadata(&system.image)?.len();
    Ok(vec![
        Row::single("masked_max", "insn", paths::report(false)?.masked_max()),
        Row::single("boot_to_prompt", "insn", figure("prompt", "instructions")?),
        Row::single("image_bytes", "bytes", image),
        Row::single("kernel_ram_bytes", "bytes", figure("kernel", "bytes")?),
    ])
}

/// The number before the word `before` in the first line that has the word `line`.
fn number(lines: &[String], line: &str, before: &str) -> Option<u64> {
    let line = lines.iter().find(|l| l.split_whitespace().any(|word| word == line))?;
    let words: Vec<_> = line.split_whitespace().collect();
    let at = words.iter().position(|word| *word == before)?;
    words.get(at.checked_sub(1)?)?.replace('_', "").parse().ok()
}
