//! The boot bundle as bytes: the only place where `init` makes a reference from an address.

use rtos_abi::bundle::{Bundle, BundleError, Header};
use rtos_abi::layout::{BUNDLE_BASE, BUNDLE_END};
use rtos_abi::record::Record;

/// The bundle that the kernel maps for this partition alone. Its tables were checked by the kernel.
///
/// # Errors
/// What is wrong with it, which only a kernel of another version can make happen.
pub fn bundle() -> Result<Bundle<'static>, BundleError> {
    let header = Header::read(bytes(Header::BYTES));
    if u64::from(header.total_len) > BUNDLE_END - BUNDLE_BASE {
        return Err(BundleError::Truncated);
    }
    Bundle::checked_before(bytes(header.total_len as usize))
}

/// The first `len` bytes of the bundle, which are all mapped.
fn bytes(len: usize) -> &'static [u8] {
    let start = core::ptr::with_exposed_provenance::<u8>(BUNDLE_BASE as usize);
    // SAFETY: 1. The kernel maps the whole bundle there, read-only, for as long as this partition lives: at least its
    // first record, and as many bytes as that says. 2. Nobody writes to it: no other partition has it, the kernel only
    // reads it.
    unsafe { core::slice::from_raw_parts(start, len) }
}
