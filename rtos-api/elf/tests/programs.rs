//! Which files are programs, and why the others are not.

use rtos_abi::call::perm;
use rtos_abi::layout::{PROGRAM_BASE, PROGRAM_END};
use rtos_elf::{ElfError, MAX_SEGMENTS, Program};

const LOAD: u32 = 1;
const READ_EXECUTE: u32 = 5;
const READ_WRITE: u32 = 6;
/// Bytes before the contents: room for the header and 65 program headers.
const CONTENTS: usize = 0x1000;

/// A program header, as the tests change it.
#[derive(Clone, Copy)]
struct Header {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_len: u64,
    memory_len: u64,
    align: u64,
}

const TEXT: Header = Header {
    kind: LOAD,
    flags: READ_EXECUTE,
    offset: CONTENTS as u64,
    address: PROGRAM_BASE,
    file_len: 0x20,
    memory_len: 0x20,
    align: 0x1000,
};
const DATA: Header = Header {
    flags: READ_WRITE,
    offset: CONTENTS as u64 + 0x20,
    address: PROGRAM_BASE + 0x1000,
    file_len: 8,
    memory_len: 0x1800,
    ..TEXT
};
const NOTE: Header =
    Header { kind: 4, flags: 4, offset: CONTENTS as u64 + 0x40, address: 0, file_len: 24, memory_len: 24, align: 4 };

