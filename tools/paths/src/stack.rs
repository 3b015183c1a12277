//! The deepest stack of a function: the stack pointer followed through its blocks, calls added.

use std::collections::{BTreeMap, BTreeSet};

use crate::cfg::{Code, Step};
use crate::decode::{self, Stack};
use crate::problem::Kind;
use crate::program::Program;

/// No kernel stack is deeper; a stack that passes it grows in a loop.
const ABSURD_BYTES: i64 = 1 << 20;

/// Bytes of stack at most in use in `members`, from the stack pointer at `start`.
///
/// `table` is the stack of what an entry calls through the table of system calls; `None` in a function, which must give
/// the stack pointer back as it was.
///
/// # Errors
/// The address and kind of what cannot be followed.
pub fn deepest(
    program: &Program,
    code: &Code,
    members: &BTreeSet<u64>,
    start: u64,
    table: Option<u64>,
) -> Result<u64, (u64, Kind)> {
    let mut deepest = 0;
    let mut depths = BTreeMap::new();
    let mut open = vec![(start, 0)];
    while let Some((block, depth)) = open.pop() {
        let Some(run) = code.runs.get(&block).filter(|_| members.contains(&block)) else { continue };
        if depths.get(&block).is_some_and(|known| *known >= depth) {
            continue;
        }
        depths.insert(block, depth);
        let end = code.end(block);
        let (after, peak) = through(program, block, end, depth, table.is_some())?;
        if peak > ABSURD_BYTES {
            return Err((block, Kind::GrowingStack));
        }
        let called = match &run.step {
            Step::Call(callee) | Step::TailCall(callee) => callee.stack,
            Step::Table => table.unwrap_or(0),
            _ => 0,
        };
        deepest = deepest.max(peak).max(after.saturating_add_unsigned(called));
        match &run.step {
            Step::Next | Step::Call(_) | Step::Table => open.push((end, after)),
            Step::Jump(to) => open.push((*to, after)),
            Step::Branch(to) => open.extend([(*to, after), (end, after)]),
            Step::TailCall(_) | Step::Return if after != 0 && table.is_none() => {
                return Err((block, Kind::UnknownStack));
            }
            Step::TailCall(_) | Step::Return | Step::End | Step::Panic => {}
        }
    }
    Ok(deepest.unsigned_abs())
}

/// The depth after a block that begins at `depth`, and the largest within.
fn through(program: &Program, start: u64, end: u64, depth: i64, entry: bool) -> Result<(i64, i64), (u64, Kind)> {
    let mut depth = depth;
    let mut peak = depth;
    for at in (start..end).step_by(4) {
        match program.word(at).map_or(Stack::Same, decode::stack) {
            Stack::Same => {}
            Stack::By(bytes) => depth -= bytes,
            // An entry that puts the stack pointer somewhere begins its stack anew.
            Stack::Set if entry => depth = 0,
            Stack::Set | Stack::Unknown => return Err((at, Kind::UnknownStack)),
        }
        peak = peak.max(depth);
    }
    Ok((depth, peak))
}
