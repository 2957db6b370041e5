//! The head of an object, in a pipeline with an order: the execution that runs, the newest version,
//! and whether versions wait.

/// An object's head. A version goes by its [place](`super::version`), which compares in the order
/// of S3's events and names its row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Head {
    /// Grows with every write; 0: there is no item yet.
    pub revision: u64,
    /// The newest version that ever started.
    pub newest: Option<String>,
    /// The execution whose turn it is.
    pub running: Option<String>,
    /// Versions can wait: [`super::waiter`]. Without it none does, and nobody looks for them.
    pub waits: bool,
}
