//! Expectations on lines: parts in order, cells of tables, equality.

use serde::Deserialize;

/// A cell of a table that a command printed: one row, one column, and what must be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Words that the row has.
    row: Vec<String>,
    /// The column's header.
    column: String,
    /// The cell is this.
    is: Option<String>,
    /// The cell is a number, at least this.
    at_least: Option<f64>,
    /// The cell is a number, at most this.
    at_most: Option<f64>,
}

impl Cell {
    /// What is wrong with the cell in `lines`.
    pub fn miss(&self, lines: &[String]) -> Option<String> {
        let name = format!("{} of {}", self.column, self.row.join(" "));
        let Some(value) = self.find(lines) else { return Some(format!("{name} is not there")) };
        if self.is.as_ref().is_some_and(|is| *is != value) {
            return Some(format!("{name} is {value}"));
        }
        let number = value.trim_end_matches(|c: char| !c.is_ascii_digit()).parse::<f64>();
        let low = self.at_least.is_some_and(|least| !number.as_ref().is_ok_and(|number| *number >= least));
        let high = self.at_most.is_some_and(|most| !number.as_ref().is_ok_and(|number| *number <= most));
        (low || high).then(|| format!("{name} is {value}"))
    }

    /// The cell's text: the row's word that stands nearest to the header, headers being aligned with their columns.
    fn find(&self, lines: &[String]) -> Option<String> {
        let (at, header) = lines.iter().enumerate().find_map(|(at, line)| Some((at, span_of(line, &self.column)?)))?;
        let row = lines[at + 1..].iter().find(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            self.row.iter().all(|word| words.contains(&word.as_str()))
        })?;
        let distance = |span: &(usize, usize)| {
            let overlap = span.1.min(header.1).saturating_sub(span.0.max(header.0));
            let edges = span.0.abs_diff(header.0).min(span.1.abs_diff(header.1));
            (overlap == 0, edges)
        };
        let (start, end) = word_spans(row).min_by_key(distance)?;
        Some(row[start..end].to_owned())
    }
}

/// Where a header stands in a line, as whole words.
fn span_of(line: &str, header: &str) -> Option<(usize, usize)> {
    line.match_indices(header).map(|(at, _)| (at, at + header.len())).find(|(start, end)| {
        line[..*start].chars().next_back().is_none_or(char::is_whitespace)
            && line[*end..].chars().next().is_none_or(char::is_whitespace)
    })
}

/// Where the words of a line stand.
fn word_spans(line: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let start_of = |word: &str| word.as_ptr().addr() - line.as_ptr().addr();
    line.split_whitespace().map(move |word| (start_of(word), start_of(word) + word.len()))
}

/// Parts that are missing when looked for one after the other, each in the line of the one before or a later one.
pub fn in_order(lines: &[String], parts: &[String]) -> Vec<String> {
    let mut misses = Vec::new();
    let mut at = (0, 0);
    for part in parts {
        let found = lines.iter().enumerate().skip(at.0).find_map(|(number, line)| {
            let from = if number == at.0 { at.1 } else { 0 };
            Some((number, from + line[from..].find(part.as_str())? + part.len()))
        });
        match found {
            Some(end) => at = end,
            None => misses.push(format!("expected '{part}'")),
        }
    }
    misses
}

/// Lines that are not what they were.
pub fn differences(before: &[String], now: &[String]) -> Vec<String> {
    if before.len() != now.len() {
        return vec![format!("{} lines instead of {}", now.len(), before.len())];
    }
    let pairs = before.iter().zip(now).filter(|(before, now)| before != now);
    pairs.map(|(before, now)| format!("was '{before}', is '{now}'")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Cell, in_order};

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn cell(row: &str, column: &str, is: &str) -> Option<String> {
        let table = lines(
            "tinyos> ps\n\
             pid  partition  thread     runs  missed  worst us  cpu %\n\
             0    init       main          3       0        12    0.1\n\
             3    motor      loop       2001       0     12345   10.5\n\
             4    faulty     main          1      12         7   99.0\n",
        );
        let row = row.split(' ').map(str::to_owned).collect();
        Cell { row, column: column.to_owned(), is: Some(is.to_owned()), at_least: None, at_most: None }.miss(&table)
    }

    #[test]
    fn a_cell_is_found_by_its_row_and_its_headers_place() {
        assert_eq!(cell("motor loop", "missed", "0"), None);
        assert_eq!(cell("motor loop", "runs", "2001"), None);
        assert_eq!(cell("faulty", "worst us", "7"), None);
        assert_eq!(cell("faulty", "partition", "faulty"), None);
        assert_eq!(cell("faulty", "missed", "0").as_deref(), Some("missed of faulty is 12"));
        assert_eq!(cell("shell", "missed", "0").as_deref(), Some("missed of shell is not there"));
    }

    #[test]
    fn parts_are_found_in_their_order_only() {
        let said = lines("one two\nthree");
        let parts = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(in_order(&said, &parts("one two three")).len(), 0);
        assert_eq!(in_order(&said, &parts("two one")), ["expected 'one'"]);
    }
}
