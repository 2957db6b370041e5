//! The inputs to begin with: files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::target::Target;

/// A file, and its expected answer.
pub struct Input {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    /// Whether it must be understood. `None`: only the rules of every input hold.
    pub understood: Option<bool>,
}

/// Samples in `corpus/<kind>/understood` and `corpus/<kind>/refused`, and inputs that once broke
/// something in `regressions/<kind>`.
pub fn of(target: &Target) -> io::Result<Vec<Input>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = root.join("corpus").join(target.corpus);
    let mut inputs = Vec::new();
    for (directory, understood) in [
        (samples.join("understood"), Some(true)),
        (samples.join("refused"), Some(false)),
        (root.join("regressions").join(target.corpus), None),
    ] {
        read(&directory, understood, &mut inputs)?;
    }
    Ok(inputs)
}

fn read(directory: &Path, understood: Option<bool>, inputs: &mut Vec<Input>) -> io::Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    let entries = fs::read_dir(directory)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path)?;
        inputs.push(Input {
            path,
            bytes,
            understood,
        });
    }
    Ok(())
}
