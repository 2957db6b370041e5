//! How executions ended: `pk = control`, `sk = health`, in the partition that a tick reads anyway.
//! A pair of numbers for each generation of the circuit, which only grow.

use super::Ledger;
use super::item::{Item, Reader, key, number};
use super::update::Update;
use crate::error::AwsError;
use spillway::SCHEMA_VERSION;
use spillway::pace::adapt::health::Health;

pub(super) const ITEM: &str = "health";
const SUCCEEDED: &str = "succeeded_";
const FAILED: &str = "failed_";

/// Returns the ends of each generation that has any. An attribute that cannot be read counts as
/// none.
pub(super) fn read(item: &Item) -> Vec<Health> {
    let reader = Reader::new(item);
    let number = |name: String| reader.optional_number(&name).ok().flatten();
    let generations = item.keys().filter_map(|name| {
        let generation = name.strip_prefix(SUCCEEDED).or(name.strip_prefix(FAILED))?;
        generation.parse().ok()
    });
    let mut health: Vec<Health> = generations
        .map(|generation: u32| Health {
            generation,
            succeeded: number(format!("{SUCCEEDED}{generation}")).unwrap_or_default(),
            failed: number(format!("{FAILED}{generation}")).unwrap_or_default(),
        })
        .collect();
    health.sort_unstable_by_key(|health| health.generation);
    health.dedup();
    health
}

impl Ledger {
    /// Adds ends. A call whose answer was lost can add them twice: dispatch uses a share.
    pub async fn add_health(&self, ends: &[Health]) -> Result<(), AwsError> {
        let counts = ends.iter().flat_map(|health| {
            let generation = health.generation;
            [
                (format!("{SUCCEEDED}{generation}"), health.succeeded),
                (format!("{FAILED}{generation}"), health.failed),
            ]
        });
        let counts: Vec<(String, u64)> = counts.filter(|(_, count)| *count > 0).collect();
        let update = Update::default().set("v", number(SCHEMA_VERSION));
        let update = counts.iter().fold(update, |update, (name, count)| {
            update.add(name, number(count))
        });
        let added = self
            .update(
                key("control", ITEM),
                update,
                "counting how executions ended",
            )
            .await?;
        drop(added);
        Ok(())
    }

    /// Forgets the ends of generations that are over.
    pub async fn forget_health(&self, generations: &[u32]) -> Result<(), AwsError> {
        let names = generations.iter().flat_map(|generation| {
            [
                format!("{SUCCEEDED}{generation}"),
                format!("{FAILED}{generation}"),
            ]
        });
        let names: Vec<String> = names.collect();
        let update = names
            .iter()
            .fold(Update::default(), |update, name| update.remove(name));
        let forgotten = self
            .update(
                key("control", ITEM),
                update,
                "forgetting how executions ended",
            )
            .await?;
        drop(forgotten);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::text;
    use super::*;

    #[test]
    fn each_generation_has_its_ends() {
        let mut item = key("control", ITEM);
        for (name, value) in [
            ("v", number(1)),
            ("failed_9", number(4)),
            ("succeeded_10", number(7)),
            ("failed_10", number(2)),
            ("succeeded_11", text("damaged")),
            ("succeeded_x", number(3)),
        ] {
            item.insert(name.to_owned(), value);
        }
        let health = |generation, succeeded, failed| Health {
            generation,
            succeeded,
            failed,
        };
        let expected = [health(9, 0, 4), health(10, 7, 2), health(11, 0, 0)];
        assert_eq!(read(&item), expected);
    }
}