/// An ELF file with these headers; its contents are bytes 0, 1, 2, ... and a manifest note.
fn file(headers: &[Header]) -> Vec<u8> {
    let mut file = vec![0; CONTENTS];
    file[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0");
    file[20] = 1;
    file[24..32].copy_from_slice(&(PROGRAM_BASE + 4).to_le_bytes());
    file[32..40].copy_from_slice(&64u64.to_le_bytes());
    file[52] = 64;
    file[54] = 56;
    file[56] = headers.len() as u8;
    file[58] = 64;
    for (n, header) in headers.iter().enumerate() {
        let Header { kind, flags, offset, address, file_len, memory_len, align } = *header;
        let at = 64 + n * 56;
        file[at..at + 4].copy_from_slice(&kind.to_le_bytes());
        file[at + 4..at + 8].copy_from_slice(&flags.to_le_bytes());
        for (m, word) in [offset, address, address, file_len, memory_len, align].into_iter().enumerate() {
            file[at + 8 + m * 8..at + 16 + m * 8].copy_from_slice(&word.to_le_bytes());
        }
    }
    file.extend(0..0x40);
    file.extend([7, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0]);
    file.extend(b"TinyOS\0\0four");
    file
}

fn refusal(headers: &[Header]) -> ElfError {
    Program::read(&file(headers)).expect_err("this is no program")
}

#[test]
fn a_program_is_read_with_its_segments_and_manifest() {
    let file = file(&[TEXT, DATA, NOTE]);
    let program = Program::read(&file).unwrap();
    assert_eq!(program.entry(), PROGRAM_BASE + 4);
    let [text, data] = program.segments() else { panic!("two segments") };
    assert_eq!((text.address, text.memory_len, text.perm), (PROGRAM_BASE, 0x1000, perm::READ | perm::EXECUTE));
    assert_eq!(text.bytes, (0..0x20).collect::<Vec<u8>>());
    assert_eq!((data.address, data.memory_len, data.perm), (PROGRAM_BASE + 0x1000, 0x2000, perm::READ | perm::WRITE));
    assert_eq!(data.bytes, (0x20..0x28).collect::<Vec<u8>>());
    assert_eq!(program.image_bytes(), 0x3000);
    assert_eq!(program.manifest(), Some(&b"four"[..]));
}

#[test]
fn a_segment_without_memory_is_not_there() {
    let empty = Header { file_len: 0, memory_len: 0, address: 1, ..DATA };
    assert_eq!(Program::read(&file(&[TEXT, empty])).unwrap().segments().len(), 1);
}

#[test]
fn a_program_without_a_note_has_no_manifest() {
    assert_eq!(Program::read(&file(&[TEXT])).unwrap().manifest(), None);
    let other = Header { offset: CONTENTS as u64, ..NOTE };
    assert_eq!(Program::read(&file(&[TEXT, other])).unwrap().manifest(), None);
}

#[test]
fn files_of_another_kind_are_refused_by_name() {
    let changed = |at: usize, value: u8| {
        let mut file = file(&[TEXT]);
        file[at] = value;
        Program::read(&file).expect_err("this is no program")
    };
    assert_eq!(Program::read(b"").unwrap_err(), ElfError::NotElf);
    assert_eq!(Program::read(b"\x7fELF").unwrap_err(), ElfError::Damaged);
    assert_eq!(changed(0, b'?'), ElfError::NotElf);
    assert_eq!(changed(4, 1), ElfError::Not64Bit);
    assert_eq!(changed(4, 9), ElfError::Not64Bit);
    assert_eq!(changed(5, 2), ElfError::NotLittleEndian);
    assert_eq!(changed(16, 3), ElfError::NotExecutable(3));
    assert_eq!(changed(18, 62), ElfError::WrongMachine(62));
    assert_eq!(changed(54, 55), ElfError::Damaged);
    assert_eq!(changed(24, 2), ElfError::BadEntry(PROGRAM_BASE + 2));
    assert_eq!(changed(26, 0), ElfError::BadEntry(4));
}

#[test]
fn segments_that_could_not_be_loaded_safely_are_refused_by_name() {
    let base = PROGRAM_BASE;
    assert_eq!(refusal(&[]), ElfError::NoSegments);
    assert_eq!(refusal(&[NOTE]), ElfError::NoSegments);
    assert_eq!(refusal(&[Header { address: base + 8, ..TEXT }]), ElfError::NotPageAligned(base + 8));
    assert_eq!(refusal(&[Header { memory_len: 0x1f, ..TEXT }]), ElfError::MoreBytesThanMemory(base));
    assert_eq!(refusal(&[Header { address: base - 0x1000, ..TEXT }]), ElfError::OutOfRange(base - 0x1000));
    assert_eq!(refusal(&[Header { memory_len: u64::MAX, ..TEXT }]), ElfError::OutOfRange(base));
    assert_eq!(refusal(&[Header { memory_len: u64::MAX - 0xfff, ..TEXT }]), ElfError::OutOfRange(base));
    assert_eq!(refusal(&[Header { memory_len: PROGRAM_END - base + 1, ..TEXT }]), ElfError::OutOfRange(base));
    assert_eq!(refusal(&[Header { flags: 7, ..TEXT }]), ElfError::WritableCode(base));
    assert_eq!(refusal(&[Header { flags: 1, ..TEXT }]), ElfError::NotReadable(base));
    assert_eq!(refusal(&[Header { offset: 0x9000, ..TEXT }]), ElfError::CutOff(base));
    assert_eq!(refusal(&[Header { offset: u64::MAX, ..TEXT }]), ElfError::CutOff(base));
    assert_eq!(refusal(&[TEXT, Header { address: base, ..DATA }]), ElfError::Overlap(base));
    assert_eq!(refusal(&[DATA, TEXT]), ElfError::Overlap(base));
    assert_eq!(refusal(&[Header { flags: READ_WRITE, ..TEXT }]), ElfError::BadEntry(base + 4));
    assert_eq!(refusal(&[TEXT, Header { kind: 2, ..DATA }]), ElfError::Dynamic);
    assert_eq!(refusal(&[TEXT, Header { kind: 3, ..DATA }]), ElfError::Dynamic);
    assert_eq!(refusal(&[TEXT, Header { kind: 7, ..DATA }]), ElfError::ThreadLocal);
}

#[test]
fn headers_and_segments_are_bounded() {
    let segments: Vec<_> =
        (0..=MAX_SEGMENTS as u64).map(|n| Header { address: PROGRAM_BASE + n * 0x1000, ..TEXT }).collect();
    assert!(Program::read(&file(&segments[..MAX_SEGMENTS])).is_ok());
    assert_eq!(refusal(&segments), ElfError::TooManySegments);
    assert_eq!(refusal(&[Header { kind: 0, ..TEXT }; 65]), ElfError::TooManyHeaders);
}

#[test]
fn every_refusal_says_what_is_wrong() {
    assert_eq!(
        ElfError::WritableCode(0x20_1000).to_string(),
        "the segment at 0x201000 is both writable and executable"
    );
    assert_eq!(
        ElfError::NotExecutable(3).to_string(),
        "not linked to fixed addresses (its type is 3, and 2 is wanted)"
    );
}

/// SplitMix64: a seed gives the same mutants on every run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut value = *state;
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What every accepted program promises, whatever its file was.
fn check(program: &Program<'_>) {
    let mut end = PROGRAM_BASE;
    for segment in program.segments() {
        assert!(segment.address >= end && segment.end() <= PROGRAM_END && segment.end() > segment.address);
        assert!(segment.address.is_multiple_of(4096) && segment.memory_len.is_multiple_of(4096));
        assert!(segment.bytes.len() as u64 <= segment.memory_len);
        assert_ne!(segment.perm & (perm::WRITE | perm::EXECUTE), perm::WRITE | perm::EXECUTE);
        end = segment.end();
    }
    let entry = program.entry();
    assert!(program.segments().iter().any(|s| s.perm & perm::EXECUTE != 0 && (s.address..s.end()).contains(&entry)));
}

#[test]
fn no_mutant_of_a_program_panics_or_is_accepted_wrongly() {
    let original = file(&[TEXT, DATA, NOTE]);
    let headers = 64 + 3 * 56;
    let mut state = 1;
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut file = original.clone();
        for _ in 0..=next(&mut state) % 4 {
            // Most changes hit the headers, some the notes; values near the edges are likelier than chance.
            let at = match next(&mut state) % 8 {
                0 => next(&mut state) as usize % file.len(),
                1 => CONTENTS + 0x40 + next(&mut state) as usize % 24,
                _ => next(&mut state) as usize % headers,
            };
            file[at] = match next(&mut state) % 4 {
                0 => 0xff,
                1 => 0,
                2 => file[at] ^ 1 << (next(&mut state) % 8),
                _ => next(&mut state) as u8,
            };
        }
        if next(&mut state).is_multiple_of(8) {
            file.truncate(next(&mut state) as usize % original.len());
        }
        match Program::read(&file) {
            Ok(program) => {
                check(&program);
                accepted += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    // Both happen often, or the mutants would test nothing.
    assert!(accepted > 1_000 && refused > 5_000, "{accepted} accepted, {refused} refused");
}
