//! Both sides of a ring in one program. The other side's mischief is written straight into the shared words.

use super::memory::Memory;
use super::shared::SharedWriter;
use super::{Link, Reader, Writer};
use crate::Instant;
use core::sync::atomic::Ordering::Relaxed;
use rtos_abi::ring::offset::{DROPPED, HEAD, READER_WAITS, TAIL, WRITER_WAITS};
use std::sync::Arc;
use std::vec::Vec;
use std::{format, thread};

const LINK: Link = Link { edge: 0, peer_bit: 1, own_bit: 2 };
const CAPACITY: usize = 2048;
/// Miri is a thousand times slower.
const ROUNDS: u32 = if cfg!(miri) { 2_000 } else { 400_000 };

/// A ring whose counts are at `count`.
fn ring_at(count: u32) -> (Memory, Writer, Reader) {
    let memory = Memory::page();
    memory.word(HEAD).store(count, Relaxed);
    memory.word(TAIL).store(count, Relaxed);
    (memory, Writer::start(memory, LINK, 1), Reader::start(memory, LINK, 1))
}

fn read_all(reader: &mut Reader) -> Vec<u8> {
    let mut bytes = [0; CAPACITY];
    let taken = reader.read(&mut bytes);
    bytes[..taken].to_vec()
}

#[test]
fn bytes_come_out_as_they_went_in_at_every_count() {
    for count in [0, 1, CAPACITY as u32 - 3, u32::MAX - 5, u32::MAX] {
        let (_, mut writer, mut reader) = ring_at(count);
        assert_eq!(writer.write(b"first"), 5);
        assert_eq!(writer.write(b" second"), 7);
        assert_eq!(reader.available(), 12);
        let mut some = [0; 3];
        assert_eq!((reader.read(&mut some), &some), (3, b"fir"));
        assert_eq!(read_all(&mut reader), b"st second");
        assert_eq!(read_all(&mut reader), b"");
    }
}

#[test]
fn a_full_ring_takes_no_more_than_fits() {
    let (_, mut writer, mut reader) = ring_at(u32::MAX - 100);
    let bytes: Vec<u8> = (0..3000u32).map(|n| n as u8).collect();
    assert_eq!(writer.write(&bytes), CAPACITY);
    assert_eq!((writer.room(), writer.write(b"x")), (0, 0));
    assert_eq!(read_all(&mut reader), bytes[..CAPACITY]);
    assert_eq!(writer.room(), CAPACITY);
}

#[test]
fn a_whole_message_is_written_or_counted_as_dropped() {
    let (_, mut writer, mut reader) = ring_at(7);
    assert!(writer.write_whole(&[1; CAPACITY - 2]));
    assert!(!writer.write_whole(b"abc"));
    assert!(writer.write_whole(b"de"));
    assert_eq!(reader.dropped(), 3);
    assert!(read_all(&mut reader).ends_with(&[1, b'd', b'e']));
}

#[test]
fn an_impossible_head_reads_as_an_empty_ring() {
    let (memory, mut writer, mut reader) = ring_at(1000);
    for head in [999, 1001 + CAPACITY as u32, 0, u32::MAX, 1 << 31] {
        memory.word(HEAD).store(head, Relaxed);
        assert_eq!((reader.available(), read_all(&mut reader)), (0, Vec::new()));
    }
    // A writer that comes to its senses is heard again.
    writer.write(b"ok");
    assert_eq!(read_all(&mut reader), b"ok");
}

#[test]
fn an_impossible_tail_reads_as_a_full_ring() {
    let (memory, mut writer, _) = ring_at(5000);
    for tail in [5001, 4999 - CAPACITY as u32, u32::MAX] {
        memory.word(TAIL).store(tail, Relaxed);
        assert_eq!((writer.room(), writer.write(b"x")), (0, 0));
    }
    memory.word(TAIL).store(5000, Relaxed);
    assert_eq!(writer.room(), CAPACITY);
}

#[test]
fn a_restarted_writer_goes_on_after_its_former_bytes() {
    let (memory, mut writer, mut reader) = ring_at(u32::MAX);
    writer.write(b"half a mess");
    assert_eq!(reader.writer_restarted(), None);
    let mut writer = Writer::start(memory, LINK, 2);
    writer.write(b"whole");
    assert_eq!(reader.writer_restarted(), Some(11));
    assert_eq!(reader.writer_restarted(), None);
    assert_eq!(read_all(&mut reader), b"half a messwhole");
}

#[test]
fn a_restarted_reader_goes_on_where_it_was() {
    let (memory, mut writer, mut reader) = ring_at(0);
    writer.write(b"abcd");
    reader.read(&mut [0; 2]);
    let mut reader = Reader::start(memory, LINK, 2);
    assert!(!reader.reopened());
    assert_eq!(read_all(&mut reader), b"cd");
    assert!(Reader::start(memory, LINK, 2).reopened());
}

#[test]
fn counts_that_a_dead_side_left_wrong_are_set_right_at_the_next_start() {
    let (memory, ..) = ring_at(100);
    memory.word(HEAD).store(0x8000_0000, Relaxed);
    let mut writer = Writer::start(memory, LINK, 2);
    let mut reader = Reader::start(memory, LINK, 1);
    writer.write(b"new");
    assert_eq!(read_all(&mut reader), b"new");
    memory.word(TAIL).store(0x8000_0000, Relaxed);
    let mut reader = Reader::start(memory, LINK, 2);
    writer.write(b"er");
    assert_eq!(read_all(&mut reader), b"er");
}

