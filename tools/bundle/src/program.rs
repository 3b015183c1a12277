//! A program's ELF file, as far as it is loaded: its segments, on pages of their own.

use elf::ElfBytes;
use elf::abi::{EM_AARCH64, ET_EXEC, PF_R, PF_W, PF_X, PT_LOAD};
use elf::endian::LittleEndian;
use elf::segment::ProgramHeader;
use rtos_abi::call::perm;
use rtos_abi::layout::PROGRAM_BASE;
use rtos_abi::limits::PAGE_BYTES;

const PAGE: u64 = PAGE_BYTES as u64;

/// A program that can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Name of its partition.
    pub name: String,
    /// Address of its first instruction.
    pub entry: u64,
    /// Its segments, by address.
    pub segments: Vec<Segment>,
}

/// A range of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First address, page aligned.
    pub address: u64,
    /// Bytes of memory, whole pages.
    pub memory_len: u64,
    /// What it begins with; the rest is zero.
    pub bytes: Vec<u8>,
    /// [`perm`].
    pub perm: u8,
}

impl Program {
    /// Reads an ELF file; the program may span `most` bytes from [`PROGRAM_BASE`].
    ///
    /// # Errors
    /// Why it cannot be loaded, as the end of a sentence about it.
    pub fn read(name: &str, file: &[u8], most: u64) -> Result<Self, String> {
        let elf = ElfBytes::<LittleEndian>::minimal_parse(file).map_err(|error| format!("is no ELF file: {error}"))?;
        if elf.ehdr.e_machine != EM_AARCH64 || elf.ehdr.e_type != ET_EXEC {
            return Err("is no executable for AArch64 at fixed addresses".into());
        }
        let headers = elf.segments().ok_or("has no segments")?;
        let loaded = headers.iter().filter(|h| h.p_type == PT_LOAD && h.p_memsz > 0);
        let mut segments = loaded.map(|h| segment(&elf, &h)).collect::<Result<Vec<_>, _>>()?;
        segments.sort_by_key(|s| s.address);
        let mut end = PROGRAM_BASE;
        for segment in &segments {
            if segment.address < end {
                return Err(format!("has a segment at {:#x}, which must be at {end:#x} or above", segment.address));
            }
            end = segment.address + segment.memory_len;
        }
        if end - PROGRAM_BASE > most {
            let needs = (end - PROGRAM_BASE) / 1024;
            return Err(format!("needs image_kib = {needs}, but its partition.toml gives {}", most / 1024));
        }
        let entry = elf.ehdr.e_entry;
        let holds = |s: &Segment| s.perm & perm::EXECUTE != 0 && (s.address..s.address + s.memory_len).contains(&entry);
        if !segments.iter().any(holds) {
            return Err(format!("begins at {entry:#x}, where it has no code"));
        }
        Ok(Self { name: name.to_string(), entry, segments })
    }
}

fn segment(elf: &ElfBytes<'_, LittleEndian>, header: &ProgramHeader) -> Result<Segment, String> {
    let address = header.p_vaddr;
    if !address.is_multiple_of(PAGE) {
        return Err(format!("has a segment at {address:#x}, which is not the start of a page"));
    }
    let mut perms = 0;
    for (flag, bit) in [(PF_R, perm::READ), (PF_W, perm::WRITE), (PF_X, perm::EXECUTE)] {
        perms |= if header.p_flags & flag != 0 { bit } else { 0 };
    }
    if perms & perm::READ == 0 || perms & (perm::WRITE | perm::EXECUTE) == perm::WRITE | perm::EXECUTE {
        return Err(format!("has a segment at {address:#x} that is both writable and executable, or not readable"));
    }
    let memory_len = header.p_memsz.checked_next_multiple_of(PAGE).filter(|len| address.checked_add(*len).is_some());
    let memory_len = memory_len.ok_or("has a segment that does not end")?;
    let bytes = elf.segment_data(header).map_err(|error| format!("is cut off: {error}"))?;
    if bytes.len() as u64 > header.p_memsz {
        return Err(format!("has a segment at {address:#x} with more bytes than memory"));
    }
    // Trailing zeros need no room in the image.
    let used = bytes.iter().rposition(|b| *b != 0).map_or(0, |n| n + 1);
    Ok(Segment { address, memory_len, bytes: bytes[..used].to_vec(), perm: perms })
}
