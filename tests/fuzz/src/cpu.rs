//! CPU time: without the work of others on the machine.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Returns the CPU time of this thread.
pub fn of_thread() -> Duration {
    now(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Returns the CPU time of this process, all of its threads together.
pub fn of_process() -> Duration {
    now(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

fn now(clock: ClockId) -> Duration {
    clock_gettime(clock).map_or(Duration::ZERO, Duration::from)
}

/// Returns the least that `work` took of `times` times. Only the least is the work's own: caches
/// that others filled, and pages that are touched for the first time, cost CPU time too.
pub fn least(times: usize, mut work: impl FnMut()) -> Duration {
    let mut once = || {
        let began = of_thread();
        work();
        of_thread() - began
    };
    (0..times).map(|_| once()).min().unwrap_or_default()
}
