//! A small assembler for kernels of a few instructions, as a [`Program`] or as an ELF file.

use std::collections::BTreeMap;

use paths::program::{Program, Symbol};

/// Address of the first instruction.
pub const BASE: u64 = 0xffff_ffff_8000_0000;

/// A branch whose offset is not known yet: the instruction without it, its first bit and its width.
struct Fixup {
    index: usize,
    label: String,
    from: u32,
    count: u32,
}

/// A section of an ELF file: name, type, flags, address, contents, link, entry size.
type Section = (u32, u32, u64, u64, Vec<u8>, u32, u64);

/// Instructions, labels and loop bounds.
#[derive(Default)]
pub struct Asm {
    words: Vec<u32>,
    labels: BTreeMap<String, usize>,
    fixups: Vec<Fixup>,
    bounds: Vec<(usize, u64)>,
}

impl Asm {
    /// Names the next instruction. Names that begin with a dot are no symbols.
    pub fn label(&mut self, name: &str) {
        assert!(self.labels.insert(name.into(), self.words.len()).is_none(), "{name} twice");
    }

    /// An instruction as it is.
    pub fn word(&mut self, word: u32) {
        self.words.push(word);
    }

    /// `count` instructions that go on.
    pub fn plain(&mut self, count: usize) {
        self.words.extend(std::iter::repeat_n(0xd503_201f, count));
    }

    /// The innermost loop around the next instruction takes at most so many turns.
    pub fn bound(&mut self, turns: u64) {
        self.bounds.push((self.words.len(), turns));
    }

    fn branch(&mut self, word: u32, label: &str, from: u32, count: u32) {
        self.fixups.push(Fixup { index: self.words.len(), label: label.into(), from, count });
        self.words.push(word);
    }

    pub fn b(&mut self, label: &str) {
        self.branch(0x1400_0000, label, 0, 26);
    }

    pub fn bl(&mut self, label: &str) {
        self.branch(0x9400_0000, label, 0, 26);
    }

    pub fn cbz(&mut self, label: &str) {
        self.branch(0xb400_0000, label, 5, 19);
    }

    pub fn ret(&mut self) {
        self.word(0xd65f_03c0);
    }

    pub fn eret(&mut self) {
        self.word(0xd69f_03e0);
    }

    /// `sub sp, sp, #bytes`
    pub fn push(&mut self, bytes: u32) {
        self.word(0xd100_03ff | bytes << 10);
    }

    /// `add sp, sp, #bytes`
    pub fn pop(&mut self, bytes: u32) {
        self.word(0x9100_03ff | bytes << 10);
    }

    /// The 3 instructions that call through the table: `adr`, `add`, `blr`.
    pub fn call_table(&mut self) {
        let index = self.words.len();
        self.word(0x1000_0009); // adr x9, call_table: whole instructions lie between, so the two low bits are 0
        self.fixups.push(Fixup { index, label: "call_table".into(), from: 5, count: 19 });
        self.word(0x8b20_0929); // add x9, x9, w0, uxtb #2
        self.word(0xd63f_0120); // blr x9
    }

    fn resolved(&self) -> Vec<u32> {
        let mut words = self.words.clone();
        for fixup in &self.fixups {
            let to = self.labels.get(&fixup.label).unwrap_or_else(|| panic!("no label {}", fixup.label));
            let offset = *to as i64 - fixup.index as i64;
            words[fixup.index] |= (offset as u32 & ((1 << fixup.count) - 1)) << fixup.from;
        }
        words
    }

    /// Address of a label.
    pub fn address(&self, label: &str) -> u64 {
        BASE + 4 * self.labels[label] as u64
    }

    /// As the analysis sees it.
    pub fn program(&self) -> Program {
        let mut program = Program::default();
        program.add_code(BASE, self.resolved());
        for (name, index) in self.labels.iter().filter(|(name, _)| !name.starts_with('.')) {
            program.add_symbol(Symbol { name: name.clone(), address: BASE + 4 * *index as u64 });
        }
        for (index, turns) in &self.bounds {
            program.add_bound(BASE + 4 * *index as u64, *turns);
        }
        program
    }

    /// As a linker would write it: code, symbols, bounds.
    pub fn elf(&self) -> Vec<u8> {
        let text: Vec<u8> = self.resolved().iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut names = vec![0];
        let mut symbols = vec![0; 24];
        for (name, index) in self.labels.iter().filter(|(name, _)| !name.starts_with('.')) {
            symbols.extend((names.len() as u32).to_le_bytes());
            symbols.extend([0x12, 0, 1, 0]);
            symbols.extend((BASE + 4 * *index as u64).to_le_bytes());
            symbols.extend(0_u64.to_le_bytes());
            names.extend(name.bytes().chain([0]));
        }
        let bounds: Vec<u8> = self
            .bounds
            .iter()
            .flat_map(|(index, turns)| [BASE + 4 * *index as u64, *turns])
            .flat_map(u64::to_le_bytes)
            .collect();
        let section_names = b"\0.text\0.symtab\0.strtab\0.tinyos.bounds\0".to_vec();
        let sections: [Section; 5] = [
            (1, 1, 6, BASE, text, 0, 0),
            (7, 2, 0, 0, symbols, 3, 24),
            (15, 3, 0, 0, names, 0, 0),
            (15, 3, 0, 0, section_names, 0, 0),
            (23, 1, 0, 0, bounds, 0, 0),
        ];
        let mut file = vec![0; 64];
        let mut headers = vec![0; 64];
        for (name, kind, flags, address, contents, link, entry) in &sections {
            headers.extend(name.to_le_bytes().into_iter().chain(kind.to_le_bytes()));
            for word in [*flags, *address, file.len() as u64, contents.len() as u64] {
                headers.extend(word.to_le_bytes());
            }
            headers.extend(link.to_le_bytes().into_iter().chain([0; 4]));
            headers.extend(8_u64.to_le_bytes().into_iter().chain(entry.to_le_bytes()));
            file.extend(contents);
        }
        let at = file.len() as u64;
        file.extend(headers);
        file[..20].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 183, 0]);
        file[20] = 1;
        file[40..48].copy_from_slice(&at.to_le_bytes());
        file[52..54].copy_from_slice(&64_u16.to_le_bytes());
        file[58..64].copy_from_slice(&[64, 0, 6, 0, 4, 0]);
        file
    }
}

/// A kernel whose fault path is `cbz` and then `fault`, and whose one system call costs 7 instructions.
pub fn kernel(fault: impl FnOnce(&mut Asm)) -> Asm {
    let mut asm = Asm::default();
    asm.label("entry_sync");
    asm.cbz(".fault");
    asm.call_table();
    asm.eret();
    asm.label(".fault");
    fault(&mut asm);
    finish(&mut asm, &["null_call"]);
    asm
}

/// The table, with these handlers for the first numbers, and the entries that do nothing.
pub fn finish(asm: &mut Asm, handlers: &[&str]) {
    asm.label("null_call");
    asm.ret();
    asm.label("bad_call");
    asm.plain(1);
    asm.ret();
    asm.label("call_table");
    for number in 0..256 {
        asm.b(handlers.get(number).unwrap_or(&"bad_call"));
    }
    for entry in ["entry_irq_gic", "entry_irq_bcm"] {
        asm.label(entry);
        asm.eret();
    }
    asm.label("idle_wait");
    asm.word(0xd503_207f); // wfi
    asm.plain(2);
    asm.eret();
}
