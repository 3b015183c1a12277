//! From the kernel's ELF to the bytes that firmware and emulator load: its loadable segments at their distances, up to
//! the last byte that the file holds (zeroed data needs none), filled up to a whole page.

use anyhow::{Context, Result, bail, ensure};
use elf::ElfBytes;
use elf::abi::{EM_AARCH64, PT_LOAD};
use elf::endian::LittleEndian;

/// Page size of the kernel.
const PAGE: u64 = 4096;
/// No kernel is near this size; a stray segment is.
const MOST: u64 = 16 << 20;

/// The flat binary of an AArch64 ELF.
pub fn flatten(elf: &[u8]) -> Result<Vec<u8>> {
    let file = ElfBytes::<LittleEndian>::minimal_parse(elf).context("not an ELF file")?;
    ensure!(file.ehdr.e_machine == EM_AARCH64, "not built for AArch64");
    let segments = file.segments().context("the ELF has no segments")?;
    let loaded = || segments.iter().filter(|segment| segment.p_type == PT_LOAD && segment.p_memsz > 0);
    let base = loaded().map(|segment| segment.p_vaddr).min().context("the ELF has nothing to load")?;
    let held = || loaded().filter(|segment| segment.p_filesz > 0);
    let end = held().map(|segment| segment.p_vaddr.saturating_add(segment.p_filesz)).max().unwrap_or(base);
    ensure!(end - base <= MOST, "the kernel's segments are spread over {} bytes", end - base);
    let mut flat = vec![0; usize::try_from((end - base).next_multiple_of(PAGE))?];
    for segment in held() {
        let at = usize::try_from(segment.p_vaddr - base)?;
        let from = usize::try_from(segment.p_offset)?;
        let length = usize::try_from(segment.p_filesz)?;
        let Some(bytes) = from.checked_add(length).and_then(|to| elf.get(from..to)) else {
            bail!("a segment lies outside the file");
        };
        flat[at..at + length].copy_from_slice(bytes);
    }
    Ok(flat)
}

#[cfg(test)]
mod tests {
    use super::flatten;

    /// An ELF with loadable segments `(address, contents, bytes in memory)`.
    fn elf(segments: &[(u64, &[u8], u64)]) -> Vec<u8> {
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0];
        file.resize(16, 0);
        file.extend([2, 0, 183, 0, 1, 0, 0, 0]);
        file.extend(0u64.to_le_bytes());
        file.extend(64u64.to_le_bytes());
        file.extend(0u64.to_le_bytes());
        let count = u8::try_from(segments.len()).unwrap();
        file.extend([0, 0, 0, 0, 64, 0, 56, 0, count, 0, 64, 0, 0, 0, 0, 0]);
        let mut offset = 64 + 56 * segments.len() as u64;
        for (address, contents, memory) in segments {
            file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
            for word in [offset, *address, *address, contents.len() as u64, *memory, 4096] {
                file.extend(word.to_le_bytes());
            }
            offset += contents.len() as u64;
        }
        segments.iter().for_each(|(_, contents, _)| file.extend(*contents));
        file
    }

    #[test]
    fn segments_keep_their_distance_and_zeroed_data_takes_no_room() {
        let base = 0xffff_ffff_8000_0000;
        let file = elf(&[(base, b"text", 4), (base + 0x2000, b"data", 0x9000), (base + 0x10000, b"", 0x1000)]);
        let flat = flatten(&file).unwrap();
        assert_eq!(flat.len(), 0x3000);
        assert_eq!((&flat[..5], &flat[0x2000..0x2005]), (&b"text\0"[..], &b"data\0"[..]));
    }

    #[test]
    fn a_segment_outside_the_file_is_refused() {
        let mut file = elf(&[(0x1000, b"text", 4)]);
        file.truncate(file.len() - 1);
        assert_eq!(flatten(&file).unwrap_err().to_string(), "a segment lies outside the file");
    }
}
