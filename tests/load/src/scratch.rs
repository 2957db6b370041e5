//! A directory for the program's input files; it goes with the run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;

#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("spillway-load-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(Failure::io("making a directory for the run"))?;
        Ok(Self(path))
    }

    /// Returns the path of the authority's certificate, for a TLS run.
    pub fn certificate(&self) -> PathBuf {
        self.path().join("authority.pem")
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
