//! What each row of the report covers.

use crate::fixture::{Asm, finish, kernel};
use crate::promises::{CALLS, refused, row};
use paths::entries::analyse;
use paths::problem::{Error, Kind};

#[test]
fn each_system_call_has_its_own_row() {
    let asm = kernel(|asm| {
        asm.plain(50);
        asm.eret();
    });
    assert_eq!(row(&asm, "null").instructions, 1 + 3 + 1 + 1 + 1);
    assert_eq!(row(&asm, "unknown call").instructions, 1 + 3 + 1 + 2 + 1);
    assert_eq!(row(&asm, "fault").instructions, 1 + 51);
}

#[test]
fn a_call_that_is_not_written_yet_is_an_unknown_call() {
    let report = analyse(&kernel(Asm::eret).program(), &[(0, "null"), (1, "later")]).unwrap();
    let names: Vec<&str> = report.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["fault", "null", "unknown call", "interrupt, GIC", "interrupt, BCM2836", "idle wake-up"]);
}

#[test]
fn an_idle_wake_up_begins_after_the_wait() {
    assert_eq!(row(&kernel(Asm::eret), "idle wake-up").instructions, 3);
}

#[test]
fn a_missing_entry_is_named() {
    let mut asm = Asm::default();
    asm.label("entry_sync");
    asm.eret();
    let error = analyse(&asm.program(), CALLS).unwrap_err();
    assert_eq!(error, Error::MissingSymbol("call_table".into()));
}

/// `mrs x4, isr_el1`: which interrupts are pending.
const READ_ISR: u32 = 0xd538_c104;
/// `mrs x4, esr_el1`: says nothing about interrupts.
const READ_ESR: u32 = 0xd538_5204;

/// A kernel that runs a call again, 10 instructions before and 20 after each, with a look for interrupts between.
fn again(look: u32) -> Asm {
    let mut asm = Asm::default();
    asm.label("entry_sync");
    asm.cbz(".fault");
    asm.plain(100);
    asm.label(".again");
    asm.plain(10);
    asm.call_table();
    asm.plain(20);
    asm.cbz(".out");
    asm.word(look);
    asm.cbz(".again");
    asm.plain(30);
    asm.label(".out");
    asm.eret();
    asm.label(".fault");
    asm.eret();
    finish(&mut asm, &["null_call"]);
    asm
}

#[test]
fn a_look_for_pending_interrupts_ends_the_window() {
    let asm = again(READ_ISR);
    let entry_to_look = 1 + 100 + 10 + 3 + 2 + 20 + 1;
    assert_eq!(row(&asm, "null").instructions, entry_to_look + 2 + 30 + 1);
}

#[test]
fn a_window_that_begins_at_the_look_counts_if_it_is_longer() {
    let mut asm = Asm::default();
    asm.label("entry_sync");
    asm.cbz(".fault");
    asm.label(".again");
    asm.call_table();
    asm.word(READ_ISR);
    asm.cbz(".out");
    asm.plain(40);
    asm.b(".again");
    asm.label(".out");
    asm.label(".fault");
    asm.eret();
    finish(&mut asm, &["null_call"]);
    assert_eq!(row(&asm, "null").instructions, (2 + 40 + 1) + 3 + 2 + 2 + 1);
}

#[test]
fn running_again_without_a_look_is_refused() {
    assert_eq!(refused(&again(READ_ESR)), [Kind::UnknownLoop]);
}
