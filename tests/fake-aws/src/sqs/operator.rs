//! SQS from the operator's and the test's side.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::config::{self, FIFO_SUFFIX, QueueConfig};
use super::message::StoredMessage;
use super::queue::{Gone, GoneHow, QueueState};
use super::{SqsWorld, fifo, send};
use crate::{World, lock};

/// All queues.
pub struct Sqs {
    world: Arc<World>,
}

/// One queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    world: Arc<World>,
    name: String,
}

/// A message and where it stands.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// The message.
    pub message: StoredMessage,
    /// Whether it is hidden, by a receive or a delay.
    pub hidden: bool,
    /// Whether it is hidden by a receive.
    pub in_flight: bool,
}

impl Sqs {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Makes a queue, or changes the settings of one that exists. Its dead-letter queue must exist already.
    pub fn create_queue(&self, config: QueueConfig) -> Queue {
        let name = config.name.clone();
        let mut sqs = lock(&self.world.sqs);
        if let Some(redrive) = &config.redrive {
            let known = sqs.queues.contains_key(&redrive.dead_letter_queue);
            let target = &redrive.dead_letter_queue;
            assert!(known, "dead-letter queue {target} does not exist");
            assert_eq!(
                target.ends_with(FIFO_SUFFIX),
                config.is_fifo(),
                "the dead-letter queue of a FIFO queue must be a FIFO queue, of a standard queue a standard one"
            );
        }
        match sqs.queues.get_mut(&name) {
            Some(queue) => queue.config = config,
            None => {
                sqs.queues.insert(name.clone(), QueueState::new(config));
            }
        }
        self.handle(name)
    }

    /// A queue that was made before.
    pub fn queue(&self, name: &str) -> Queue {
        let known = lock(&self.world.sqs).queues.contains_key(name);
        assert!(known, "queue {name} does not exist");
        self.handle(name.to_owned())
    }

    /// The names of all queues.
    pub fn queue_names(&self) -> Vec<String> {
        lock(&self.world.sqs).queues.keys().cloned().collect()
    }

    fn handle(&self, name: String) -> Queue {
        Queue {
            world: self.world.clone(),
            name,
        }
    }
}

impl Queue {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL, as the API wants it.
    pub fn url(&self) -> String {
        config::url(&self.name)
    }

    /// The ARN.
    pub fn arn(&self) -> String {
        config::arn(&self.name)
    }

    /// Puts a message in, as another AWS service would: not an API call, no fault. Returns its id. Panics for a FIFO
    /// queue, to which S3 cannot send.
    pub fn inject(&self, body: &str) -> String {
        self.inject_with(body, &[])
    }

    /// Puts a message in with string attributes, each a name and a value.
    pub fn inject_with(&self, body: &str, attributes: &[(&str, &str)]) -> String {
        let attributes: Map<String, Value> = attributes
            .iter()
            .map(|(name, value)| {
                let attribute = json!({"DataType": "String", "StringValue": value});
                ((*name).to_owned(), attribute)
            })
            .collect();
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let id = sqs.rng.uuid();
        let queue = state(&mut sqs, &self.name);
        queue.refuse_outsiders();
        let delay_s = queue.config.delay.as_secs();
        queue.add(send::new_message(
            id.clone(),
            body,
            attributes,
            now_ms,
            delay_s,
        ));
        id
    }

    /// Puts a message into a FIFO queue, as a producer would: not an API call, no fault. Returns its id, or that of
    /// the message that took the deduplication id before it.
    pub fn send(&self, group: &str, deduplication_id: &str, body: &str) -> String {
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let id = sqs.rng.uuid();
        let queue = state(&mut sqs, &self.name);
        assert!(queue.config.is_fifo(), "{} is no FIFO queue", self.name);
        let ordering = fifo::Ordering {
            group: Some(group.to_owned()),
            deduplication: Some(deduplication_id.to_owned()),
        };
        if let Some((known, _)) = queue.fifo.known(&queue.config, &ordering, now_ms) {
            return known.to_owned();
        }
        let delay_s = queue.config.delay.as_secs();
        let mut message = send::new_message(id.clone(), body, Map::new(), now_ms, delay_s);
        message.group = ordering.group;
        message.deduplication_id = ordering.deduplication;
        queue.send(message, now_ms);
        id
    }

