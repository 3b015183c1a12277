//! Finds the blocks of a function by following control from its first instruction.
//!
//! A function is all that runs until it returns: code reached by plain branches belongs to it, so that a tail call is
//! nothing special. What `bl` calls is another function.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::decode::{self, Flow};
use crate::functions::Summary;
use crate::graph::{Block, Graph, Target};
use crate::path::Path;
use crate::problem::Kind;
use crate::program::Program;

/// How a block ends.
#[derive(Clone, Debug)]
pub enum Step {
    /// It goes on at the next instruction.
    Next,
    /// It goes on elsewhere.
    Jump(u64),
    /// It goes on elsewhere or at the next instruction.
    Branch(u64),
    /// It calls a function and goes on at the next instruction if that returns.
    Call(Rc<Summary>),
    /// It goes on in a function that returns to this one's caller.
    TailCall(Rc<Summary>),
    /// It calls through the table of system calls and goes on at the next instruction.
    Table,
    /// It returns to the caller.
    Return,
    /// The masked path ends here.
    End,
    /// Not an instruction of this function: a panic begins here, and the path has ended.
    Panic,
}

/// Instructions that run one after the other.
#[derive(Clone, Debug)]
pub struct Run {
    /// Instructions.
    pub count: u64,
    /// What the last one does.
    pub step: Step,
}

/// The blocks of a function.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// Blocks by the address of their first instruction.
    pub runs: BTreeMap<u64, Run>,
    /// Start of the block that calls through the table of system calls.
    pub table: Option<u64>,
    /// Start of the block that looks for a pending interrupt between two steps of a long call.
    pub check: Option<u64>,
}

/// What [`find`] needs to know of the world around a function.
pub trait World {
    /// The machine code.
    fn program(&self) -> &Program;
    /// Address of the table of system calls, when the function may use it.
    fn table(&self) -> Option<u64>;
    /// What is known of the function at `address`, called from `from` with a length in `x2` if it takes one.
    fn callee(&mut self, address: u64, length: Option<u64>, from: u64) -> Rc<Summary>;
    /// Notes a path that ends in a panic.
    fn note_panic(&mut self, name: String);
    /// Notes what cannot be bounded.
    fn refuse(&mut self, address: u64, kind: Kind);
}

/// The blocks that run from `entry` on.
pub fn find(world: &mut dyn World, entry: u64) -> Code {
    let mut steps = BTreeMap::new();
    let mut leaders = BTreeSet::from([entry]);
    let mut check = None;
    let mut open = vec![entry];
    while let Some(at) = open.pop() {
        if steps.contains_key(&at) {
            continue;
        }
        if world.program().word(at).is_some_and(decode::looks_for_interrupt) {
            leaders.insert(at);
            check = Some(at);
        }
        let step = step_at(world, at, at == entry);
        let next = at + 4;
        match &step {
            Step::Next => open.push(next),
            Step::Jump(to) => {
                leaders.insert(*to);
                open.push(*to);
            }
            Step::Branch(to) => {
                leaders.extend([*to, next]);
                open.extend([*to, next]);
            }
            Step::Call(callee) => {
                leaders.insert(next);
                open.extend(callee.returns.as_ref().map(|_| next));
            }
            Step::Table => {
                leaders.insert(next);
                open.push(next);
            }
            Step::TailCall(_) | Step::Return | Step::End | Step::Panic => {}
        }
        steps.insert(at, step);
    }
    Code { check, ..blocks(world, &steps, &leaders) }
}

/// What the instruction at `at` does.
fn step_at(world: &mut dyn World, at: u64, first: bool) -> Step {
    if let Some(name) = world.program().panic_at(at).filter(|_| !first) {
        world.note_panic(name);
        return Step::Panic;
    }
    let Some(word) = world.program().word(at) else {
        world.refuse(at, Kind::OutsideCode);
        return Step::Panic;
    };
    match decode::flow(word, at) {
        Flow::Next => Step::Next,
        Flow::Jump(to) if to == at => Step::End,
        Flow::Jump(to) if world.program().takes_length(to) => Step::TailCall(called(world, to, at)),
        Flow::Jump(to) => Step::Jump(to),
        Flow::Branch(to) => Step::Branch(to),
        Flow::Call(to) => match world.program().panic_at(to) {
            Some(name) => {
                world.note_panic(name);
                Step::End
            }
            None => Step::Call(called(world, to, at)),
        },
        Flow::CallRegister(_) if world.table().is_some() => Step::Table,
        Flow::CallRegister(_) | Flow::JumpRegister(_) => {
            world.refuse(at, Kind::IndirectBranch);
            Step::End
        }
        Flow::Return => Step::Return,
        Flow::ExceptionReturn | Flow::Wait | Flow::Stop => Step::End,
        Flow::Unmask => {
            world.refuse(at, Kind::Unmasks);
            Step::Next
        }
    }
}

