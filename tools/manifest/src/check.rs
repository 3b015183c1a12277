//! The rules. Every refusal names a file, a line and a [`Rule`].

mod calls;
mod devices;
mod limits;
mod names;
mod threads;

pub use threads::{CAPACITY_PPM, budget, budget_ppm, load_ppm, percent};

use crate::board::BoardFile;
use crate::handles;
use crate::links::Links;
use crate::rule::{Refusal, Rule};
use crate::source::Files;
use crate::system::Draft;

/// Everything that is wrong with a system, in the order of its files.
///
/// # Errors
/// What is wrong.
pub fn check(files: &dyn Files, draft: &Draft) -> Result<Links, Vec<Refusal>> {
    let mut refusals = Vec::new();
    names::check(draft, &mut refusals);
    threads::check(draft, &mut refusals);
    calls::check(draft, &mut refusals);
    for board in &draft.boards {
        devices::check_board(board, &mut refusals);
        devices::check(draft, board, &mut refusals);
    }
    devices::check_roles(draft, &mut refusals);
    let links = Links::new(draft);
    match &links {
        Ok(links) => {
            limits::check(draft, links, &mut refusals);
            masks(files, draft, links, &mut refusals);
        }
        Err(found) => refusals.extend(found.iter().cloned()),
    }
    refusals.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
    refusals.dedup();
    match links {
        Ok(links) if refusals.is_empty() => Ok(links),
        _ => Err(refusals),
    }
}

/// A program is compiled with the bits of the peers that it finds in the source tree. They must be those of the system.
fn masks(files: &dyn Files, draft: &Draft, links: &Links, refusals: &mut Vec<Refusal>) {
    for (slot, member) in draft.members.iter().enumerate() {
        let file = &member.file;
        let Ok(compiled) = handles::peer_masks(files, file, &mut Vec::new()) else {
            continue;
        };
        for ((number, notify), mask) in file.manifest.notify.iter().enumerate().zip(compiled) {
            let link = links.notify.iter().find(|l| l.from == slot && l.number == number);
            if link.is_some_and(|l| l.mask != mask) {
                let text = format!(
                    "\"{}\" is another partition in this system than the one the program is compiled with; \
                     their bits differ",
                    notify.to.get_ref()
                );
                refusals.push(file.refuse(&notify.to, Rule::PeerMismatch, text));
            }
        }
    }
}

/// What refuses a role that `board` lacks.
fn lacks(board: &BoardFile, what: &str, role: &str) -> String {
    format!("board \"{}\" has no {what} \"{role}\"", board.name())
}
