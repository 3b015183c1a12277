//! Builds partitions from the boot bundle: those that start by themselves, then programs on request.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{AcqRel, Release};

use init_proto::{Arguments, Request, StartError, Started, encode_reply, program_name};
use rtos_abi::bundle::{Board, Bundle, BundleError, Partition, Thread, partition_flag};
use rtos_abi::call::perm;
use rtos_abi::layout::{ARGS_PAGE, PROGRAM_BASE};
use rtos_abi::limits::PAGE_BYTES;
use rtos_abi::record::name_text;
use rtos_api::build::Slot;
use rtos_api::info::{self, partition_state};
use rtos_api::ipc;
use rtos_api::prelude::*;

use crate::{bundle_view, threads};

/// A page.
const PAGE: u64 = PAGE_BYTES as u64;
/// Longest text of arguments: a page without its first word.
const ARGUMENTS_MAX: usize = PAGE_BYTES - 8;

/// Slots that are being built, a bit each: two threads build.
static CLAIMED: AtomicU64 = AtomicU64::new(0);

/// The bundle and the board's tables in it.
pub struct Programs {
    bundle: Bundle<'static>,
    board: Board,
}

impl Programs {
    /// Finds the tables of the board that the kernel chose.
    ///
    /// # Errors
    /// A bundle of another version than the kernel's.
    pub fn open() -> Result<Self, BundleError> {
        let bundle = bundle_view::bundle()?;
        let name = info::boot().board;
        let board = bundle.boards().find(|board| board.name == name).ok_or(BundleError::NotABundle)?;
        Ok(Self { bundle, board })
    }

    /// The slots with their records, in order.
    pub fn partitions(&self) -> impl Iterator<Item = (u8, Partition)> + use<> {
        (0..=u8::MAX).zip(self.bundle.table(self.board.partitions_off, self.board.partition_count))
    }

    /// Builds and starts a partition; answers the life it is in.
    ///
    /// # Errors
    /// [`StartError::AlreadyRunning`], [`StartError::BadArguments`], [`StartError::BuildFailed`].
    pub fn start(&self, slot: u8, partition: &Partition, words: &[u8]) -> Result<Started, StartError> {
        let bit = 1 << (slot & 63);
        if CLAIMED.fetch_or(bit, AcqRel) & bit != 0 {
            return Err(StartError::AlreadyRunning);
        }
        let started = self.start_claimed(slot, partition, words);
        CLAIMED.fetch_and(!bit, Release);
        started
    }

    fn start_claimed(&self, slot: u8, partition: &Partition, words: &[u8]) -> Result<Started, StartError> {
        let state = info::partition(slot).map_err(StartError::BuildFailed)?;
        if state.state != partition_state::EMPTY {
            return Err(StartError::AlreadyRunning);
        }
        if words.len() > ARGUMENTS_MAX {
            return Err(StartError::BadArguments);
        }
        if let Err(error) = self.build(Slot::new(slot), slot, partition, words) {
            // Clears what was built of it; if that is not possible, nothing was.
            let _ = Slot::new(slot).reap();
            return Err(StartError::BuildFailed(error));
        }
        Ok(Started { slot, generation: state.generation })
    }

    fn build(&self, to: Slot, slot: u8, partition: &Partition, words: &[u8]) -> Result<(), Error> {
        let image = self.bundle.image(partition.image).ok_or(Error::NotFound)?;
        let mut end = PROGRAM_BASE;
        for segment in self.bundle.segments(&image) {
            to.map(segment.address, segment.memory_len, segment.perm)?;
            to.write(segment.address, self.bundle.contents(&segment))?;
            end = end.max((segment.address + segment.memory_len).next_multiple_of(PAGE));
        }
        let data = perm::READ | perm::WRITE;
        if partition.heap_bytes > 0 {
            to.map(end, partition.heap_bytes.into(), data)?;
        }
        let threads = self.bundle.table::<Thread>(self.board.threads_off, self.board.thread_count);
        for thread in threads.filter(|thread| thread.partition == slot) {
            to.map(thread.stack_bottom.into(), (thread.stack_top - thread.stack_bottom).into(), data)?;
        }
        if partition.flags & partition_flag::PROGRAM != 0 {
            to.map(ARGS_PAGE, PAGE, perm::READ)?;
            to.write(ARGS_PAGE, &(words.len() as u64).to_le_bytes())?;
            to.write(ARGS_PAGE + 8, words)?;
        }
        to.seal()?;
        to.start(image.entry, ARGS_PAGE)
    }

    /// Starts the program of this name.
    fn start_program(&self, name: &str, words: &[u8]) -> Result<Started, StartError> {
        let mut partitions = self.partitions();
        let found = partitions.find(|(_, partition)| name_text(&partition.name) == name);
        let (slot, partition) = found.ok_or(StartError::UnknownProgram)?;
        if partition.flags & partition_flag::PROGRAM == 0 {
            return Err(StartError::NotAProgram);
        }
        self.start(slot, &partition, words)
    }

    /// Starts what starts by itself, in the order of the system. One that cannot be built is left out: the shell shows
    /// that it does not run.
    fn start_all(&self) {
        for (slot, partition) in self.partitions() {
            if partition.flags & (partition_flag::AUTOSTART | partition_flag::INIT) == partition_flag::AUTOSTART {
                let _ = self.start(slot, &partition, &[]);
            }
        }
    }
}

/// The loader thread.
pub fn run() -> Result<(), Error> {
    // A bundle that cannot be read means a kernel of another version: without programs there is nothing to be done.
    let programs = Programs::open().map_err(|_| Error::NotFound)?;
    programs.start_all();
    threads::RESTARTER.start(crate::restarter::run)?;
    let mut arguments = Arguments::new();
    let mut request = ipc::receive(Instant::NEVER)?;
    loop {
        let reply = answer(&programs, &mut arguments, request.message);
        request = request.reply_receive(encode_reply(reply), Instant::NEVER)?;
    }
}

fn answer(programs: &Programs, arguments: &mut Arguments, message: Message) -> Result<Started, StartError> {
    match Request::decode(message)? {
        Request::Arguments { offset, len, bytes } => {
            arguments.add(offset, bytes.get(..len.into()).ok_or(StartError::BadArguments)?)?;
            Ok(Started::default())
        }
        Request::Start { name, arguments: len } => programs.start_program(program_name(&name), arguments.words(len)?),
    }
}
