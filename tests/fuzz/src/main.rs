//! Hunts for inputs that a parser panics at, takes wrong, or is slow at. `--help` tells how.

mod options;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::process::ExitCode;
use std::time::Instant;

use fuzz::hunt::{MOST, is_slow, way};
use fuzz::run::{Outcome, Until, run};
use fuzz::target::Target;
use fuzz::{caught, finding, times};

use options::{HELP, Hunting, Work};

fn main() -> ExitCode {
    let work = match options::read(std::env::args().skip(1)) {
        Ok(work) => work,
        Err(told) => {
            eprintln!("fuzz: {told}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let well = match work {
        Work::Help => {
            println!("{HELP}");
            Ok(true)
        }
        Work::Hunt(hunting) => hunt(&hunting),
        Work::Again { target, path } => again(target, &path),
        Work::Times(targets) => show_times(&targets),
    };
    match well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Hunts. Returns `true` if nothing was found.
fn hunt(hunting: &Hunting) -> io::Result<bool> {
    if cfg!(panic = "abort") {
        let told =
            "a panic ends this build, and would tell nothing of its input: leave out --release";
        return Err(io::Error::other(told));
    }
    let Hunting {
        time,
        seed,
        jobs,
        targets,
    } = hunting;
    let seconds = time.as_secs();
    println!("seed {seed}, {jobs} threads, {seconds} s: the same with --seed {seed}");
    let began = Instant::now();
    let outcome = run(targets, Until::Time(began + *time), *jobs, *seed);
    show(targets, &outcome, began.elapsed().as_secs_f64());
    let mut ways = HashSet::new();
    for (target, failure) in &outcome.failures {
        if ways.insert((target.name, way(&failure.says))) {
            println!("\n{}", finding::of(target, failure)?.told());
        }
    }
    Ok(outcome.failures.is_empty())
}

fn show(targets: &[&Target], outcome: &Outcome, seconds: f64) {
    println!(
        "{:<12} {:>12} {:>12} {:>12} {:>7}",
        "", "inputs", "understood", "refused", "kinds"
    );
    let mut all = 0;
    for (target, sight) in targets.iter().zip(&outcome.sights) {
        let (name, kinds, tally) = (target.name, sight.kinds, sight.tally);
        let (understood, refused) = (tally.understood, tally.refused);
        println!(
            "{name:<12} {:>12} {understood:>12} {refused:>12} {kinds:>7}",
            tally.inputs()
        );
        all += tally.inputs();
    }
    let (rate, failures) = (all as f64 / seconds, outcome.failures.len());
    println!("{all} inputs in {seconds:.0} s, {rate:.0} a second, {failures} failures");
}

fn again(target: &Target, path: &str) -> io::Result<bool> {
    let input = fs::read(path)?;
    let seen = caught::check(target.check, &input);
    let slow = seen.is_ok() && is_slow(target, &input);
    match &seen {
        Ok(seen) => println!("{}: {seen:?}", target.name),
        Err(says) => println!("{}: {says}", target.name),
    }
    if slow {
        println!("it takes more than {} ms", MOST.as_millis());
    }
    Ok(seen.is_ok() && !slow)
}

fn show_times(targets: &[&'static Target]) -> io::Result<bool> {
    let mut well = true;
    for target in targets {
        let times = times::of(target)?;
        println!("{:<12} {:>6} inputs of 256 KiB", target.name, times.inputs);
        for (took, name) in &times.slowest {
            println!("  {:>8.2} ms  {name}", took.as_secs_f64() * 1_000.0);
            // Only the released build must keep to it.
            well &= cfg!(debug_assertions) || *took <= MOST;
        }
    }
    Ok(well)
}
