//! Source lines for refusals, from the debug information, so that the loop without a bound is found at once.

use std::path::Path;

use addr2line::Loader;

use crate::problem::Error;

/// Adds the source line to each refusal whose line the ELF file tells; without debug information nothing is added.
#[must_use]
pub fn with_lines(error: Error, elf: &Path) -> Error {
    let (Error::Refused(mut problems), Ok(loader)) = (error.clone(), Loader::new(elf)) else { return error };
    for problem in &mut problems {
        problem.line = line(&loader, problem.address);
        for call in &mut problem.calls {
            call.line = line(&loader, call.address);
        }
    }
    Error::Refused(problems)
}

/// The innermost line of our own sources around an address; the standard library's iterators say nothing.
fn line(loader: &Loader, address: u64) -> Option<String> {
    let mut frames = loader.find_frames(address).ok()?;
    while let Ok(Some(frame)) = frames.next() {
        let Some(location) = frame.location else { continue };
        if let (Some(file), Some(line)) = (location.file, location.line)
            && !file.contains("/library/")
            && !file.contains("kernel/bounds/")
        {
            return Some(format!("{file}:{line}"));
        }
    }
    None
}
