//! A finding, made small and written down so that it can be repeated.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::hunt::{Failure, is_slow, way};
use crate::target::Target;
use crate::{caught, shrink};

/// The longest input that is shown.
const SHOWN: usize = 400;

/// A failing input in a file.
pub struct Finding {
    pub target: &'static Target,
    pub says: String,
    pub input: Vec<u8>,
    pub path: PathBuf,
}

/// Makes a failing input small, unless that would never end, and writes it below `target`.
pub fn of(target: &'static Target, failure: &Failure) -> io::Result<Finding> {
    if failure.endless {
        return write(target, failure.input.clone(), failure.says.clone());
    }
    let slow = caught::check(target.check, &failure.input).is_ok();
    // Every try of a slow one takes its time.
    let tries = if slow { 100 } else { 5_000 };
    let input = shrink::smallest(&failure.input, tries, |input| {
        match caught::check(target.check, input) {
            Ok(_) => slow && is_slow(target, input),
            Err(says) => way(&says) == way(&failure.says),
        }
    });
    let says = match caught::check(target.check, &input) {
        Ok(_) => failure.says.clone(),
        Err(says) => says,
    };
    write(target, input, says)
}

fn write(target: &'static Target, input: Vec<u8>, says: String) -> io::Result<Finding> {
    let directory = PathBuf::from("target/fuzz").join(target.name);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::create_dir_all(root.join(&directory))?;
    let path = directory.join(format!("{:016x}", digest(&input)));
    fs::write(root.join(&path), &input)?;
    Ok(Finding {
        target,
        says,
        input,
        path,
    })
}

impl Finding {
    /// Returns the finding in words, with the command that repeats it.
    pub fn told(&self) -> String {
        let Self {
            target,
            says,
            input,
            path,
        } = self;
        let shown: String = String::from_utf8_lossy(input).chars().take(SHOWN).collect();
        let path = path.display();
        let bytes = input.len();
        let Target { name, corpus, .. } = target;
        format!(
            "{name}: {says}\n  input of {bytes} bytes: {shown:?}\n  again: cargo run --bin fuzz -- --again {name} {path}\n  \
             once mended: keep it in tests/fuzz/regressions/{corpus}"
        )
    }
}

/// Returns a hash by FNV-1a: the same input has the same name.
fn digest(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
