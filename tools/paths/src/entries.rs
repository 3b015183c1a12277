//! The kernel's entries, and the row of each in the report.

use std::collections::{BTreeMap, BTreeSet};

use crate::cfg::{Code, World as _};
use crate::decode::{self, Flow};
use crate::functions::{Functions, Summary};
use crate::graph::{Block, Graph, Target};
use crate::path::Path;
use crate::problem::{Error, Kind};
use crate::program::Program;
use crate::report::{Report, Row};

/// Entries besides that of system calls and faults: symbol and name of the row.
const OTHERS: [(&str, &str); 3] =
    [("entry_irq_gic", "interrupt, GIC"), ("entry_irq_bcm", "interrupt, BCM2836"), ("idle_wait", "idle wake-up")];

/// Entries of the table of system calls.
const TABLE_ENTRIES: u64 = 256;

/// An entry's blocks, made ready for questions.
struct Entry {
    /// First instruction.
    start: u64,
    /// Blocks.
    code: Code,
    /// Graph in which no masked window goes on past the look for a pending interrupt.
    graph: Graph,
    /// The graph with the call through the table as an ordinary edge, for reachability.
    whole: Graph,
    /// Blocks at which a masked window begins: the entry's first, and the look for a pending interrupt.
    windows: Vec<u64>,
}

/// Analyses all entries of `program`; `calls` are the numbers and names of the system calls.
///
/// # Errors
/// A missing entry, or all places that have no bound.
pub fn analyse(program: &Program, calls: &[(u8, &str)]) -> Result<Report, Error> {
    let symbol = |name: &str| program.symbol(name).ok_or_else(|| Error::MissingSymbol(name.into()));
    let table = symbol("call_table")?;
    let sync = symbol("entry_sync")?;
    let mut functions = Functions::new(program);
    let entry = Entry::find(&mut functions, program, sync, Some(table));
    let mut rows = vec![entry.plain_row(&mut functions, "fault")];
    if entry.code.table.is_none() {
        functions.refuse(sync, Kind::NoTable);
    }
    for (name, number) in table_rows(program, table, calls) {
        let callee = functions.function(table + 4 * number, None);
        rows.push(entry.call_row(&mut functions, &name, &callee));
    }
    for (name, title) in OTHERS {
        let start = after_wait(program, symbol(name)?);
        let entry = Entry::find(&mut functions, program, start, Some(table));
        rows.push(entry.plain_row(&mut functions, title));
    }
    let refused = functions.refused();
    if refused.is_empty() {
        return Ok(Report { rows, panics: functions.panics.into_iter().collect() });
    }
    Err(Error::Refused(refused))
}

/// One row for each system call, one for each further function that the rest of the table leads to.
fn table_rows(program: &Program, table: u64, calls: &[(u8, &str)]) -> Vec<(String, u64)> {
    let handler = |number: u64| {
        let at = table + 4 * number;
        match program.word(at).map(|word| decode::flow(word, at)) {
            Some(Flow::Jump(to)) => to,
            _ => at,
        }
    };
    let known: BTreeSet<u64> = calls.iter().map(|(number, _)| u64::from(*number)).collect();
    let mut bad = BTreeMap::new();
    for number in (0..TABLE_ENTRIES).filter(|number| !known.contains(number)) {
        bad.entry(handler(number)).or_insert(number);
    }
    let mut rows: Vec<(String, u64)> = calls
        .iter()
        .map(|(number, name)| ((*name).to_string(), u64::from(*number)))
        .filter(|(_, number)| !bad.contains_key(&handler(*number)))
        .collect();
    let many = bad.len() > 1;
    rows.extend(bad.into_values().map(|number| match many {
        true => (format!("unknown call {number}"), number),
        false => ("unknown call".to_string(), number),
    }));
    rows
}

/// The instruction after the first `wfi` in the straight code from `start`, or `start` itself if there is none.
fn after_wait(program: &Program, start: u64) -> u64 {
    let mut at = start;
    loop {
        match program.word(at).map(|word| decode::flow(word, at)) {
            Some(Flow::Next) => at += 4,
            Some(Flow::Wait) => return at + 4,
            _ => return start,
        }
    }
}

