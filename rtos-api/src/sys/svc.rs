//! The one `svc` of every program, in the shapes that the calls have.

use super::Answer;
use crate::Message;
use core::arch::asm;

/// One `svc`: the given operands, what every call clobbers, and nothing else. Memory is assumed changed.
macro_rules! svc {
    ($($operands:tt)*) => {
        asm!(
            "svc #0",
            $($operands)*
            lateout("x4") _, lateout("x5") _, lateout("x7") _, lateout("x8") _, lateout("x9") _, lateout("x10") _,
            lateout("x11") _, lateout("x12") _, lateout("x13") _, lateout("x14") _, lateout("x15") _,
            lateout("x16") _, lateout("x17") _, lateout("x18") _,
            options(nostack),
        )
    };
}

/// Without arguments.
///
/// # Safety
/// As the call demands.
#[inline(always)]
pub unsafe fn call0(number: u8) -> Answer {
    let (status, x1, x2, x3);
    // SAFETY: the operands name every register that the kernel may change.
    unsafe {
        svc!(inlateout("x0") u64::from(number) => status,
            lateout("x1") x1, lateout("x2") x2, lateout("x3") x3, lateout("x6") _,);
    }
    Answer { status, x1, x2, x3 }
}

/// With one argument.
///
/// # Safety
/// As the call demands.
#[inline(always)]
pub unsafe fn call1(number: u8, a1: u64) -> Answer {
    let (status, x1, x2, x3);
    // SAFETY: the operands name every register that the kernel may change.
    unsafe {
        svc!(inlateout("x0") u64::from(number) => status,
            inlateout("x1") a1 => x1, lateout("x2") x2, lateout("x3") x3, lateout("x6") _,);
    }
    Answer { status, x1, x2, x3 }
}

/// With two arguments.
///
/// # Safety
/// As the call demands.
#[inline(always)]
pub unsafe fn call2(number: u8, a1: u64, a2: u64) -> Answer {
    let (status, x1, x2, x3);
    // SAFETY: the operands name every register that the kernel may change.
    unsafe {
        svc!(inlateout("x0") u64::from(number) => status,
            inlateout("x1") a1 => x1, inlateout("x2") a2 => x2, lateout("x3") x3, lateout("x6") _,);
    }
    Answer { status, x1, x2, x3 }
}

/// With three arguments.
///
/// # Safety
/// As the call demands.
#[inline(always)]
pub unsafe fn call3(number: u8, a1: u64, a2: u64, a3: u64) -> Answer {
    let (status, x1, x2, x3);
    // SAFETY: the operands name every register that the kernel may change.
    unsafe {
        svc!(inlateout("x0") u64::from(number) => status,
            inlateout("x1") a1 => x1, inlateout("x2") a2 => x2, inlateout("x3") a3 => x3, lateout("x6") _,);
    }
    Answer { status, x1, x2, x3 }
}

/// With four arguments, the last in `x6`.
///
/// # Safety
/// As the call demands.
#[inline(always)]
pub unsafe fn call4(number: u8, a1: u64, a2: u64, a3: u64, a6: u64) -> Answer {
    let (status, x1, x2, x3);
    // SAFETY: the operands name every register that the kernel may change.
    unsafe {
        svc!(inlateout("x0") u64::from(number) => status,
            inlateout("x1") a1 => x1, inlateout("x2") a2 => x2, inlateout("x3") a3 => x3, inlateout("x6") a6 => _,);
    }
    Answer { status, x1, x2, x3 }
}

/// With four arguments, the last in `x6`, and a message both ways.
///
/// # Safety
/// As the call demands.
#[inline(always)]
pub unsafe fn message(number: u8, a: [u64; 4], message: &mut Message) -> Answer {
    let (status, x1, x2, x3);
    let [a1, a2, a3, a6] = a;
    let [m0, m1, m2, m3, m4, m5, m6, m7] = message;
    // SAFETY: the operands name every register that the kernel may change.
    unsafe {
        svc!(inlateout("x0") u64::from(number) => status,
            inlateout("x1") a1 => x1, inlateout("x2") a2 => x2, inlateout("x3") a3 => x3, inlateout("x6") a6 => _,
            inlateout("x20") *m0, inlateout("x21") *m1, inlateout("x22") *m2, inlateout("x23") *m3,
            inlateout("x24") *m4, inlateout("x25") *m5, inlateout("x26") *m6, inlateout("x27") *m7,);
    }
    Answer { status, x1, x2, x3 }
}

/// With two arguments; only the answer carries a message.
///
/// # Safety
/// As the call demands.
#[inline(always)]
pub unsafe fn message_out(number: u8, a1: u64, a2: u64) -> (Answer, Message) {
    let (status, x1, x2, x3);
    let (m0, m1, m2, m3, m4, m5, m6, m7);
    // SAFETY: the operands name every register that the kernel may change.
    unsafe {
        svc!(inlateout("x0") u64::from(number) => status,
            inlateout("x1") a1 => x1, inlateout("x2") a2 => x2, lateout("x3") x3, lateout("x6") _,
            lateout("x20") m0, lateout("x21") m1, lateout("x22") m2, lateout("x23") m3,
            lateout("x24") m4, lateout("x25") m5, lateout("x26") m6, lateout("x27") m7,);
    }
    (Answer { status, x1, x2, x3 }, [m0, m1, m2, m3, m4, m5, m6, m7])
}
