//! The first partition: the kernel builds `init` itself, by the rules `init` uses for the others. Runs once, at boot.

use crate::id::Slot;
use crate::kernel::Kernel;
use crate::load::{LoadError, Source};
use crate::port::Port;
use rtos_abi::bundle;
use rtos_abi::call::perm;
use rtos_abi::limits::PAGE_BYTES;

/// Bytes of a page.
const PAGE: u64 = PAGE_BYTES as u64;

impl Kernel {
    /// Builds and starts `init` from the bundle, by the rules `init` itself uses for the others.
    ///
    /// # Errors
    /// [`LoadError::NoInit`].
    pub fn start_init<P: Port>(&mut self, port: &mut P, source: &Source<'_>, now: u64) -> Result<(), LoadError> {
        let slot = Slot::FIRST;
        let bundle = &source.bundle;
        let record = bundle
            .table::<bundle::Partition>(source.board.partitions_off, source.board.partition_count)
            .next()
            .ok_or(LoadError::NoInit)?;
        let image = bundle.image(record.image).ok_or(LoadError::NoInit)?;
        for segment in bundle.segments(&image) {
            let pages = segment.memory_len.div_ceil(PAGE);
            self.run_steps(|kernel, done| kernel.map_step(port, slot, (segment.address, pages), segment.perm, done))?;
            self.fill_segment(port, source, &segment)?;
        }
        for n in 0..self.partitions[0].threads.len() {
            let id = self.partitions[0].threads[n];
            let facts = self.facts[id.index()];
            if !id.is_none() {
                let pages = (facts.stack_top - facts.stack_bottom) / PAGE;
                let perms = perm::READ | perm::WRITE;
                self.run_steps(|kernel, done| kernel.map_step(port, slot, (facts.stack_bottom, pages), perms, done))?;
            }
        }
        self.run_steps(|kernel, done| kernel.seal_step(port, slot, done))?;
        if !self.is_code(slot, image.entry) {
            return Err(LoadError::NoInit);
        }
        self.meet_peers(slot);
        self.wind_up(port, slot);
        self.start_partition(port, slot, image.entry, 0, now);
        Ok(())
    }

    /// Copies a segment's bytes into the region that was mapped last.
    fn fill_segment<P: Port>(
        &mut self,
        port: &mut P,
        source: &Source<'_>,
        segment: &bundle::Segment,
    ) -> Result<(), LoadError> {
        let len = source.bundle.contents(segment).len() as u64;
        let partition = &self.partitions[0];
        let region = partition.regions[usize::from(partition.region_count) - 1];
        if len > region.len || len != u64::from(segment.file_len) {
            return Err(LoadError::NoInit);
        }
        let from = self.boot.bundle_at.plus(u64::from(segment.file_off));
        if len == 0 {
            return Ok(());
        }
        self.run_steps(|kernel, done| kernel.write_step(port, region.at, from, len, done))
    }

    /// Takes all steps of an operation at once; only at boot, when nothing can wait.
    fn run_steps(&mut self, mut step: impl FnMut(&mut Self, u64) -> crate::build::Step) -> Result<(), LoadError> {
        let mut done = 0;
        loop {
            match step(self, done) {
                crate::build::Step::More(now_done) => done = now_done,
                crate::build::Step::Done => return Ok(()),
                crate::build::Step::Failed(_) => return Err(LoadError::NoInit),
            }
        }
    }
}