impl Entry {
    /// The entry at `start`.
    fn find(functions: &mut Functions<'_>, program: &Program, start: u64, table: Option<u64>) -> Self {
        let code = functions.entry_code(start, table);
        let mut graph = code.graph(program, None);
        let mut whole = graph.clone();
        if let Some(block) = code.table
            && let Some(edges) = whole.blocks.get_mut(&block)
        {
            edges.edges.push((Target::Node(code.end(block)), Path::empty()));
        }
        let mut windows = vec![start];
        if let Some(check) = code.check {
            if !cut_at_check(&mut graph, &whole, check) {
                functions.refuse(check, Kind::CheckUndecided);
            }
            windows.push(second(check));
        }
        Self { start, code, graph, whole, windows }
    }

    /// The row of all paths but those through the table of system calls.
    fn plain_row(&self, functions: &mut Functions<'_>, name: &str) -> Row {
        let mut longest = None;
        for window in &self.windows {
            let mut exits = functions.longest(&self.graph, *window);
            self.refuse_return(functions, exits.contains_key(&Target::Return));
            longest = Path::longer(longest, exits.remove(&Target::End));
        }
        let members = self.graph.reachable(self.start);
        let stack = functions.stack(&self.code, &members, self.start, Some(0));
        self.row(functions, name, longest, stack)
    }

    /// The row of the paths through the table to `callee`.
    fn call_row(&self, functions: &mut Functions<'_>, name: &str, callee: &Summary) -> Row {
        let Some(block) = self.code.table else {
            return self.row(functions, name, Some(Path::empty()), 0);
        };
        let mut before = None;
        for window in &self.windows {
            before = Path::longer(before, functions.longest(&self.graph, *window).remove(&Target::Table));
        }
        let mut graph = self.graph.clone();
        let edges = callee.edges(self.code.end(block)).collect();
        graph.blocks.insert(second(block), Block { edges, bounds: Vec::new() });
        let mut exits = functions.longest(&graph, second(block));
        if exits.contains_key(&Target::Table) {
            functions.refuse(block, Kind::UnknownLoop);
        }
        self.refuse_return(functions, exits.contains_key(&Target::Return));
        let longest = before.zip(exits.remove(&Target::End)).map(|(before, after)| before.then(&after));
        let mut members: BTreeSet<u64> = self.whole.reachable(self.code.end(block));
        members.extend(self.whole.leading_to(block));
        let stack = functions.stack(&self.code, &members, self.start, Some(callee.stack));
        self.row(functions, name, longest, stack)
    }

    /// A row; a missing path is refused.
    fn row(&self, functions: &mut Functions<'_>, name: &str, longest: Option<Path>, stack: u64) -> Row {
        if longest.is_none() {
            functions.refuse(self.start, Kind::Endless);
        }
        let path = longest.unwrap_or_else(Path::empty);
        Row { name: name.into(), instructions: path.cost, stack, path: path.pieces(functions.program()) }
    }

    /// Refuses an entry that returns.
    fn refuse_return(&self, functions: &mut Functions<'_>, returns: bool) {
        if returns {
            functions.refuse(self.start, Kind::ReturnFromEntry);
        }
    }
}

/// The number of a second block beside the one at `start`; no instruction has an odd address.
const fn second(start: u64) -> u64 {
    start | 1
}

/// Ends all windows at the look for a pending interrupt: from there only the way out is left, as if one were pending.
/// The second block beside it keeps the way on, for the window that begins there. Says whether it has both ways.
fn cut_at_check(graph: &mut Graph, whole: &Graph, check: u64) -> bool {
    let around = whole.leading_to(check);
    let Some(block) = graph.blocks.get_mut(&check) else { return false };
    let both = block.clone();
    block.edges.retain(|(target, _)| !matches!(target, Target::Node(next) if around.contains(next)));
    let decided = !block.edges.is_empty() && block.edges.len() < both.edges.len();
    graph.blocks.insert(second(check), both);
    decided
}