#[test]
fn a_cleared_ring_is_empty_and_takes_new_bytes() {
    let (_, mut writer, mut reader) = ring_at(3);
    writer.write(b"old");
    reader.clear();
    assert_eq!((reader.available(), writer.room()), (0, CAPACITY));
    writer.write(b"new");
    assert_eq!(read_all(&mut reader), b"new");
}

#[test]
#[should_panic(expected = "system call `notify`")]
fn a_writer_wakes_a_reader_that_sleeps() {
    let (_, mut writer, reader) = ring_at(0);
    assert!(!reader.ask_for_bytes(true));
    writer.write(b"x");
}

#[test]
#[should_panic(expected = "system call `notify`")]
fn a_reader_wakes_a_writer_that_waits_for_room() {
    let (_, mut writer, mut reader) = ring_at(0);
    writer.write(&[0; CAPACITY]);
    assert!(!writer.ask_for_room(true));
    reader.read(&mut [0; 1]);
}

#[test]
fn nobody_is_woken_who_does_not_sleep_and_nobody_waits_for_what_is_there() {
    let (memory, mut writer, mut reader) = ring_at(0);
    assert_eq!(writer.wait_room(Instant::NEVER), Ok(()));
    assert!(!reader.ask_for_bytes(true) && !reader.ask_for_bytes(false));
    writer.write(b"x");
    assert_eq!(reader.wait(Instant::NEVER), Ok(()));
    assert_eq!((memory.word(READER_WAITS).load(Relaxed), memory.word(WRITER_WAITS).load(Relaxed)), (0, 0));
    assert_eq!(read_all(&mut reader), b"x");
}

#[test]
fn two_threads_pass_every_byte_in_order() {
    let (_, mut writer, mut reader) = ring_at(u32::MAX - 777);
    let writing = thread::spawn(move || {
        let mut sent = 0u32;
        while sent < ROUNDS {
            let bytes: Vec<u8> = (sent..ROUNDS.min(sent + 1 + sent % 61)).map(|n| n as u8).collect();
            sent += writer.write(&bytes) as u32;
            thread::yield_now();
        }
    });
    let (mut expected, mut bytes) = (0u32, [0; 97]);
    while expected < ROUNDS {
        let taken = reader.read(&mut bytes);
        for byte in &bytes[..taken] {
            assert_eq!(*byte, expected as u8, "byte {expected}");
            expected += 1;
        }
        thread::yield_now();
    }
    writing.join().unwrap();
}

fn shared(memory: Memory) -> SharedWriter {
    let shared = SharedWriter::new();
    shared.start(&Writer::start(memory, LINK, 1));
    shared
}

#[test]
fn a_shared_writer_that_is_not_open_takes_everything_and_keeps_nothing() {
    let closed = SharedWriter::new();
    assert_eq!(closed.write(b"lost"), 4);
    closed.count_dropped(4);
    assert_eq!(closed.wait_room(Instant::NEVER), Ok(()));
}

#[test]
fn a_shared_writer_writes_what_fits_and_counts_what_does_not() {
    let (memory, _, mut reader) = ring_at(u32::MAX - 9);
    let shared = shared(memory);
    assert_eq!(shared.write(&[b'a'; CAPACITY - 1]), CAPACITY - 1);
    assert_eq!(shared.write(b"bc"), 1);
    shared.count_dropped(1);
    assert_eq!((memory.word(DROPPED).load(Relaxed), shared.write(b"d")), (1, 0));
    assert!(read_all(&mut reader).ends_with(b"aab"));
    memory.word(TAIL).store(5000, Relaxed);
    assert_eq!(shared.write(b"e"), 0, "an impossible tail is a full ring");
}

#[test]
fn what_is_written_during_an_interrupted_write_appears_with_it_and_never_before() {
    let (memory, _, mut reader) = ring_at(u32::MAX - 1);
    let shared = shared(memory);
    let (at, taken) = shared.enter(&memory, 3);
    // Here a more urgent thread interrupts, and is not held up.
    assert_eq!(shared.write(b"xyz"), 3);
    assert_eq!((taken, reader.available()), (3, 0), "the first bytes are not there yet");
    for (n, byte) in (0..).zip(b"abc") {
        memory.byte(at.wrapping_add(n)).store(*byte, Relaxed);
    }
    shared.leave(&memory);
    assert_eq!(read_all(&mut reader), b"abcxyz");
}

#[test]
fn lines_that_threads_write_at_once_all_arrive_whole_and_in_each_threads_order() {
    const THREADS: usize = 3;
    let lines = ROUNDS / 100;
    let (memory, _, mut reader) = ring_at(u32::MAX - 1234);
    let shared = Arc::new(shared(memory));
    let writers: [_; THREADS] = core::array::from_fn(|name| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            for n in 0..lines {
                // Twelve bytes divide no power of two, so lines lie across the end. Only what fits is whole: each thread
                // waits until a line of every thread does.
                let line = format!("{name}:{n:09}\n");
                while shared.room() < THREADS * 12 {
                    thread::yield_now();
                }
                assert_eq!(shared.write(line.as_bytes()), line.len());
            }
        })
    });
    let (mut next, mut text) = ([0; THREADS], Vec::new());
    while next.iter().any(|n| *n < lines) {
        text.extend(read_all(&mut reader));
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let name = usize::from(line[0] - b'0');
            assert_eq!(line, format!("{name}:{:09}\n", next[name]).into_bytes());
            next[name] += 1;
        }
        thread::yield_now();
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(reader.available(), 0, "nothing is left behind");
}
