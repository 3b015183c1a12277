//! Every loop in the kernel says its bound here, and the bound reaches `cargo xtask paths` inside the ELF.
//!
//! [`turn`] is called once in each turn of a loop. It is no instruction: it only records, in the section
//! `.tinyos.bounds`, the address at which it stands and the most turns the loop may take. The tool that bounds every
//! masked path looks for a record inside each loop of the machine code and refuses a loop without one. The record is
//! two 64-bit words: address, bound. The section is not loaded.
#![no_std]

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
