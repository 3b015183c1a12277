//! What is known of each function: its longest path, its stack; found once, callees before callers.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::cfg::{self, Code, World};
use crate::graph::Target;
use crate::longest::Longest;
use crate::path::Path;
use crate::problem::{Call, Kind, Problem};
use crate::program::Program;
use crate::stack;

/// What a caller needs to know of a function.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The longest path that returns.
    pub returns: Option<Path>,
    /// The longest path that ends inside.
    pub ends: Option<Path>,
    /// The deepest stack in bytes, from the value of the stack pointer at its first instruction.
    pub stack: u64,
}

impl Summary {
    /// The edges of a call that goes on at `next`.
    pub fn edges(&self, next: u64) -> impl Iterator<Item = (Target, Path)> {
        let returns = self.returns.clone().map(|path| (Target::Node(next), path));
        returns.into_iter().chain(self.ends.clone().map(|path| (Target::End, path)))
    }
}

/// The functions of a program.
pub struct Functions<'a> {
    /// The machine code.
    program: &'a Program,
    /// The table of system calls, while an entry is looked at.
    table: Option<u64>,
    /// Functions done, by address and by the length they are called with.
    done: BTreeMap<(u64, Option<u64>), Rc<Summary>>,
    /// Functions being looked at, outermost first.
    active: Vec<u64>,
    /// Where each function is called from.
    calls: BTreeMap<u64, BTreeSet<u64>>,
    /// What cannot be bounded.
    problems: BTreeSet<Problem>,
    /// Panics that end a path, and from how many places.
    pub panics: BTreeMap<String, u64>,
}

impl<'a> Functions<'a> {
    /// Nothing known yet.
    #[must_use]
    pub fn new(program: &'a Program) -> Self {
        Self {
            program,
            table: None,
            done: BTreeMap::new(),
            active: Vec::new(),
            calls: BTreeMap::new(),
            problems: BTreeSet::new(),
            panics: BTreeMap::new(),
        }
    }

    /// What cannot be bounded, with the calls that lead into each function.
    #[must_use]
    pub fn refused(&self) -> Vec<Problem> {
        let call = |address: &u64| Call { function: self.program.name_at(*address), address: *address, line: None };
        let into = |function: &str| {
            let callees = self.calls.iter().filter(|(callee, _)| self.program.name_at(**callee) == function);
            callees.flat_map(|(_, from)| from.iter().map(call)).collect()
        };
        let mut shown = BTreeSet::new();
        let mut with_calls = |problem: &Problem| {
            let calls = if shown.insert(problem.function.clone()) { into(&problem.function) } else { Vec::new() };
            Problem { calls, ..problem.clone() }
        };
        self.problems.iter().map(&mut with_calls).collect()
    }

    /// The blocks of an entry, which may call through `table`.
    pub fn entry_code(&mut self, entry: u64, table: Option<u64>) -> Code {
        self.table = table;
        let code = cfg::find(self, entry);
        self.table = None;
        code
    }

    /// The function at an address, called with `length` in `x2` if it takes one.
    pub fn function(&mut self, address: u64, length: Option<u64>) -> Rc<Summary> {
        if let Some(summary) = self.done.get(&(address, length)) {
            return Rc::clone(summary);
        }
        self.active.push(address);
        let table = self.table.take();
        let code = cfg::find(self, address);
        self.table = table;
        self.active.pop();
        let graph = code.graph(self.program, length);
        let mut exits = self.longest(&graph, address);
        let members = graph.reachable(address);
        let stack = self.stack(&code, &members, address, None);
        let summary =
            Rc::new(Summary { returns: exits.remove(&Target::Return), ends: exits.remove(&Target::End), stack });
        self.done.insert((address, length), Rc::clone(&summary));
        summary
    }

    /// The longest paths from `start`; what has no bound is noted.
    pub fn longest(&mut self, graph: &crate::graph::Graph, start: u64) -> crate::longest::Exits {
        let mut longest = Longest::new(graph);
        let exits = longest.from(start);
        for (address, kind) in longest.refused {
            self.refuse(address, kind);
        }
        exits
    }

    /// The deepest stack in `members`; in an entry `table` is the stack of what is called through the table.
    pub fn stack(&mut self, code: &Code, members: &BTreeSet<u64>, start: u64, table: Option<u64>) -> u64 {
        match stack::deepest(self.program, code, members, start, table) {
            Ok(bytes) => bytes,
            Err((address, kind)) => {
                self.refuse(address, kind);
                0
            }
        }
    }
}

impl World for Functions<'_> {
    fn program(&self) -> &Program {
        self.program
    }

    fn table(&self) -> Option<u64> {
        self.table
    }

    fn callee(&mut self, address: u64, length: Option<u64>, from: u64) -> Rc<Summary> {
        self.calls.entry(address).or_default().insert(from);
        if let Some(first) = self.active.iter().position(|active| *active == address) {
            let cycle = self.active[first..].iter().chain([&address]);
            let names = cycle.map(|function| self.program.name_at(*function)).collect();
            self.refuse(from, Kind::Recursion(names));
            return Rc::new(Summary { returns: Some(Path::empty()), ..Summary::default() });
        }
        self.function(address, length)
    }

    fn note_panic(&mut self, name: String) {
        *self.panics.entry(name).or_default() += 1;
    }

    fn refuse(&mut self, address: u64, kind: Kind) {
        let function = self.program.name_at(address);
        self.problems.insert(Problem { kind, address, function, line: None, calls: Vec::new() });
    }
}
