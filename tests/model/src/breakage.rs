//! Ways to break the protocol. Each is a step that is made wrongly, for tests that expect the model
//! to find it.

/// A step that is made wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// The message is deleted when it is received.
    DeleteBeforeClaim,
    /// The slot is taken after the claim.
    SlotAfterClaim,
    /// A message goes on with a slot that another one of the same attempt took.
    SlotShared,
    /// The claim does not look at the row.
    ClaimWithoutCondition,
    /// A tick takes no notice of the lease.
    NoLease,
    /// A tick that can renew its lease no more goes on.
    GrantsWithoutLease,
    /// Settle frees the slot first.
    SlotBeforeRow,
    /// Settle writes the row before it sends the message.
    RowBeforeMessage,
    /// Settle frees the slot before the object's turn goes on.
    SlotBeforeTurn,
    /// The sweep reports a start that it does not find as one that failed.
    SweepReportsNeverStarted,
    /// Nobody looks after the slots of a tick that died: no restart, and no sweep.
    NobodyLooksAfter,
    /// With `each`, nobody looks at the waiters.
    EachPasses,
    /// The head is written even if it changed since it was read.
    HeadWithoutCondition,
    /// A member of a batch whose row was written since it was read is left to its next message.
    MemberLeftBehind,
    /// Restart and sweep start a batch that a crash cut short without fixing its list.
    ListNotFixedByRestart,
    /// Restart fixes the list of a batch while claims for it can be on the wire.
    ListFixedEarly,
    /// A count looks only in the new layout of slots, and not in the old one.
    OldLayoutForgotten,
    /// Nobody looks in the old layout any more once no slot is found there, although one can still
    /// land.
    RetiresAtOnce,
    /// Settle looks for a slot only in the new layout.
    SettleLooksByOneLayout,
    /// A slot is put although the old layout has one of the same execution.
    PutByEitherLayout,
    /// Settle marks every event of a batch as its execution ended, and ignores its report.
    ReportIgnored,
    /// A tenant's event is claimed although the tenant's bound is reached.
    TenantBoundIgnored,
    /// An event is deferred, and the directory does not name its tenant's queue.
    QueueNotNamed,
    /// The message of a deferred event is deleted before its item is put.
    DeletedBeforePut,
    /// An empty queue is removed while a tick that outlived its lease can still put an event into
    /// it.
    RemovedAtOnce,
    /// A queue is removed from the directory although it was named since by another token.
    RemovedByAnyToken,
    /// The item of a deferred event is deleted before its claim.
    ForgottenBeforeClaim,
}
