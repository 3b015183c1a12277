//! `cargo xtask timing`: runs the `timing` system and holds its rows against `timing-tests/budgets/<board>.toml`.
//!
//! The system prints one line a row and a last one (`timing_tests::row`).
//! In the emulator one instruction takes one nanosecond and nothing else takes time, so the figures are instructions and
//! the same on every run: tier A.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lexopt::ValueExt;
use serde::{Deserialize, Serialize};
use timing_tests::row;

use crate::qemu::Board;
use crate::session::{self, Options, Step};
use crate::{build, context, setup};

mod boot;

/// What `help` says of it.
pub const USAGE: &str = "[--board rpi3|rpi4|virt] [--json FILE] [--accept]";
/// The system that measures.
const SYSTEM: &str = "timing";
/// A measurement that takes longer has gone wrong.
const LIMIT: Duration = Duration::from_secs(240);
/// The result of one board.
#[derive(Debug, PartialEq, Serialize)]
pub struct Measurement {
    board: String,
    tier: String,
    rows: Vec<Row>,
}

/// One figure, with what is allowed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    name: String,
    unit: String,
    n: u64,
    min: u64,
    median: u64,
    p999: u64,
    max: u64,
    limit: Option<u64>,
    ok: bool,
}

impl Row {
    /// A figure that is the same every time.
    fn single(name: &str, unit: &str, value: u64) -> Self {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        Self { name, unit, n: 1, min: value, median: value, p999: value, max: value, limit: None, ok: true }
    }

    /// What a program measured.
    fn measured(row: &timing_tests::Row<'_>) -> Self {
        let timing_tests::Row { name, unit, n, min, median, p999, max } = *row;
        let (name, unit) = (name.to_owned(), unit.to_owned());
        Self { name, unit, n, min, median, p999, max, limit: None, ok: true }
    }

    /// The figure that a budget is about.
    fn figure(&self, percentile: Percentile) -> u64 {
        match percentile {
            Percentile::Median => self.median,
            Percentile::P999 => self.p999,
            Percentile::Max => self.max,
        }
    }
}

/// Which figure of a row a budget is about.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Percentile {
    /// The middle one.
    Median,
    /// All but one in a thousand are at most this.
    P999,
    /// The worst.
    #[default]
    Max,
}

/// What a row may be: a table of `timing-tests/budgets/<board>.toml`, named as the row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// The most.
    limit: u64,
    /// Unit of the limit; that of the row must be the same.
    unit: String,
    /// Which figure it is about.
    #[serde(default)]
    percentile: Percentile,
    /// How sure the figure is: A, B or C.
    tier: String,
    /// Why this number.
    why: String,
}

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let (mut board, mut json, mut accept) = (Board::Rpi4, None, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("board") => board = arguments.value()?.string()?.parse()?,
            lexopt::Arg::Long("json") => json = Some(PathBuf::from(arguments.value()?)),
            lexopt::Arg::Long("accept") => accept = true,
            other => return Err(other.unexpected().into()),
        }
    }
    setup::targets()?;
    setup::emulator()?;
    let result = measure(board)?;
    print!("{}", result.table());
    if let Some(file) = json {
        fs::write(&file, result.json()?).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if accept {
        let file = context::root().join("timing-tests/results").join(format!("{board}.json"));
        fs::create_dir_all(file.parent().unwrap_or(context::root()))?;
        fs::write(&file, result.json()?)?;
    }
    let over = result.over();
    ensure!(over.is_empty(), "over budget: {}", over.join(", "));
    Ok(0)
}

/// Measures one board in the emulator.
pub fn measure(board: Board) -> Result<Measurement> {
    let system = build::system(SYSTEM, None)?;
    let machine = system.machine(board, "timing");
    let steps = [Ok(Step::Wait(row::END.to_owned()))];
    let report = session::play(&machine, steps, &Options { limit: LIMIT, show: false, shell: false })?;
    let mut rows: Vec<_> =
        report.lines.iter().filter_map(|line| timing_tests::Row::parse(line)).map(|row| Row::measured(&row)).collect();
    let ended = report.lines.iter().any(|line| line.contains(row::END));
    if !ended || rows.is_empty() {
        let reason = report.outcome.err().unwrap_or_else(|| "no rows came".to_owned());
        bail!("{reason}\n{}", report.lines.join("\n"));
    }
    rows.extend(boot::rows(board)?);
    let file = context::root().join("timing-tests/budgets").join(format!("{board}.toml"));
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    Measurement::new(board, rows, &text).with_context(|| file.display().to_string())
}

