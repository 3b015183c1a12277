//! Cortex-A53 erratum 843419: an ADRP in the last two words of a page, then a load or store, then one based on ADRP's
//! register, may compute a wrong address. The linker rewrites such places when told to. Two proofs: a program made of
//! one such place, linked with the flags of this tree, has none left (and has it without the flag); and no place is
//! left in what is shipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use elf::ElfBytes;
use elf::abi::SHF_EXECINSTR;
use elf::endian::LittleEndian;

use crate::context::{self, KERNEL_TARGET, PROGRAM_TARGET};

/// What turns the linker's workaround on.
const FLAG: &str = "--fix-cortex-a53-843419";

/// A program whose first four instructions are such a place, the ADRP in the last but one word of a page.
const CRAFTED: &str = r#"
#![no_std]
#![no_main]
core::arch::global_asm!(
    ".section .text.erratum, \"ax\"", ".balign 4096", ".space 0xff8", ".globl _start", "_start:",
    "adrp x0, erratum_value", "ldr x1, [x1]", "nop", "ldr x2, [x0, :lo12:erratum_value]", "b .",
    ".data", ".balign 8", "erratum_value: .quad 0"
);
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
"#;

/// Both proofs.
pub fn findings<'a>(elfs: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    // The kernel's target lacks the flag; that of programs has it built in.
    let bare: Vec<_> = flags(KERNEL_TARGET)?.into_iter().filter(|flag| !flag.contains(FLAG)).collect();
    if places(&link(KERNEL_TARGET, &bare)?)?.is_empty() {
        findings.push("the proof of the 843419 workaround proves nothing: without it no such place is made".to_owned());
    }
    for target in [KERNEL_TARGET, PROGRAM_TARGET] {
        if !places(&link(target, &flags(target)?)?)?.is_empty() {
            findings.push(format!("{target}: the linker leaves erratum 843419 in; is {FLAG} in .cargo/config.toml?"));
        }
    }
    for elf in elfs {
        let told = |address| format!("{}: erratum 843419 at {address:#x}", elf.display());
        findings.extend(places(elf)?.into_iter().map(told));
    }
    Ok(findings)
}

/// The flags with which everything is built for `target`.
fn flags(target: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(context::root().join(".cargo/config.toml"))?;
    let config: toml::Table = text.parse().context(".cargo/config.toml")?;
    let flags = config.get("target").and_then(|t| t.get(target)).and_then(|t| t.get("rustflags"));
    let flags = flags.and_then(toml::Value::as_array).with_context(|| format!("no flags for {target}"))?;
    let words: Vec<_> = flags.iter().filter_map(toml::Value::as_str).collect();
    // One word a flag, so that one can be left out.
    Ok(words.join(" ").replace("-C ", "-C").split(' ').map(str::to_owned).collect())
}

/// Links the crafted program.
fn link(target: &str, flags: &[String]) -> Result<PathBuf> {
    let output = context::metadata()?.output();
    std::fs::create_dir_all(&output)?;
    let source = output.join("erratum.rs");
    std::fs::write(&source, CRAFTED)?;
    let elf = output.join(format!("erratum-{target}-{}.elf", flags.len()));
    let mut rustc = Command::new("rustc");
    rustc.current_dir(context::root()).args([
        "--edition=2024",
        "--crate-type=bin",
        "-Cpanic=abort",
        "--target",
        target,
    ]);
    context::output(rustc.args(flags).arg("-o").arg(&elf).arg(&source))?;
    Ok(elf)
}

/// Addresses of the places left in an ELF.
fn places(path: &Path) -> Result<Vec<u64>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = ElfBytes::<LittleEndian>::minimal_parse(&bytes).with_context(|| path.display().to_string())?;
    let mut found = Vec::new();
    for section in file.section_headers().into_iter().flatten() {
        if section.sh_flags & u64::from(SHF_EXECINSTR) == 0 {
            continue;
        }
        let (data, _) = file.section_data(&section)?;
        let words: Vec<_> = data.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let at = |index: usize| section.sh_addr + 4 * index as u64;
        let here = |index: &usize| at(*index) & 0xfff >= 0xff8 && is_place(&words[*index..]);
        found.extend((0..words.len()).filter(here).map(at));
    }
    Ok(found)
}

/// The instructions begin with such a sequence.
fn is_place(words: &[u32]) -> bool {
    let &[adrp, second, third, ref rest @ ..] = words else { return false };
    if adrp & 0x9f00_0000 != 0x9000_0000 {
        return false;
    }
    let register = adrp & 31;
    let based = |word: u32| word & 0x3b00_0000 == 0x3900_0000 && (word >> 5) & 31 == register;
    if !may_start(second) || overwrites(second, register) {
        return false;
    }
    based(third) || (!is_branch(third) && rest.first().is_some_and(|word| based(*word)))
}

/// A load or store of the kinds that the erratum names.
fn may_start(word: u32) -> bool {
    let single = word & 0x3b00_0000 == 0x3900_0000 || word & 0x3b00_0000 == 0x3800_0000;
    let exclusive = word & 0x3f00_0000 == 0x0800_0000;
    let literal = word & 0x3b00_0000 == 0x1800_0000;
    let store_pair = word & 0x3a40_0000 == 0x2800_0000;
    let store_vector = word & 0xbe40_0000 == 0x0c00_0000;
    single || exclusive || literal || store_pair || store_vector
}

/// A load into `register` by an integer instruction of a single register: then the address is not ADRP's.
fn overwrites(word: u32, register: u32) -> bool {
    let single = word & 0x3a00_0000 == 0x3800_0000;
    let integer = word & 0x0400_0000 == 0;
    let load = word & 0x00c0_0000 != 0;
    let literal = word & 0x3b00_0000 == 0x1800_0000;
    integer && word & 31 == register && ((single && load) || literal)
}

/// Any branch.
fn is_branch(word: u32) -> bool {
    let immediate = word & 0x7c00_0000 == 0x1400_0000;
    let conditional = word & 0xff00_0000 == 0x5400_0000;
    let compare_or_test = word & 0x7c00_0000 == 0x3400_0000;
    let register = word & 0xfe00_0000 == 0xd600_0000;
    immediate || conditional || compare_or_test || register
}

#[cfg(test)]
mod tests {
    use super::is_place;

    const ADRP_X0: u32 = 0x9000_0000;
    const LDR_X1_X1: u32 = 0xf940_0021;
    const LDR_X0_X1: u32 = 0xf940_0020;
    const LDR_X2_X0: u32 = 0xf940_0002;
    const LDP_X1_X3_X4: u32 = 0xa940_0c81;
    const NOP: u32 = 0xd503_201f;
    const B: u32 = 0x1400_0000;

    #[test]
    fn the_sequence_is_known_with_and_without_the_optional_instruction() {
        assert!(is_place(&[ADRP_X0, LDR_X1_X1, LDR_X2_X0]));
        assert!(is_place(&[ADRP_X0, LDR_X1_X1, NOP, LDR_X2_X0]));
    }

    #[test]
    fn neighbours_of_the_sequence_are_harmless() {
        assert!(!is_place(&[ADRP_X0, LDR_X1_X1, NOP, NOP, LDR_X2_X0]));
        assert!(!is_place(&[ADRP_X0, LDR_X1_X1, B, LDR_X2_X0]));
        assert!(!is_place(&[ADRP_X0, LDR_X0_X1, LDR_X2_X0]));
        assert!(!is_place(&[ADRP_X0, LDP_X1_X3_X4, LDR_X2_X0]));
        assert!(!is_place(&[ADRP_X0 | 1, LDR_X1_X1, LDR_X2_X0]));
    }
}
