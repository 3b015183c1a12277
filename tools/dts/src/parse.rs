//! From tokens to a tree, and from labels to handles.

use std::collections::BTreeMap;

use crate::Error;
use crate::token::{Kind, Token};

/// A whole source.
pub struct Tree {
    /// Memory that the kernel must leave alone: address and bytes.
    pub reserved: Vec<(u64, u64)>,
    /// The root; its name is empty.
    pub root: Node,
}

/// A node.
#[derive(Default)]
pub struct Node {
    /// Name with unit address.
    pub name: String,
    /// Its labels and their lines.
    labels: Vec<(String, usize)>,
    /// Properties, in the order of the source.
    pub properties: Vec<Property>,
    /// Children, in the order of the source.
    pub children: Vec<Self>,
}

/// A property.
pub struct Property {
    /// Name.
    pub name: String,
    /// Value.
    pub value: Vec<u8>,
    /// Where in the value a handle is missing: offset, label and line.
    references: Vec<(usize, String, usize)>,
}

/// The tokens not yet read.
struct Parser<'a> {
    tokens: std::iter::Peekable<std::slice::Iter<'a, Token>>,
    line: usize,
}

/// Parses a source.
pub fn tree(tokens: &[Token]) -> Result<Tree, Error> {
    let mut parser = Parser { tokens: tokens.iter().peekable(), line: 1 };
    parser.expect(&Kind::Directive("dts-v1".into()), "/dts-v1/;")?;
    parser.mark(';')?;
    let mut reserved = Vec::new();
    while parser.accept(&Kind::Directive("memreserve".into())) {
        let address = parser.number()?;
        reserved.push((address, parser.number()?));
        parser.mark(';')?;
    }
    parser.mark('/')?;
    let root = parser.node(String::new(), Vec::new())?;
    match parser.tokens.next() {
        None => Ok(Tree { reserved, root }),
        Some(token) => Err(Error::new(token.line, "nothing may follow the root node")),
    }
}

impl Parser<'_> {
    fn error<T>(&self, text: impl Into<String>) -> Result<T, Error> {
        Err(Error::new(self.line, text))
    }

    fn next(&mut self) -> Result<&Kind, Error> {
        let token = self.tokens.next().ok_or_else(|| Error::new(self.line, "the source ends here"))?;
        self.line = token.line;
        Ok(&token.kind)
    }

    fn accept(&mut self, kind: &Kind) -> bool {
        let found = self.tokens.next_if(|token| token.kind == *kind);
        self.line = found.map_or(self.line, |token| token.line);
        found.is_some()
    }

    fn expect(&mut self, kind: &Kind, text: &str) -> Result<(), Error> {
        if self.next()? == kind { Ok(()) } else { self.error(format!("{text} is missing here")) }
    }

    fn mark(&mut self, mark: char) -> Result<(), Error> {
        self.expect(&Kind::Mark(mark), &format!("'{mark}'"))
    }

    fn word(&mut self) -> Result<String, Error> {
        match self.next()? {
            Kind::Word(word) => Ok(word.clone()),
            _ => self.error("a name or number is missing here"),
        }
    }

    fn number(&mut self) -> Result<u64, Error> {
        let word = self.word()?;
        self.parse_number(&word)
    }

    fn parse_number(&self, word: &str) -> Result<u64, Error> {
        let parsed = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => word.parse(),
        };
        parsed.map_err(|_| Error::new(self.line, format!("{word} is no number")))
    }

    /// A node from its `{` to its `;`.
    fn node(&mut self, name: String, labels: Vec<(String, usize)>) -> Result<Node, Error> {
        let mut node = Node { name, labels, ..Node::default() };
        self.mark('{')?;
        while !self.accept(&Kind::Mark('}')) {
            self.member(&mut node)?;
        }
        self.mark(';')?;
        Ok(node)
    }

    /// A property or child of `node`.
    fn member(&mut self, node: &mut Node) -> Result<(), Error> {
        let mut labels = Vec::new();
        let mut name = self.word()?;
        while self.accept(&Kind::Mark(':')) {
            labels.push((std::mem::replace(&mut name, self.word()?), self.line));
        }
        if self.tokens.peek().is_some_and(|token| token.kind == Kind::Mark('{')) {
            if node.children.iter().any(|other| other.name == name) {
                return self.error(format!("a second node {name}"));
            }
            node.children.push(self.node(name, labels)?);
            return Ok(());
        }
        if !node.children.is_empty() {
            return self.error(format!("property {name} after a child node"));
        }
        if node.properties.iter().any(|other| other.name == name) {
            return self.error(format!("a second property {name}"));
        }
        let mut property = Property { name, value: Vec::new(), references: Vec::new() };
        if self.accept(&Kind::Mark('=')) {
            self.value(&mut property)?;
            while self.accept(&Kind::Mark(',')) {
                self.value(&mut property)?;
            }
        }
        node.properties.push(property);
        self.mark(';')
    }

    /// One part of a property's value.
    fn value(&mut self, property: &mut Property) -> Result<(), Error> {
        match self.next()?.clone() {
            Kind::Text(text) => {
                property.value.extend(text.bytes());
                property.value.push(0);
                Ok(())
            }
            Kind::Mark('<') => self.cells(property),
            Kind::Mark('[') => self.bytes(property),
            _ => self.error("a value is missing here"),
        }
    }

    /// 32-bit numbers and references, after the `<`.
    fn cells(&mut self, property: &mut Property) -> Result<(), Error> {
        while !self.accept(&Kind::Mark('>')) {
            let cell = if self.accept(&Kind::Mark('&')) {
                let label = self.word()?;
                property.references.push((property.value.len(), label, self.line));
                0
            } else {
                let number = self.number()?;
                u32::try_from(number).or_else(|_| self.error(format!("{number:#x} does not fit 32 bits")))?
            };
            property.value.extend(cell.to_be_bytes());
        }
        Ok(())
    }

    /// Pairs of hexadecimal digits, after the `[`.
    fn bytes(&mut self, property: &mut Property) -> Result<(), Error> {
        while !self.accept(&Kind::Mark(']')) {
            let digits = self.word()?;
            if !digits.is_ascii() || digits.len() % 2 != 0 {
                return self.error(format!("{digits} is not pairs of digits"));
            }
            for at in (0..digits.len()).step_by(2) {
                let byte = u8::from_str_radix(&digits[at..at + 2], 16);
                property.value.push(byte.or_else(|_| self.error(format!("{digits} is not hexadecimal")))?);
            }
        }
        Ok(())
    }
}

