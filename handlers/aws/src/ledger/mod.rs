//! The ledger: event rows, slots, the lease and the control item in one DynamoDB table.
//!
//! Every read that a decision rests on is strongly consistent, and every write that could meet
//! another is conditional.

mod about;
mod batches;
mod circuit;
mod claims;
mod conditional;
mod control;
mod discarded;
mod found;
mod heads;
mod health;
mod item;
mod lease;
mod overview;
mod rows;
mod runs;
mod slots;
mod statements;
mod steering;
mod tenants;
mod transaction;
mod unfinished;
mod update;
mod waiters;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use spillway::pace::layout::Layout;

use self::item::Item;
use self::update::Update;
use super::error::AwsError;

pub use about::About;
pub use control::{Told, read as read_control};
pub use discarded::Discarded;
pub use found::{FoundVersion, Story};
pub use heads::Heads;
pub use lease::{Lease, LeaseRequest, Released, Renewed, Taken};
pub use overview::{LeaseSeen, ObjectSeen, RowSeen, RunSeen, ScanPage, SlotsSeen, WaiterSeen};
pub use rows::{Finish, Rows};
pub use slots::{Found, UnreadableSlot};
pub use steering::Steering;
pub use unfinished::{Unfinished, UnfinishedPage};

/// The table.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
    /// The layout in which slots were found last, by its number of partitions. The next search
    /// begins there.
    found_in: Arc<AtomicU8>,
}

impl Ledger {
    pub fn new(client: Client, table: String) -> Self {
        Self {
            client,
            table,
            found_in: Arc::new(AtomicU8::new(Layout::One.partitions())),
        }
    }

    fn found_in(&self) -> Layout {
        Layout::parse(self.found_in.load(Ordering::Relaxed)).unwrap_or_default()
    }

    fn slots_were_found_in(&self, layout: Layout) {
        self.found_in.store(layout.partitions(), Ordering::Relaxed);
    }
}

impl Ledger {
    /// Runs an update. The inner result is `Ok` with the item as it was before, or, when the
    /// condition did not hold, `Err` with the item as it is.
    async fn update(
        &self,
        key: Item,
        update: Update<'_>,
        call: &'static str,
    ) -> Result<Result<Option<Item>, Option<Item>>, AwsError> {
        let expressions = update.expressions();
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(expressions.update)
            .set_condition_expression(expressions.condition)
            .set_expression_attribute_names(Some(expressions.names))
            .set_expression_attribute_values(
                Some(expressions.values).filter(|values| !values.is_empty()),
            )
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(Ok(answer.attributes)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Err(failed.item.clone()))
                }
                _ => Err(AwsError::call(call, &error)),
            },
        }
    }
}
