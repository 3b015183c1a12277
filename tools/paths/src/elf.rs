//! Reads the kernel's ELF file: executable sections, symbols and the loop bounds in `.tinyos.bounds`.

use ::elf::ElfBytes;
use ::elf::abi::{SHF_EXECINSTR, SHT_PROGBITS};
use ::elf::endian::LittleEndian;

use crate::problem::Error;
use crate::program::{Program, Symbol};

/// Section of the records: two 64-bit words each, an address inside the loop and its most turns.
const BOUNDS_SECTION: &str = ".tinyos.bounds";

/// Machine of an ELF file for AArch64.
const AARCH64: u16 = 183;

/// The program in an ELF file.
///
/// # Errors
/// [`Error::Elf`] when it is no AArch64 ELF file with symbols, or its bounds are cut off.
pub fn read(bytes: &[u8]) -> Result<Program, Error> {
    let file = ElfBytes::<LittleEndian>::minimal_parse(bytes).map_err(wrong)?;
    if file.ehdr.e_machine != AARCH64 {
        return Err(Error::Elf("it is not for AArch64".into()));
    }
    let mut program = Program::default();
    let sections = file.section_headers().ok_or_else(|| Error::Elf("it has no sections".into()))?;
    for section in sections.iter() {
        if section.sh_type == SHT_PROGBITS && section.sh_flags & u64::from(SHF_EXECINSTR) != 0 {
            let (data, _) = file.section_data(&section).map_err(wrong)?;
            program.add_code(section.sh_addr, words(data));
        }
    }
    read_symbols(&file, &mut program)?;
    read_bounds(&file, &mut program)?;
    Ok(program)
}

/// Adds the symbols of code; mapping symbols (`$x`) and local labels of the compiler name nothing.
fn read_symbols(file: &ElfBytes<'_, LittleEndian>, program: &mut Program) -> Result<(), Error> {
    let (symbols, names) = file.symbol_table().map_err(wrong)?.ok_or_else(|| Error::Elf("it has no symbols".into()))?;
    for symbol in symbols.iter().filter(|symbol| !symbol.is_undefined()) {
        let name = names.get(symbol.st_name as usize).map_err(wrong)?;
        let in_code = program.word(symbol.st_value).is_some();
        if in_code && !name.is_empty() && !name.starts_with('$') && !name.starts_with(".L") {
            program.add_symbol(Symbol { name: name.into(), address: symbol.st_value });
        }
    }
    Ok(())
}

/// Adds the loop bounds.
fn read_bounds(file: &ElfBytes<'_, LittleEndian>, program: &mut Program) -> Result<(), Error> {
    let Some(section) = file.section_header_by_name(BOUNDS_SECTION).map_err(wrong)? else {
        return Ok(());
    };
    let (data, _) = file.section_data(&section).map_err(wrong)?;
    let (records, rest) = data.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Error::Elf(format!("{BOUNDS_SECTION} is cut off")));
    }
    for record in records {
        let (address, turns) = record.split_at(8);
        program.add_bound(word64(address), word64(turns));
    }
    Ok(())
}

/// A little-endian 64-bit word.
fn word64(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The 32-bit words of a section.
fn words(data: &[u8]) -> Vec<u32> {
    let (words, _) = data.as_chunks::<4>();
    words.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

/// The parser's error as ours.
fn wrong(error: ::elf::ParseError) -> Error {
    Error::Elf(error.to_string())
}
