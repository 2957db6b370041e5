//! How long things take in virtual time.

use std::time::Duration;

use simulation::timings::{Arrivals, Burst, waits};
use spillway::protocol::holding::Idle;

/// Within 5 % of the least that the rate allows, and never faster.
#[tokio::test(start_paused = true)]
async fn a_burst_of_thousands_drains_at_the_rate() {
    let burst = Burst {
        starts_per_second: 20.0,
        burst: 100,
        ..Burst::at_the_quota(2_000)
    };
    let drained = burst.drain().await;
    assert_eq!((drained.lost, drained.started_twice), (0, 0), "{drained:?}");
    assert!((0.99..=1.05).contains(&drained.over_ideal()), "{drained:?}");
    assert!(drained.write_units >= 4.0 * 2_000.0, "{drained:?}");
}

/// Every execution that ends makes room for the next, which is seen with a delay. The ideal has
/// EventBridge's own.
#[tokio::test(start_paused = true)]
async fn with_few_at_once_slots_are_used_again_as_soon_as_they_are_free() {
    for (idle, delay, most) in [
        (Idle::Stop, 0, 1.1),
        (Idle::Wait, 0, 1.05),
        (Idle::Wait, 300, 1.05),
    ] {
        let burst = Burst::at_the_limit(1_000, idle, Duration::from_millis(delay));
        let drained = burst.drain().await;
        assert_eq!((drained.lost, drained.started_twice), (0, 0), "{drained:?}");
        assert_eq!(drained.most_running, 20, "{drained:?}");
        println!("{idle:?} {delay}: {:.3}", drained.over_ideal());
        assert!((1.0..=most).contains(&drained.over_ideal()), "{drained:?}");
    }
}

/// At low load an upload waits for the next tick.
#[tokio::test(start_paused = true)]
async fn an_upload_waits_for_a_tick_at_most() {
    let arrivals = Arrivals {
        count: 100,
        every: Duration::from_secs(200),
        seed: 2,
    };
    let waits = waits(arrivals).await;
    assert_eq!(waits.len(), 100);
    let longest = waits.last().copied().unwrap_or_default();
    assert!(longest <= Duration::from_secs(61), "{waits:?}");
    assert!(longest > Duration::from_secs(30), "{waits:?}");
}
