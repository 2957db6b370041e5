//! The batch: the rows of an execution of several object events.

use super::row::RowKey;

/// A batch, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Batch {
    /// The rows that were to be claimed for it, in the order of the input.
    pub candidates: Vec<RowKey>,
    /// Of `candidates`, the indexes of those whose claim was won. `None`: the batch is not fixed,
    /// because all were won, or because the claims are still being made.
    pub members: Option<Vec<usize>>,
}

impl Batch {
    /// Returns the rows of the execution's input.
    pub fn rows(&self) -> Vec<RowKey> {
        match &self.members {
            None => self.candidates.clone(),
            Some(members) => members
                .iter()
                .filter_map(|&member| self.candidates.get(member).cloned())
                .collect(),
        }
    }
}
