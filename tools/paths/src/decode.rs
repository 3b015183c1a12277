//! As much of the A64 instruction set as the control flow and the stack pointer need.
//!
//! Every instruction that this file does not know neither branches nor moves the stack pointer.

/// Where an instruction goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At the next instruction.
    Next,
    /// At an address (`b`).
    Jump(u64),
    /// At an address or the next instruction (`b.cond`, `cbz`, `cbnz`, `tbz`, `tbnz`).
    Branch(u64),
    /// At an address, and then at the next instruction (`bl`).
    Call(u64),
    /// Where a register says (`br`, `ret` through another register than `x30`).
    JumpRegister(u8),
    /// Where a register says, and then at the next instruction (`blr`).
    CallRegister(u8),
    /// At the caller (`ret`).
    Return,
    /// In the program or in what was interrupted (`eret`).
    ExceptionReturn,
    /// It waits for an interrupt or an event (`wfi`, `wfe`).
    Wait,
    /// Nowhere: an exception inside the kernel, or the machine stops (`brk`, `hlt`, `udf`, `svc`).
    Stop,
    /// At the next instruction, with interrupts unmasked (`msr daifclr` with the I bit).
    Unmask,
}

/// What an instruction does to the stack pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// Nothing.
    Same,
    /// Moves it by this many bytes; negative is deeper.
    By(i64),
    /// Sets it from a register.
    Set,
    /// Moves it by an amount that only the machine knows.
    Unknown,
}

/// Register number of the stack pointer where an instruction may name it.
const SP: u32 = 31;

/// The `count` bits of `word` from bit `from`.
const fn bits(word: u32, from: u32, count: u32) -> u32 {
    (word >> from) & ((1 << count) - 1)
}

/// The `count` bits of `word` from bit `from`, as a two's-complement number.
const fn signed(word: u32, from: u32, count: u32) -> i64 {
    let shift = 32 - count;
    (((bits(word, from, count) << shift) as i32) >> shift) as i64
}

/// The address `words` instructions after `at`.
const fn target(at: u64, words: i64) -> u64 {
    at.wrapping_add_signed(words * 4)
}

/// Where the instruction `word` at address `at` goes on.
#[must_use]
pub const fn flow(word: u32, at: u64) -> Flow {
    if word & 0xfc00_0000 == 0x1400_0000 {
        return Flow::Jump(target(at, signed(word, 0, 26)));
    }
    if word & 0xfc00_0000 == 0x9400_0000 {
        return Flow::Call(target(at, signed(word, 0, 26)));
    }
    if word & 0xff00_0000 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
        return Flow::Branch(target(at, signed(word, 5, 19)));
    }
    if word & 0x7e00_0000 == 0x3600_0000 {
        return Flow::Branch(target(at, signed(word, 5, 14)));
    }
    if word & 0xfe00_0000 == 0xd600_0000 {
        return register_branch(word);
    }
    system(word)
}

/// The branches to a register's value. Pointer authentication bits are ignored: they change no target.
const fn register_branch(word: u32) -> Flow {
    let register = bits(word, 5, 5) as u8;
    match bits(word, 21, 4) & 7 {
        0 => Flow::JumpRegister(register),
        1 => Flow::CallRegister(register),
        2 if register == 30 || bits(word, 11, 1) == 1 => Flow::Return,
        2 => Flow::JumpRegister(register),
        4 => Flow::ExceptionReturn,
        _ => Flow::Stop,
    }
}

/// Exceptions, waits and the interrupt mask.
const fn system(word: u32) -> Flow {
    if word & 0xffff_0000 == 0 {
        return Flow::Stop;
    }
    if word & 0xff00_0000 == 0xd400_0000 {
        let to_firmware = bits(word, 21, 3) == 0 && bits(word, 0, 2) >= 2;
        return if to_firmware { Flow::Next } else { Flow::Stop };
    }
    if word == 0xd503_205f || word == 0xd503_207f {
        return Flow::Wait;
    }
    if word & 0xffff_f0ff == 0xd503_40ff && bits(word, 8, 4) & 2 != 0 {
        return Flow::Unmask;
    }
    Flow::Next
}

/// What the instruction `word` does to the stack pointer.
#[must_use]
pub const fn stack(word: u32) -> Stack {
    let to = bits(word, 0, 5);
    let base = bits(word, 5, 5);
    // ADD and SUB of an immediate; `mov sp, xN` is an addition of 0.
    if word & 0xbf80_0000 == 0x9100_0000 && to == SP {
        let bytes = (bits(word, 10, 12) << (12 * bits(word, 22, 1))) as i64;
        return match (base == SP, bits(word, 30, 1)) {
            (false, _) => Stack::Set,
            (true, 0) => Stack::By(bytes),
            (true, _) => Stack::By(-bytes),
        };
    }
    // ADD and SUB of an extended register; AND, ORR and EOR of an immediate (not ANDS, whose 31 is the zero register).
    let extended = word & 0xbfe0_0000 == 0x8b20_0000;
    let logical =
        word & 0xff80_0000 == 0x9200_0000 || word & 0xff80_0000 == 0xb200_0000 || word & 0xff80_0000 == 0xd200_0000;
    if (extended || logical) && to == SP {
        return Stack::Unknown;
    }
    if base == SP { writeback(word) } else { Stack::Same }
}

