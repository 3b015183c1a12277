//! A program's ELF file, as far as it is loaded, within what its manifest gives it.

/// A program that can be loaded.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// Name of its partition.
    pub name: String,
    /// Its file.
    pub file: rtos_elf::Program<'a>,
}

impl<'a> Program<'a> {
    /// Reads an ELF file; the program may take `most` bytes.
    ///
    /// # Errors
    /// Why it cannot be loaded.
    pub fn read(name: &str, file: &'a [u8], most: u64) -> Result<Self, String> {
        let file = rtos_elf::Program::read(file).map_err(|error| error.to_string())?;
        if file.image_bytes() > most {
            let needs = file.image_bytes() / 1024;
            return Err(format!("needs image_kib = {needs}, but its partition.toml gives {}", most / 1024));
        }
        Ok(Self { name: name.to_string(), file })
    }
}

/// The bytes of a segment that need room in the image: zeros at its end do not.
pub fn stored<'a>(segment: &rtos_elf::Segment<'a>) -> &'a [u8] {
    let used = segment.bytes.iter().rposition(|b| *b != 0).map_or(0, |n| n + 1);
    segment.bytes.get(..used).unwrap_or_default()
}
