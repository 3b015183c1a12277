//! Where a program begins and ends.
//!
//! [`entry!`](crate::entry!) names the function that thread 0 runs. It may return nothing, never, an [`ExitCode`] or a
//! `Result`; when it returns, the partition ends, with all its threads.

use crate::println;
use core::fmt::Display;

/// What a program ends with: 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitCode(pub u64);

impl ExitCode {
    /// All went well.
    pub const SUCCESS: Self = Self(0);
    /// Something did not.
    pub const FAILURE: Self = Self(1);
}

#[cfg(not(target_os = "none"))]
impl std::process::Termination for ExitCode {
    fn report(self) -> std::process::ExitCode {
        std::process::ExitCode::from(self.0 as u8)
    }
}

/// What `main` may return.
pub trait Termination {
    /// The exit code it means.
    fn report(self) -> ExitCode;
}

impl Termination for () {
    fn report(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl Termination for ExitCode {
    fn report(self) -> ExitCode {
        self
    }
}

/// Names the type `!`, which cannot yet be written.
#[doc(hidden)]
pub trait Output {
    /// What the function returns.
    type Of;
}

impl<T> Output for fn() -> T {
    type Of = T;
}

impl Termination for <fn() -> ! as Output>::Of {
    fn report(self) -> ExitCode {
        self
    }
}

impl<T: Termination, E: Display> Termination for Result<T, E> {
    fn report(self) -> ExitCode {
        match self {
            Ok(value) => value.report(),
            Err(error) => {
                println!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Makes a function the program's `main`.
///
/// ```ignore
/// #![cfg_attr(target_os = "none", no_std, no_main)]
/// rtos_api::entry!(main);
///
/// fn main() -> Result<(), rtos_api::Error> {
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[cfg(target_os = "none")]
        #[unsafe(no_mangle)]
        extern "C" fn __tinyos_main(argument: u64) -> ! {
            $crate::entry::begin(argument);
            $crate::control::exit($crate::entry::Termination::report($main()).0)
        }
    };
}

#[cfg(target_os = "none")]
pub use target::{argument, begin};

#[cfg(target_os = "none")]
mod target {
    use crate::stdio::Stdout;
    use crate::{stdio, sys};
    use core::fmt::Write;
    use core::panic::PanicInfo;
    use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

    static ARGUMENT: AtomicU64 = AtomicU64::new(0);

    /// The word that whoever started this partition gave it.
    #[must_use]
    pub fn argument() -> u64 {
        ARGUMENT.load(Relaxed)
    }

    /// What happens before `main`.
    pub fn begin(argument: u64) {
        ARGUMENT.store(argument, Relaxed);
        stdio::open();
    }

    /// The first instruction. The kernel has set the stack pointer and cleared the rest; `x0` is the argument. Zeroed
    /// frame and link registers end a backtrace here.
    #[unsafe(naked)]
    #[unsafe(no_mangle)]
    #[unsafe(link_section = ".text.start")]
    extern "C" fn _start() -> ! {
        core::arch::naked_asm!("mov x29, xzr", "mov x30, xzr", "b __tinyos_main")
    }

    /// Text that fits on the stack; the rest is cut off.
    struct Text {
        bytes: [u8; 200],
        len: usize,
    }

    impl Write for Text {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            for letter in text.chars() {
                let Some(room) = self.bytes.get_mut(self.len..self.len + letter.len_utf8()) else { break };
                letter.encode_utf8(room);
                self.len += letter.len_utf8();
            }
            Ok(())
        }
    }

    #[panic_handler]
    fn panic(info: &PanicInfo<'_>) -> ! {
        let mut text = Text { bytes: [0; 200], len: 0 };
        let _ = write!(text, "{}", info.message());
        let text = text.bytes.get(..text.len).and_then(|t| core::str::from_utf8(t).ok()).unwrap_or("panic");
        let (file, line) = info.location().map_or(("?", 0), |at| (at.file(), at.line()));
        let _ = writeln!(Stdout, "panicked at {file}:{line}: {text}");
        sys::panic(text, line)
    }
}
