//! Writes the handles that `partition.toml` gives this program.

fn main() {
    manifest::handles::generate();
}
