//! One line of a timing program's output, and back.

use core::fmt;

/// The word that begins each row's line.
pub const MARK: &str = "timing-row";
/// The line that ends a run.
pub const END: &str = "timing-end";

/// What was measured under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Name of the row.
    pub name: &'a str,
    /// Unit: `insn` in the emulator, `cycles` or `ns` on a board.
    pub unit: &'a str,
    /// Samples.
    pub n: u64,
    /// Least.
    pub min: u64,
    /// Middle.
    pub median: u64,
    /// The value that 99.9 % do not exceed.
    pub p999: u64,
    /// Most.
    pub max: u64,
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, unit, n, min, median, p999, max } = self;
        write!(f, "{MARK} {name} {unit} {n} {min} {median} {p999} {max}")
    }
}

impl<'a> Row<'a> {
    /// The row in a line, if it is one.
    #[must_use]
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        if words.next() != Some(MARK) {
            return None;
        }
        let (name, unit) = (words.next()?, words.next()?);
        let mut number = || words.next()?.parse().ok();
        let row = Self { name, unit, n: number()?, min: number()?, median: number()?, p999: number()?, max: number()? };
        words.next().is_none().then_some(row)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::Row;
    use std::string::ToString;

    #[test]
    fn a_row_reads_back_what_was_printed() {
        let row = Row { name: "null_syscall", unit: "insn", n: 3, min: 1, median: 2, p999: 3, max: 4 };
        let line = row.to_string();
        assert_eq!(Row::parse(&line), Some(row));
        assert_eq!(Row::parse(&line[1..]), None);
        assert_eq!(Row::parse("timing-row a insn 1 2 3 4"), None, "a row that is cut off is no row");
        assert_eq!(Row::parse("timing-row a insn 1 2 3 4 5 6"), None, "nor is one with more");
    }
}
