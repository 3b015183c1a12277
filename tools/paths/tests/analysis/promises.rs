//! What the analysis promises, each on a kernel of a few instructions.

use crate::fixture::{Asm, finish, kernel};
use paths::entries::analyse;
use paths::problem::{Error, Kind};
use paths::report::Row;

/// The one system call.
pub const CALLS: &[(u8, &str)] = &[(0, "null")];

/// The row of this name.
pub fn row(asm: &Asm, name: &str) -> Row {
    let report = analyse(&asm.program(), CALLS).expect("a bounded kernel");
    report.rows.into_iter().find(|row| row.name == name).expect("a row of this name")
}

/// Instructions of the fault path after the fixture's one.
fn fault_cost(fault: impl FnOnce(&mut Asm)) -> u64 {
    row(&kernel(fault), "fault").instructions - 1
}

/// Stack of the fault path.
fn fault_stack(fault: impl FnOnce(&mut Asm)) -> u64 {
    row(&kernel(fault), "fault").stack
}

/// What was refused.
pub fn refused(asm: &Asm) -> Vec<Kind> {
    match analyse(&asm.program(), CALLS) {
        Err(Error::Refused(problems)) => problems.into_iter().map(|problem| problem.kind).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

/// A loop of `turns` turns around `body`, which takes the body's instructions and one.
fn counted(asm: &mut Asm, name: &str, turns: u64, body: impl FnOnce(&mut Asm)) {
    asm.label(name);
    asm.bound(turns);
    body(asm);
    asm.cbz(name);
}

#[test]
fn straight_code_costs_its_instructions() {
    assert_eq!(
        fault_cost(|asm| {
            asm.plain(10);
            asm.eret();
        }),
        11
    );
}

#[test]
fn the_longer_arm_of_a_branch_counts() {
    let cost = fault_cost(|asm| {
        asm.cbz(".long");
        asm.plain(3);
        asm.b(".out");
        asm.label(".long");
        asm.plain(7);
        asm.label(".out");
        asm.eret();
    });
    assert_eq!(cost, 1 + 7 + 1);
}

#[test]
fn an_unknown_loop_is_refused_by_name_and_address() {
    let asm = kernel(|asm| {
        asm.bl("spin");
        asm.eret();
        asm.label("spin");
        asm.plain(1);
        asm.cbz("spin");
        asm.ret();
    });
    let Err(Error::Refused(problems)) = analyse(&asm.program(), CALLS) else { panic!("not refused") };
    assert_eq!(problems[0].kind, Kind::UnknownLoop);
    assert_eq!((problems[0].function.as_str(), problems[0].address), ("spin", asm.address("spin")));
    assert_eq!(problems[0].calls[0].function, "entry_sync");
}

#[test]
fn a_bounded_loop_costs_its_turns() {
    let cost = fault_cost(|asm| {
        counted(asm, ".loop", 10, |asm| asm.plain(4));
        asm.eret();
    });
    assert_eq!(cost, 10 * 5 + 1);
}

#[test]
fn a_test_before_the_bound_is_counted_once_more() {
    let cost = fault_cost(|asm| {
        asm.label(".head");
        asm.cbz(".out");
        asm.bound(10);
        asm.plain(4);
        asm.b(".head");
        asm.label(".out");
        asm.eret();
    });
    assert_eq!(cost, 10 * 6 + 1 + 1);
}

#[test]
fn nested_loops_multiply() {
    let cost = fault_cost(|asm| {
        counted(asm, ".outer", 10, |asm| {
            asm.plain(1);
            counted(asm, ".inner", 5, |asm| asm.plain(2));
        });
        asm.eret();
    });
    assert_eq!(cost, 10 * (1 + 5 * 3 + 1) + 1);
}

#[test]
fn an_inner_loop_needs_its_own_bound() {
    let asm = kernel(|asm| {
        counted(asm, ".outer", 10, |asm| {
            asm.plain(1);
            asm.label(".inner");
            asm.plain(1);
            asm.cbz(".inner");
        });
        asm.eret();
    });
    assert_eq!(refused(&asm), [Kind::UnknownLoop]);
}

#[test]
fn an_unrolled_body_is_one_loop() {
    let cost = fault_cost(|asm| {
        asm.label(".loop");
        for _ in 0..3 {
            asm.bound(12);
            asm.plain(1);
        }
        asm.cbz(".loop");
        asm.eret();
    });
    assert_eq!(cost, 12 * 4 + 1);
}

#[test]
fn loops_that_the_compiler_merged_multiply() {
    let cost = fault_cost(|asm| {
        asm.label(".head");
        asm.cbz(".outer");
        asm.bound(5);
        asm.plain(2);
        asm.cbz(".head");
        asm.eret();
        asm.label(".outer");
        asm.bound(10);
        asm.plain(1);
        asm.b(".head");
    });
    assert_eq!(cost, (5 * 10 - 1) * 4 + 4 + 1);
}

#[test]
fn a_turn_that_passes_by_its_bound_is_refused() {
    let asm = kernel(|asm| {
        asm.label(".head");
        asm.cbz(".head");
        asm.bound(5);
        asm.plain(2);
        asm.cbz(".head");
        asm.eret();
    });
    assert_eq!(refused(&asm), [Kind::TurnWithoutRecord]);
}

#[test]
fn a_loop_entered_at_two_places_is_refused() {
    let asm = kernel(|asm| {
        asm.cbz(".middle");
        asm.label(".head");
        asm.bound(5);
        asm.plain(1);
        asm.label(".middle");
        asm.bound(5);
        asm.plain(1);
        asm.cbz(".head");
        asm.eret();
    });
    assert!(refused(&asm).contains(&Kind::Irreducible));
}

#[test]
fn a_call_costs_its_callee() {
    let cost = fault_cost(|asm| {
        asm.bl("callee");
        asm.eret();
        asm.label("callee");
        asm.plain(5);
        asm.ret();
    });
    assert_eq!(cost, 1 + 6 + 1);
}

#[test]
fn a_tail_call_costs_its_target() {
    let cost = fault_cost(|asm| {
        asm.bl("callee");
        asm.eret();
        asm.label("callee");
        asm.b("target");
        asm.label("target");
        asm.plain(5);
        asm.ret();
    });
    assert_eq!(cost, 1 + 1 + 6 + 1);
}

#[test]
fn recursion_is_refused_and_the_cycle_named() {
    let asm = kernel(|asm| {
        asm.bl("ping");
        asm.eret();
        asm.label("ping");
        asm.bl("pong");
        asm.ret();
        asm.label("pong");
        asm.cbz(".done");
        asm.bl("ping");
        asm.label(".done");
        asm.ret();
    });
    assert_eq!(refused(&asm), [Kind::Recursion(vec!["ping".into(), "pong".into(), "ping".into()])]);
}

#[test]
fn an_indirect_branch_with_unknown_targets_is_refused() {
    for word in [0xd61f_0020, 0xd63f_0020] {
        let asm = kernel(|asm| {
            asm.bl("callee");
            asm.eret();
            asm.label("callee");
            asm.word(word); // br x1, blr x1
            asm.ret();
        });
        assert_eq!(refused(&asm), [Kind::IndirectBranch]);
    }
}

#[test]
fn a_call_that_can_leave_the_table_is_refused() {
    let mut asm = Asm::default();
    asm.label("entry_sync");
    asm.cbz(".fault");
    asm.word(0x1000_0009); // adr x9, itself: not the table
    asm.word(0x8b20_0929);
    asm.word(0xd63f_0120);
    asm.label(".fault");
    asm.eret();
    finish(&mut asm, &["null_call"]);
    assert_eq!(refused(&asm), [Kind::IndirectBranch]);
}

#[test]
fn a_panic_edge_ends_a_path_and_is_reported() {
    let asm = kernel(|asm| {
        asm.cbz(".bad");
        asm.plain(1);
        asm.eret();
        asm.label(".bad");
        asm.plain(2);
        asm.bl("kernel_panic");
        asm.label("kernel_panic");
        asm.plain(100);
        asm.b("kernel_panic");
    });
    assert_eq!(row(&asm, "fault").instructions, 1 + 1 + 3);
    assert_eq!(analyse(&asm.program(), CALLS).unwrap().panics, [("kernel_panic".to_string(), 1)]);
}

#[test]
fn code_after_a_call_that_never_returns_is_not_followed() {
    let cost = fault_cost(|asm| {
        asm.cbz(".out");
        asm.bl("stop");
        asm.word(0xd61f_0020); // br x1, never reached
        asm.label("stop");
        asm.plain(4);
        asm.b("kernel_panic_now");
        asm.label("kernel_panic_now");
        asm.b("kernel_panic_now");
        asm.label(".out");
        asm.eret();
    });
    assert_eq!(cost, 1 + 1 + 5);
}

/// A fault path that sets the length in `x2` by `length` and calls a `memset` of 16 bytes a turn.
fn filling(length: u32) -> Asm {
    kernel(|asm| {
        asm.word(length);
        asm.bl("memset");
        asm.eret();
        asm.label("memset");
        asm.plain(2);
        counted(asm, ".fill", 1 << 63 | 16, |asm| asm.plain(2));
        asm.ret();
    })
}

#[test]
fn a_fill_costs_what_its_constant_length_needs() {
    assert_eq!(row(&filling(0x5280_0c02), "fault").instructions, 1 + 2 + (2 + 96 / 16 * 3 + 1) + 1); // mov w2, #96
    assert_eq!(row(&filling(0x5280_0402), "fault").instructions, 1 + 2 + (2 + 32 / 16 * 3 + 1) + 1); // mov w2, #32
}

#[test]
fn a_fill_of_unknown_length_is_refused() {
    assert_eq!(refused(&filling(0xaa03_03e2)), [Kind::UnknownLength]); // mov x2, x3
}

#[test]
fn stack_depths_add_along_calls() {
    let stack = fault_stack(|asm| {
        asm.push(64);
        asm.bl("middle");
        asm.pop(64);
        asm.eret();
        asm.label("middle");
        asm.word(0xa9be_7bfd); // stp x29, x30, [sp, #-32]!
        asm.bl("leaf");
        asm.word(0xa8c2_7bfd); // ldp x29, x30, [sp], #32
        asm.ret();
        asm.label("leaf");
        asm.cbz(".small");
        asm.push(128);
        asm.pop(128);
        asm.label(".small");
        asm.push(16);
        asm.pop(16);
        asm.ret();
    });
    assert_eq!(stack, 64 + 32 + 128);
}

#[test]
fn a_function_that_keeps_stack_is_refused() {
    let asm = kernel(|asm| {
        asm.bl("callee");
        asm.eret();
        asm.label("callee");
        asm.push(16);
        asm.ret();
    });
    assert_eq!(refused(&asm), [Kind::UnknownStack]);
}

#[test]
fn a_stack_that_grows_in_a_loop_is_refused() {
    let asm = kernel(|asm| {
        counted(asm, ".loop", 4, |asm| asm.push(16));
        asm.eret();
    });
    assert_eq!(refused(&asm), [Kind::GrowingStack]);
}

#[test]
fn unmasking_interrupts_is_refused() {
    let asm = kernel(|asm| {
        asm.word(0xd503_42ff);
        asm.eret();
    });
    assert_eq!(refused(&asm), [Kind::Unmasks]);
}

#[test]
fn an_entry_that_returns_is_refused() {
    assert_eq!(refused(&kernel(Asm::ret)), [Kind::ReturnFromEntry, Kind::Endless]);
}
