//! From an address a program claims to memory it may really use that way.
//!
//! A claim becomes a physical address only here, against the list of the partition's regions, each one contiguous run.
//! The search through the list is a step of its own; the copy that follows checks the one region it found.

use crate::id::Slot;
use crate::kernel::Kernel;
use crate::partition::{Region, RegionKind};
use crate::port::Phys;
use kernel_bounds::turn;
use rtos_abi::limits::MAX_REGIONS;

/// A range of a partition's addresses, as somebody claims it.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Whose addresses.
    pub slot: Slot,
    /// First address.
    pub address: u64,
    /// Bytes.
    pub len: u64,
    /// What it is to be used for, [`rtos_abi::call::perm`].
    pub perm: u8,
    /// Whether only the slot's own memory will do: no device, ring or bundle.
    pub ram_only: bool,
}

impl Claim {
    /// Where it is, if this region holds all of it.
    #[inline(always)]
    fn within(&self, region: &Region) -> Option<Phys> {
        let offset = self.address.wrapping_sub(region.va);
        let fits = offset <= region.len && self.len <= region.len - offset;
        let allowed = region.perm & self.perm == self.perm && !region.device;
        let kind = !self.ram_only || region.kind == RegionKind::Ram;
        (fits && allowed && kind && region.len != 0).then(|| region.at.plus(offset))
    }
}

impl Kernel {
    /// Where a claim is, if the region found before holds it.
    #[inline(always)]
    pub(crate) fn claim_at(&self, claim: &Claim, hint: u8) -> Option<Phys> {
        claim.within(&self.partitions[claim.slot.index()].regions[hint as usize % MAX_REGIONS])
    }

    /// One step of the search for the region that holds claim number `n` of the running thread's call: eight regions.
    /// Answers whether it is to go on: with the region found, or with the next eight. `false`: no region holds it.
    #[inline(never)]
    pub(crate) fn search_step(&mut self, n: usize, claim: &Claim) -> bool {
        let from = self.progress[self.current.index()].search;
        let regions = &self.partitions[claim.slot.index()].regions;
        let mut found = None;
        for k in 0..REGIONS_A_STEP {
            turn::<{ REGIONS_A_STEP as u64 }>();
            let number = (from + k) % MAX_REGIONS as u8;
            if claim.within(&regions[number as usize]).is_some() {
                found = Some(number);
            }
        }
        let progress = &mut self.progress[self.current.index()];
        if let Some(number) = found {
            progress.hints[n % 2] = number;
            progress.search = 0;
            return true;
        }
        progress.search = from + REGIONS_A_STEP;
        if usize::from(progress.search) < MAX_REGIONS {
            return true;
        }
        progress.search = 0;
        false
    }

    /// Whether any region holds a claim; at boot, when nothing can wait.
    pub(crate) fn holds(&self, claim: &Claim) -> bool {
        self.partitions[claim.slot.index()].regions.iter().any(|region| claim.within(region).is_some())
    }
}

/// Regions looked at in one step.
const REGIONS_A_STEP: u8 = 8;
const _: () = assert!(MAX_REGIONS.is_multiple_of(REGIONS_A_STEP as usize));
