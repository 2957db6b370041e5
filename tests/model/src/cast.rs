//! The cast: object events, their rows' keys and the names of their executions, made by the core
//! itself.

use std::collections::HashMap;

use spillway::event::{ObjectEvent, Sequencer};
use spillway::execution;
use spillway::message::outgoing::Outgoing;
use spillway::message::{self, Received};
use spillway::protocol::candidate::{Candidate, Carrier, Standing};
use spillway::record::deferred::{Deferred, Place, TenantQueue};
use spillway::record::head::Head;
use spillway::record::row::{Row, RowKey};
use spillway::record::slot::{Slot, Work};
use spillway::record::version;
use spillway::rules::order::Order;

use crate::world::{
    ATTEMPTS, EVENTS, Execution, HeadOf, Message, RowOf, SlotOf, event_of, is_batch, millis,
    tenant_of,
};

pub const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger";

/// The tenants, as their objects' keys begin.
const TENANTS: [&str; crate::world::TENANTS] = ["a", "b"];

/// The object events, and their names in the core.
#[derive(Debug, Clone)]
pub struct Cast {
    events: Vec<ObjectEvent>,
    ids: Vec<String>,
    keys: Vec<RowKey>,
    /// By which they sort in their tenants' queues.
    places: Vec<String>,
    names: Vec<String>,
    execution_of: HashMap<String, Execution>,
}

impl Cast {
    /// Makes the cast. With an order its events are versions of one object, else objects of their
    /// own.
    pub fn of(order: Order) -> Self {
        let event = |number: usize| ObjectEvent {
            bucket: "uploads".to_owned(),
            key: match order {
                Order::None => format!("{}/{number}.json", TENANTS[tenant_of(number as u8)]),
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
            places: events
                .iter()
                .map(|event| Place::of(queue_of(0), event).sk)
                .collect(),
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

    /// Returns the version of an event, as a head names it.
    pub fn version(&self, event: u8) -> String {
        let sequencer = self.events[usize::from(event)].sequencer.as_ref();
        let sequencer = sequencer.expect("S3 reported all");
        version::reported(sequencer.as_str(), &self.key(event).sk)
    }

    pub fn name(&self, execution: Execution) -> &str {
        &self.names[usize::from(execution)]
    }

    /// Returns the core's row, or `None` if there is none.
    pub fn row(&self, event: u8, row: RowOf) -> Option<Row> {
        Some(Row {
            event: self.events[usize::from(event)].clone(),
            state: row.state?,
            attempt: u32::from(row.attempt),
            execution: row.execution.map(|it| self.name(it).to_owned()),
            lane: None,
            uncounted: 0,
        })
    }

    /// Returns the core's head. Its revision stands for "as it was read": see [`HeadOf`].
    pub fn head(&self, head: HeadOf) -> Head {
        Head {
            revision: head.exists.into(),
            newest: head.newest.map(|event| self.version(event)),
            running: head.running.map(|it| self.name(it).to_owned()),
            waits: head.waits,
        }
    }

    /// Returns a head that the core wrote.
    pub fn head_of(&self, head: &Head) -> HeadOf {
        HeadOf {
            exists: true,
            newest: head.newest.as_deref().map(|version| self.event_of(version)),
            running: head.running.as_ref().map(|name| self.execution_of[name]),
            waits: head.waits,
        }
    }

    /// Returns the event of a version.
    pub fn event_of(&self, version: &str) -> u8 {
        let place = self
            .keys
            .iter()
            .position(|key| key.sk == version::row_of(version));
        place.expect("the core names versions it was given") as u8
    }

    /// Returns the event whose row this is.
    pub fn event_of_row(&self, key: &RowKey) -> u8 {
        let index = self.keys.iter().position(|other| other == key);
        index.expect("the core names rows it was given") as u8
    }

    /// Returns the event that waits at a place.
    pub fn event_at(&self, place: &Place) -> u8 {
        let index = self.places.iter().position(|sk| *sk == place.sk);
        index.expect("the core names places of events it was given") as u8
    }

    /// Returns an event that waits for its tenant.
    pub fn deferred(&self, event: u8, attempt: u8, row: RowOf) -> Deferred {
        Deferred {
            place: Place {
                queue: queue_of(tenant_of(event)),
                sk: self.places[usize::from(event)].clone(),
            },
            attempt: attempt.into(),
            row: Ok(self.row(event, row)),
        }
    }

    /// Returns the execution of this name.
    pub fn execution_named(&self, name: &str) -> Execution {
        self.execution_of[name]
    }

    /// Returns a message, as it is received.
    pub fn candidate(&self, Message { event, attempt }: Message) -> Candidate {
        Candidate {
            carrier: Carrier::Message(Received {
                receipt: format!("{event}.{attempt}"),
                ..Received::default()
            }),
            lane: 0,
            event: self.events[usize::from(event)].clone(),
            attempt: attempt.into(),
            // One event of each kind: one that is claimed unread, and one whose row is read first.
            is_report: event == 0,
            standing: Standing::default(),
        }
    }

    /// Returns the message that a body asks with.
    pub fn message(&self, sent: &Outgoing) -> Message {
        let body = message::parse(&sent.body).expect("the core writes what it understands");
        let attempt = body.attempt(sent.attempt.as_deref()).expect("a number");
        let event = body.into_events().remove(0);
        Message {
            event: self.event_of_row(&RowKey::of(&event)),
            attempt: attempt as u8,
        }
    }

    /// Returns the core's slot.
    pub fn slot(&self, slot: SlotOf, order: Order) -> Slot {
        let work = if is_batch(slot.execution) {
            Work::Batch
        } else {
            Work::Row(self.key(event_of(slot.execution)).clone())
        };
        Slot {
            execution: self.name(slot.execution).to_owned(),
            layout: slot.layout,
            lane: None,
            taken_at: millis(slot.taken_at),
            work,
            ordered: order != Order::None,
            state_machine_arn: String::new(),
            pending: slot.pending,
            generation: None,
        }
    }

    /// Returns a slot that the core puts.
    pub fn slot_of(&self, slot: &Slot) -> SlotOf {
        SlotOf {
            execution: self.execution_named(&slot.execution),
            layout: slot.layout,
            taken_at: slot.taken_at as u8,
            pending: slot.pending,
        }
    }
}

/// Returns the queue of a tenant.
pub fn queue_of(tenant: usize) -> TenantQueue {
    TenantQueue {
        lane: String::new(),
        tenant: TENANTS[tenant].to_owned(),
    }
}

/// Returns the tenant of a queue.
pub fn tenant_named(queue: &TenantQueue) -> usize {
    let index = TENANTS.iter().position(|tenant| *tenant == queue.tenant);
    index.expect("the core names tenants of the cast")
}

fn sequencer(number: usize) -> Sequencer {
    Sequencer::parse(&format!("{:X}", number + 10)).expect("hexadecimal digits")
}

/// Returns the events of a mask, oldest first.
pub fn of_mask(mask: u8) -> impl Iterator<Item = u8> {
    (0..EVENTS as u8).filter(move |event| mask & 1 << event != 0)
}
