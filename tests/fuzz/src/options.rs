//! The options of the program.

use std::thread;
use std::time::Duration;

use fuzz::target::Target;
use fuzz::targets;

pub(crate) const HELP: &str = "\
Damages real inputs and gives them to the core's parsers, until one panics, is taken wrong, does not end, or is slow.

  cargo run --bin fuzz                          a minute of all targets, on all processors
  cargo run --bin fuzz -- --seconds 600 --seed 7 --jobs 1 --target messages
  cargo run --bin fuzz -- --again TARGET FILE   gives one input to a target again
  cargo run --release --bin fuzz -- --times     CPU time of inputs of 256 KiB that are meant to be slow

Exit status: 0, nothing was found; 1, something was, and is below target/fuzz; 2, the arguments are wrong.";

pub(crate) enum Work {
    Help,
    Hunt(Hunting),
    Again {
        target: &'static Target,
        path: String,
    },
    Times(Vec<&'static Target>),
}

pub(crate) struct Hunting {
    pub time: Duration,
    pub seed: u64,
    pub jobs: u64,
    pub targets: Vec<&'static Target>,
}

pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Work, String> {
    let mut arguments = arguments;
    let cores = thread::available_parallelism().map_or(1, usize::from) as u64;
    let mut hunting = Hunting {
        time: Duration::from_secs(60),
        seed: fastrand::u64(..1_000_000),
        jobs: cores,
        targets: targets::ALL.iter().collect(),
    };
    let mut times = false;
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or(format!("{argument}: its value is missing"))
        };
        match argument.as_str() {
            "--seconds" => hunting.time = Duration::from_secs(number(&value()?)?),
            "--seed" => hunting.seed = number(&value()?)?,
            "--jobs" => hunting.jobs = number(&value()?)?.max(1),
            "--target" => hunting.targets = vec![of(&value()?)?],
            "--again" => {
                let (target, path) = (of(&value()?)?, value()?);
                return Ok(Work::Again { target, path });
            }
            "--times" => times = true,
            "--help" | "-h" => return Ok(Work::Help),
            other => return Err(format!("{other:?} is unknown")),
        }
    }
    Ok(if times {
        Work::Times(hunting.targets)
    } else {
        Work::Hunt(hunting)
    })
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a whole number"))
}

fn of(name: &str) -> Result<&'static Target, String> {
    targets::named(name).ok_or_else(|| {
        let names: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
        format!("{name:?} is not one of {}", names.join(", "))
    })
}
