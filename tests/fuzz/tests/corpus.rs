//! Samples, and inputs that once broke something: every one holds, and is understood or refused as
//! it must be.

use fuzz::targets;
use fuzz::{caught, corpus};

#[test]
fn every_input_of_the_corpus_holds() {
    for target in targets::ALL {
        let inputs = corpus::of(target).unwrap();
        for understood in [true, false] {
            let any = inputs
                .iter()
                .any(|input| input.understood == Some(understood));
            assert!(
                any,
                "{}: no input is to be understood = {understood}",
                target.name
            );
        }
        for input in inputs {
            let (name, path) = (target.name, input.path.display());
            match caught::check(target.check, &input.bytes) {
                Err(says) => panic!("{name}: {path}: {says}"),
                Ok(seen) => {
                    let is = seen.is_understood();
                    let must = input.understood.unwrap_or(is);
                    assert_eq!(is, must, "{name}: {path}: {seen:?}");
                }
            }
        }
    }
}
