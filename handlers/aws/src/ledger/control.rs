//! The control item, `pk = control`, `sk = dispatch`, the tick that waits for the lease,
//! `sk = successor`, and how executions ended, `sk = health`: a tick reads all at once.

use super::Ledger;
use super::about::until;
use super::health;
use super::item::{Item, Reader, key, number, text};
use super::update::Update;
use crate::error::AwsError;
use spillway::SCHEMA_VERSION;
use spillway::pace::Partial;
use spillway::pace::adapt::circuit::Hold;
use spillway::pace::adapt::health::Health;
use spillway::pace::bound::{self, Bounds};
use spillway::pace::control::{Control, unknown};
use spillway::record::lease::Successor;

const PARTITION: &str = "control";
const SUCCESSOR: &str = "successor";

/// The items that a tick reads again while it runs.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The control as an operator wrote it; the default when there is no item.
    pub control: Control,
    pub successor: Option<Successor>,
    /// How executions ended, by generations of the circuit.
    pub health: Vec<Health>,
}

impl Ledger {
    /// Reads the items that steer a tick: a read unit for all of them.
    pub async fn told(&self) -> Result<Told, AwsError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :control")
            .expression_attribute_values(":control", text(PARTITION))
            .send()
            .await
            .map_err(|error| AwsError::call("reading the control item", &error))?;
        let mut told = Told::default();
        for item in answer.items() {
            let reader = Reader::new(item);
            match reader.text("sk")?.as_str() {
                "dispatch" => told.control = read(item)?,
                SUCCESSOR => {
                    told.successor = Some(Successor {
                        holder: reader.text("holder")?,
                        announced_at: reader.number("announced_at")?,
                    });
                }
                health::ITEM => told.health = health::read(item),
                _ => {}
            }
        }
        Ok(told)
    }

    /// Announces a tick that waits for the lease, over one that did before.
    pub async fn announce(&self, successor: &Successor) -> Result<(), AwsError> {
        let update = Update::default()
            .set("v", number(SCHEMA_VERSION))
            .set("holder", text(&successor.holder))
            .set("announced_at", number(successor.announced_at));
        let announced = self
            .update(key(PARTITION, SUCCESSOR), update, "announcing a tick")
            .await?;
        drop(announced);
        Ok(())
    }
}

/// The lanes' bounds, by the lane's name.
fn lanes(item: &Item, reader: &Reader) -> Result<Bounds, AwsError> {
    let mut bounds = Bounds::new();
    for name in item.keys() {
        if let Some(lane) = bound::lane_of(name)
            && let Some(max) = reader.optional_number(name)?
        {
            bounds.insert(lane.to_owned(), max);
        }
    }
    Ok(bounds)
}

fn hold(reader: &Reader) -> Result<Option<Hold>, AwsError> {
    let Some(hold) = reader.optional_text("circuit")? else {
        return Ok(None);
    };
    let wrong = || {
        reader.error(format!(
            "its attribute circuit is {hold:?}, which is neither open nor closed"
        ))
    };
    Hold::parse(&hold).map(Some).ok_or_else(wrong)
}

/// Reads the item, which an operator wrote by hand.
pub fn read(item: &Item) -> Result<Control, AwsError> {
    let reader = Reader::new(item);
    if let Some(problem) = unknown(item.keys().map(String::as_str)) {
        return Err(reader.error(problem));
    }
    Ok(Control {
        paused: reader.optional_flag("paused")?,
        circuit: hold(&reader)?,
        pace: Partial {
            max_concurrency: reader.optional_number("max_concurrency")?,
            starts_per_second: reader.optional_number("starts_per_second")?,
            burst: reader.optional_number("burst")?,
            starts_per_tick: reader.optional_number("starts_per_tick")?,
        },
        lanes: lanes(item, &reader)?,
        since: reader.optional_text("since")?,
        note: reader.optional_text("note")?,
        until: until(item)?,
    })
}