    /// Deletes all messages, hidden ones too, as an operator would. Returns how many.
    pub fn purge(&self) -> usize {
        self.world.catch_up();
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let queue = state(&mut sqs, &self.name);
        queue.expire(now_ms);
        let places: Vec<u64> = queue.messages.keys().copied().collect();
        for &place in &places {
            queue.take_out(place, GoneHow::Purged, now_ms);
        }
        places.len()
    }

    /// Loses one message, as at the end of its retention period. `false`: there is none of this id.
    pub fn lose(&self, message_id: &str) -> bool {
        self.world.catch_up();
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let queue = state(&mut sqs, &self.name);
        let of_id =
            |(&place, message): (&u64, &StoredMessage)| (message.id == message_id).then_some(place);
        let place = queue.messages.iter().find_map(of_id);
        place.is_some_and(|place| queue.take_out(place, GoneHow::Expired, now_ms).is_some())
    }

    /// All messages in the queue now, oldest first, hidden ones too.
    pub fn messages(&self) -> Vec<MessageView> {
        self.world.catch_up();
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let queue = state(&mut sqs, &self.name);
        queue.expire(now_ms);
        let messages = queue.messages.values().map(|message| MessageView {
            message: message.clone(),
            hidden: message.hidden_until_ms > now_ms,
            in_flight: message.in_flight(now_ms),
        });
        messages.collect()
    }

    /// How many messages can be received now.
    pub fn visible(&self) -> usize {
        self.world.catch_up();
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        state(&mut sqs, &self.name).counts(now_ms).visible
    }

    /// All messages that ever left the queue, and how.
    pub fn gone(&self) -> Vec<Gone> {
        self.world.catch_up();
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let queue = state(&mut sqs, &self.name);
        queue.expire(now_ms);
        queue.gone.clone()
    }

    /// Changes settings; `change` may do anything but rename the queue.
    pub fn reconfigure(&self, change: impl FnOnce(&mut QueueConfig)) {
        self.world.catch_up();
        change(&mut state(&mut lock(&self.world.sqs), &self.name).config);
    }

    /// Delivers a copy of a message that is in the queue or was, as a second send by the same sender would: a new
    /// message id. Returns it, or none if the queue never had the message. In a FIFO queue it is a send after the
    /// deduplication interval, with the same group and deduplication id.
    pub fn repeat(&self, message_id: &str) -> Option<String> {
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let id = sqs.rng.uuid();
        let queue = state(&mut sqs, &self.name);
        let here = queue.messages.values();
        let mut all = here.chain(queue.gone.iter().map(|gone| &gone.message));
        let original = all.find(|message| message.id == message_id)?.clone();
        let mut copy =
            send::new_message(id.clone(), &original.body, original.attributes, now_ms, 0);
        copy.group = original.group;
        copy.deduplication_id = original.deduplication_id;
        queue.add(copy);
        Some(id)
    }

    /// What StartMessageMoveTask does, at once: moves up to `most` visible messages, oldest first. They get new ids
    /// and enqueue times and keep body, attributes and group. Returns how many were moved.
    pub fn move_messages_to(&self, target: &Queue, most: usize) -> usize {
        assert_eq!(
            self.name.ends_with(FIFO_SUFFIX),
            target.name.ends_with(FIFO_SUFFIX),
            "messages move only between queues of the same kind"
        );
        self.world.catch_up();
        let now_ms = self.world.clock.now_ms();
        let mut sqs = lock(&self.world.sqs);
        let source = state(&mut sqs, &self.name);
        source.expire(now_ms);
        let visible = source.messages.iter();
        let places: Vec<u64> = visible
            .filter(|(_, message)| message.hidden_until_ms <= now_ms)
            .map(|(&place, _)| place)
            .take(most)
            .collect();
        let moved: Vec<StoredMessage> = places
            .iter()
            .filter_map(|&place| source.take_out(place, GoneHow::Moved, now_ms))
            .collect();
        for message in &moved {
            let id = sqs.rng.uuid();
            let attributes = message.attributes.clone();
            let mut fresh = send::new_message(id, &message.body, attributes, now_ms, 0);
            fresh.group = message.group.clone();
            fresh.deduplication_id = message.deduplication_id.clone();
            state(&mut sqs, &target.name).add(fresh);
        }
        moved.len()
    }
}

fn state<'a>(sqs: &'a mut SqsWorld, name: &str) -> &'a mut QueueState {
    let queue = sqs.queues.get_mut(name);
    queue.expect("queues are never deleted")
}
