//! Just enough of Rust's grammar to count lines of functions and to find words outside comments and strings.

/// The source with comments, strings and characters replaced by blanks; line ends stay where they are.
pub fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = at + skipped(bytes, at);
        if end == at {
            code.push(bytes[at]);
            at += 1;
            continue;
        }
        code.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
        at = end;
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// Bytes of the comment, string or character that begins at `at`; 0 if none does.
fn skipped(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let inside_word = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => quoted(rest, b'"'),
        [b'r', b'"' | b'#', ..] if !inside_word => raw_string(rest),
        [b'\'', b'\\', ..] => quoted(rest, b'\''),
        // A character, not a lifetime: its closing quote follows at once.
        [b'\'', ..] => std::str::from_utf8(&rest[1..rest.len().min(5)])
            .or_else(|error| std::str::from_utf8(&rest[1..1 + error.valid_up_to()]))
            .ok()
            .and_then(|text| text.chars().next())
            .map(|c| 1 + c.len_utf8())
            .filter(|close| rest.get(*close) == Some(&b'\''))
            .map_or(0, |close| close + 1),
        _ => 0,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `r"..."`, `r#"..."#` and so on; 0 for a raw identifier.
fn raw_string(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let body = 2 + hashes;
    let end = rest[body..].windows(close.len()).position(|window| window == close);
    end.map_or(rest.len(), |end| body + end + close.len())
}

/// Part of a word.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where `word` stands alone in `code`: byte offsets.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let after = bytes.get(at + word.len());
        !before.is_some_and(|byte| is_word(*byte)) && !after.is_some_and(|byte| is_word(*byte))
    })
}

/// Line number of a byte offset.
pub fn line_of(code: &str, at: usize) -> usize {
    code.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// A function: its name, its first line, and the lines of its body.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of its name.
    pub line: usize,
    /// Lines from the opening to the closing brace.
    pub lines: usize,
}

/// The functions with a body in `code`, which [`code_only`] made.
pub fn functions(code: &str) -> Vec<Function> {
    let function = |at: usize| {
        let rest = &code[at + 2..];
        let name = rest.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        if name.is_empty() || !rest.starts_with(char::is_whitespace) {
            // A type such as `fn(u8)`.
            return None;
        }
        let open = body_start(rest)?;
        let end = matching_brace(&rest[open..])?;
        let lines = rest[open..open + end].matches('\n').count() + 1;
        Some(Function { name: name.to_owned(), line: line_of(code, at), lines })
    };
    words(code, "fn").filter_map(function).collect()
}

/// Offset of the brace that opens the body; `None` for a declaration without one.
fn body_start(rest: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth == 0 => return None,
            b'{' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Offset of the brace that closes the first one.
fn matching_brace(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{code_only, functions, line_of, words};

    #[test]
    fn words_in_comments_strings_and_characters_are_not_code() {
        let source = "// unsafe\n/* unsafe /* unsafe */ unsafe */ let a = \"unsafe\\\" unsafe\"; let b = r#\"unsafe\"#;\n\
                      let c = '\"'; let d: &'static str = x; unsafe { f::<'a>(b'\\'') } // unsafe\n";
        let code = code_only(source);
        let found: Vec<_> = words(&code, "unsafe").map(|at| line_of(&code, at)).collect();
        assert_eq!(found, [3]);
        assert!(code.contains("&'static str") && code.contains("f::<'a>"));
    }

    #[test]
    fn a_word_inside_a_longer_one_is_not_found() {
        assert_eq!(words("unsafe_code unsafe(no_mangle) xunsafe", "unsafe").count(), 1);
    }

    #[test]
    fn a_functions_lines_are_those_of_its_body() {
        let code = code_only("trait T { fn a(&self) -> [u8; 2]; }\nfn b(f: fn(u8)) -> u8 {\n    { 1 }\n}\nfn c() {}\n");
        let found: Vec<_> = functions(&code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("b".to_owned(), 2, 3), ("c".to_owned(), 5, 1)]);
    }
}
