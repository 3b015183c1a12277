//! What no program should do. None of it can be written without `unsafe`, and none of it is sound: that is the point.
//! Each function ends in an exception that stops this partition, so nothing runs that could observe the damage.

#[cfg(target_os = "none")]
use core::arch::asm;
use core::hint::black_box;

/// Reads from the first page, which is never mapped.
pub fn null_read() {
    let null = black_box(core::ptr::null::<u64>());
    // SAFETY: unsound on purpose; the page is unmapped and the load is stopped.
    let _ = unsafe { null.read_volatile() };
}

/// Writes to the first word of the kernel's image.
pub fn kernel_write() {
    let kernel = core::ptr::with_exposed_provenance_mut::<u64>(rtos_abi::layout::KERNEL_BASE as usize);
    // SAFETY: unsound on purpose; the address is not for programs and the store is stopped.
    unsafe { kernel.write_volatile(0) };
}

/// Calls an instruction (`ret`) that lies in writable memory.
pub fn exec_data() {
    let mut code: u32 = black_box(0xd65f_03c0);
    let address: *mut u32 = &raw mut code;
    // SAFETY: unsound on purpose; the stack is not executable and the fetch is stopped.
    let function = unsafe { core::mem::transmute::<*mut u32, fn()>(address) };
    function();
}

/// Writes over this function's first instruction.
pub fn write_text() {
    let text = write_text as *const () as usize;
    let text = core::ptr::with_exposed_provenance_mut::<u32>(black_box(text));
    // SAFETY: unsound on purpose; code is read-only and the store is stopped.
    unsafe { text.write_volatile(0) };
}

/// Calls itself until the stack's guard page.
pub fn stack_overflow() {
    black_box(deeper(black_box(0)));
}

#[expect(unconditional_recursion, reason = "ends at the guard page, on purpose")]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    // The frame is used after the call, so that the call is no jump.
    deeper(depth + 1).wrapping_add(frame[depth as usize % frame.len()])
}

/// Executes an encoding that is defined as undefined.
#[cfg(target_os = "none")]
pub fn undefined() {
    // SAFETY: unsound on purpose; the exception stops the program.
    unsafe { asm!("udf #0") };
}

/// Uses a floating-point register (`fmov d0, #1.0`). The thread has not declared `fp`, so it may not, and the program is
/// built without: the assembler would refuse the instruction's name.
#[cfg(target_os = "none")]
pub fn floating_point() {
    // SAFETY: unsound on purpose; the exception stops the program.
    unsafe { asm!(".inst 0x1e6e1000") };
}

/// On the host there is nothing to try it on.
#[cfg(not(target_os = "none"))]
pub fn undefined() {}

/// On the host there is nothing to try it on.
#[cfg(not(target_os = "none"))]
pub fn floating_point() {}