/// Loads and stores that move their base register, which is the stack pointer.
const fn writeback(word: u32) -> Stack {
    if word & 0x3a00_0000 == 0x2800_0000 && bits(word, 23, 1) == 1 {
        // A pair: pre-index (011) and post-index (001) in bits 25 to 23.
        let vector = bits(word, 26, 1) == 1;
        let size = bits(word, 30, 2);
        let bytes = match (vector, size) {
            (true, _) => 4 << size,
            (false, 0) => 4,
            (false, 1) if bits(word, 22, 1) == 1 => 4,
            (false, 1) => 16,
            (false, _) => 8,
        };
        return Stack::By(signed(word, 15, 7) * bytes);
    }
    if word & 0x3b20_0400 == 0x3800_0400 {
        return Stack::By(signed(word, 12, 9));
    }
    Stack::Same
}

/// Whether `word` reads `ISR_EL1`: the kernel looks for a pending interrupt.
#[must_use]
pub const fn looks_for_interrupt(word: u32) -> bool {
    word & 0xffff_ffe0 == 0xd538_c100
}

/// Whether `word` is `add xD, xN, wM, uxtb #2`: the address of one of 256 instructions. Gives D and N.
#[must_use]
pub const fn table_entry(word: u32) -> Option<(u8, u8)> {
    if word & 0xffe0_fc00 == 0x8b20_0800 {
        return Some((bits(word, 0, 5) as u8, bits(word, 5, 5) as u8));
    }
    None
}

/// Register and address of an `adr`, or register and page address of an `adrp`.
#[must_use]
pub const fn address(word: u32, at: u64) -> Option<(u8, u64)> {
    if word & 0x1f00_0000 != 0x1000_0000 {
        return None;
    }
    let offset = (signed(word, 5, 19) << 2) | bits(word, 29, 2) as i64;
    let register = bits(word, 0, 5) as u8;
    if bits(word, 31, 1) == 0 {
        return Some((register, at.wrapping_add_signed(offset)));
    }
    Some((register, (at & !0xfff).wrapping_add_signed(offset << 12)))
}

/// Whether `word` is `add xD, xN, #imm`. Gives D, N and the value.
#[must_use]
pub const fn add_immediate(word: u32) -> Option<(u8, u8, u64)> {
    if word & 0xff80_0000 != 0x9100_0000 {
        return None;
    }
    let value = (bits(word, 10, 12) as u64) << (12 * bits(word, 22, 1));
    Some((bits(word, 0, 5) as u8, bits(word, 5, 5) as u8, value))
}

/// Whether `word` is `mov xD, #imm` of 16 bits. Gives D and the value.
#[must_use]
pub const fn constant(word: u32) -> Option<(u8, u64)> {
    if word & 0x7f80_0000 != 0x5280_0000 {
        return None;
    }
    Some((bits(word, 0, 5) as u8, (bits(word, 5, 16) as u64) << (16 * bits(word, 21, 2))))
}

/// Whether `word` may write general register `register`; some that cannot are counted too.
#[must_use]
pub const fn may_write(word: u32, register: u8) -> bool {
    bits(word, 0, 5) as u8 == register || bits(word, 10, 5) as u8 == register
}

#[cfg(test)]
mod tests {
    use super::{Flow, Stack, add_immediate, address, constant, flow, looks_for_interrupt, stack, table_entry};

    const AT: u64 = 0xffff_ffff_8000_1000;

    #[test]
    fn branches_go_where_the_assembler_meant() {
        for (word, expected) in [
            (0x1400_0004, Flow::Jump(AT + 16)),
            (0x17ff_ffff, Flow::Jump(AT - 4)),
            (0x9400_0004, Flow::Call(AT + 16)),
            (0x97ff_fffe, Flow::Call(AT - 8)),
            (0x5400_0081, Flow::Branch(AT + 16)), // b.ne
            (0x54ff_ffe0, Flow::Branch(AT - 4)),  // b.eq
            (0xb400_0083, Flow::Branch(AT + 16)), // cbz x3
            (0x35ff_ffe3, Flow::Branch(AT - 4)),  // cbnz w3
            (0x3640_0080, Flow::Branch(AT + 16)), // tbz w0, #8
            (0xb707_ffe0, Flow::Branch(AT - 4)),  // tbnz x0, #32
        ] {
            assert_eq!(flow(word, AT), expected, "{word:#010x}");
        }
    }

