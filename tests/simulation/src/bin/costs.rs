//! Prints in JSON what an event costs, by the way it comes in and by events per execution, and what a month costs.

use serde_json::{Value, json};
use simulation::costs::{self, Way};

/// Enough that what a tick itself costs hardly counts, and a whole number of executions.
const EVENTS: u32 = 1_000;
/// Events of a month.
const MONTHS: [f64; 3] = [1e3, 1e6, 1e8];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of this thread needs nothing");
    let idle = run(&runtime, costs::of_idle_month());
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
    println!("{}", json!({"idle_month": idle.to_json(), "ways": ways}));
}

/// Every run has a world, and a virtual time, of its own.
fn run<T>(runtime: &tokio::runtime::Runtime, future: impl Future<Output = T>) -> T {
    runtime.block_on(future)
}
