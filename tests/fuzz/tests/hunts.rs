//! A short hunt for every target, the same one every time.

use fuzz::finding;
use fuzz::run::{Until, run};
use fuzz::targets;

/// Inputs of a hunt.
const INPUTS: u64 = 20_000;
const SEED: u64 = 12;

fn hunt(name: &str) {
    let target = targets::named(name).unwrap();
    let outcome = run(&[target], Until::Inputs(INPUTS), 1, SEED);
    if let Some((target, failure)) = outcome.failures.first() {
        panic!("{}", finding::of(target, failure).unwrap().told());
    }
    let sight = outcome.sights[0];
    let (understood, refused) = (sight.tally.understood, sight.tally.refused);
    println!(
        "{understood} understood, {refused} refused, {} kinds",
        sight.kinds
    );
    assert_eq!(understood + refused, INPUTS);
    let enough = INPUTS / 50;
    assert!(
        understood > enough && refused > enough,
        "{understood} understood and {refused} refused show nothing"
    );
}

macro_rules! hunts {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            hunt(stringify!($name));
        })*

        #[test]
        fn every_target_is_hunted() {
            let names: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

hunts!(messages payloads outcomes outputs items inventories control windows lanes sources);
