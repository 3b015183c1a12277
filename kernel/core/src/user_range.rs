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

    /// The region that holds a claim.
    #[inline(never)]
    pub(crate) fn find_region(&self, claim: &Claim) -> Option<u8> {
        let partition = &self.partitions[claim.slot.index()];
        let mut found = None;
        for (n, region) in partition.regions.iter().enumerate() {
            turn::<{ MAX_REGIONS as u64 }>();
            if claim.within(region).is_some() {
                found = Some(n as u8);
            }
        }
        found
    }
}
