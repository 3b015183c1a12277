//! The system calls as the vectors reach them: one function a call, and a table of branches to them.
//!
//! Registers are as the program left them, so that nothing moves: `x0` number, `x1`-`x3`, `x6`, `x7` arguments, `x4` the
//! machine, `x5` the time. A call that may say `Again` goes through a stub in `vectors.s` that keeps its arguments.

use crate::machine::Machine;
use kernel_core::decision::Decision;
use kernel_core::syscall::Loan;
use rtos_abi::call;

/// The functions: name, then kernel, port, time, `x1`, `x2`, `x3`, `x6`.
macro_rules! calls {
    ($($name:ident($k:ident, $p:pat_param, $now:pat_param, $a1:pat_param, $a2:pat_param, $a3:pat_param, $a6:pat_param)
        => $answer:expr;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(
            _number: u64,
            $a1: u64,
            $a2: u64,
            $a3: u64,
            machine: &mut Machine,
            $now: u64,
            $a6: u64,
        ) -> Decision {
            let Machine { kernel: $k, hardware: $p } = machine;
            $answer
        }
    )*};
}

calls! {
    call_null(k, _, _, _, _, _, _) => k.sys_null();
    call_yield(k, _, now, _, _, _, _) => k.sys_yield(now);
    call_notify(k, p, now, edge, bits, _, _) => k.sys_notify(p, now, edge, bits);
    call_wait(k, _, now, mask, until, _, _) => k.sys_wait(now, mask, until);
    call_wait_period(k, p, now, started, _, _, _) => k.sys_wait_period(p, now, started);
    call_call(k, p, now, edge, until, address, len) => k.sys_call(p, now, edge, until, Loan { address, len });
    call_receive(k, p, now, until, _, _, _) => k.sys_receive(p, now, until);
    call_reply(k, p, now, token, _, _, _) => k.sys_reply(p, now, token);
    call_reply_receive(k, p, now, token, until, _, _) => k.sys_reply_receive(p, now, token, until);
    call_irq_done(k, p, now, number, _, _, _) => k.sys_irq_done(p, now, number);
    call_sleep_until(k, _, now, at, _, _, _) => k.sys_sleep_until(now, at);
    call_exit(k, p, now, code, _, _, _) => k.sys_exit(p, now, code);
    call_thread_start(k, p, now, number, entry, argument, _) => k.sys_thread_start(p, now, number, entry, argument);
    call_thread_exit(k, _, now, _, _, _, _) => k.sys_thread_exit(now);
    call_thread_join(k, p, now, number, until, _, _) => k.sys_thread_join(p, now, number, until);
    call_loan_read(k, p, now, token, offset, to, len) => k.sys_loan_read(p, now, token, offset, to, len);
    call_loan_write(k, p, now, token, offset, from, len) => k.sys_loan_write(p, now, token, offset, from, len);
    call_reg_read(k, p, now, number, _, _, _) => k.sys_reg_read(p, now, number);
    call_reg_write(k, p, now, number, value, _, _) => k.sys_reg_write(p, now, number, value);
    call_info(k, p, now, what, index, _, _) => k.sys_info(p, now, what, index);
    call_kill(k, p, now, slot, generation, _, _) => k.sys_kill(p, now, slot, generation);
    call_part_reap(k, p, now, slot, _, _, _) => k.sys_part_reap(p, now, slot);
    call_part_map(k, p, now, slot, va, pages, perms) => k.sys_part_map(p, now, slot, va, pages, perms);
    call_part_write(k, p, now, slot, va, from, len) => k.sys_part_write(p, now, slot, va, from, len);
    call_part_seal(k, p, now, slot, _, _, _) => k.sys_part_seal(p, now, slot);
    call_part_start(k, p, now, slot, entry, argument, _) => k.sys_part_start(p, now, slot, entry, argument);
    call_shutdown(k, p, now, code, _, _, _) => k.sys_shutdown(p, now, code);
    call_panic(k, p, now, message, len, line, _) => k.sys_panic(p, now, message, len, line);
    call_notify_own(k, p, now, number, bits, _, _) => k.sys_notify_own(p, now, number, bits);
    call_unknown(k, p, now, _, _, _, _) => k.sys_unknown(p, now);
}

// A call's place in the table is its number.
const _: () = {
    let order = [
        call::NULL,
        call::YIELD,
        call::NOTIFY,
        call::WAIT,
        call::WAIT_PERIOD,
        call::CALL,
        call::RECEIVE,
        call::REPLY,
        call::REPLY_RECEIVE,
        call::IRQ_DONE,
        call::SLEEP_UNTIL,
        call::EXIT,
        call::THREAD_START,
        call::THREAD_EXIT,
        call::THREAD_JOIN,
        call::LOAN_READ,
        call::LOAN_WRITE,
        call::REG_READ,
        call::REG_WRITE,
        call::INFO,
        call::KILL,
        call::PART_REAP,
        call::PART_MAP,
        call::PART_WRITE,
        call::PART_SEAL,
        call::PART_START,
        call::SHUTDOWN,
        call::PANIC,
        call::NOTIFY_OWN,
    ];
    let mut n = 0;
    while n < order.len() {
        assert!(order[n] as usize == n, "the table below is not in the order of the numbers");
        n += 1;
    }
};

core::arch::global_asm!(
    ".section .text.vectors, \"ax\"",
    ".balign 64",
    ".global call_table",
    "call_table:",
    "b call_null",
    "b call_yield",
    "b call_notify",
    "b call_wait",
    "b call_wait_period",
    "b call_call",
    "b call_receive",
    "b call_reply",
    "b call_reply_receive",
    "b call_irq_done",
    "b call_sleep_until",
    "b call_exit",
    "b call_thread_start",
    "b call_thread_exit",
    "b call_thread_join",
    "b again_loan_read",
    "b again_loan_write",
    "b call_reg_read",
    "b call_reg_write",
    "b call_info",
    "b call_kill",
    "b again_part_reap",
    "b again_part_map",
    "b again_part_write",
    "b again_part_seal",
    "b again_part_start",
    "b call_shutdown",
    "b call_panic",
    "b call_notify_own",
    ".rept 256 - (. - call_table) / 4",
    "b unknown_call",
    ".endr",
    ".size call_table, . - call_table",
);
