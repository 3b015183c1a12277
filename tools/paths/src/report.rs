//! The result: a row for each entry, as a table for people and as a page that the next run is compared with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::path::{Piece, chain};

/// An entry of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The most instructions that run with interrupts masked.
    pub instructions: u64,
    /// The deepest kernel stack in bytes.
    pub stack: u64,
    /// The path with the most instructions.
    pub path: Vec<Piece>,
}

/// All entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The entries.
    pub rows: Vec<Row>,
    /// Panics that end a path, and from how many places.
    pub panics: Vec<(String, u64)>,
}

/// First lines of the page.
const HEAD: &str = "# What runs with interrupts masked

Made by `cargo xtask paths` from the kernel's ELF file; do not edit. A figure may grow only on purpose
(`cargo xtask paths --accept`).

For each entry of the kernel: the largest number of instructions that can run with interrupts masked, each loop taken its
declared largest number of turns, and the deepest kernel stack in bytes, both from the machine code that ships. A step
that says `Again` ends the window: the kernel looks for a pending interrupt there. A path into a panic ends there too.
The path is a list of functions with the instructions spent in each; `n x m [...]` is a loop of n turns of m
instructions.

";

/// First line of the table.
const COLUMNS: &str = "| entry | instructions | stack | longest path |\n|---|---:|---:|---|\n";

impl Report {
    /// The largest number of instructions that run masked, over all entries.
    #[must_use]
    pub fn masked_max(&self) -> u64 {
        self.rows.iter().map(|row| row.instructions).max().unwrap_or(0)
    }

    /// The deepest kernel stack in bytes, over all entries.
    #[must_use]
    pub fn stack_max(&self) -> u64 {
        self.rows.iter().map(|row| row.stack).max().unwrap_or(0)
    }

    /// The table for a terminal, and the longest path of all. The page has every entry's.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{:<22} {:>12} {:>6}\n", "entry", "instructions", "stack");
        for row in &self.rows {
            let _ = writeln!(text, "{:<22} {:>12} {:>6}", row.name, row.instructions, row.stack);
        }
        if let Some(row) = self.rows.iter().max_by_key(|row| row.instructions) {
            let _ = writeln!(text, "longest: `{}`: {}", row.name, chain(&row.path));
        }
        let _ =
            writeln!(text, "masked_max {} instructions, deepest stack {} bytes", self.masked_max(), self.stack_max());
        for (name, places) in &self.panics {
            let _ = writeln!(text, "ends in {name}: {places} place(s)");
        }
        text
    }

    /// The page.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = format!("{HEAD}{COLUMNS}");
        for row in &self.rows {
            let path = chain(&row.path);
            let _ = writeln!(page, "| `{}` | {} | {} | {path} |", row.name, row.instructions, row.stack);
        }
        let _ = writeln!(
            page,
            "\nmasked_max: {} instructions; deepest stack: {} bytes.",
            self.masked_max(),
            self.stack_max()
        );
        if !self.panics.is_empty() {
            page.push_str("\nPanics that end a path, and from how many places:\n\n");
            for (name, places) in &self.panics {
                let _ = writeln!(page, "- `{name}`: {places}");
            }
        }
        page
    }

    /// What grew over the page of an earlier run, one line each; an entry that is new there has grown.
    #[must_use]
    pub fn growth(&self, page: &str) -> Vec<String> {
        let recorded = recorded(page);
        let mut grown = Vec::new();
        for row in &self.rows {
            let Some((instructions, stack)) = recorded.get(&row.name) else {
                grown.push(format!("`{}` is new: {} instructions, {} bytes", row.name, row.instructions, row.stack));
                continue;
            };
            if row.instructions > *instructions {
                let path = chain(&row.path);
                grown.push(format!("`{}`: {} instructions, was {instructions}: {path}", row.name, row.instructions));
            }
            if row.stack > *stack {
                grown.push(format!("`{}`: {} bytes of stack, was {stack}", row.name, row.stack));
            }
        }
        grown
    }
}

/// Instructions and stack of each entry in a page.
fn recorded(page: &str) -> BTreeMap<String, (u64, u64)> {
    page.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let name = cells.next()?.trim().strip_suffix('`')?;
            let instructions = cells.next()?.trim().parse().ok()?;
            let stack = cells.next()?.trim().parse().ok()?;
            Some((name.to_string(), (instructions, stack)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Report, Row};
    use crate::path::Piece;

    fn report(instructions: u64, stack: u64) -> Report {
        let path = vec![Piece::In("entry_sync".into(), instructions)];
        Report {
            rows: vec![Row { name: "null".into(), instructions, stack, path }],
            panics: vec![("kernel_panic".into(), 2)],
        }
    }

    #[test]
    fn a_page_records_what_growth_is_measured_against() {
        let page = report(30, 16).page();
        assert!(report(30, 16).growth(&page).is_empty());
        assert!(report(29, 0).growth(&page).is_empty());
        assert_eq!(report(31, 16).growth(&page), ["`null`: 31 instructions, was 30: entry_sync 31"]);
        assert_eq!(report(30, 32).growth(&page), ["`null`: 32 bytes of stack, was 16"]);
    }

    #[test]
    fn an_entry_that_the_page_does_not_know_has_grown() {
        assert_eq!(report(30, 16).growth(""), ["`null` is new: 30 instructions, 16 bytes"]);
    }

    #[test]
    fn the_text_names_every_entry_and_the_largest() {
        let text = report(30, 16).text();
        assert!(text.contains("null") && text.contains("masked_max 30 instructions, deepest stack 16 bytes"));
    }
}
