//! The numbers that every function reports of itself, as metrics.

use serde::Serialize;

/// One number per thing worth an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// 1 when the function came near the end of its time or its memory: `TimedOut` or
    /// `MemoryNearLimit`.
    pub function_near_limit: u32,
    /// 1 when an invocation still ran one second before Lambda ends it.
    pub timed_out: u32,
    /// 1 when the function's process has used more than 85 percent of its memory.
    pub memory_near_limit: u32,
    /// 1 when the code is of another version than the release that Terraform applied.
    pub other_release: u32,
}

impl Counts {
    /// Of an invocation that takes too long.
    pub const TIMED_OUT: Self = Self {
        function_near_limit: 1,
        timed_out: 1,
        memory_near_limit: 0,
        other_release: 0,
    };
}
