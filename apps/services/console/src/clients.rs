//! The programs whose standard output and input end here.

use console_lib::mux::Mux;
use heapless::Vec;
use rtos_api::info::{self, name_text};
use rtos_api::ring::{Reader, Writer};

use crate::server;

/// Most programs with standard output and input.
pub const MAX_CLIENTS: usize = 16;

/// A program.
struct Client {
    slot: u8,
    name: [u8; 16],
    /// What it prints.
    output: Reader,
    /// What is typed for it.
    input: Option<Writer>,
    /// Its count of lost bytes when last looked at.
    dropped: u32,
}

/// All programs, by their number in the multiplexer.
pub struct Clients(Vec<Client, MAX_CLIENTS>);

impl Clients {
    /// Opens all rings of this partition.
    pub fn open() -> Self {
        let mut clients = Self(Vec::new());
        for (n, record) in rings().filter(|(_, record)| record.writer == 0) {
            if let Ok(output) = Reader::open(n) {
                let dropped = output.dropped();
                let client = Client { slot: record.peer, name: record.name, output, input: None, dropped };
                // More programs than this are served none of their output: the manifest check knows the limit.
                let _ = clients.0.push(client);
            }
        }
        for (n, record) in rings().filter(|(_, record)| record.writer == 1) {
            if let Some(client) = clients.0.iter_mut().find(|client| client.slot == record.peer) {
                client.input = Writer::open(n).ok();
            }
        }
        clients
    }

    /// The number of the program with this name.
    pub fn by_name(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|client| name_text(&client.name) == name)
    }

    /// The number of the program in this slot.
    pub fn by_slot(&self, slot: u8) -> Option<usize> {
        self.0.iter().position(|client| client.slot == slot)
    }

    /// A program's slot.
    pub fn slot(&self, program: usize) -> u8 {
        self.0.get(program).map_or(0, |client| client.slot)
    }

    /// The slots of all programs, a bit each.
    pub fn slots(&self) -> u64 {
        self.0.iter().fold(0, |mask, client| mask | 1 << (client.slot & 63))
    }

    /// A program's name.
    pub fn name(&self, program: usize) -> &str {
        self.0.get(program).map_or("?", |client| name_text(&client.name))
    }

    /// Puts a typed byte into a program's ring; counted as lost if that is full.
    pub fn type_into(&mut self, program: usize, byte: u8) {
        let input = self.0.get_mut(program).and_then(|client| client.input.as_mut());
        if !input.is_some_and(|input| input.write_whole(&[byte])) {
            server::INPUT_DROPPED.add(1);
        }
    }

    /// Moves what was printed to the multiplexer, as far as it has room.
    pub fn fill<const N: usize>(&mut self, mux: &mut Mux<N>) {
        for (n, client) in self.0.iter_mut().enumerate() {
            if client.output.writer_restarted().is_some() {
                // What its former life left without a newline is all there will be of that line.
                mux.flush_partial();
            }
            let dropped = client.output.dropped();
            let more = dropped.wrapping_sub(client.dropped);
            server::OUTPUT_DROPPED.add(more.into());
            mux.note_dropped(n, more);
            client.dropped = dropped;
            let mut bytes = [0; 64];
            while mux.room(n) > 0 {
                let room = mux.room(n).min(bytes.len());
                match client.output.read(bytes.get_mut(..room).unwrap_or(&mut [])) {
                    0 => break,
                    count => mux.take(n, bytes.get(..count).unwrap_or(&[])),
                }
            }
        }
    }

    /// Asks all programs for a notification when they print, or withdraws that; answers whether there is output already.
    pub fn ask(&self, ask: bool) -> bool {
        let mut any = false;
        for client in &self.0 {
            any |= client.output.ask_for_bytes(ask);
        }
        any
    }
}

/// The rings of this partition.
fn rings() -> impl Iterator<Item = (u8, info::Ring)> {
    (0..=u8::MAX).map_while(|n| info::ring(n).ok().map(|record| (n, record)))
}
