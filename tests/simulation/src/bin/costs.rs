//! Prints in JSON the costs of an event, by the way it comes in and by events per execution, and
//! the costs of a month.

use serde_json::{Value, json};
use simulation::costs::{self, Way, prices};

/// Enough that the calls of a tick itself hardly count, and a whole number of executions.
const EVENTS: u32 = 1_000;
/// Events of a month.
const MONTHS: [f64; 3] = [1e3, 1e6, 1e8];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of this thread needs nothing");
    let idle = run(&runtime, costs::of_idle_month(1));
    let mut waiting = Vec::new();
    for lanes in [1, 4] {
        let month = run(&runtime, costs::of_waiting_month(lanes));
        for (architecture, price) in [
            ("arm64", prices::LAMBDA_PER_GB_SECOND),
            ("x86_64", prices::LAMBDA_PER_GB_SECOND_X86),
        ] {
            for memory_mb in [128.0, 256.0] {
                let dollars = month.total_with(memory_mb, price);
                waiting.push(json!({
                    "lanes": lanes, "architecture": architecture, "memory_mb": memory_mb, "dollars": dollars,
                    "cloudwatch_dollars": month.dollars()["CloudWatch"],
                }));
            }
        }
    }
    let mut ways = Vec::new();
    for way in Way::ALL {
        for events_per_execution in [1, 10, 100] {
            let bill = run(&runtime, costs::of_burst(way, events_per_execution, EVENTS));
            let months: Vec<Value> = (MONTHS.iter())
                .map(|events| json!({"events": events, "dollars": idle.total() + bill.total() * events}))
                .collect();
            ways.push(json!({
                "way": way.name(), "events_per_execution": events_per_execution,
                "per_million": bill.times(1e6).to_json(), "months": months,
            }));
        }
    }
    println!(
        "{}",
        json!({"idle_month": idle.to_json(), "waiting_months": waiting, "ways": ways})
    );
}

/// Every run has a world, and a virtual time, of its own.
fn run<T>(runtime: &tokio::runtime::Runtime, future: impl Future<Output = T>) -> T {
    runtime.block_on(future)
}
