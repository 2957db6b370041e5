//! New items, several to a call: the one call of DynamoDB that writes many and has a condition for each.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html>

use std::collections::{BTreeMap, HashSet};
use std::future::Future;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::Ledger;
use super::item::Item;
use crate::aws::clients::CALL_TIMEOUT;
use crate::aws::error::HandlerError;

/// Statements of one call.
const STATEMENTS: usize = 25;

impl Ledger {
    /// Writes each of `things` for which there is an `item`, on condition that there is none with its key. What is not
    /// inserted for certain is written by a call of its own: that tells why it cannot be, or does what was left undone.
    /// Both together take no longer than one call may.
    pub(super) async fn insert_or<W, T, F>(
        &self,
        things: Vec<W>,
        call: &'static str,
        item: impl Fn(&W) -> Option<Item>,
        inserted: impl Fn(W) -> T,
        alone: impl Fn(W) -> F,
    ) -> Vec<Result<T, HandlerError>>
    where
        F: Future<Output = Result<T, HandlerError>>,
    {
        let until = Instant::now() + CALL_TIMEOUT;
        let items = things.iter().map(item).collect();
        let answers = self.insert(items, call).await;
        let (inserted, alone) = (&inserted, &alone);
        let done = things
            .into_iter()
            .zip(answers)
            .map(|(thing, answer)| async move {
                if answer? {
                    return Ok(inserted(thing));
                }
                let answer = timeout_at(until, alone(thing)).await;
                answer.unwrap_or_else(|_| {
                    let reason = format!("no answer within {} s", CALL_TIMEOUT.as_secs());
                    Err(HandlerError::Call { call, reason })
                })
            });
        join_all(done).await
    }

    /// `Ok(true)`: it was inserted. `Ok(false)` says nothing.
    async fn insert(
        &self,
        items: Vec<Option<Item>>,
        call: &'static str,
    ) -> Vec<Result<bool, HandlerError>> {
        let mut answers: Vec<_> = items.iter().map(|_| Ok(false)).collect();
        // DynamoDB refuses a batch that names a key twice.
        let mut keys = HashSet::new();
        let distinct: Vec<(usize, Item)> = items
            .into_iter()
            .enumerate()
            .filter_map(|(place, item)| Some((place, item?)))
            .filter(|(_, item)| keys.insert(key_of(item)))
            .collect();
        // One by itself needs no call more.
        let batches: Vec<_> = distinct
            .chunks(STATEMENTS)
            .filter(|batch| batch.len() > 1)
            .collect();
        let inserted = batches
            .iter()
            .map(|batch| self.insert_some(batch.iter().map(|(_, item)| item), call));
        for (batch, inserted) in batches.iter().zip(join_all(inserted).await) {
            for (place, (at, _)) in batch.iter().enumerate() {
                if let Some(answer) = answers.get_mut(*at) {
                    *answer = inserted
                        .as_ref()
                        .map(|all| all.get(place) == Some(&true))
                        .map_err(Clone::clone);
                }
            }
        }
        answers
    }

    async fn insert_some(
        &self,
        items: impl Iterator<Item = &Item>,
        call: &'static str,
    ) -> Result<Vec<bool>, HandlerError> {
        let statements: Result<Vec<_>, _> = items.map(|item| self.statement(item)).collect();
        let answer = self
            .client
            .batch_execute_statement()
            .set_statements(Some(
                statements.map_err(|error| HandlerError::request(call, &error))?,
            ))
            .send()
            .await
            .map_err(|error| HandlerError::call(call, &error))?;
        let answers = answer.responses.unwrap_or_default();
        Ok(answers.iter().map(|one| one.error.is_none()).collect())
    }

    fn statement(&self, item: &Item) -> Result<BatchStatementRequest, BuildError> {
        // In the order of their names: alike items have one text.
        let attributes: BTreeMap<&String, &AttributeValue> = item.iter().collect();
        let members: Vec<String> = attributes
            .keys()
            .map(|name| format!("'{name}': ?"))
            .collect();
        BatchStatementRequest::builder()
            .statement(format!(
                "INSERT INTO \"{}\" VALUE {{{}}}",
                self.table,
                members.join(", ")
            ))
            .set_parameters(Some(attributes.into_values().cloned().collect()))
            .build()
    }
}

fn key_of(item: &Item) -> Option<(String, String)> {
    let part = |name| item.get(name)?.as_s().ok().cloned();
    Some((part("pk")?, part("sk")?))
}
