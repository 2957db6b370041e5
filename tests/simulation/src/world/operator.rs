//! An operator who changes limits, pauses, redrives, replays and makes mistakes, by the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws::queue::Queue;
use fake_aws::{ExecutionResult, Refusal, Rng};
use serde_json::{Value, json};
use spillway::event::ObjectEvent;
use spillway::message::outgoing::{Asking, Cause};
use spillway::message::{self, Body};
use spillway::pace::bound;
use spillway::record::row::RowKey;

use super::World;
use crate::pipeline::{LEDGER, LEDGER_ARN};
use crate::upload::Upload;

/// The operator's values in the control item.
#[derive(Debug, Clone, Default)]
struct Control {
    paused: bool,
    max_concurrency: Option<u32>,
    /// By the lane's index.
    bounds: BTreeMap<usize, u32>,
}

/// The person who acts, and the acts so far.
pub struct Operator {
    world: World,
    rng: Rng,
    of_bounds: Rng,
    control: Control,
}

impl Operator {
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            rng: world.rng.fork("operator"),
            of_bounds: world.rng.fork("operator, of bounds"),
            control: Control::default(),
        }
    }

    /// Acts now and then, `times` times.
    pub async fn act(mut self, times: u64) {
        for _ in 0..times {
            let wait = self
                .rng
                .duration(Duration::from_millis(200), Duration::from_secs(9));
            tokio::time::sleep(wait).await;
            match self.rng.below(14) {
                _ if self.world.shape.is_bounded() && self.of_bounds.chance(0.3) => {
                    self.change_bound().await;
                }
                0 | 1 => self.change_limit(),
                2 => self.pause().await,
                3 | 4 => self.redrive(1.0),
                5 => self.redrive(0.5),
                6 | 7 => self.replay().await,
                8 => self.forbid_starts().await,
                9 => self.abort(),
                10 => self.write_nonsense().await,
                11 => self.deliver_again(),
                12 => self.lose_messages(),
                _ => self.change_limit(),
            }
        }
    }

    /// Undoes all acts that hold up the world.
    pub fn undo_all(world: &World) {
        let mut last = Self::new(world);
        last.write_control();
        world.pipeline.aws.sfn().refuse_starts(None);
        world.stalls.forbid(false);
    }

    fn did(&self, what: &str) {
        self.world.happened(&format!("operator: {what}"));
    }

    fn write_control(&mut self) {
        let mut item = json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}});
        item["paused"] = json!({"BOOL": self.control.paused});
        if let Some(limit) = self.control.max_concurrency {
            item["max_concurrency"] = json!({"N": limit.to_string()});
        }
        let settings = &self.world.pipeline.settings;
        for (lane, (name, _)) in settings.lanes.iter().enumerate() {
            let said = self.control.bounds.get(&lane).copied();
            if let Some(bound) = said {
                item[bound::named(name)] = json!({"N": bound.to_string()});
            }
            let configured = settings.lane_bounds.get(lane).copied().flatten();
            let bound = said.or(configured).unwrap_or(u32::MAX);
            if let Some(bounds) = self.world.bounds.get(lane) {
                bounds.change(self.world.now_ms(), bound);
            }
        }
        self.world.pipeline.aws.dynamodb().put(LEDGER, item);
        let configured = self.world.pipeline.settings.pace.max_concurrency;
        let limit = match &self.control {
            Control { paused: true, .. } => 0,
            control => control.max_concurrency.unwrap_or(configured),
        };
        self.world.limits.change(self.world.now_ms(), limit);
        let line = format!("operator     control item: {:?}", self.control);
        self.world.history.act(self.world.now_ms(), line);
    }

    fn change_limit(&mut self) {
        let configured = self.world.pipeline.settings.pace.max_concurrency;
        let before = self.control.max_concurrency.unwrap_or(configured);
        let limit = match self.rng.below(3) {
            0 => 1,
            _ => 1 + self.rng.below(6) as u32,
        };
        match limit.cmp(&before) {
            std::cmp::Ordering::Less => self.did("lowers the limit"),
            std::cmp::Ordering::Greater => self.did("raises the limit"),
            std::cmp::Ordering::Equal => return,
        }
        self.control.max_concurrency = Some(limit);
        self.write_control();
    }

    /// Bounds a lane in another way, or as it is configured; or closes it for a while.
    async fn change_bound(&mut self) {
        let lane = self.of_bounds.below(2) as usize;
        let before = self.control.bounds.get(&lane).copied();
        let (next, what) = match self.of_bounds.below(5) {
            0 => (None, "takes the bound of a lane away"),
            1 => (Some(0), "closes a lane"),
            _ => (
                Some(1 + self.of_bounds.below(4) as u32),
                "bounds a lane in another way",
            ),
        };
        let say = |operator: &mut Self, bound: Option<u32>| {
            match bound {
                Some(bound) => operator.control.bounds.insert(lane, bound),
                None => operator.control.bounds.remove(&lane),
            };
            operator.write_control();
        };
        say(self, next);
        self.did(what);
        if next == Some(0) {
            let wait = self
                .of_bounds
                .duration(Duration::from_secs(1), Duration::from_secs(20));
            tokio::time::sleep(wait).await;
            say(self, before);
        }
    }

    async fn pause(&mut self) {
        self.control.paused = true;
        self.write_control();
        self.did("pauses");
        let wait = self
            .rng
            .duration(Duration::from_secs(1), Duration::from_secs(20));
        tokio::time::sleep(wait).await;
        self.control.paused = false;
        self.write_control();
        self.did("resumes");
    }

    /// A control item that cannot be read: nothing starts until it is put right.
    async fn write_nonsense(&mut self) {
        let item = json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "max_concurrency": {"S": "many"}});
        self.world.pipeline.aws.dynamodb().put(LEDGER, item);
        self.did("writes nonsense");
        self.world.stalls.forbid(true);
        tokio::time::sleep(Duration::from_secs(8)).await;
        self.write_control();
        self.world.stalls.forbid(false);
    }

    /// Moves dead letters back into their queue; `once`: the share that is moved once, the others
    /// twice.
    fn redrive(&mut self, once: f64) {
        for (events, dead) in &self.world.pipeline.lanes {
            let messages = dead.messages();
            if messages.is_empty() {
                continue;
            }
            for view in &messages {
                if !self.rng.chance(once) {
                    dead.repeat(&view.message.id);
                    self.world.happened("operator: redrives twice");
                }
            }
            let moved = dead.move_messages_to(events, usize::MAX);
            let line = format!("operator     redrives {moved} from {}", dead.name());
            self.world.history.act(self.world.now_ms(), line);
            self.world.happened("operator: redrives");
        }
    }

    /// Somebody's second send of a message that waits, or that was there.
    fn deliver_again(&mut self) {
        for (events, _) in &self.world.pipeline.lanes {
            let here = events.messages().into_iter().map(|view| view.message.id);
            let gone = events.gone().into_iter().map(|gone| gone.message.id);
            let all: Vec<String> = here.chain(gone).collect();
            let choice = self.rng.below(all.len() as u64) as usize;
            if let Some(id) = all.get(choice) {
                events.repeat(id);
                self.world.happened("upload: delivered twice");
            }
        }
    }

    /// Messages reach the end of their retention, of which the ledger or the bucket still knows:
    /// reconcile brings them back.
    fn lose_messages(&mut self) {
        if !self.world.shape.reconciled {
            return;
        }
        let rows = self.world.pipeline.aws.dynamodb().items(LEDGER);
        let is_owed = |event: &ObjectEvent| {
            let key = RowKey::of(event);
            let row = rows
                .iter()
                .find(|row| row["pk"]["S"] == key.pk.as_str() && row["sk"]["S"] == key.sk.as_str());
            let state = row.and_then(|row| row["state"]["S"].as_str());
            matches!(state, Some("QUEUED" | "RETRY" | "WAITING"))
        };
        for (events, _) in &self.world.pipeline.lanes {
            for view in events.messages() {
                let of = message::parse(&view.message.body).map(Body::into_events);
                let owed = of.is_ok_and(|of| !of.is_empty() && of.iter().all(is_owed));
                if owed && self.rng.chance(0.5) && events.lose(&view.message.id) {
                    self.did("loses a message");
                    let line = format!("operator     loses {}", view.message.body);
                    self.world.history.act(self.world.now_ms(), line);
                }
            }
        }
    }

    /// Asks for the next attempt of something, be it finished or not.
    async fn replay(&mut self) {
        let uploads = self.world.uploads();
        let rows: Vec<Value> = self.world.pipeline.aws.dynamodb().items(LEDGER);
        let finished = uploads.iter().filter_map(|upload| {
            let key = row_key(&self.world, upload)?;
            let mut rows = rows.iter();
            let row = rows.find(|row| {
                row["pk"]["S"] == key.pk.as_str() && row["sk"]["S"] == key.sk.as_str()
            })?;
            let state = row["state"]["S"].as_str()?;
            let attempt: u32 = row["attempt"]["N"].as_str()?.parse().ok()?;
            matches!(state, "SUCCEEDED" | "DEAD" | "STARTED")
                .then(|| (upload.clone(), state.to_owned(), attempt + 1))
        });
        let finished: Vec<_> = finished.collect();
        let choice = self.rng.below(finished.len() as u64) as usize;
        let Some((upload, state, attempt)) = finished.get(choice) else {
            return;
        };
        self.did(match state.as_str() {
            "SUCCEEDED" => "replays what succeeded",
            "STARTED" => "replays what still runs",
            _ => "replays what is dead",
        });
        self.world.replayed(upload, *attempt);
        let line = format!("operator     replays {upload:?} as attempt {attempt}");
        self.world.history.act(self.world.now_ms(), line);
        self.send(upload, *attempt).await;
    }

    async fn send(&mut self, upload: &Upload, attempt: u32) {
        let Some(event) = self.world.bucket.event(upload) else {
            return;
        };
        let events = self.world.lane_of(upload);
        let cause = format!("replay {}", self.rng.next_u64());
        let asking = Asking {
            event: &event,
            attempt,
            lane: None,
            cause: Cause::Operator(&cause),
        };
        let operator = self.world.pipeline.aws.caller("operator").sqs_client();
        let queue = Queue::new(operator, events.url().to_owned());
        let sent = queue.send(&asking.message(LEDGER_ARN)).await;
        sent.expect("the operator's own calls do not fail");
    }

    /// A permission is taken away, or the state machine, and given back.
    async fn forbid_starts(&mut self) {
        let (refusal, what) = match self.rng.below(4) {
            0 => (Refusal::MachineDeleting, "lets the machine go"),
            1 => (Refusal::LimitExceeded, "forbids starts"),
            _ => (Refusal::AccessDenied, "forbids starts"),
        };
        self.did(what);
        let sfn = self.world.pipeline.aws.sfn();
        sfn.refuse_starts(Some(refusal));
        self.world.stalls.forbid(true);
        let line = format!("operator     starts are refused: {refusal:?}");
        self.world.history.act(self.world.now_ms(), line);
        let wait = self
            .rng
            .duration(Duration::from_secs(1), Duration::from_secs(15));
        tokio::time::sleep(wait).await;
        sfn.refuse_starts(None);
        self.world.stalls.forbid(false);
        self.did("allows starts again");
        let line = "operator     starts are allowed again";
        self.world.history.act(self.world.now_ms(), line);
    }

    fn abort(&mut self) {
        let running = self.world.pipeline.aws.sfn().running();
        let choice = self.rng.below(running.len() as u64) as usize;
        if let Some(execution) = running.get(choice) {
            let sfn = self.world.pipeline.aws.sfn();
            sfn.end(&execution.arn, ExecutionResult::Aborted);
            self.did("aborts an execution");
        }
    }
}

/// Returns the key of an upload's row.
fn row_key(world: &World, upload: &Upload) -> Option<RowKey> {
    let event = world.bucket.event(upload);
    event.map(|event| RowKey::of(&event))
}

/// Uploads of which a message lies in a dead-letter queue, as row keys.
pub fn dead(world: &World) -> BTreeSet<(String, String)> {
    let mut dead = BTreeSet::new();
    for (_, letters) in &world.pipeline.lanes {
        for view in letters.messages() {
            if let Ok(body) = message::parse(&view.message.body) {
                dead.extend(body.into_events().iter().map(|event| {
                    let key = RowKey::of(event);
                    (key.pk, key.sk)
                }));
            }
        }
    }
    dead
}
