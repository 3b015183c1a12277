//! Prints the report of a system: `cargo run -p manifest --example report -- default`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let name = std::env::args().nth(1).unwrap_or_else(|| "default".into());
    match manifest::load_system(&root, &name) {
        Ok(system) => {
            print!("{}", manifest::report::report(&system));
            ExitCode::SUCCESS
        }
        Err(refusals) => {
            eprintln!("{refusals}");
            ExitCode::FAILURE
        }
    }
}
