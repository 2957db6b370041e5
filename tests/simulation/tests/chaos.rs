//! Everything goes wrong at once, by seed: crashes, lost answers, throttling, slow answers, duplicates, lost and
//! repeated outcomes, doubled ticks.

use std::time::Duration;

use fake_aws::{Ending, Fault, Odds, Rng};
use simulation::{Pipeline, Settings, Upload, Verdict, notification};

const SEEDS: u64 = 60;

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
    let limit = settings.pace.max_concurrency as usize;

    let mut endings = rng.fork("endings");
    let pipeline = Pipeline::new(settings, move |_| {
        let after = endings.duration(Duration::from_millis(100), Duration::from_secs(40));
        if endings.chance(0.25) {
            Ending::fail(after, "Broken", "by chance")
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
    for queue in [&pipeline.events, &pipeline.outcomes] {
        queue.reconfigure(|config| config.odds = odds);
    }
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
    if !together.is_empty() {
        pipeline.events.inject(&notification(&together));
    }
    uploads.extend(together);
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
    for queue in [&pipeline.events, &pipeline.outcomes] {
        queue.reconfigure(|config| config.odds = Odds::NEVER);
    }
    pipeline.drain(120).await;

    let verdict = Verdict::of(&pipeline, &uploads);
    assert!(
        verdict.lost.is_empty(),
        "seed {seed}: lost {:?}",
        verdict.lost
    );
    assert!(
        verdict.duplicates.is_empty(),
        "seed {seed}: twice {:?}",
        verdict.duplicates
    );
    assert!(
        verdict.peak <= limit,
        "seed {seed}: {} of {limit} ran at once",
        verdict.peak
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_nothing_runs_twice_nothing_exceeds_the_limit() {
    for seed in 0..SEEDS {
        run(seed).await;
    }
}