impl Tree {
    /// The tree with a handle in place of every reference, and on every node that is referred to. Handles count from 1
    /// in the order in which the source first refers to them.
    pub fn resolved(mut self) -> Result<Self, Error> {
        let mut labels = BTreeMap::new();
        self.root.collect_labels(&mut labels)?;
        let mut handles = BTreeMap::new();
        self.root.resolve(&labels, &mut handles)?;
        self.root.add_handles(&mut 0, &handles);
        Ok(self)
    }
}

impl Node {
    /// Numbers the nodes in the order of the source and notes the number of each label.
    fn collect_labels(&self, labels: &mut BTreeMap<String, usize>) -> Result<(), Error> {
        fn visit(node: &Node, number: &mut usize, labels: &mut BTreeMap<String, usize>) -> Result<(), Error> {
            for (label, line) in &node.labels {
                if labels.insert(label.clone(), *number).is_some() {
                    return Err(Error::new(*line, format!("two nodes have the label {label}")));
                }
            }
            *number += 1;
            node.children.iter().try_for_each(|child| visit(child, number, labels))
        }
        visit(self, &mut 0, labels)
    }

    /// Writes a handle over each reference; `handles` is by node number.
    fn resolve(&mut self, labels: &BTreeMap<String, usize>, handles: &mut BTreeMap<usize, u32>) -> Result<(), Error> {
        for property in &mut self.properties {
            for (at, label, line) in &property.references {
                let node = labels.get(label).ok_or_else(|| Error::new(*line, format!("there is no label {label}")))?;
                let next = handles.len() as u32 + 1;
                let handle = *handles.entry(*node).or_insert(next);
                property.value[*at..*at + 4].copy_from_slice(&handle.to_be_bytes());
            }
        }
        self.children.iter_mut().try_for_each(|child| child.resolve(labels, handles))
    }

    /// Gives each node that has a handle the property that says so.
    fn add_handles(&mut self, number: &mut usize, handles: &BTreeMap<usize, u32>) {
        if let Some(handle) = handles.get(number) {
            let value = handle.to_be_bytes().to_vec();
            self.properties.push(Property { name: "phandle".into(), value, references: Vec::new() });
        }
        *number += 1;
        for child in &mut self.children {
            child.add_handles(number, handles);
        }
    }
}
