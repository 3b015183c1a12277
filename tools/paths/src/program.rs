//! The machine code under analysis: words, symbols and loop bounds, wherever they come from.

use std::collections::BTreeMap;

/// Functions whose loops are bounded by the length in `x2` at the call.
const WITH_LENGTH: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];

/// Bit of a bound: the rest is the bytes of the length that each turn takes (`kernel_bounds::PER_LENGTH`).
const PER_LENGTH: u64 = 1 << 63;

/// A named address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name as in the symbol table.
    pub name: String,
    /// Its address.
    pub address: u64,
}

/// Machine code with its symbols and loop bounds.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Runs of instructions by the address of their first.
    code: BTreeMap<u64, Vec<u32>>,
    /// Symbols by address; several may share one.
    symbols: BTreeMap<u64, Vec<String>>,
    /// Most turns by the address of the record.
    bounds: BTreeMap<u64, Vec<u64>>,
}

impl Program {
    /// Adds a run of instructions.
    pub fn add_code(&mut self, address: u64, words: Vec<u32>) {
        self.code.insert(address, words);
    }

    /// Adds a symbol.
    pub fn add_symbol(&mut self, symbol: Symbol) {
        self.symbols.entry(symbol.address).or_default().push(symbol.name);
    }

    /// Adds a record: the innermost loop around `address` takes at most `turns` turns.
    pub fn add_bound(&mut self, address: u64, turns: u64) {
        self.bounds.entry(address).or_default().push(turns);
    }

    /// The instruction at an address.
    #[must_use]
    pub fn word(&self, address: u64) -> Option<u32> {
        let (start, words) = self.code.range(..=address).next_back()?;
        let offset = address - start;
        if !offset.is_multiple_of(4) {
            return None;
        }
        words.get(usize::try_from(offset / 4).ok()?).copied()
    }

    /// The address of the symbol with exactly this name.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<u64> {
        self.symbols.iter().find(|(_, names)| names.iter().any(|n| n == name)).map(|(address, _)| *address)
    }

    /// The function or label around an address, readable.
    #[must_use]
    pub fn name_at(&self, address: u64) -> String {
        match self.symbols.range(..=address).next_back().and_then(|(_, names)| names.first()) {
            Some(name) => readable(name),
            None => format!("{address:#x}"),
        }
    }

    /// The name of the function that never returns and starts exactly here: the kernel's panic and what leads to it.
    #[must_use]
    pub fn panic_at(&self, address: u64) -> Option<String> {
        self.symbols.get(&address)?.iter().map(|name| readable(name)).find(|name| {
            ["kernel_panic", "core::panicking::", "rust_begin_unwind"].iter().any(|part| name.contains(part))
        })
    }

    /// Whether the function that starts here takes a length that bounds its loops.
    #[must_use]
    pub fn takes_length(&self, address: u64) -> bool {
        let names = self.symbols.get(&address);
        names.is_some_and(|names| names.iter().any(|name| WITH_LENGTH.contains(&name.as_str())))
    }

    /// The bounds recorded at addresses from `start` up to, not including, `end`, in a function called with `length`.
    /// What depends on a length that is not known is left out.
    #[must_use]
    pub fn bounds_in(&self, start: u64, end: u64, length: Option<u64>) -> Vec<u64> {
        let turns = |bound: u64| match (bound & PER_LENGTH, length) {
            (0, _) => Some(bound),
            (_, Some(length)) => length.checked_div(bound & !PER_LENGTH),
            (_, None) => None,
        };
        self.bounds.range(start..end).flat_map(|(_, bounds)| bounds).filter_map(|bound| turns(*bound)).collect()
    }
}

/// A symbol without the compiler's decoration, and without the `<impl ...>::` that would fill a line.
fn readable(symbol: &str) -> String {
    let mut text = format!("{:#}", rustc_demangle::demangle(symbol));
    while let Some(start) = text.find("<impl ")
        && let Some(len) = text[start..].find(">::")
    {
        text.replace_range(start..start + len + 3, "");
    }
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text,
    }
}
