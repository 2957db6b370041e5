//! The fault seam: the faults of a call.

use std::sync::Arc;
use std::time::Duration;

use crate::calls::Call;
use crate::{World, lock};

/// The fault of a call. Before the effect, everything but `None`, `Delay` and `CrashOnTheWire`
/// means that there is none. After it, the effect stands and the caller does not learn of it (but
/// for `None` and `Delay`).
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The service's own error for too many requests.
    Throttle,
    /// HTTP 500.
    InternalError,
    /// HTTP 400 with this error code, such as "AccessDeniedException".
    Refuse(String),
    /// DynamoDB, for a write or a transaction: another transaction is at its first item.
    TransactionConflict,
    /// The connection breaks: an I/O error for the caller.
    LoseAnswer,
    /// It takes longer. A caller that gives up meanwhile does not stop the effect, as on a real
    /// wire.
    Delay(Duration),
    /// There is never an answer.
    Hang,
    /// The caller dies here: this call and all its later ones are never answered, and
    /// [`crate::Caller::crashed`] resolves. Calls already on the wire still take effect.
    Crash,
    /// The caller dies with this call on the wire: it takes effect so much later.
    CrashOnTheWire(Duration),
}

type CallHook = Box<dyn FnMut(&Call) -> Fault + Send>;
type EntryHook = Box<dyn FnMut(&Call, &str) -> bool + Send>;

#[derive(Default)]
pub(crate) struct Hooks {
    before: Option<CallHook>,
    after: Option<CallHook>,
    entry: Option<EntryHook>,
}

/// Sets the hooks. They run with no lock held, so they can look at the fake, and they see every
/// caller's calls (tell them apart by `call.caller`).
pub struct Faults {
    world: Arc<World>,
}

impl Faults {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Sets a hook that is asked when a call arrives, before it has an effect.
    pub fn before(&self, hook: impl FnMut(&Call) -> Fault + Send + 'static) {
        lock(&self.world.hooks).before = Some(Box::new(hook));
    }

    /// Sets a hook that is asked when a call has had its effect, before the answer goes out; `call`
    /// has the facts of the effect.
    pub fn after(&self, hook: impl FnMut(&Call) -> Fault + Send + 'static) {
        lock(&self.world.hooks).after = Some(Box::new(hook));
    }

    /// Sets a hook that is asked for every entry of a batch; true makes it fail alone. An entry is
    /// named by its id (SQS) or as `<pk>|<sk>` (DynamoDB, which returns it unprocessed).
    pub fn fail_entries(&self, hook: impl FnMut(&Call, &str) -> bool + Send + 'static) {
        lock(&self.world.hooks).entry = Some(Box::new(hook));
    }

    /// Removes the hooks: from here on nothing goes wrong.
    pub fn clear(&self) {
        *lock(&self.world.hooks) = Hooks::default();
    }
}

impl World {
    pub(crate) fn fault_before(&self, call: &Call) -> Fault {
        self.ask(call, |hooks| &mut hooks.before)
    }

    pub(crate) fn fault_after(&self, call: &Call) -> Fault {
        self.ask(call, |hooks| &mut hooks.after)
    }

    /// Takes the hook out while it runs, so that it runs without the lock; one it sets meanwhile
    /// wins.
    fn ask(&self, call: &Call, slot: fn(&mut Hooks) -> &mut Option<CallHook>) -> Fault {
        let Some(mut hook) = slot(&mut lock(&self.hooks)).take() else {
            return Fault::None;
        };
        let fault = hook(call);
        slot(&mut lock(&self.hooks)).get_or_insert(hook);
        fault
    }

    pub(crate) fn entry_fails(&self, call: &Call, entry: &str) -> bool {
        let taken = lock(&self.hooks).entry.take();
        let Some(mut hook) = taken else {
            return false;
        };
        let fails = hook(call, entry);
        lock(&self.hooks).entry.get_or_insert(hook);
        fails
    }
}
