//! The bundle's bytes: tables first, then the contents of the segments.

use std::collections::HashMap;

use manifest::System;
use manifest::memory::TABLE_BYTES;
use manifest::resolve::Tables;
use rtos_abi::bundle::{Board, Header, Image, MAGIC, Segment, VERSION, crc32, region_kind};
use rtos_abi::layout::{BUNDLE_BASE, BUNDLE_END};
use rtos_abi::limits::PAGE_BYTES;
use rtos_abi::record::{Record, name_bytes};

use crate::Error;
use crate::program::{Program, stored};

/// Bytes that grow by tables. A table that is there already is not written again: most are the same on every board.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, usize>,
}

impl Writer {
    /// Writes a table and answers its offset and number of records.
    fn table<R: Record>(&mut self, records: &[R]) -> (u32, u32) {
        let mut table = vec![0; records.len() * R::BYTES];
        for (bytes, record) in table.chunks_mut(R::BYTES).zip(records) {
            record.write(bytes);
        }
        let end = self.bytes.len();
        let at = *self.known.entry(table.clone()).or_insert(end);
        if at == end {
            self.bytes.extend(table);
        }
        (word(at), word(records.len()))
    }

    /// Room for records that are known later.
    fn reserve<R: Record>(&mut self, count: usize) -> usize {
        let at = self.bytes.len();
        self.bytes.resize(at + count * R::BYTES, 0);
        at
    }

    fn put<R: Record>(&mut self, at: usize, records: &[R]) {
        for (bytes, record) in self.bytes[at..].chunks_mut(R::BYTES).zip(records) {
            record.write(bytes);
        }
    }
}

/// A number that the size of the bundle's window keeps within 32 bits.
fn word(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Bytes up to the next page.
fn paged(len: usize) -> usize {
    len.next_multiple_of(PAGE_BYTES)
}

/// Bytes of all contents, each on pages of its own.
fn contents_len(programs: &[Program<'_>]) -> usize {
    programs.iter().flat_map(|p| p.file.segments()).map(|s| paged(stored(s).len())).sum()
}

/// Writes the bundle.
pub fn write(system: &System, programs: &[Program<'_>]) -> Result<Vec<u8>, Error> {
    // How long the tables are does not depend on what is in the fields that the length decides.
    let draft = lay_out(system, programs, 0);
    let total = paged(draft.len()) + contents_len(programs);
    if total as u64 > BUNDLE_END - BUNDLE_BASE {
        return Err(Error::TooLarge { bytes: total as u64 });
    }
    let mut bytes = lay_out(system, programs, total);
    let tables_len = paged(bytes.len());
    debug_assert_eq!(tables_len, paged(draft.len()), "the same tables, but for a few values");
    bytes.resize(tables_len, 0);
    let mut header = Header::read(&bytes);
    header.tables_len = word(tables_len);
    header.crc32 = crc32(&bytes[Header::BYTES..]);
    header.write(&mut bytes);
    for segment in programs.iter().flat_map(|p| p.file.segments()) {
        bytes.extend(stored(segment));
        bytes.resize(paged(bytes.len()), 0);
    }
    Ok(bytes)
}

/// All tables of a bundle of `total` bytes, with a header that lacks the checksum.
fn lay_out(system: &System, programs: &[Program<'_>], total: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    let header_at = writer.reserve::<Header>(1);
    let boards_at = writer.reserve::<Board>(system.tables.len());
    let images_at = writer.reserve::<Image>(programs.len());
    let count = programs.iter().map(|p| p.file.segments().len()).sum();
    let segments_at = writer.reserve::<Segment>(count);
    let boards: Vec<_> = system.tables.iter().map(|tables| board(&mut writer, tables, total)).collect();
    writer.put(boards_at, &boards);
    let contents_at = paged(writer.bytes.len());
    let (images, segments) = images(programs, contents_at);
    writer.put(images_at, &images);
    writer.put(segments_at, &segments);
    let header = Header {
        magic: MAGIC,
        version: VERSION,
        total_len: word(total),
        tables_len: 0,
        crc32: 0,
        board_count: word(boards.len()),
        boards_off: word(boards_at),
        image_count: word(images.len()),
        images_off: word(images_at),
        segments_off: word(segments_at),
        segment_count: word(count),
        system: name_bytes(system.name()),
    };
    writer.put(header_at, &[header]);
    writer.bytes
}

fn images(programs: &[Program<'_>], contents_at: usize) -> (Vec<Image>, Vec<Segment>) {
    let mut segments = Vec::new();
    let mut at = contents_at;
    let mut image = |program: &Program<'_>| {
        let first_segment = word(segments.len());
        for segment in program.file.segments() {
            segments.push(Segment {
                address: segment.address,
                memory_len: segment.memory_len,
                file_off: word(at),
                file_len: word(stored(segment).len()),
                perm: segment.perm,
                spare: [0; 7],
            });
            at += paged(stored(segment).len());
        }
        let segment_count = word(program.file.segments().len());
        Image { name: name_bytes(&program.name), entry: program.file.entry(), first_segment, segment_count }
    };
    let images = programs.iter().map(&mut image).collect();
    (images, segments)
}

/// Writes a board's tables and answers its record. `init` sees the bundle, whose length is known only now.
fn board(writer: &mut Writer, tables: &Tables, total: usize) -> Board {
    let mut board = tables.board;
    let mut partitions = tables.partitions.clone();
    if let Some(init) = partitions.first_mut() {
        init.table_pages += word((total as u64).div_ceil(TABLE_BYTES) as usize);
    }
    let mut regions = tables.regions.clone();
    for region in regions.iter_mut().filter(|r| r.kind == region_kind::BUNDLE) {
        region.pages = word(total / PAGE_BYTES);
    }
    (board.partitions_off, board.partition_count) = writer.table(&partitions);
    (board.threads_off, board.thread_count) = writer.table(&tables.threads);
    (board.budgets_off, board.budget_count) = writer.table(&tables.budgets);
    (board.call_edges_off, board.call_edge_count) = writer.table(&tables.call_edges);
    (board.notify_edges_off, board.notify_edge_count) = writer.table(&tables.notify_edges);
    (board.irqs_off, board.irq_count) = writer.table(&tables.irqs);
    (board.regions_off, board.region_count) = writer.table(&regions);
    (board.grants_off, board.grant_count) = writer.table(&tables.grants);
    (board.safe_writes_off, board.safe_write_count) = writer.table(&tables.safe_writes);
    (board.rings_off, board.ring_count) = writer.table(&tables.rings);
    board
}
