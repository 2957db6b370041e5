//! Conditional writes of several items in one call: the only one of DynamoDB that has a condition
//! for each.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html>

use std::collections::HashSet;
use std::future::Future;

use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::Ledger;
use super::item::text;
use super::update::Update;
use crate::clients::CALL_TIMEOUT;
use crate::error::AwsError;

/// Statements of one call.
const STATEMENTS: usize = 25;

/// One write in PartiQL, all but its table.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html>
#[derive(Debug, PartialEq)]
pub(super) struct Statement {
    verb: &'static str,
    rest: String,
    parameters: Vec<AttributeValue>,
    /// The item's keys.
    at: (String, String),
}

impl Statement {
    /// Returns the statement that puts a new item, on condition that there is none with its key.
    /// Attributes that are given in the same order have the same text.
    pub fn insert(pk: &str, sk: &str, attributes: Vec<(&str, AttributeValue)>) -> Self {
        let mut rest = "VALUE {'pk': ?, 'sk': ?".to_owned();
        let mut parameters = Vec::with_capacity(2 + attributes.len());
        parameters.extend([text(pk), text(sk)]);
        for (name, value) in attributes {
            rest.extend([", '", name, "': ?"]);
            parameters.push(value);
        }
        rest.push('}');
        Self {
            verb: "INSERT INTO",
            rest,
            parameters,
            at: (pk.to_owned(), sk.to_owned()),
        }
    }

    /// Returns the statement that updates an item that is there, or `None` if PartiQL lacks a part
    /// of the update.
    pub fn update(pk: &str, sk: &str, update: Update<'_>) -> Option<Self> {
        let (mut rest, conditions, mut parameters) = update.statement()?;
        let index = parameters.len() - conditions.len();
        parameters.splice(index..index, [text(pk), text(sk)]);
        rest.push_str("WHERE pk = ? AND sk = ?");
        for name in conditions {
            rest.extend([" AND \"", name, "\" = ?"]);
        }
        Some(Self {
            verb: "UPDATE",
            rest,
            parameters,
            at: (pk.to_owned(), sk.to_owned()),
        })
    }

    /// Returns the statement that deletes an item.
    pub fn delete(pk: &str, sk: &str) -> Self {
        Self {
            verb: "DELETE FROM",
            rest: "WHERE pk = ? AND sk = ?".to_owned(),
            parameters: vec![text(pk), text(sk)],
            at: (pk.to_owned(), sk.to_owned()),
        }
    }
}

