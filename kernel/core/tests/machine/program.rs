//! What programs do: system calls by name, memory accesses, and the loader's work.

use super::Machine;
use super::system::{DATA, DATA_LEN, DATA_PAGES, TEXT_LEN};
use kernel_core::id::Tid;
use rtos_abi::call::{self, perm};
use rtos_abi::layout::{BUNDLE_BASE, PROGRAM_BASE};
use rtos_abi::{Error, FaultReason};

/// Status and values of a call that has returned.
pub type Results = [u64; 4];

impl Machine {
    /// The running thread makes a system call. `None`: another thread runs now.
    pub fn call(&mut self, number: u8, args: &[u64]) -> Option<Results> {
        assert!(self.halted.is_none(), "the machine was stopped");
        let caller = self.current;
        assert!(!caller.is_none(), "nobody runs");
        self.live.x[0] = u64::from(number);
        for (register, value) in [1, 2, 3, 6, 7].into_iter().zip(args.iter().chain([&0; 5])) {
            self.live.x[register] = *value;
        }
        self.supervisor_call();
        self.settle();
        (self.current == caller && self.halted.is_none()).then(|| self.results())
    }

    /// What the call that the running thread just returned from answered.
    pub fn results(&self) -> Results {
        core::array::from_fn(|n| self.live.x[n])
    }

    /// Makes a call that must return at once, with success; answers its values.
    pub fn ok(&mut self, number: u8, args: &[u64]) -> [u64; 3] {
        let results = self.call(number, args).unwrap_or_else(|| panic!("call {number} did not return: {:?}", self.log));
        assert_eq!(results[0], 0, "call {number} failed: {:?}", Error::from_status(results[0]));
        [results[1], results[2], results[3]]
    }

    /// Makes a call that must return at once, with an error.
    pub fn error(&mut self, number: u8, args: &[u64]) -> Error {
        let results = self.call(number, args).unwrap_or_else(|| panic!("call {number} did not return"));
        Error::from_status(results[0]).unwrap_or_else(|| panic!("call {number} succeeded"))
    }

    /// Makes a call after which another thread must run.
    #[track_caller]
    pub fn blocks(&mut self, number: u8, args: &[u64]) {
        let caller = self.current;
        assert!(self.call(number, args).is_none(), "call {number} of {} returned", self.name(caller));
    }

    /// Checks who runs.
    #[track_caller]
    pub fn runs(&self, name: &str) {
        assert_eq!(self.name(self.current), name, "at {}", self.now);
    }

    /// Checks who runs, and that its call succeeded; answers the values.
    #[track_caller]
    pub fn woke(&self, name: &str) -> [u64; 3] {
        self.runs(name);
        assert_eq!(self.live.x[0], 0, "{name} woke with {:?}", Error::from_status(self.live.x[0]));
        core::array::from_fn(|n| self.live.x[n + 1])
    }

    /// Checks who runs, and that its call failed.
    #[track_caller]
    pub fn failed(&self, name: &str, error: Error) {
        self.runs(name);
        assert_eq!(Error::from_status(self.live.x[0]), Some(error), "of {name}");
    }

    /// Puts a message into the message registers.
    pub fn set_message(&mut self, first: u64) {
        for n in 0..8 {
            self.live.x[20 + n as usize] = first + n;
        }
    }

    /// Checks the message registers.
    #[track_caller]
    pub fn has_message(&self, first: u64) {
        let message: [u64; 8] = core::array::from_fn(|n| self.live.x[20 + n]);
        assert_eq!(message, core::array::from_fn(|n| first + n as u64), "message of {}", self.name(self.current));
    }

    /// A record in the message registers.
    pub fn record<R: rtos_abi::record::Record>(&mut self, kind: u64, index: u64) -> Result<R, Error> {
        let results = self.call(call::INFO, &[kind, index]).unwrap();
        let bytes: Vec<u8> = self.live.x[20..28].iter().flat_map(|word| word.to_le_bytes()).collect();
        Error::from_status(results[0]).map_or_else(|| Ok(R::read(&bytes)), Err)
    }

    /// The running thread reads memory.
    pub fn read(&mut self, va: u64, len: usize) -> Result<Vec<u8>, FaultReason> {
        let mut bytes = Vec::new();
        for n in 0..len as u64 {
            let at = self.port.memory.translate(self.space, va + n, perm::READ)?;
            bytes.extend(self.port.memory.read(at, 1));
        }
        Ok(bytes)
    }

    /// The running thread writes memory.
    pub fn write(&mut self, va: u64, bytes: &[u8]) -> Result<(), FaultReason> {
        for (n, byte) in bytes.iter().enumerate() {
            let at = self.port.memory.translate(self.space, va + n as u64, perm::WRITE)?;
            self.port.memory.write(at, &[*byte]);
        }
        Ok(())
    }

    /// The running thread fetches an instruction.
    pub fn fetch(&mut self, va: u64) -> Result<u32, FaultReason> {
        let at = self.port.memory.translate(self.space, va, perm::EXECUTE)?;
        Ok(self.port.memory.fetch(at).unwrap_or_else(|| panic!("stale code is fetched at {va:#x}")))
    }

    /// Bytes of a slot's program in the bundle.
    pub fn program(slot: u64, len: usize) -> Vec<u8> {
        super::system::contents_of(slot, len)
    }

    /// Address of a slot's program in `init`'s view of the bundle: one page each, at the end.
    pub fn program_address(&self, slot: u64) -> u64 {
        let count = u64::from(self.kernel.partition_count);
        BUNDLE_BASE + self.bundle.len() as u64 - (count - slot) * 4096
    }

    /// The running thread, of `init`, builds a slot but does not start it.
    pub fn build(&mut self, slot: u64) {
        let from = self.program_address(slot);
        self.ok(call::PART_MAP, &[slot, PROGRAM_BASE, 1, u64::from(perm::READ | perm::EXECUTE)]);
        self.ok(call::PART_WRITE, &[slot, PROGRAM_BASE, from, u64::from(TEXT_LEN)]);
        let writable = u64::from(perm::READ | perm::WRITE);
        self.ok(call::PART_MAP, &[slot, DATA, DATA_PAGES, writable]);
        self.ok(call::PART_WRITE, &[slot, DATA, from + u64::from(TEXT_LEN), u64::from(DATA_LEN)]);
        for id in self.kernel.partitions[slot as usize].threads.into_iter().filter(|id| !id.is_none()) {
            let bottom = self.kernel.facts[id.index()].stack_bottom;
            self.ok(call::PART_MAP, &[slot, bottom, 1, writable]);
        }
        self.ok(call::PART_SEAL, &[slot]);
    }

    /// The running thread, of `init`, builds and starts a slot; it must be more urgent than the slot's thread.
    pub fn build_and_start(&mut self, slot: u64) {
        self.build(slot);
        self.ok(call::PART_START, &[slot, PROGRAM_BASE, 7000 + slot]);
    }

    /// The running thread starts a thread of its partition.
    pub fn start_thread(&mut self, name: &str) {
        let number = u64::from(self.thread(name).number);
        self.call(call::THREAD_START, &[number, PROGRAM_BASE + 8, 8000]);
    }

    /// The number of the latest wake-up bits a test cares for: whether a thread is ready or runs.
    pub fn is_ready(&self, name: &str) -> bool {
        self.thread(name).state == kernel_core::thread::State::READY
    }

    /// Nobody runs.
    #[track_caller]
    pub fn idles(&self) {
        assert_eq!(self.current, Tid::IDLE, "{} runs", self.name(self.current));
    }
}
