//! What is typed: to whom it goes.

/// Ctrl-C.
pub const INTERRUPT: u8 = 0x03;

/// Where a typed byte goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the standard input of the foreground program.
    Foreground,
    /// To nobody: the shell is told to end the foreground program.
    Interrupt,
}

/// Where a typed byte goes, while the shell is in the foreground or not. The shell deals with Ctrl-C itself.
#[must_use]
pub const fn route(byte: u8, shell_in_foreground: bool) -> Route {
    if byte == INTERRUPT && !shell_in_foreground { Route::Interrupt } else { Route::Foreground }
}

#[cfg(test)]
mod tests {
    use super::{INTERRUPT, Route, route};

    #[test]
    fn control_c_interrupts_a_program_but_is_typed_into_the_shell() {
        assert_eq!(route(INTERRUPT, false), Route::Interrupt);
        assert_eq!(route(INTERRUPT, true), Route::Foreground);
        assert_eq!(route(b'c', false), Route::Foreground);
    }
}