/// What is known of the function at `to`, called from `at`.
fn called(world: &mut dyn World, to: u64, at: u64) -> Rc<Summary> {
    if !world.program().takes_length(to) {
        return world.callee(to, None, at);
    }
    let length = length(world.program(), at).map(|(_, length)| length);
    if length.is_none() {
        world.refuse(at, Kind::UnknownLength);
    }
    world.callee(to, Some(length.unwrap_or(0)), at)
}

/// Where `x2` was last set before the call at `at`, and to which constant, in straight code.
fn length(program: &Program, at: u64) -> Option<(u64, u64)> {
    const LENGTH: u8 = 2;
    let mut place = at;
    loop {
        place -= 4;
        let word = program.word(place)?;
        match decode::constant(word) {
            _ if decode::flow(word, place) != Flow::Next => return None,
            Some((LENGTH, value)) => return Some((place, value)),
            _ if decode::may_write(word, LENGTH) => return None,
            _ => {}
        }
    }
}

/// Whether the block from `start` ends in a call with a length that was set before the block.
fn length_from_elsewhere(program: &Program, start: u64, last: u64) -> bool {
    let to = match program.word(last).map(|word| decode::flow(word, last)) {
        Some(Flow::Call(to) | Flow::Jump(to)) => to,
        _ => return false,
    };
    program.takes_length(to) && length(program, last).is_some_and(|(place, _)| place < start)
}

/// Cuts the instructions into blocks.
fn blocks(world: &mut dyn World, steps: &BTreeMap<u64, Step>, leaders: &BTreeSet<u64>) -> Code {
    let mut code = Code::default();
    for start in leaders.iter().copied().filter(|start| steps.contains_key(start)) {
        let mut last = start;
        while matches!(steps.get(&last), Some(Step::Next)) && !leaders.contains(&(last + 4)) {
            last += 4;
        }
        let Some(step) = steps.get(&last).cloned() else { continue };
        let count = if matches!(step, Step::Panic) { last - start } else { last + 4 - start } / 4;
        if matches!(step, Step::Table) {
            if !goes_through_table(world, start, last) || code.table.is_some() {
                world.refuse(last, Kind::IndirectBranch);
            }
            code.table = Some(start);
        }
        if length_from_elsewhere(world.program(), start, last) {
            world.refuse(last, Kind::UnknownLength);
        }
        code.runs.insert(start, Run { count, step });
    }
    code
}

/// Whether the `blr` at `at` calls an entry of the table, seen from the instructions of its block alone: the last to
/// write its register is `add xD, xN, wM, uxtb #2`, where xN holds the table's address.
fn goes_through_table(world: &dyn World, start: u64, at: u64) -> bool {
    let program = world.program();
    let Some(Flow::CallRegister(mut wanted)) = program.word(at).map(|word| decode::flow(word, at)) else {
        return false;
    };
    let mut indexed = false;
    let mut low = 0;
    let mut place = at;
    while place > start {
        place -= 4;
        let Some(word) = program.word(place) else { return false };
        match (indexed, decode::table_entry(word), decode::address(word, place), decode::add_immediate(word)) {
            (false, Some((to, base)), _, _) if to == wanted => (indexed, wanted) = (true, base),
            (true, _, Some((to, address)), _) if to == wanted => return Some(address + low) == world.table(),
            (true, _, _, Some((to, base, value))) if to == wanted => (wanted, low) = (base, low + value),
            _ if decode::may_write(word, wanted) => return false,
            _ => {}
        }
    }
    false
}

impl Code {
    /// Address after the last instruction of the block at `start`.
    #[must_use]
    pub fn end(&self, start: u64) -> u64 {
        start + self.runs.get(&start).map_or(0, |run| run.count * 4)
    }

    /// The graph of the blocks of a function called with `length` in `x2`, where that matters. The call through the table leads to [`Target::Table`].
    #[must_use]
    pub fn graph(&self, program: &Program, length: Option<u64>) -> Graph {
        let mut graph = Graph::default();
        for (start, run) in &self.runs {
            let end = self.end(*start);
            let path = Path::block(*start, run.count);
            let edges = match &run.step {
                Step::Next => vec![(Target::Node(end), path)],
                Step::Jump(to) => vec![(Target::Node(*to), path)],
                Step::Branch(to) => vec![(Target::Node(*to), path.clone()), (Target::Node(end), path)],
                Step::Call(callee) => callee.edges(end).map(|(target, inside)| (target, path.then(&inside))).collect(),
                Step::TailCall(callee) => {
                    let returns = callee.returns.as_ref().map(|inside| (Target::Return, path.then(inside)));
                    let ends = callee.ends.as_ref().map(|inside| (Target::End, path.then(inside)));
                    returns.into_iter().chain(ends).collect()
                }
                Step::Table => vec![(Target::Table, path)],
                Step::Return => vec![(Target::Return, path)],
                Step::End | Step::Panic => vec![(Target::End, path)],
            };
            graph.blocks.insert(*start, Block { edges, bounds: program.bounds_in(*start, end, length) });
        }
        graph
    }
}
