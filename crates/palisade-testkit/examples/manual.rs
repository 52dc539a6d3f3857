//! Writes what is made from the rules: the manual of the rules and the golden
//! matrix.

use std::fs;

use palisade_testkit::{manual, matrix, tree};

fn main() -> std::io::Result<()> {
    for (path, text) in [(manual::PATH, manual::text()), (matrix::PATH, matrix::text())] {
        let path = tree::root().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
