//! The words with which the program was started: `run NAME WORD ...`, with quotes already resolved by the shell.
//!
//! They lie in a read-only page, separated by zero bytes; the program's own name is not among them. Services are not
//! started with words and must not ask: their page is not mapped.

use crate::sys;

/// The words.
///
/// ```
/// let mut words = rtos_api::args::Words::new(b"--rate\0200\0a b");
/// assert_eq!(words.next(), Some("--rate"));
/// assert_eq!(words.collect::<Vec<_>>(), ["200", "a b"]);
/// ```
#[derive(Clone, Debug)]
pub struct Words<'a>(Option<&'a [u8]>);

impl<'a> Words<'a> {
    /// The words of `text`, in which zero bytes separate them.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self(if text.is_empty() { None } else { Some(text) })
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    /// The next word; one that is not UTF-8 reads as `"?"`.
    fn next(&mut self) -> Option<&'a str> {
        let text = self.0?;
        let end = text.iter().position(|byte| *byte == 0);
        let (word, rest) = match end {
            Some(end) => (text.get(..end)?, text.get(end + 1..)),
            None => (text, None),
        };
        self.0 = rest;
        Some(core::str::from_utf8(word).unwrap_or("?"))
    }
}

/// The words this program was started with.
#[must_use]
pub fn words() -> Words<'static> {
    Words::new(sys::args_page())
}

#[cfg(test)]
mod tests {
    use super::Words;
    use std::vec::Vec;

    #[test]
    fn words_are_separated_by_zero_bytes_and_may_be_empty() {
        let words = |text: &'static [u8]| Words::new(text).collect::<Vec<_>>();
        assert_eq!(words(b""), [] as [&str; 0]);
        assert_eq!(words(b"one"), ["one"]);
        assert_eq!(words(b"a\0\0b c"), ["a", "", "b c"]);
        assert_eq!(words(b"a\0"), ["a", ""]);
        assert_eq!(words(b"\xff\0x"), ["?", "x"]);
    }
}
