//! Who takes part: object events, their rows' keys and the names of their executions, made by the core itself.

use std::collections::HashMap;

use spillway::event::{ObjectEvent, Sequencer};
use spillway::execution;
use spillway::record::head::Head;
use spillway::record::row::{Row, RowKey};
use spillway::rules::order::Order;

use crate::world::{ATTEMPTS, EVENTS, Execution, HeadOf, RowOf, of_batch, of_event};

const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger";

/// The object events, and what the core calls them.
#[derive(Debug, Clone)]
pub struct Cast {
    events: Vec<ObjectEvent>,
    ids: Vec<String>,
    keys: Vec<RowKey>,
    names: Vec<String>,
    execution_of: HashMap<String, Execution>,
}

impl Cast {
    /// With an order they are versions of one object, else objects of their own.
    pub fn of(order: Order) -> Self {
        let event = |number: usize| ObjectEvent {
            bucket: "uploads".to_owned(),
            key: match order {
                Order::None => format!("status/{number}.json"),
                Order::Latest | Order::Each => "status.json".to_owned(),
            },
            version_id: None,
            size: None,
            etag: None,
            sequencer: Some(sequencer(number)),
            event_name: "ObjectCreated:Put".to_owned(),
            event_time: "2026-11-22T10:00:00.000Z".to_owned(),
        };
        let events: Vec<ObjectEvent> = (0..EVENTS).map(event).collect();
        let mut names = Vec::new();
        for event in &events {
            for attempt in 1..=ATTEMPTS as u32 {
                names.push(execution::name::of(PIPELINE, event, attempt));
            }
        }
        names.push(execution::name::of_batch(PIPELINE, events.iter().take(2)));
        names.push(execution::name::of_batch(
            PIPELINE,
            events.iter().take(2).rev(),
        ));
        let execution_of = names.iter().cloned().zip(0u8..).collect();
        Self {
            ids: events
                .iter()
                .map(|event| execution::name::id(PIPELINE, event))
                .collect(),
            keys: events.iter().map(RowKey::of).collect(),
            events,
            names,
            execution_of,
        }
    }

    pub fn id(&self, event: u8) -> &str {
        &self.ids[usize::from(event)]
    }

    pub fn key(&self, event: u8) -> &RowKey {
        &self.keys[usize::from(event)]
    }

    /// A version goes by its row's sort key.
    pub fn version(&self, event: u8) -> &str {
        &self.key(event).sk
    }

    pub fn name(&self, execution: Execution) -> &str {
        &self.names[usize::from(execution)]
    }

    /// The core's row; `None`: there is none.
    pub fn row(&self, event: u8, row: RowOf) -> Option<Row> {
        Some(Row {
            event: self.events[usize::from(event)].clone(),
            state: row.state?,
            attempt: u32::from(row.attempt),
            execution: row.execution.map(|it| self.name(it).to_owned()),
            lane: None,
        })
    }

    /// The core's head. Its revision stands for "as it was read": see [`HeadOf`].
    pub fn head(&self, head: HeadOf) -> Head {
        Head {
            revision: head.exists.into(),
            newest: head.newest.map(|event| self.version(event).to_owned()),
            running: head.running.map(|it| self.name(it).to_owned()),
            waiting: of_mask(head.waiting)
                .map(|event| self.version(event).to_owned())
                .collect(),
        }
    }

    /// A head that the core wrote.
    pub fn head_of(&self, head: &Head) -> HeadOf {
        HeadOf {
            exists: true,
            newest: head.newest.as_deref().map(|version| self.event_of(version)),
            running: head.running.as_ref().map(|name| self.execution_of[name]),
            waiting: self.mask_of(&head.waiting),
        }
    }

    /// The event of a version.
    fn event_of(&self, version: &str) -> u8 {
        let place = self.keys.iter().position(|key| key.sk == version);
        place.expect("the core names versions it was given") as u8
    }

    /// Versions as a mask of events.
    pub fn mask_of(&self, versions: &[String]) -> u8 {
        versions
            .iter()
            .fold(0, |mask, version| mask | 1 << self.event_of(version))
    }
}

fn sequencer(number: usize) -> Sequencer {
    Sequencer::parse(&format!("{:X}", number + 10)).expect("hexadecimal digits")
}

/// The events of a mask, oldest first.
pub fn of_mask(mask: u8) -> impl Iterator<Item = u8> {
    (0..EVENTS as u8).filter(move |event| mask & 1 << event != 0)
}

/// The execution of messages received in this order.
pub fn execution_of(held: &[crate::world::Message]) -> Execution {
    match held {
        [one] => of_event(one.event, one.attempt),
        [first, ..] => of_batch(first.event),
        [] => unreachable!("nothing is claimed for no message"),
    }
}