impl Ledger {
    /// Writes each of `things` for which there is a `statement`. One that is not written for
    /// certain gets a call of its own, `alone`. That call finds the reason, or makes the write that
    /// is missing. Both together take no longer than the time allowed for one call.
    pub(super) async fn write_or<W, T, F>(
        &self,
        things: Vec<W>,
        call: &'static str,
        statement: impl Fn(&W) -> Option<Statement>,
        written: impl Fn(W) -> T,
        alone: impl Fn(W) -> F,
    ) -> Vec<Result<T, AwsError>>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let until = Instant::now() + CALL_TIMEOUT;
        let statements = things.iter().map(statement).collect();
        let answers = self.write(statements, call).await;
        let (written, alone) = (&written, &alone);
        let done = things
            .into_iter()
            .zip(answers)
            .map(|(thing, answer)| async move {
                if answer? {
                    return Ok(written(thing));
                }
                let answer = timeout_at(until, alone(thing)).await;
                answer.unwrap_or_else(|_| {
                    let reason = format!("no answer within {} s", CALL_TIMEOUT.as_secs());
                    Err(AwsError::Passing { call, reason })
                })
            });
        join_all(done).await
    }

    /// `Ok(true)`: it was written. `Ok(false)` says nothing.
    async fn write(
        &self,
        statements: Vec<Option<Statement>>,
        call: &'static str,
    ) -> Vec<Result<bool, AwsError>> {
        let mut answers: Vec<_> = statements.iter().map(|_| Ok(false)).collect();
        // DynamoDB refuses a batch that names an item twice.
        let mut items = HashSet::new();
        let mut batches: Vec<(Vec<usize>, Vec<Statement>)> = Vec::new();
        for (index, statement) in statements.into_iter().enumerate() {
            let Some(statement) = statement else { continue };
            if !items.insert(statement.at.clone()) {
                continue;
            }
            match batches.last_mut() {
                Some((indexes, batch)) if batch.len() < STATEMENTS => {
                    indexes.push(index);
                    batch.push(statement);
                }
                _ => batches.push((vec![index], vec![statement])),
            }
        }
        // One by itself needs no call more.
        batches.retain(|(indexes, _)| indexes.len() > 1);
        let written = batches.into_iter().map(|(indexes, batch)| async move {
            let written = self.write_some(batch, call).await;
            (indexes, written)
        });
        for (indexes, written) in join_all(written).await {
            for (of_batch, index) in indexes.into_iter().enumerate() {
                if let Some(answer) = answers.get_mut(index) {
                    *answer = written
                        .as_ref()
                        .map(|all| all.get(of_batch) == Some(&true))
                        .map_err(Clone::clone);
                }
            }
        }
        answers
    }

    /// Returns whether each was written for certain. One that is missing from the answer was not.
    async fn write_some(
        &self,
        statements: Vec<Statement>,
        call: &'static str,
    ) -> Result<Vec<bool>, AwsError> {
        let statements = statements.into_iter().map(|statement| {
            let Statement { verb, rest, .. } = statement;
            BatchStatementRequest::builder()
                .statement(format!("{verb} \"{}\" {rest}", self.table))
                .set_parameters(Some(statement.parameters))
                .build()
        });
        let statements: Result<Vec<_>, _> = statements.collect();
        let answer = self
            .client
            .batch_execute_statement()
            .set_statements(Some(
                statements.map_err(|error| AwsError::request(call, &error))?,
            ))
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            // Refused as a whole, perhaps for one of them: each call by itself tells how that one
            // went.
            Err(error) => {
                let problem = AwsError::call(call, &error);
                if problem.passes() || error.as_service_error().is_none() {
                    return Err(problem);
                }
                warn!("{problem}");
                return Ok(Vec::new());
            }
        };
        let answers = answer.responses.unwrap_or_default();
        Ok(answers.iter().map(|one| one.error.is_none()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::number;
    use super::*;

    #[test]
    fn parameters_come_in_the_order_of_their_marks() {
        let update = Update::default()
            .set("state", text("RETRY"))
            .set_or_remove("error", None)
            .set("finished_at", number(7))
            .only_if("state", text("STARTED"));
        let statement = Statement::update("a", "b", update).unwrap();
        assert_eq!(
            statement.rest,
            "SET \"state\" = ? SET \"finished_at\" = ? REMOVE \"error\" \
             WHERE pk = ? AND sk = ? AND \"state\" = ?"
        );
        let values = [
            text("RETRY"),
            number(7),
            text("a"),
            text("b"),
            text("STARTED"),
        ];
        assert_eq!(statement.parameters, values);
    }

    #[test]
    fn what_a_statement_cannot_say_is_not_said() {
        let counts = Update::default().add("count", number(1));
        assert_eq!(Statement::update("a", "b", counts), None);
        let absent = Update::default()
            .set("state", text("QUEUED"))
            .only_if_absent();
        assert_eq!(Statement::update("a", "b", absent), None);
    }

    #[test]
    fn alike_items_have_one_text() {
        let attributes = |state| vec![("v", number(1)), ("state", text(state))];
        let (one, other) = (
            Statement::insert("a", "b", attributes("x")),
            Statement::insert("c", "d", attributes("y")),
        );
        assert_eq!(one.rest, "VALUE {'pk': ?, 'sk': ?, 'v': ?, 'state': ?}");
        assert_eq!(one.rest, other.rest);
        assert_eq!(
            other.parameters,
            [text("c"), text("d"), number(1), text("y")]
        );
    }
}
