//! Runs every drill, and prints its lines for CloudWatch in JSON: by the drill's name, with its
//! begin and its end.

use serde_json::{Map, json};
use simulation::drills::{self, Drill};

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of this thread needs nothing");
    let mut told = Map::new();
    for drill in Drill::ALL {
        let (ran, _) = runtime.block_on(drills::run(drill));
        let run = json!({"since": ran.since, "until": ran.until, "lines": ran.lines});
        told.insert(format!("{drill:?}"), run);
    }
    println!("{}", json!(told));
}
