//! The condition of a function that runs: the facts without a metric of Lambda's.

use crate::Millis;

/// Used memory above this share of the function's is near the limit, in percent.
const NEAR_PERCENT: u64 = 85;
/// An invocation that still runs so shortly before its end is about to be ended by Lambda.
const TIMED_OUT_BEFORE: Millis = 1_000;
const BYTES_PER_MB: u64 = 1_048_576;
const BYTES_PER_KB: u64 = 1_024;

/// Returns whether memory runs short: by the peak of the process, in KB, and Lambda's limit, in MB.
pub fn memory_is_near_limit(peak_kb: u64, limit_mb: u64) -> bool {
    let (peak, limit) = (peak_kb * BYTES_PER_KB, limit_mb * BYTES_PER_MB);
    limit > 0 && peak * 100 > limit * NEAR_PERCENT
}

/// Returns when an invocation that Lambda ends at `deadline` counts as timed out, if it still runs.
pub fn times_out_at(deadline: Millis) -> Millis {
    deadline.saturating_sub(TIMED_OUT_BEFORE)
}

/// Returns whether another build runs than the released one: by the name that was compiled in, and
/// Terraform's. Without Terraform's name there is nothing to compare.
pub fn is_other_release(compiled: &str, released: Option<&str>) -> bool {
    released.is_some_and(|released| released != compiled)
}

/// Returns the peak of the resident memory, in KB, as Linux tells it in `/proc/self/status`.
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
pub fn peak_kb(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_near_above_a_share() {
        assert!(!memory_is_near_limit(217 * 1_024, 256));
        assert!(memory_is_near_limit(218 * 1_024, 256));
        assert!(!memory_is_near_limit(1, 0));
    }

    #[test]
    fn the_peak_is_read() {
        let status = "Name:\tbootstrap\nVmPeak:\t  999 kB\nVmHWM:\t   12345 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(peak_kb(status), Some(12_345));
        for wrong in ["", "VmHWM:", "VmHWM:\tmany kB", "VmRSS:\t 1 kB"] {
            assert_eq!(peak_kb(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn another_release_is_told_only_where_one_is_named() {
        assert!(is_other_release("0.2.0", Some("0.1.0")));
        assert!(!is_other_release("0.2.0", Some("0.2.0")));
        assert!(!is_other_release("0.2.0", None));
    }

    #[test]
    fn it_times_out_a_second_before_the_end() {
        assert_eq!(times_out_at(10_000), 9_000);
        assert_eq!(times_out_at(Millis::MIN), Millis::MIN);
    }
}
