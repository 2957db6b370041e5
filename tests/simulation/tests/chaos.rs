//! Everything goes wrong at once, by seed: crashes, lost answers, throttling, slow answers, duplicates, lost and
//! repeated outcomes, doubled ticks.

use std::time::Duration;

use fake_aws::{Ending, Fault, Odds, Rng};
use simulation::{Pipeline, Settings, Upload, Verdict, failed_items, ids, notification};
use spillway::order::Order;

const SEEDS: u64 = 60;

/// What kind of pipeline a seed is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Plain,
    Ordered(Order),
    Batches,
    Lanes,
    Fifo(Order),
}

impl Shape {
    fn of(seed: u64) -> Self {
        match seed % 7 {
            0 => Self::Plain,
            1 => Self::Ordered(Order::Latest),
            2 => Self::Ordered(Order::Each),
            3 => Self::Batches,
            4 => Self::Fifo(Order::None),
            5 => Self::Fifo(Order::Each),
            _ => Self::Lanes,
        }
    }
}

async fn run(seed: u64) {
    let mut rng = Rng::new(seed);
    let mut settings = Settings {
        seed,
        sweep_after: Duration::from_secs(90),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 1 + rng.below(8) as u32;
    settings.pace.starts_per_second = 2.0 + rng.below(50) as f64;
    settings.retry.max_attempts = 1 + rng.below(3) as u32;
    let shape = Shape::of(seed);
    match shape {
        Shape::Plain => {}
        Shape::Ordered(order) => settings.order = order,
        Shape::Batches => settings.events_per_execution = 2 + rng.below(9) as u32,
        Shape::Fifo(order) => {
            settings.order = order;
            settings.lanes = vec![("events.fifo", 0.0)];
            settings.retry.backoff_seconds = vec![0];
        }
        Shape::Lanes => settings.lanes = vec![("events", 0.0), ("bulk", 0.2)],
    }
    let limit = settings.pace.max_concurrency as usize;

    let mut endings = rng.fork("endings");
    let pipeline = Pipeline::new(settings, move |execution| {
        let after = endings.duration(Duration::from_millis(100), Duration::from_secs(40));
        if endings.chance(0.25) {
            Ending::fail(after, "Broken", "by chance")
        } else if endings.chance(0.25) && shape == Shape::Batches {
            let failed = ids(execution).split_off(1);
            Ending::succeed(after, &failed_items(&failed))
        } else {
            Ending::succeed(after, "{}")
        }
    });
    let odds = Odds {
        delivered_twice: 0.05,
        back_after_delete: 0.05,
        long_poll_misses: 0.1,
        short_poll_misses: 0.2,
        old_handle_deletes: 0.5,
    };
    let queues = || {
        let lanes = pipeline.lanes.iter().map(|(events, _)| events);
        lanes.chain([&pipeline.outcomes])
    };
    queues().for_each(|queue| queue.reconfigure(|config| config.odds = odds));
    pipeline.aws.sfn().change_event_rules(|rule| {
        rule.lost = 0.1;
        rule.repeated = 0.2;
        rule.delay = (Duration::ZERO, Duration::from_secs(20));
    });
    pipeline
        .aws
        .sfn()
        .set_describe_lag(Duration::from_secs(rng.below(5)));

    let weight = 0.002 + rng.below(100) as f64 / 5_000.0;
    let mut chance = rng.fork("before");
    let mut fault = move |handler: bool| {
        if !handler || !chance.chance(weight) {
            return Fault::None;
        }
        match chance.below(6) {
            0 => Fault::Throttle,
            1 => Fault::InternalError,
            2 => Fault::LoseAnswer,
            3 => Fault::Delay(Duration::from_millis(100 + chance.below(12_000))),
            _ => Fault::Crash,
        }
    };
    let mut before = fault.clone();
    let handler = |caller: &str| caller.starts_with("dispatch") || caller.starts_with("settle");
    pipeline
        .aws
        .faults()
        .before(move |call| before(handler(&call.caller)));
    pipeline
        .aws
        .faults()
        .after(move |call| fault(handler(&call.caller)));

    let mut entries = rng.fork("entries");
    let share = weight * 5.0;
    pipeline
        .aws
        .faults()
        .fail_entries(move |call, _| handler(&call.caller) && entries.chance(share));

    let mut uploads = pipeline.upload_many(10 + rng.below(20) as u32);
    let together: Vec<Upload> = (0..rng.below(15))
        .map(|number| Upload::new(&format!("together/{number}"), 1_000 + number as u32))
        .collect();
    // S3 sends no such message to a FIFO queue, and nobody else does.
    if !together.is_empty() && !matches!(shape, Shape::Fifo(_)) {
        pipeline.events.inject(&notification(&together));
        uploads.extend(together);
    }
    if let Some((bulk, _)) = pipeline.lanes.get(1) {
        let more = (0..5 + rng.below(20)).map(|number| Upload::new(&format!("bulk/{number}"), 1));
        let more: Vec<Upload> = more.collect();
        for upload in &more {
            bulk.inject(&notification(std::slice::from_ref(upload)));
        }
        uploads.extend(more);
    }
    // A few objects, written again and again.
    for number in 0..rng.below(30) as u32 {
        let upload = Upload::new(&format!("again/{}", rng.below(4)), 2_000 + number);
        pipeline.upload(&upload);
        uploads.push(upload);
    }
    for upload in &uploads {
        if rng.chance(0.2) {
            pipeline.upload(upload);
        }
    }
    for _ in 0..8 {
        if rng.chance(0.3) {
            // The schedule fires twice, a moment apart.
            let second = async {
                tokio::time::sleep(rng.clone().duration(Duration::ZERO, Duration::from_secs(3)))
                    .await;
                pipeline.tick().await
            };
            tokio::join!(pipeline.run(1), second);
        } else {
            pipeline.run(1).await;
        }
    }
    pipeline.aws.faults().clear();
    pipeline
        .aws
        .sfn()
        .change_event_rules(|rule| rule.lost = 0.0);
    queues().for_each(|queue| queue.reconfigure(|config| config.odds = Odds::NEVER));
    pipeline.drain(120).await;

    let named = format!("seed {seed}, {shape:?}");
    Verdict::of(&pipeline, &uploads).expect_kept(&named, limit);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_nothing_runs_twice_nothing_exceeds_the_limit() {
    let number = |name| std::env::var(name).map(|text| text.parse().expect("a number"));
    match (number("SEED"), number("SEEDS")) {
        (Ok(seed), _) => run(seed).await,
        (Err(_), seeds) => {
            for seed in 0..seeds.unwrap_or(SEEDS) {
                run(seed).await;
            }
        }
    }
}
