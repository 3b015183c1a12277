//! What an exception of a program means.

use kernel_core::event::FaultEvent;
use rtos_abi::FaultReason;

/// The event for `ESR_EL1` and `FAR_EL1`.
#[inline(always)]
pub const fn event(syndrome: u64, far: u64) -> FaultEvent {
    let (reason, with_address) = classify(syndrome);
    FaultEvent { reason, address: if with_address { far } else { 0 }, syndrome }
}

/// The reason (`ESR_EL1`, Arm ARM D17.2.37), and whether `FAR_EL1` belongs to it.
const fn classify(syndrome: u64) -> (FaultReason, bool) {
    let class = syndrome >> 26 & 0x3f;
    let write = syndrome >> 6 & 1 == 1;
    let status = syndrome & 0x3f;
    match class {
        0x00 | 0x01 | 0x0e | 0x18 => (FaultReason::Undefined, false),
        0x07 => (FaultReason::FpNotDeclared, false),
        0x20 => (access(status, FaultReason::FetchUnmapped, FaultReason::FetchDenied), true),
        0x24 if write => (access(status, FaultReason::WriteUnmapped, FaultReason::WriteDenied), true),
        0x24 => (access(status, FaultReason::ReadUnmapped, FaultReason::ReadDenied), true),
        0x22 => (FaultReason::Misaligned, true),
        0x26 => (FaultReason::Misaligned, false),
        0x30..=0x35 | 0x3c => (FaultReason::Debug, false),
        _ => (FaultReason::Other, false),
    }
}

/// The reason for an abort with this fault status code.
const fn access(status: u64, unmapped: FaultReason, denied: FaultReason) -> FaultReason {
    match status {
        // Address size, translation, access flag.
        0x00..=0x0b => unmapped,
        0x0c..=0x0f => denied,
        0x10..=0x1f => FaultReason::BusError,
        0x21 => FaultReason::Misaligned,
        _ => FaultReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::event;
    use rtos_abi::FaultReason;

    fn reason(class: u64, status: u64) -> FaultReason {
        event(class << 26 | 1 << 25 | status, 0x1234).reason
    }

    #[test]
    fn loads_stores_and_fetches_are_told_apart() {
        for level in 0..4 {
            assert_eq!(reason(0x24, 4 + level), FaultReason::ReadUnmapped);
            assert_eq!(reason(0x24, 1 << 6 | (4 + level)), FaultReason::WriteUnmapped);
            assert_eq!(reason(0x20, 4 + level), FaultReason::FetchUnmapped);
            assert_eq!(reason(0x24, 0xc + level), FaultReason::ReadDenied);
            assert_eq!(reason(0x24, 1 << 6 | (0xc + level)), FaultReason::WriteDenied);
            assert_eq!(reason(0x20, 0xc + level), FaultReason::FetchDenied);
        }
        assert_eq!(reason(0x24, 0x10), FaultReason::BusError);
        assert_eq!(reason(0x24, 0x21), FaultReason::Misaligned);
    }

    #[test]
    fn only_an_access_has_an_address() {
        assert_eq!(event(0x24 << 26 | 4, 0x1234).address, 0x1234);
        assert_eq!(event(0x20 << 26 | 4, 0x1234).address, 0x1234);
        assert_eq!(event(0, 0x1234).address, 0, "an undefined instruction leaves an old address behind");
        assert_eq!(event(7 << 26, 0x1234).address, 0);
    }

    #[test]
    fn every_class_of_exception_has_a_reason() {
        assert_eq!(reason(0x00, 0), FaultReason::Undefined);
        assert_eq!(reason(0x01, 0), FaultReason::Undefined, "wfi");
        assert_eq!(reason(0x18, 0), FaultReason::Undefined, "a system register");
        assert_eq!(reason(0x07, 0), FaultReason::FpNotDeclared);
        assert_eq!(reason(0x22, 0), FaultReason::Misaligned);
        assert_eq!(reason(0x26, 0), FaultReason::Misaligned);
        assert_eq!(reason(0x3c, 0), FaultReason::Debug);
        assert!((0..64).all(|class| reason(class, 0) != FaultReason::None));
    }
}