    #[test]
    fn register_branches_and_returns_are_told_apart() {
        for (word, expected) in [
            (0xd61f_0120, Flow::JumpRegister(9)),
            (0xd63f_0120, Flow::CallRegister(9)),
            (0xd65f_03c0, Flow::Return),
            (0xd65f_0120, Flow::JumpRegister(9)), // ret x9
            (0xd65f_0bff, Flow::Return),          // retaa
            (0xd69f_03e0, Flow::ExceptionReturn),
        ] {
            assert_eq!(flow(word, AT), expected, "{word:#010x}");
        }
    }

    #[test]
    fn exceptions_waits_and_unmasking_are_seen() {
        for (word, expected) in [
            (0x0000_0000, Flow::Stop),   // udf #0
            (0xd400_0001, Flow::Stop),   // svc #0
            (0xd400_0002, Flow::Next),   // hvc #0
            (0xd400_0003, Flow::Next),   // smc #0
            (0xd420_0020, Flow::Stop),   // brk #1
            (0xd45e_0000, Flow::Stop),   // hlt #0xf000
            (0xd503_207f, Flow::Wait),   // wfi
            (0xd503_205f, Flow::Wait),   // wfe
            (0xd503_201f, Flow::Next),   // nop
            (0xd503_42ff, Flow::Unmask), // msr daifclr, #2
            (0xd503_41ff, Flow::Next),   // msr daifclr, #1
            (0xd503_42df, Flow::Next),   // msr daifset, #2
        ] {
            assert_eq!(flow(word, AT), expected, "{word:#010x}");
        }
    }

    #[test]
    fn the_stack_pointer_is_followed() {
        for (word, expected) in [
            (0xd100_83ff, Stack::By(-32)),   // sub sp, sp, #32
            (0xd140_07ff, Stack::By(-4096)), // sub sp, sp, #1, lsl #12
            (0x9100_83ff, Stack::By(32)),    // add sp, sp, #32
            (0xa9bf_7bfd, Stack::By(-16)),   // stp x29, x30, [sp, #-16]!
            (0xa8c1_7bfd, Stack::By(16)),    // ldp x29, x30, [sp], #16
            (0xf81f_0ffe, Stack::By(-16)),   // str x30, [sp, #-16]!
            (0xf841_07fe, Stack::By(16)),    // ldr x30, [sp], #16
            (0xadbf_07e0, Stack::By(-32)),   // stp q0, q1, [sp, #-32]!
            (0xa901_4ff4, Stack::Same),      // stp x20, x19, [sp, #16]
            (0xf900_03fe, Stack::Same),      // str x30, [sp]
            (0xf81f_0c1e, Stack::Same),      // str x30, [x0, #-16]!
            (0x9100_013f, Stack::Set),       // mov sp, x9
            (0x9100_03e9, Stack::Same),      // mov x9, sp
            (0xcb29_63ff, Stack::Unknown),   // sub sp, sp, x9
            (0x927c_ed3f, Stack::Unknown),   // and sp, x9, #~15
            (0xf100_83ff, Stack::Same),      // cmp sp, #32
            (0xf27c_ed3f, Stack::Same),      // tst x9, #~15
        ] {
            assert_eq!(stack(word), expected, "{word:#010x}");
        }
    }

    #[test]
    fn a_look_for_a_pending_interrupt_is_seen() {
        assert!(looks_for_interrupt(0xd538_c104)); // mrs x4, isr_el1
        assert!(!looks_for_interrupt(0xd538_5204)); // mrs x4, esr_el1
    }

    #[test]
    fn the_parts_of_a_table_branch_are_known() {
        assert_eq!(table_entry(0x8b20_0929), Some((9, 9))); // add x9, x9, w0, uxtb #2
        assert_eq!(table_entry(0x8b20_4929), None); // add x9, x9, w0, uxtw #2
        assert_eq!(table_entry(0x8b20_0529), None); // add x9, x9, w0, uxtb #1
        assert_eq!(address(0x1000_0089, AT), Some((9, AT + 16))); // adr x9, +16
        assert_eq!(address(0xb000_0009, AT), Some((9, AT + 0x1000))); // adrp x9, +1 page
        assert_eq!(add_immediate(0x9100_4129), Some((9, 9, 16)));
    }

    #[test]
    fn a_constant_is_known() {
        assert_eq!(constant(0x5280_0802), Some((2, 64))); // mov w2, #64
        assert_eq!(constant(0xd2a0_0022), Some((2, 0x1_0000))); // mov x2, #0x10000
        assert_eq!(constant(0xaa03_03e2), None); // mov x2, x3
    }
}