impl Measurement {
    /// Holds the rows against the budgets in `text`.
    fn new(board: Board, mut rows: Vec<Row>, text: &str) -> Result<Self> {
        let budgets: std::collections::BTreeMap<String, Budget> = toml::from_str(text)?;
        for (name, budget) in &budgets {
            ensure!(!budget.why.trim().is_empty(), "{name} does not say why its limit is {}", budget.limit);
            ensure!(budget.tier == "A", "{name}: what is measured in the emulator is of tier A, not {}", budget.tier);
            let row = rows.iter_mut().find(|row| row.name == *name);
            let row = row.with_context(|| format!("{name} has a budget but was not measured"))?;
            ensure!(row.unit == budget.unit, "{name} is in {}, its budget in {}", row.unit, budget.unit);
            row.limit = Some(budget.limit);
            row.ok = row.figure(budget.percentile) <= budget.limit;
        }
        Ok(Self { board: board.name().to_owned(), tier: "A".to_owned(), rows })
    }

    /// The rows that are over their budgets.
    pub fn over(&self) -> Vec<String> {
        self.rows.iter().filter(|row| !row.ok).map(|row| row.name.clone()).collect()
    }

    /// The result as it is kept: the same bytes for the same figures.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The result for people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{}, tier {}\n{:<28} {:<13} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
            self.board, self.tier, "name", "unit", "n", "min", "median", "p999", "max", "limit"
        );
        for row in &self.rows {
            let limit = row.limit.map_or("-".to_owned(), |limit| limit.to_string());
            let verdict = if row.ok { "" } else { "  OVER" };
            text += &format!(
                "{:<28} {:<13} {:>7} {:>9} {:>9} {:>9} {:>9} {limit:>9}{verdict}\n",
                row.name, row.unit, row.n, row.min, row.median, row.p999, row.max
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Measurement, Row};
    use crate::qemu::Board;

    const BUDGET: &str = "[null_syscall]\nlimit = 50\nunit = \"insn\"\ntier = \"A\"\nwhy = \"the promise\"\n";

    fn rows(max: u64) -> Vec<Row> {
        let row = timing_tests::Row { name: "null_syscall", unit: "insn", n: 1000, min: 40, median: 41, p999: 42, max };
        vec![Row::measured(&row)]
    }

    #[test]
    fn a_row_over_its_budget_is_named() {
        assert_eq!(Measurement::new(Board::Rpi4, rows(50), BUDGET).unwrap().over(), Vec::<String>::new());
        assert_eq!(Measurement::new(Board::Rpi4, rows(51), BUDGET).unwrap().over(), ["null_syscall"]);
        let median = BUDGET.replace("tier", "percentile = \"median\"\ntier");
        assert_eq!(Measurement::new(Board::Rpi4, rows(51), &median).unwrap().over(), Vec::<String>::new());
    }

    #[test]
    fn a_budget_without_its_row_or_with_another_unit_is_refused() {
        assert!(Measurement::new(Board::Rpi4, Vec::new(), BUDGET).is_err());
        assert!(Measurement::new(Board::Rpi4, rows(1), &BUDGET.replace("insn", "ns")).is_err());
    }

    #[test]
    fn the_kept_form_has_the_published_fields_in_their_order() {
        let text = Measurement::new(Board::Rpi4, rows(50), BUDGET).unwrap().json().unwrap();
        let packed = text.split_whitespace().collect::<String>();
        let row = r#"{"name":"null_syscall","unit":"insn","n":1000,"min":40,"median":41,"p999":42,"max":50,"limit":50,"ok":true}"#;
        assert_eq!(packed, format!(r#"{{"board":"rpi4","tier":"A","rows":[{row}]}}"#));
    }
}
