//! From a tree to the flat form: Devicetree Specification v0.4, chapter 5.

use crate::parse::{Node, Tree};

/// First word.
const MAGIC: u32 = 0xd00d_feed;
/// Version of the format, and the oldest that a reader of it may know.
const VERSION: u32 = 17;
const OLDEST: u32 = 16;
/// Bytes of the header.
const HEADER_BYTES: usize = 40;
/// Tokens of the structure block.
const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROPERTY: u32 = 3;
const END: u32 = 9;

/// The structure block and the names of properties, each once.
#[derive(Default)]
struct Blocks {
    structure: Vec<u8>,
    strings: Vec<u8>,
}

impl Blocks {
    fn word(&mut self, value: u32) {
        self.structure.extend(value.to_be_bytes());
    }

    /// Bytes, then zeros up to the next word.
    fn padded(&mut self, bytes: &[u8]) {
        self.structure.extend(bytes);
        self.structure.resize(self.structure.len().next_multiple_of(4), 0);
    }

    /// Offset of a property's name.
    fn name(&mut self, name: &str) -> u32 {
        let wanted: Vec<u8> = name.bytes().chain([0]).collect();
        let known = self.strings.windows(wanted.len()).position(|window| window == wanted);
        known.unwrap_or_else(|| {
            self.strings.extend(&wanted);
            self.strings.len() - wanted.len()
        }) as u32
    }

    fn node(&mut self, node: &Node) {
        self.word(BEGIN_NODE);
        self.padded(&[node.name.as_bytes(), &[0]].concat());
        for property in &node.properties {
            let name = self.name(&property.name);
            self.word(PROPERTY);
            self.word(property.value.len() as u32);
            self.word(name);
            self.padded(&property.value);
        }
        for child in &node.children {
            self.node(child);
        }
        self.word(END_NODE);
    }
}

/// The flat form of a tree: header, reserved memory, structure, names.
pub fn flatten(tree: &Tree) -> Vec<u8> {
    let mut blocks = Blocks::default();
    blocks.node(&tree.root);
    blocks.word(END);
    let reserved: Vec<u8> = tree
        .reserved
        .iter()
        .chain([&(0, 0)])
        .flat_map(|(at, len)| [at.to_be_bytes(), len.to_be_bytes()].concat())
        .collect();
    let structure_at = HEADER_BYTES + reserved.len();
    let strings_at = structure_at + blocks.structure.len();
    let total = strings_at + blocks.strings.len();
    let header = [
        MAGIC,
        total as u32,
        structure_at as u32,
        strings_at as u32,
        HEADER_BYTES as u32,
        VERSION,
        OLDEST,
        0,
        blocks.strings.len() as u32,
        blocks.structure.len() as u32,
    ];
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend(reserved);
    bytes.extend(blocks.structure);
    bytes.extend(blocks.strings);
    bytes
}
