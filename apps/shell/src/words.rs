//! A line split into words: blanks separate, quotes keep together, a backslash takes the next character as it is, and
//! an `&` at the end asks to run in the background.

use core::fmt;

use heapless::{String, Vec};

use crate::history::LINE_BYTES;

/// Most words in a line.
pub const MAX_WORDS: usize = 32;

/// The words of a line.
#[derive(Debug, Default)]
pub struct Words {
    text: String<LINE_BYTES>,
    ends: Vec<u16, MAX_WORDS>,
    /// The line ended with `&`.
    pub background: bool,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordsError {
    /// A quote that is not closed.
    OpenQuote(char),
    /// Nothing follows a backslash.
    OpenBackslash,
    /// An `&` that is not at the end.
    Ampersand,
    /// More than [`MAX_WORDS`] words.
    TooMany,
}

impl fmt::Display for WordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenQuote(quote) => write!(f, "the quote {quote} is not closed"),
            Self::OpenBackslash => f.write_str("nothing follows the backslash at the end"),
            Self::Ampersand => f.write_str(
                "`&` runs a program in the background and can only stand at the end; quote it to pass it on",
            ),
            Self::TooMany => write!(f, "more than {MAX_WORDS} words"),
        }
    }
}

impl Words {
    /// Splits a line. What does not fit into [`LINE_BYTES`] is cut; the editor lets no longer line through.
    ///
    /// # Errors
    /// Any [`WordsError`].
    pub fn split(line: &str) -> Result<Self, WordsError> {
        let mut words = Self::default();
        let mut quote = None;
        let mut in_word = false;
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match (quote, c) {
                (Some(q), _) if c == q => quote = None,
                (None, '"' | '\'') => {
                    quote = Some(c);
                    in_word = true;
                }
                (None | Some('"'), '\\') => {
                    words.add(characters.next().ok_or(WordsError::OpenBackslash)?);
                    in_word = true;
                }
                (Some(_), _) => words.add(c),
                (None, ' ' | '\t') => words.end_word(&mut in_word)?,
                (None, '&') if characters.as_str().trim().is_empty() => words.background = true,
                (None, '&') => return Err(WordsError::Ampersand),
                (None, _) => {
                    words.add(c);
                    in_word = true;
                }
            }
        }
        if let Some(q) = quote {
            return Err(WordsError::OpenQuote(q));
        }
        words.end_word(&mut in_word)?;
        Ok(words)
    }

    fn add(&mut self, c: char) {
        // Never longer than the line it came from.
        let _ = self.text.push(c);
    }

    fn end_word(&mut self, in_word: &mut bool) -> Result<(), WordsError> {
        if core::mem::take(in_word) {
            // At most `LINE_BYTES`.
            self.ends.push(self.text.len() as u16).map_err(|_| WordsError::TooMany)?;
        }
        Ok(())
    }

    /// Number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Word number `n`, or `""`.
    #[must_use]
    pub fn get(&self, n: usize) -> &str {
        let start = n.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let end = self.ends.get(n).copied();
        match (start, end) {
            (Some(start), Some(end)) => self.text.get(usize::from(start)..usize::from(end)).unwrap_or(""),
            _ => "",
        }
    }

    /// The words from number `first` on.
    pub fn from(&self, first: usize) -> impl Iterator<Item = &str> {
        (first..self.len()).map(|n| self.get(n))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{MAX_WORDS, Words, WordsError};

    fn split(line: &str) -> Vec<std::string::String> {
        Words::split(line).unwrap().from(0).map(Into::into).collect()
    }

    #[test]
    fn blanks_separate_words() {
        assert_eq!(split("  run \t hello  world "), ["run", "hello", "world"]);
        assert!(Words::split("   ").unwrap().is_empty());
    }

    #[test]
    fn quotes_and_backslashes_keep_characters_as_they_are() {
        assert_eq!(
            split(r#"echo "a  b" 'c "d"' e\ f "g\"h" '\' "" x"y"z"#),
            ["echo", "a  b", "c \"d\"", "e f", "g\"h", "\\", "", "xyz"]
        );
        assert_eq!(split("echo '&' a\\&b"), ["echo", "&", "a&b"]);
    }

    #[test]
    fn an_ampersand_at_the_end_asks_for_the_background() {
        for line in ["run hello &", "run hello&", "run hello & "] {
            let words = Words::split(line).unwrap();
            assert!(words.background, "{line}");
            assert_eq!(words.len(), 2, "{line}");
        }
        assert!(!Words::split("run hello").unwrap().background);
    }

    #[test]
    fn a_wrong_line_is_refused_by_name() {
        assert_eq!(Words::split("echo \"a").unwrap_err(), WordsError::OpenQuote('"'));
        assert_eq!(Words::split("echo a\\").unwrap_err(), WordsError::OpenBackslash);
        assert_eq!(Words::split("run & hello").unwrap_err(), WordsError::Ampersand);
        assert_eq!(Words::split(&"a ".repeat(MAX_WORDS + 1)).unwrap_err(), WordsError::TooMany);
    }

    #[test]
    fn a_word_that_is_not_there_is_empty() {
        let words = Words::split("one two").unwrap();
        assert_eq!((words.get(0), words.get(1), words.get(2), words.get(9)), ("one", "two", "", ""));
    }
}
