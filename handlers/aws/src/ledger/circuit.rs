//! The circuit as the lease carries it: the attribute `circuit`, a map of numbers.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Ledger;
use super::item::{Item, Reader, key, number, text};
use super::update::Update;
use crate::error::AwsError;
use spillway::pace::adapt::circuit::{Circuit, Looked, State, Window};
use spillway::pace::adapt::health::Health;

pub(super) const CIRCUIT: &str = "circuit";

/// A rate in millionths of a start per second: a float's last digits are no use in the ledger.
fn rate(rate: f64) -> AttributeValue {
    number((rate * 1e6).round() / 1e6)
}

pub(super) fn write(circuit: &Circuit) -> AttributeValue {
    let Circuit {
        generation,
        state,
        since,
        ceiling,
        good,
        window,
        looked,
    } = circuit;
    let mut map = Item::new();
    let mut set = |name: &str, value: AttributeValue| map.insert(name.to_owned(), value);
    set("state", text(state.as_str()));
    set("generation", number(generation));
    set("since", number(since));
    match *state {
        State::Closed => {}
        State::Slowed { rate: slowed } => {
            set("rate", rate(slowed));
        }
        State::Open {
            probe_at,
            probe_after,
        } => {
            set("probe_at", number(probe_at));
            set("probe_after", number(probe_after));
        }
        State::Rising { rate: rising, to } => {
            set("rate", rate(rising));
            set("to", rate(to));
        }
    }
    for (name, value) in [("ceiling", ceiling), ("good", good)] {
        if let Some(value) = value {
            set(name, rate(*value));
        }
    }
    set("window_began", number(window.began));
    set("window_succeeded", number(window.health.succeeded));
    set("window_failed", number(window.health.failed));
    set("window_starts", number(window.starts));
    set("looked_at", number(looked.at));
    set("looked_succeeded", number(looked.health.succeeded));
    set("looked_failed", number(looked.health.failed));
    set("failures", number(looked.failures));
    AttributeValue::M(map)
}

/// Returns the circuit of a lease, if it has one.
pub(super) fn read(lease: &Item) -> Result<Option<Circuit>, AwsError> {
    let reader = Reader::new(lease);
    let map = match lease.get(CIRCUIT) {
        None | Some(AttributeValue::Null(_)) => return Ok(None),
        Some(AttributeValue::M(map)) => map,
        Some(_) => return Err(reader.error("its attribute circuit is not a map")),
    };
    let named = |problem: AwsError| reader.error(format!("its attribute circuit: {problem}"));
    of_map(map).map(Some).map_err(named)
}

fn of_map(map: &Item) -> Result<Circuit, AwsError> {
    let reader = Reader::new(map);
    let generation = reader.number("generation")?;
    let health = |of: &str| -> Result<Health, AwsError> {
        Ok(Health {
            generation,
            succeeded: reader.number(&format!("{of}_succeeded"))?,
            failed: reader.number(&format!("{of}_failed"))?,
        })
    };
    let state = match reader.text("state")?.as_str() {
        "closed" => State::Closed,
        "slowed" => State::Slowed {
            rate: reader.number("rate")?,
        },
        "open" => State::Open {
            probe_at: reader.number("probe_at")?,
            probe_after: reader.number("probe_after")?,
        },
        "rising" => State::Rising {
            rate: reader.number("rate")?,
            to: reader.number("to")?,
        },
        other => return Err(reader.error(format!("its state {other} is not known"))),
    };
    Ok(Circuit {
        generation,
        state,
        since: reader.number("since")?,
        ceiling: reader.optional_number("ceiling")?,
        good: reader.optional_number("good")?,
        window: Window {
            began: reader.number("window_began")?,
            health: health("window")?,
            starts: reader.number("window_starts")?,
        },
        looked: Looked {
            at: reader.number("looked_at")?,
            health: health("looked")?,
            failures: reader.number("failures")?,
        },
    })
}

impl Ledger {
    /// Writes a circuit that has changed. `false`: the lease was lost or released meanwhile, and is
    /// left alone.
    pub async fn write_circuit(&self, holder: &str, circuit: &Circuit) -> Result<bool, AwsError> {
        let update = Update::default()
            .set(CIRCUIT, write(circuit))
            .only_if("holder", text(holder));
        let written = self
            .update(key("lease", "dispatch"), update, "writing the circuit")
            .await?;
        Ok(written.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circuit_is_read_as_it_was_written() {
        let health = |succeeded, failed| Health {
            generation: 7,
            succeeded,
            failed,
        };
        for state in [
            State::Closed,
            State::Slowed { rate: 2.5 },
            State::Open {
                probe_at: 9,
                probe_after: 5_000,
            },
            State::Rising {
                rate: 1.0,
                to: 25.0,
            },
        ] {
            let circuit = Circuit {
                generation: 7,
                state,
                since: 3,
                ceiling: None,
                good: Some(12.25),
                window: Window {
                    began: 1,
                    health: health(1, 2),
                    starts: 4,
                },
                looked: Looked {
                    at: 5,
                    health: health(3, 4),
                    failures: 6,
                },
            };
            let lease = Item::from([(CIRCUIT.to_owned(), write(&circuit))]);
            assert_eq!(read(&lease).unwrap(), Some(circuit));
        }
        assert_eq!(read(&Item::new()).unwrap(), None);
        let damaged = Item::from([(CIRCUIT.to_owned(), AttributeValue::M(Item::new()))]);
        let told = read(&damaged).unwrap_err().to_string();
        assert!(
            told.contains("circuit") && told.contains("generation is missing"),
            "{told}"
        );
    }
}
