//! Makes the one file that boots: the kernel, then the boot bundle with the system's tables for every board and its
//! programs ([`rtos_abi::bundle`] is the format). The same inputs give the same bytes.
#![forbid(unsafe_code)]

mod image;
mod program;
mod tables;

use std::fmt;

use manifest::System;
use manifest::system::Member;

pub use image::{HEADER_BYTES, kernel_hash};
pub use program::Program;

/// Bytes above which an image is larger than TinyOS wants to be.
pub const IMAGE_GOAL_BYTES: usize = 1 << 20;

/// What an image is made from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The kernel's flat binary, which begins with an arm64 Image header.
    pub kernel: &'a [u8],
    /// The system.
    pub system: &'a System,
    /// The ELF file of each partition's program, by slot.
    pub programs: &'a [Vec<u8>],
}

/// Why no image could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The kernel's file does not begin with an arm64 Image header, or is not whole pages.
    Kernel(&'static str),
    /// The system has another number of partitions than there are programs.
    ProgramCount {
        /// Partitions.
        partitions: usize,
        /// Programs.
        programs: usize,
    },
    /// A program cannot be loaded.
    Program {
        /// Its partition.
        partition: String,
        /// Why.
        why: String,
    },
    /// The bundle does not fit the place from which `init` reads it.
    TooLarge {
        /// Its bytes.
        bytes: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel(why) => write!(f, "the kernel's flat binary {why}"),
            Self::ProgramCount { partitions, programs } => {
                write!(f, "the system has {partitions} partitions, but {programs} programs were given")
            }
            Self::Program { partition, why } => write!(f, "the program of partition \"{partition}\": {why}"),
            Self::TooLarge { bytes } => write!(f, "a boot bundle of {bytes} bytes does not fit its window"),
        }
    }
}

impl std::error::Error for Error {}

/// The image: kernel and bundle.
///
/// # Errors
/// Any [`Error`].
pub fn build(inputs: &Inputs<'_>) -> Result<Vec<u8>, Error> {
    image::check(inputs.kernel)?;
    let bundle = build_bundle(inputs.system, inputs.programs)?;
    let mut file = inputs.kernel.to_vec();
    file.extend(bundle);
    image::finish(&mut file, inputs.kernel);
    Ok(file)
}

/// The bundle alone.
///
/// # Errors
/// Any [`Error`] but that of the kernel.
pub fn build_bundle(system: &System, programs: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let members = system.members();
    if members.len() != programs.len() {
        return Err(Error::ProgramCount { partitions: members.len(), programs: programs.len() });
    }
    let programs = members.iter().zip(programs).map(|(member, elf)| program(member, elf));
    let programs = programs.collect::<Result<Vec<_>, _>>()?;
    tables::write(system, &programs)
}

fn program<'a>(member: &Member, elf: &'a [u8]) -> Result<Program<'a>, Error> {
    let name = member.file.name();
    let image_kib = member.file.manifest.memory.get_ref().image_kib;
    Program::read(name, elf, u64::from(image_kib) * 1024)
        .map_err(|why| Error::Program { partition: name.to_string(), why })
}
