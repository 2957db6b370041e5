//! The uploads, and the ways in which S3 tells of them, by the seed.

use std::time::Duration;

use fake_aws::Rng;
use spillway::lane::source::{self, Source};

use super::World;
use super::faults::POISON;
use super::shape::{Kind, Way};
use crate::invocation::{Invocations, Invoked};
use crate::upload::Upload;

const SOURCES: &str = r#"[
    {"bucket": "uploads", "prefix": "", "suffix": "", "lane": "events"},
    {"bucket": "uploads", "prefix": "bulk/", "suffix": "", "lane": "bulk"}
]"#;
const TEST_EVENT: &str = r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-22T10:00:00.000Z",
    "Bucket": "uploads", "RequestId": "1", "HostId": "1"}"#;
const NONSENSE: &str = r#"{"what": "is this"}"#;

/// One thing that happens in the bucket.
struct Telling {
    after: Duration,
    what: What,
}

enum What {
    Uploaded(Upload),
    /// S3 tells of uploads.
    Told(Vec<Upload>),
    /// S3 tells something else, or somebody does.
    Said(&'static str),
}

/// The uploader.
pub struct Workload {
    world: World,
    tellings: Vec<Telling>,
}

impl Workload {
    /// Decides on all uploads, over a time.
    pub fn new(world: &World, over: Duration) -> Self {
        let mut rng = world.rng.fork("workload");
        let mut uploads = Vec::new();
        let fifo = matches!(world.shape.kind, Kind::Fifo(_));
        let by_ingest = world.shape.way == Way::Lambda;
        for number in 1..=(2 + rng.below(10) as u32) {
            let key = match rng.below(10) {
                0..=4 => format!("status/{number}.json"),
                5 if rng.chance(0.5) => format!("{POISON}/{number}"),
                6 | 7 if world.shape.kind == Kind::Lanes => format!("bulk/{number}"),
                _ => format!("again/{}", rng.below(2)),
            };
            uploads.push(Upload::new(&key, number));
        }
        let mut tellings = Vec::new();
        let mut silent = Vec::new();
        let mut rest: &[Upload] = &uploads;
        let mut last = Duration::ZERO;
        while !rest.is_empty() {
            // S3 sends several records in one message seldom, and nobody does to a FIFO queue.
            let together = match rng.below(5) {
                0 if !fifo || by_ingest => 1 + rng.below(3) as usize,
                _ => 1,
            };
            let (some, others) = rest.split_at(together.min(rest.len()));
            rest = others;
            let after = if rng.chance(0.5) {
                last
            } else {
                rng.duration(Duration::ZERO, over)
            };
            last = after;
            if some.len() > 1 {
                world.happened("upload: many in one message");
            }
            let twice = rng.chance(0.2);
            // An upload that nobody is told of only reconcile can find, and only the current
            // version.
            let current = |upload: &Upload| {
                uploads.iter().rfind(|other| other.key == upload.key) == Some(upload)
            };
            if world.shape.reconciled && some.iter().all(current) && rng.chance(0.2) {
                world.happened("upload: nobody is told");
                silent.extend(some.iter().map(|upload| (upload.sequencer.clone(), after)));
                continue;
            }
            if twice {
                world.happened("upload: delivered twice");
                let late = match rng.below(2) {
                    0 => Duration::ZERO,
                    _ => rng.duration(Duration::ZERO, Duration::from_secs(20)),
                };
                tellings.push(Telling {
                    after: after + late,
                    what: What::Told(some.to_vec()),
                });
            }
            tellings.push(Telling {
                after,
                what: What::Told(some.to_vec()),
            });
        }
        if !fifo || by_ingest {
            for (body, what) in [
                (TEST_EVENT, "test event"),
                (NONSENSE, "a message that is not understood"),
            ] {
                if rng.chance(0.1) {
                    world.happened(&format!("upload: {what}"));
                    let after = rng.duration(Duration::ZERO, over);
                    tellings.push(Telling {
                        after,
                        what: What::Said(body),
                    });
                }
            }
        }
        rng.shuffle(&mut tellings);
        tellings.sort_by_key(|telling| telling.after);
        if backwards(&tellings) {
            world.happened("upload: older version after a newer one");
        }
        let mut all = uploaded(&uploads, &tellings, &silent);
        all.append(&mut tellings);
        all.sort_by_key(|telling| telling.after);
        world.uploaded(uploads);
        Self {
            world: world.clone(),
            tellings: all,
        }
    }

