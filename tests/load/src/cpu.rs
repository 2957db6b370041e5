//! CPU time and memory of processes.

use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// The kernel's unit of CPU times in /proc: USER_HZ, 100 on all platforms that Lambda has.
const TICK: Duration = Duration::from_millis(10);

/// The use of a process and its children since they began.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Used {
    /// To the nanosecond.
    pub cpu: Duration,
    /// In ticks of 10 ms: only good for a ratio.
    user: Duration,
    system: Duration,
    /// Memory, at its peak, of all that live.
    pub peak_rss: u64,
}

impl Used {
    /// Returns the CPU time since `before`, for user and for system. The sum is precise, their
    /// ratio only as good as 10 ms are.
    pub fn split_since(&self, before: &Self) -> (f64, f64) {
        let cpu = self.cpu.saturating_sub(before.cpu).as_secs_f64();
        let user = self.user.saturating_sub(before.user).as_secs_f64();
        let system = self.system.saturating_sub(before.system).as_secs_f64();
        let ticks = user + system;
        let share = if ticks > 0.0 { user / ticks } else { 1.0 };
        (cpu * share, cpu * (1.0 - share))
    }
}

/// Returns the use of a process and all its descendants; `None` when it is gone.
pub fn of(pid: u32) -> Option<Used> {
    let mut used = one(pid)?;
    for child in children(pid) {
        // A child that has ended is in its parent's account once it was waited for.
        if let Some(of_child) = of(child) {
            used.cpu += of_child.cpu;
            used.user += of_child.user;
            used.system += of_child.system;
            used.peak_rss += of_child.peak_rss;
        }
    }
    Some(used)
}

/// Returns the CPU time of this process.
pub fn own() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

fn one(pid: u32) -> Option<Used> {
    // The clock counts all threads, those that have ended too.
    let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(pid).ok()?)).ok()?;
    let cpu = Duration::from(clock_gettime(clock).ok()?);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let [user, system, of_children_user, of_children_system] = ticks(&stat)?;
    Some(Used {
        cpu: cpu + of_children_user + of_children_system,
        user: user + of_children_user,
        system: system + of_children_system,
        peak_rss: peak_rss(pid)?,
    })
}

/// Returns `utime`, `stime`, `cutime` and `cstime` of /proc/<pid>/stat.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn ticks(stat: &str) -> Option<[Duration; 4]> {
    // The name, in brackets, can hold anything.
    let (_, after) = stat.rsplit_once(')')?;
    let times = after.split_whitespace().skip(11).take(4);
    let times: Vec<Duration> = times
        .map(|ticks| ticks.parse().map(|ticks: u32| TICK * ticks))
        .collect::<Result<_, _>>()
        .ok()?;
    times.try_into().ok()
}

fn peak_rss(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            let pids = list.split_whitespace();
            pids.filter_map(|pid| pid.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_no_harm() {
        let stat = "7 (a) b) R 1 7 7 0 -1 4194304 100 0 0 0 12 3 4 5 20 0 1 0 100 0 0";
        let ticks = ticks(stat).unwrap().map(|time| time.as_millis());
        assert_eq!(ticks, [120, 30, 40, 50]);
    }

    #[test]
    fn what_this_process_burns_is_seen() {
        let before = of(std::process::id()).unwrap();
        let began = own();
        while own() - began < Duration::from_millis(30) {}
        let after = of(std::process::id()).unwrap();
        let (user, system) = after.split_since(&before);
        assert!(user + system >= 0.03, "{user} + {system}");
        assert!(after.peak_rss > 100_000);
    }

    #[test]
    fn a_child_counts_too() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        assert_eq!(children(std::process::id()), [child.id()]);
        assert!(one(child.id()).unwrap().peak_rss > 0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
