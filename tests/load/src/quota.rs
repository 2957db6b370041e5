//! A CPU quota on one program, by a control group of its own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;

/// Lambda's own is not documented; this one is seen in a function.
const PERIOD_US: u64 = 20_000;

/// The group; it goes when this is dropped.
#[derive(Debug)]
pub struct Quota {
    group: PathBuf,
}

impl Quota {
    /// Returns a group that gets this share of one CPU.
    pub fn new(share: f64) -> Result<Self, Failure> {
        let quota_us = (share * PERIOD_US as f64).round() as u64;
        let name = format!("spillway-load-{}", std::process::id());
        let unified = Path::new("/sys/fs/cgroup");
        if unified.join("cgroup.controllers").exists() {
            // The children of a group have a controller only if the group hands it on.
            let handed_on = fs::write(unified.join("cgroup.subtree_control"), "+cpu");
            handed_on.map_err(refused(unified))?;
            let group = Self::make(unified.join(name))?;
            group.set("cpu.max", &format!("{quota_us} {PERIOD_US}"))?;
            return Ok(group);
        }
        for controller in ["cpu", "cpu,cpuacct"] {
            let root = unified.join(controller);
            if root.join("cpu.cfs_quota_us").exists() || root.join("cgroup.procs").exists() {
                let group = Self::make(root.join(name))?;
                group.set("cpu.cfs_period_us", &PERIOD_US.to_string())?;
                group.set("cpu.cfs_quota_us", &quota_us.to_string())?;
                return Ok(group);
            }
        }
        Err(Failure::Quota(
            "the cpu controller of a control group, and there is none".into(),
        ))
    }

    /// Returns the file into which a process writes 0 to join.
    pub fn members(&self) -> PathBuf {
        self.group.join("cgroup.procs")
    }

    fn make(group: PathBuf) -> Result<Self, Failure> {
        fs::create_dir(&group).map_err(refused(&group))?;
        Ok(Self { group })
    }

    fn set(&self, file: &str, value: &str) -> Result<(), Failure> {
        let file = self.group.join(file);
        fs::write(&file, value).map_err(refused(&file))
    }
}

fn refused(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| {
        Failure::Quota(format!(
            "a control group it may write: {}: {error}",
            path.display()
        ))
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A child that the program has left behind can still be in it.
        let _ = fs::remove_dir(&self.group);
    }
}
