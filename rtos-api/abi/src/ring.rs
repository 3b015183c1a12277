//! The shared byte ring between two partitions: one writer, one reader, no lock, no call.
//!
//! A ring lies in pages that both map. Neither side trusts the other: an index out of range is read as an empty or full
//! ring, never as an access outside it. `head` and `tail` count bytes and wrap at 2^32; a byte is at `count % capacity`,
//! and the capacity is a power of two ([`capacity`]) so that this holds across the wrap.
//!
//! The kernel clears a ring once, at boot. A side that was restarted goes on at the counts it finds: what a program wrote
//! last (its panic, for one) still arrives, and what its successor writes follows it.

/// Offsets of the header's 32-bit words; each side writes only its own cache lines.
pub mod offset {
    /// Written by the writer: bytes ever written.
    pub const HEAD: usize = 0;
    /// Written by the writer: bytes it threw away because the ring was full.
    pub const DROPPED: usize = 4;
    /// Written by the writer once it is open: its generation. A reader that sees another one knows of the restart.
    pub const WRITER_EPOCH: usize = 8;
    /// Written by the writer: 1 while it sleeps and wants a notification when there is room.
    pub const WRITER_WAITS: usize = 12;
    /// Written by the writer before its epoch: `HEAD` when it opened the ring, where this life's bytes begin.
    pub const WRITER_START: usize = 16;
    /// Written by the reader: bytes ever read.
    pub const TAIL: usize = 64;
    /// Written by the reader: 1 while it sleeps and wants a notification at the next byte.
    pub const READER_WAITS: usize = 68;
    /// Written by the reader once it is open: its generation. A writer that sees another one knows of the restart.
    pub const READER_EPOCH: usize = 72;
}

/// Bytes of the header; data follows.
pub const HEADER_BYTES: usize = 128;

/// Bytes of data that a ring of `bytes` bytes, header included, holds: the largest power of two that fits; 0 if none does.
#[must_use]
pub const fn capacity(bytes: usize) -> u32 {
    let room = bytes.saturating_sub(HEADER_BYTES);
    match room.checked_ilog2() {
        Some(log) if log < 31 => 1 << log,
        Some(_) => 1 << 30,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::capacity;

    #[test]
    fn the_capacity_is_a_power_of_two_that_fits() {
        assert_eq!(capacity(4096), 2048);
        assert_eq!(capacity(8192), 4096);
        assert_eq!(capacity(128), 0);
        assert_eq!(capacity(129), 1);
        assert_eq!(capacity(usize::MAX), 1 << 30);
    }
}
