//! Reads a program's ELF file and refuses whatever could not be loaded safely.
//!
//! The file comes from a card or from a build; nothing in it is trusted. Reading is bounded: at most [`MAX_HEADERS`]
//! headers are looked at, nothing is allocated, and no input makes it panic. What [`Program::read`] accepts is an AArch64
//! executable whose segments lie on pages of their own, in order, between [`PROGRAM_BASE`] and [`PROGRAM_END`], none both
//! writable and executable, all bytes in the file, the entry in executable memory.
//!
//! ```
//! use rtos_elf::{ElfError, Program};
//! assert_eq!(Program::read(b"#!/bin/sh").unwrap_err(), ElfError::NotElf);
//! ```
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;
use elf::ElfBytes;
use elf::abi::{
    EI_CLASS, EI_DATA, ELFCLASS64, ELFDATA2LSB, ELFMAGIC, EM_AARCH64, ET_EXEC, PF_R, PF_W, PF_X, PT_DYNAMIC, PT_INTERP,
    PT_LOAD, PT_NOTE, PT_TLS,
};
use elf::endian::LittleEndian;
use elf::note::Note;
use elf::segment::ProgramHeader;
use rtos_abi::call::perm;
use rtos_abi::layout::{PROGRAM_BASE, PROGRAM_END};
use rtos_abi::limits::PAGE_BYTES;

/// Most segments of a program.
pub const MAX_SEGMENTS: usize = 16;
/// Most program headers of a file.
pub const MAX_HEADERS: usize = 64;
/// Name of the note that holds a program's manifest.
pub const NOTE_NAME: &[u8] = b"TinyOS\0";

const PAGE: u64 = PAGE_BYTES as u64;

/// Why a file is no program that can be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElfError {
    /// It does not begin as an ELF file.
    NotElf,
    /// It is cut off, or its headers contradict each other.
    Damaged,
    /// Not 64-bit.
    Not64Bit,
    /// Not little-endian.
    NotLittleEndian,
    /// For another processor: its machine number.
    WrongMachine(u16),
    /// Not linked to fixed addresses: its type.
    NotExecutable(u16),
    /// Needs a dynamic linker.
    Dynamic,
    /// Has thread-local data, which nothing would set up.
    ThreadLocal,
    /// More than [`MAX_HEADERS`] headers.
    TooManyHeaders,
    /// More than [`MAX_SEGMENTS`] segments.
    TooManySegments,
    /// Nothing to load.
    NoSegments,
    /// The segment at this address does not begin on a page.
    NotPageAligned(u64),
    /// The segment at this address has more bytes in the file than in memory.
    MoreBytesThanMemory(u64),
    /// The segment at this address is not wholly between [`PROGRAM_BASE`] and [`PROGRAM_END`].
    OutOfRange(u64),
    /// The segment at this address begins on a page of one before it.
    Overlap(u64),
    /// The segment at this address is both writable and executable.
    WritableCode(u64),
    /// The segment at this address cannot be read.
    NotReadable(u64),
    /// The bytes of the segment at this address are not all in the file.
    CutOff(u64),
    /// The entry is not in executable memory.
    BadEntry(u64),
}

impl fmt::Display for ElfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf => f.write_str("not an ELF file"),
            Self::Damaged => f.write_str("the ELF file is damaged or cut off"),
            Self::Not64Bit => f.write_str("not a 64-bit program"),
            Self::NotLittleEndian => f.write_str("not a little-endian program"),
            Self::WrongMachine(machine) => write!(f, "not for AArch64 (its machine number is {machine})"),
            Self::NotExecutable(kind) => {
                write!(f, "not linked to fixed addresses (its type is {kind}, and {ET_EXEC} is wanted)")
            }
            Self::Dynamic => f.write_str("needs a dynamic linker"),
            Self::ThreadLocal => f.write_str("has thread-local data, which is not supported"),
            Self::TooManyHeaders => write!(f, "more than {MAX_HEADERS} program headers"),
            Self::TooManySegments => write!(f, "more than {MAX_SEGMENTS} segments"),
            Self::NoSegments => f.write_str("nothing to load in it"),
            Self::NotPageAligned(at) => write!(f, "the segment at {at:#x} does not begin on a page"),
            Self::MoreBytesThanMemory(at) => write!(f, "the segment at {at:#x} has more bytes than memory"),
            Self::OutOfRange(at) => {
                write!(f, "the segment at {at:#x} is not between {PROGRAM_BASE:#x} and {PROGRAM_END:#x}")
            }
            Self::Overlap(at) => write!(f, "the segment at {at:#x} begins before the one before it has ended"),
            Self::WritableCode(at) => write!(f, "the segment at {at:#x} is both writable and executable"),
            Self::NotReadable(at) => write!(f, "the segment at {at:#x} cannot be read"),
            Self::CutOff(at) => write!(f, "the file ends within the segment at {at:#x}"),
            Self::BadEntry(at) => write!(f, "the entry {at:#x} is not in executable memory"),
        }
    }
}

impl core::error::Error for ElfError {}

/// A range of a program's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// First address, on a page.
    pub address: u64,
    /// Bytes of memory, whole pages.
    pub memory_len: u64,
    /// What it begins with; the rest is zero.
    pub bytes: &'a [u8],
    /// [`rtos_abi::call::perm`].
    pub perm: u8,
}

impl Segment<'_> {
    const EMPTY: Self = Self { address: 0, memory_len: 0, bytes: &[], perm: 0 };

    /// One past its last address.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.address + self.memory_len
    }
}

/// A program that can be loaded.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    entry: u64,
    segments: [Segment<'a>; MAX_SEGMENTS],
    count: usize,
    manifest: Option<&'a [u8]>,
}

