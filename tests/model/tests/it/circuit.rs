//! The circuit in an outage: in every state within bounds nothing starts but probes, and a circuit
//! that works wrongly is noticed.

use model::circuit::{BOUNDED, Bounds, Broken, NO_OTHERS, Outage, STAYS, explore};

const BOUNDS: Bounds = Bounds {
    moments: 4,
    faults: 2,
    executions: 2,
};

#[test]
fn an_outage_is_met_by_probes_alone_whichever_tick_dies() {
    let (states, broken) = explore(Outage {
        bounds: BOUNDS,
        broken: None,
    });
    println!("{states} states; {broken:?}");
    assert_eq!(broken, None);
    assert!(states > 1_000, "{states}");
}

#[test]
fn what_works_wrongly_is_noticed() {
    for (broken, invariants) in [
        (Broken::ProbesUnbounded, [NO_OTHERS, BOUNDED]),
        (Broken::GenerationsTogether, [STAYS, NO_OTHERS]),
        (Broken::ForgetsUnwritten, [STAYS, NO_OTHERS]),
        (Broken::StartsUnseen, [NO_OTHERS, STAYS]),
    ] {
        let (_, found) = explore(Outage {
            bounds: BOUNDS,
            broken: Some(broken),
        });
        println!("{broken:?}: {found:?}");
        let (invariant, _) = found.expect("it breaks something");
        assert!(invariants.contains(&invariant), "{broken:?}: {invariant}");
    }
}
