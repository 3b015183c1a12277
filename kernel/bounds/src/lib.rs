//! Every loop in the kernel says its bound here, and the bound reaches `cargo xtask paths` inside the ELF.
//!
//! [`turn`] is called once in each turn of a loop. It is no instruction: it only records, in the section
//! `.tinyos.bounds`, the address at which it stands and the most turns the loop may take. The tool that bounds every
//! masked path looks for a record inside each loop of the machine code and refuses a loop without one. The record is
//! two 64-bit words: address, bound. The section is not loaded.
//!
//! Assembly writes its records by hand. In a function that takes a length in `x2`, [`PER_LENGTH`] and a number of bytes
//! stand for as many turns as that number goes into the length; the tool looks for the length where it is called.
#![no_std]

/// Bit of a bound: the rest is the bytes of the length in `x2` that each turn takes.
pub const PER_LENGTH: u64 = 1 << 63;

/// Says that the innermost loop around this call takes at most `MAX` turns each time it is entered.
#[inline(always)]
pub fn turn<const MAX: u64>() {
    #[cfg(all(target_arch = "aarch64", target_os = "none"))]
    // SAFETY: the assembly emits no instruction; it only places a label and two words in a section that is never loaded.
    unsafe {
        core::arch::asm!(
            "88:",
            ".pushsection .tinyos.bounds, \"\", @progbits",
            ".quad 88b",
            ".quad {max}",
            ".popsection",
            max = const MAX,
            options(nomem, nostack, preserves_flags),
        );
    }
}

/// The numbers `0..end`, at most `MAX` of them, each turn counted by [`turn`].
#[inline(always)]
pub fn up_to<const MAX: u64>(end: usize) -> impl Iterator<Item = usize> {
    let end = if end as u64 > MAX { MAX as usize } else { end };
    (0..end).inspect(|_| turn::<MAX>())
}
