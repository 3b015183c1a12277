//! `cargo xtask size`: what an image is made of, and what the kernel needs beside it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use elf::ElfBytes;
use elf::abi::{PF_W, PF_X, PT_LOAD};
use elf::endian::LittleEndian;
use lexopt::ValueExt;

use crate::{build, setup};

/// What `help` says of it.
pub const USAGE: &str = "[--system NAME]";
/// Bytes that an image with its bundle may have.
pub const IMAGE_LIMIT: u64 = bundle::IMAGE_GOAL_BYTES as u64;

/// Bytes of an ELF in memory, by what may be done with them.
#[derive(Clone, Copy, Default)]
pub struct Sizes {
    /// Instructions.
    pub code: u64,
    /// Constants.
    pub constants: u64,
    /// Variables that are in the file.
    pub data: u64,
    /// Variables that begin as zero.
    pub zeroed: u64,
}

impl Sizes {
    /// Of an ELF file.
    pub fn of(file: &Path) -> Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let elf = ElfBytes::<LittleEndian>::minimal_parse(&bytes).with_context(|| file.display().to_string())?;
        let mut sizes = Self::default();
        for segment in elf.segments().into_iter().flatten().filter(|segment| segment.p_type == PT_LOAD) {
            match segment.p_flags {
                flags if flags & PF_X != 0 => sizes.code += segment.p_memsz,
                flags if flags & PF_W == 0 => sizes.constants += segment.p_memsz,
                _ => {
                    sizes.data += segment.p_filesz;
                    sizes.zeroed += segment.p_memsz - segment.p_filesz;
                }
            }
        }
        Ok(sizes)
    }

    /// All of it.
    pub const fn total(&self) -> u64 {
        self.code + self.constants + self.data + self.zeroed
    }
}

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let mut name = build::DEFAULT_SYSTEM.to_owned();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("system") => name = arguments.value()?.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    setup::targets()?;
    let system = build::system(&name, None)?;
    println!("{:<16} {:>9} {:>9} {:>9} {:>9} {:>9}", "bytes", "code", "constants", "data", "zeroed", "total");
    let kernel = ("kernel".to_owned(), system.kernel.clone());
    for (name, elf) in std::iter::once(&kernel).chain(&system.programs) {
        let s = Sizes::of(elf)?;
        println!("{name:<16} {:>9} {:>9} {:>9} {:>9} {:>9}", s.code, s.constants, s.data, s.zeroed, s.total());
    }
    let image = fs::metadata(&system.image)?.len();
    println!("image            {image:>9} of at most {IMAGE_LIMIT}");
    Ok(u8::from(image > IMAGE_LIMIT))
}