    /// Tells it all, and waits until S3 is done with it.
    pub async fn run(self) {
        let began = tokio::time::Instant::now();
        let invocations = invocations(&self.world);
        let mut invoking = tokio::task::JoinSet::new();
        for telling in self.tellings {
            tokio::time::sleep_until(began + telling.after).await;
            let world = self.world.clone();
            let (body, of) = match telling.what {
                What::Uploaded(upload) => {
                    world.bucket.put(&upload);
                    continue;
                }
                What::Told(uploads) => (world.bucket.notification(&uploads), uploads),
                What::Said(body) => (body.to_owned(), Vec::new()),
            };
            match world.shape.way {
                Way::Sqs => {
                    let of = <[Upload; 1]>::try_from(of).ok();
                    world.tell_queue(&body, of.as_ref().map(|[upload]| upload));
                }
                Way::Lambda => {
                    let invocations = invocations.clone();
                    invoking.spawn(async move { invoke(&world, &invocations, body).await });
                }
            }
        }
        while let Some(invoked) = invoking.join_next().await {
            invoked.expect("ingest does not panic");
        }
    }
}

fn invocations(world: &World) -> Invocations {
    Invocations::of(&world.pipeline, sources(world))
}

/// Returns the sources of a pipeline with lanes; of another one, none.
pub fn sources(world: &World) -> Vec<Source> {
    match world.shape.kind {
        Kind::Lanes => source::parse(SOURCES).expect("sources"),
        _ => Vec::new(),
    }
}

/// Each upload, before anybody is told of it or of a newer version of its object.
fn uploaded(
    uploads: &[Upload],
    tellings: &[Telling],
    silent: &[(String, Duration)],
) -> Vec<Telling> {
    let told = |upload: &Upload| {
        let of_upload = tellings.iter().filter(|telling| match &telling.what {
            What::Told(told) => told.contains(upload),
            _ => false,
        });
        let silently = silent
            .iter()
            .filter(|(sequencer, _)| *sequencer == upload.sequencer);
        let times = of_upload
            .map(|telling| telling.after)
            .chain(silently.map(|(_, after)| *after));
        times.min().unwrap_or_default()
    };
    let mut made: Vec<Telling> = Vec::new();
    for (place, upload) in uploads.iter().enumerate() {
        let newer = uploads
            .iter()
            .skip(place)
            .filter(|other| other.key == upload.key);
        made.push(Telling {
            after: newer.map(told).min().unwrap_or_default(),
            what: What::Uploaded(upload.clone()),
        });
    }
    made
}

/// Brings the events in the failure queue back, as an operator would.
pub async fn redrive_failures(world: &World) {
    let invocations = invocations(world);
    for payload in world.take_failures() {
        // Nonsense will never be understood.
        if payload == NONSENSE {
            continue;
        }
        invoke(world, &invocations, payload).await;
    }
}

async fn invoke(world: &World, invocations: &Invocations, payload: String) {
    let invoked = invocations.event(&payload).await;
    for one in &invoked {
        world.happened(match one {
            Invoked::Ended(_) if one.is_done() => "ingest: went well",
            Invoked::Ended(_) => "ingest: failed",
            Invoked::Crashed => "ingest: crashed",
            Invoked::TimedOut => "ingest: timed out",
        });
    }
    if !invoked.last().is_some_and(Invoked::is_done) {
        world.happened("ingest: into the failure queue");
        let line = "S3           an event lies in the failure queue";
        world.history.act(world.now_ms(), line);
        world.failed(payload);
    }
}

/// Whether an older version of some object is told of after a newer one.
fn backwards(tellings: &[Telling]) -> bool {
    let told: Vec<&Upload> = tellings
        .iter()
        .filter_map(|telling| match &telling.what {
            What::Told(uploads) => <&[Upload; 1]>::try_from(uploads.as_slice()).ok(),
            _ => None,
        })
        .map(|[upload]| upload)
        .collect();
    told.iter().enumerate().any(|(place, upload)| {
        let before = told.iter().take(place);
        before
            .filter(|other| other.key == upload.key)
            .any(|other| other.sequencer > upload.sequencer)
    })
}

/// Returns the odds of the queues, and their generator.
pub fn odds(rng: &Rng) -> (fake_aws::Odds, Rng) {
    let mut rng = rng.fork("odds");
    let mut odd = |odds: f64| if rng.chance(0.4) { odds } else { 0.0 };
    let odds = fake_aws::Odds {
        delivered_twice: odd(0.1),
        back_after_delete: odd(0.1),
        long_poll_misses: odd(0.2),
        short_poll_misses: odd(0.6),
        old_handle_deletes: 0.5,
    };
    (odds, rng)
}
