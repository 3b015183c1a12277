//! A path through the code: how many instructions it takes, and which.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::program::Program;

/// A path and its cost.
#[derive(Clone, Debug)]
pub struct Path {
    /// Instructions.
    pub cost: u64,
    /// Which.
    trace: Rc<Trace>,
}

/// The instructions of a path.
#[derive(Debug)]
enum Trace {
    /// None.
    Empty,
    /// `count` instructions from an address.
    Block(u64, u64),
    /// One after the other.
    Then(Rc<Trace>, Rc<Trace>),
    /// A turn of a loop, so many times; with the cost of one.
    Turns(u64, u64, Rc<Trace>),
}

/// A piece of a path to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Instructions in a function.
    In(String, u64),
    /// Turns of a loop: how many, instructions in each, what a turn runs through.
    Loop(u64, u64, Vec<Piece>),
}

impl Path {
    /// No instruction.
    #[must_use]
    pub fn empty() -> Self {
        Self { cost: 0, trace: Rc::new(Trace::Empty) }
    }

    /// `count` instructions from `start`.
    #[must_use]
    pub fn block(start: u64, count: u64) -> Self {
        Self { cost: count, trace: Rc::new(Trace::Block(start, count)) }
    }

    /// This path, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        match (self.cost, next.cost) {
            (_, 0) => self.clone(),
            (0, _) => next.clone(),
            (a, b) => Self {
                cost: a.saturating_add(b),
                trace: Rc::new(Trace::Then(Rc::clone(&self.trace), Rc::clone(&next.trace))),
            },
        }
    }

    /// This path, `turns` times.
    #[must_use]
    pub fn times(&self, turns: u64) -> Self {
        match turns {
            0 => Self::empty(),
            1 => self.clone(),
            _ => Self {
                cost: self.cost.saturating_mul(turns),
                trace: Rc::new(Trace::Turns(turns, self.cost, Rc::clone(&self.trace))),
            },
        }
    }

    /// The longer of the two.
    #[must_use]
    pub fn longer(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if a.cost.cmp(&b.cost) == Ordering::Less { b } else { a }),
            (a, b) => a.or(b),
        }
    }

    /// The path as functions and loops, neighbours of one name merged.
    #[must_use]
    pub fn pieces(&self, program: &Program) -> Vec<Piece> {
        let mut pieces = Vec::new();
        collect(&self.trace, program, &mut pieces);
        pieces
    }
}

/// A name without all of its path but the last module.
fn short(name: &str) -> String {
    let last: Vec<&str> = name.rsplitn(3, "::").take(2).collect();
    last.into_iter().rev().collect::<Vec<&str>>().join("::")
}

/// Appends what `trace` runs through.
fn collect(trace: &Trace, program: &Program, pieces: &mut Vec<Piece>) {
    match trace {
        Trace::Empty => {}
        Trace::Block(start, count) => {
            let name = short(&program.name_at(*start));
            match pieces.last_mut() {
                Some(Piece::In(last, total)) if *last == name => *total += count,
                _ => pieces.push(Piece::In(name, *count)),
            }
        }
        Trace::Then(first, second) => {
            collect(first, program, pieces);
            collect(second, program, pieces);
        }
        Trace::Turns(turns, cost, turn) => {
            let mut inner = Vec::new();
            collect(turn, program, &mut inner);
            pieces.push(Piece::Loop(*turns, *cost, inner));
        }
    }
}

/// The pieces on one line.
#[must_use]
pub fn chain(pieces: &[Piece]) -> String {
    let texts: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::In(name, count) => format!("{name} {count}"),
            Piece::Loop(turns, cost, inner) => format!("{turns} x {cost} [{}]", chain(inner)),
        })
        .collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Path, chain, short};
    use crate::program::Program;

    #[test]
    fn a_path_costs_the_sum_of_its_parts() {
        let path = Path::block(0x1000, 3).then(&Path::block(0x2000, 4).times(5)).then(&Path::empty());
        assert_eq!(path.cost, 23);
        assert_eq!(chain(&path.pieces(&Program::default())), "0x1000 3, 5 x 4 [0x2000 4]");
    }

    #[test]
    fn names_keep_their_last_module() {
        assert_eq!(short("kernel_core::syscall::ipc::call_slow"), "ipc::call_slow");
        assert_eq!(short("entry_sync"), "entry_sync");
    }

    #[test]
    fn the_longer_path_wins() {
        let longer = Path::longer(Some(Path::block(0, 3)), Some(Path::block(0, 4)));
        assert_eq!(longer.map(|path| path.cost), Some(4));
        assert_eq!(Path::longer(None, Some(Path::empty())).map(|path| path.cost), Some(0));
    }
}
