//! `scripts/simulate`: many worlds, and their coverage.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use simulation::seeds::Seeds;
use simulation::world;

/// Seeds from which on nothing on the list can be missing. With fewer of them rare events can be.
const ENOUGH: u64 = 5_000;

/// Runs the real handlers through worlds that follow a seed, in which everything goes wrong that
/// can. Checks that nothing is lost, nothing runs twice and never too much runs at once. Tells how
/// often each fault struck and each decision was taken.
#[derive(Debug, Parser)]
#[command(
    name = "scripts/simulate",
    bin_name = "scripts/simulate",
    after_help = "Exit status: 0, all is well; 1, a promise was broken, or something never happened in 5,000 seeds or more; 2, the \
    arguments are wrong."
)]
struct Options {
    /// How many worlds.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    seeds: u64,
    /// Only this one, with its history if it fails.
    #[arg(long, value_name = "S", conflicts_with = "seeds", value_parser = clap::value_parser!(u64).range(..=1 << 63))]
    seed: Option<u64>,
    /// The first seed.
    #[arg(long, value_name = "M", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1 << 63))]
    from: u64,
    /// Threads; by default one a core.
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    jobs: Option<u16>,
    /// Every pipeline adapts to its target (pace.adapt), which takes everything: it is never
    /// slowed.
    #[arg(long)]
    well: bool,
    /// End at the first seed that fails.
    #[arg(long)]
    stop: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let seeds = match options.seed {
        Some(seed) => seed..seed + 1,
        None => options.from..options.from + options.seeds,
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = options.jobs.map_or_else(cores, usize::from);
    let began = Instant::now();
    let stop = options.stop;
    let world = if options.well {
        world::run_well
    } else {
        world::run
    };
    let outcome = Seeds { seeds, jobs, stop }.run(world);

    let mut told = String::new();
    for failure in outcome.failed.values() {
        told += &format!("{failure}\n");
    }
    told += &format!("{}\n", outcome.coverage);
    for (seed, failure) in &outcome.failed {
        let first = failure.problems.first().map_or("", String::as_str);
        told += &format!("seed {seed} failed: {first}\n");
    }
    let noun = if outcome.ran == 1 { "seed" } else { "seeds" };
    let missing = outcome.coverage.missing().count();
    told += &format!(
        "{} {noun} in {} s, {} failed, {missing} things never happened\n",
        outcome.ran,
        began.elapsed().as_secs(),
        outcome.failed.len(),
    );
    // Nobody has to read it to the end.
    let _ = io::stdout().write_all(told.as_bytes());
    let too_little = outcome.ran >= ENOUGH && missing > 0 && !options.well;
    ExitCode::from(u8::from(!outcome.failed.is_empty() || too_little))
}
