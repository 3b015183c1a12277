//! The shared byte ring between two partitions: one writer, one reader, no lock, no call.
//!
//! A ring lies in pages that both map. Neither side trusts the other: an index out of range is read as an empty or full
//! ring, never as an access outside it. `head` and `tail` count bytes and wrap at 2^32; a byte is at `count % capacity`.

/// Offsets of the header's 32-bit words; each side writes only its own cache lines.
pub mod offset {
    /// Written by the writer: bytes ever written.
    pub const HEAD: usize = 0;
    /// Written by the writer: bytes it threw away because the ring was full.
    pub const DROPPED: usize = 4;
    /// Written by the writer: its generation; a reader that sees another one starts at `head`.
    pub const WRITER_EPOCH: usize = 8;
    /// Written by the reader: bytes ever read.
    pub const TAIL: usize = 64;
    /// Written by the reader: 1 while it sleeps and wants a notification at the next byte.
    pub const READER_WAITS: usize = 68;
    /// Written by the reader: its generation; a writer that sees another one starts at `tail`.
    pub const READER_EPOCH: usize = 72;
    /// Written by the writer: 1 while it sleeps and wants a notification when there is room.
    pub const WRITER_WAITS: usize = 12;
}

/// Bytes of the header; data follows to the end of the last page.
pub const HEADER_BYTES: usize = 128;
