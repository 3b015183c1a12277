//! The kernel's file: the arm64 Image header at its start, and what is filled in there.

use rtos_abi::limits::PAGE_BYTES;

use crate::Error;

/// Bytes of the Image header.
pub const HEADER_BYTES: usize = 64;
/// Bytes that the image takes in memory, with what it needs after its end (u64).
const IMAGE_SIZE: usize = 16;
/// The kernel's own use of a reserved field: bytes of its zeroed data, which lie after the bundle (u64).
const BSS_SIZE: usize = 40;
/// The kernel's own use of a reserved field: its hash, filled in here (u64).
const HASH: usize = 48;
/// `ARM\x64`.
const MAGIC: usize = 56;

/// Whether the file can be the first part of an image.
pub fn check(kernel: &[u8]) -> Result<(), Error> {
    if kernel.get(MAGIC..MAGIC + 4) != Some(b"ARM\x64") {
        return Err(Error::Kernel("does not begin with an arm64 Image header"));
    }
    if !kernel.len().is_multiple_of(PAGE_BYTES) {
        return Err(Error::Kernel("is not whole pages, so the bundle would not be found after it"));
    }
    Ok(())
}

/// What `version` and all results name a kernel by: FNV-1a over its flat binary as it was linked, without what is
/// filled in here.
#[must_use]
pub fn kernel_hash(kernel: &[u8]) -> u64 {
    kernel.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Fills in what only the whole file tells: its size in memory, and the kernel's hash.
pub fn finish(file: &mut [u8], kernel: &[u8]) {
    let mut bss = [0; 8];
    bss.copy_from_slice(&kernel[BSS_SIZE..BSS_SIZE + 8]);
    let size = file.len() as u64 + u64::from_le_bytes(bss);
    file[IMAGE_SIZE..IMAGE_SIZE + 8].copy_from_slice(&size.to_le_bytes());
    file[HASH..HASH + 8].copy_from_slice(&kernel_hash(kernel).to_le_bytes());
}
