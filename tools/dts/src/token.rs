//! From characters to tokens.

use crate::Error;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A node's or property's name, a label or a number.
    Word(String),
    /// A string, without its quotes.
    Text(String),
    /// `/word/`.
    Directive(String),
    /// Any other character.
    Mark(char),
}

/// A token and its line, from 1.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it begins.
    pub line: usize,
}

/// The characters not yet read.
struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Scanner<'a> {
    /// Reads the next `bytes`.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// Reads as long as characters are `wanted`.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len()))
    }

    /// Reads up to and with `end`; the text before it.
    fn take_until(&mut self, end: &str, what: &str) -> Result<&'a str, Error> {
        let at = self.rest.find(end).ok_or_else(|| Error::new(self.line, format!("{what} does not end")))?;
        let text = self.take(at);
        self.take(end.len());
        Ok(text)
    }

    /// Reads white space and comments.
    fn skip_blanks(&mut self) -> Result<(), Error> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest.starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if self.rest.starts_with("/*") {
                self.take_until("*/", "a comment")?;
            } else {
                return Ok(());
            }
        }
    }

    /// Reads a token; there is at least one character.
    fn token(&mut self, first: char) -> Result<Kind, Error> {
        if first == '"' {
            self.take(1);
            let text = self.take_until("\"", "a string")?;
            if text.contains('\\') {
                return Err(Error::new(self.line, "escapes in strings are not supported"));
            }
            return Ok(Kind::Text(text.into()));
        }
        if is_name(first) && first != ',' {
            return Ok(Kind::Word(self.take_while(is_name).into()));
        }
        let directive = self.rest.strip_prefix('/').and_then(|rest| rest.split_once('/')).map(|(word, _)| word);
        if let Some(word) = directive.filter(|word| !word.is_empty() && word.chars().all(is_name)) {
            self.take(word.len() + 2);
            return Ok(Kind::Directive(word.into()));
        }
        self.take(first.len_utf8());
        Ok(Kind::Mark(first))
    }
}

/// Whether a character can be in a name (Devicetree Specification, 2.2.1 and 2.2.4).
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || ",._+-?#@".contains(c)
}

/// All tokens of a source.
pub fn tokens(source: &str) -> Result<Vec<Token>, Error> {
    let mut scanner = Scanner { rest: source, line: 1 };
    let mut tokens = Vec::new();
    loop {
        scanner.skip_blanks()?;
        let Some(first) = scanner.rest.chars().next() else { return Ok(tokens) };
        let line = scanner.line;
        tokens.push(Token { kind: scanner.token(first)?, line });
    }
}
