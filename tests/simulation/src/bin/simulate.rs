//! Runs seeds and says how they went: see `scripts/simulate`.
//!
//! `simulate FROM COUNT STEP [stop]`: the seeds FROM, FROM + STEP, … With `stop` it ends at the first that fails. What
//! failed goes to the standard error, a summary in JSON to the standard output.

use serde_json::json;
use simulation::world::{self, Coverage};

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| -> Result<u64, String> {
        let text = arguments.get(place).ok_or("give FROM, COUNT and STEP")?;
        text.parse().map_err(|error| format!("{text}: {error}"))
    };
    let (from, count, step) = (number(0)?, number(1)?, number(2)?);
    let stop = arguments.get(3).is_some_and(|word| word == "stop");
    let mut coverage = Coverage::default();
    let (mut ran, mut failed) = (0, Vec::new());
    for seed in (0..count).map(|place| from + place * step) {
        let (of_seed, result) = world::run(seed);
        coverage.add(&of_seed);
        ran += 1;
        if let Err(failure) = result {
            eprintln!("{failure}");
            failed.push(json!({"seed": seed, "problems": failure.problems}));
            if stop {
                break;
            }
        }
    }
    println!(
        "{}",
        json!({"ran": ran, "failed": failed, "coverage": coverage.to_json()})
    );
    Ok(())
}