type File<'a> = ElfBytes<'a, LittleEndian>;

impl<'a> Program<'a> {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Any [`ElfError`].
    pub fn read(file: &'a [u8]) -> Result<Self, ElfError> {
        let elf = open(file)?;
        let headers = elf.segments().ok_or(ElfError::NoSegments)?;
        if headers.len() > MAX_HEADERS {
            return Err(ElfError::TooManyHeaders);
        }
        let mut program =
            Self { entry: elf.ehdr.e_entry, segments: [Segment::EMPTY; MAX_SEGMENTS], count: 0, manifest: None };
        for header in headers.iter() {
            match header.p_type {
                PT_LOAD if header.p_memsz > 0 || header.p_filesz > 0 => program.add(segment(&elf, &header)?)?,
                PT_NOTE => program.manifest = program.manifest.or(manifest(&elf, &header)?),
                PT_DYNAMIC | PT_INTERP => return Err(ElfError::Dynamic),
                PT_TLS if header.p_memsz > 0 => return Err(ElfError::ThreadLocal),
                _ => {}
            }
        }
        program.check_entry()
    }

    /// Adds a segment, which lies behind all others.
    fn add(&mut self, segment: Segment<'a>) -> Result<(), ElfError> {
        if self.segments().last().is_some_and(|last| segment.address < last.end()) {
            return Err(ElfError::Overlap(segment.address));
        }
        *self.segments.get_mut(self.count).ok_or(ElfError::TooManySegments)? = segment;
        self.count += 1;
        Ok(())
    }

    fn check_entry(self) -> Result<Self, ElfError> {
        if self.count == 0 {
            return Err(ElfError::NoSegments);
        }
        let entry = self.entry;
        let holds = |s: &Segment<'_>| s.perm & perm::EXECUTE != 0 && (s.address..s.end()).contains(&entry);
        if entry.is_multiple_of(4) && self.segments().iter().any(holds) {
            Ok(self)
        } else {
            Err(ElfError::BadEntry(entry))
        }
    }

    /// Address of its first instruction.
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }

    /// Its segments, by address.
    #[must_use]
    pub fn segments(&self) -> &[Segment<'a>] {
        self.segments.get(..self.count).unwrap_or(&[])
    }

    /// Bytes of memory from [`PROGRAM_BASE`] to the end of its last segment.
    #[must_use]
    pub fn image_bytes(&self) -> u64 {
        self.segments().last().map_or(0, |last| last.end() - PROGRAM_BASE)
    }

    /// Its manifest, if it carries one in a note.
    #[must_use]
    pub const fn manifest(&self) -> Option<&'a [u8]> {
        self.manifest
    }
}

/// Checks the file's header.
fn open(file: &[u8]) -> Result<File<'_>, ElfError> {
    if !file.starts_with(&ELFMAGIC) {
        return Err(ElfError::NotElf);
    }
    // Looked at before the parser does: it would read a 32-bit file's headers and call them damaged.
    if file.get(EI_CLASS).is_some_and(|class| *class != ELFCLASS64) {
        return Err(ElfError::Not64Bit);
    }
    if file.get(EI_DATA).is_some_and(|order| *order != ELFDATA2LSB) {
        return Err(ElfError::NotLittleEndian);
    }
    let elf = File::minimal_parse(file).map_err(|_| ElfError::Damaged)?;
    if elf.ehdr.e_machine != EM_AARCH64 {
        return Err(ElfError::WrongMachine(elf.ehdr.e_machine));
    }
    if elf.ehdr.e_type != ET_EXEC {
        return Err(ElfError::NotExecutable(elf.ehdr.e_type));
    }
    Ok(elf)
}

/// Checks a segment by itself.
fn segment<'a>(elf: &File<'a>, header: &ProgramHeader) -> Result<Segment<'a>, ElfError> {
    let address = header.p_vaddr;
    if !address.is_multiple_of(PAGE) {
        return Err(ElfError::NotPageAligned(address));
    }
    if header.p_filesz > header.p_memsz {
        return Err(ElfError::MoreBytesThanMemory(address));
    }
    let memory_len = header.p_memsz.checked_next_multiple_of(PAGE).ok_or(ElfError::OutOfRange(address))?;
    let end = address.checked_add(memory_len).ok_or(ElfError::OutOfRange(address))?;
    if address < PROGRAM_BASE || end > PROGRAM_END {
        return Err(ElfError::OutOfRange(address));
    }
    if header.p_flags & (PF_W | PF_X) == PF_W | PF_X {
        return Err(ElfError::WritableCode(address));
    }
    if header.p_flags & PF_R == 0 {
        return Err(ElfError::NotReadable(address));
    }
    let bytes = elf.segment_data(header).map_err(|_| ElfError::CutOff(address))?;
    let perm = [(PF_R, perm::READ), (PF_W, perm::WRITE), (PF_X, perm::EXECUTE)]
        .into_iter()
        .fold(0, |sum, (flag, bit)| if header.p_flags & flag == 0 { sum } else { sum | bit });
    Ok(Segment { address, memory_len, bytes, perm })
}

/// The manifest, if this header's notes hold it.
fn manifest<'a>(elf: &File<'a>, header: &ProgramHeader) -> Result<Option<&'a [u8]>, ElfError> {
    if header.p_filesz == 0 {
        return Ok(None);
    }
    let notes = elf.segment_data_as_notes(header).map_err(|_| ElfError::Damaged)?;
    let found = notes.take(MAX_HEADERS).find_map(|note| match note {
        Note::Unknown(note) if note.name == NOTE_NAME || note.name == &NOTE_NAME[..NOTE_NAME.len() - 1] => {
            Some(note.desc)
        }
        _ => None,
    });
    Ok(found)
}
