//! The circuit: it reads the ends of executions with the control item, and sets the rate of the
//! gate.

use spillway::pace::Pace;
use spillway::pace::adapt::circuit::{Allowed, Change, Circuit, State as Takes};
use spillway::pace::adapt::health::Health;
use spillway::protocol::fact::Fact;
use tracing::{info, trace, warn};

use crate::Dispatch;
use crate::shared::{Shared, State};

impl Dispatch {
    /// Looks at how executions ended. A change is in the lease before the next look.
    pub(crate) async fn look_at_health(&self, shared: &Shared, pace: &Pace, health: &[Health]) {
        let Some((circuit, change)) = self.look(shared, pace, health) else {
            return;
        };
        tell(&circuit, &change, pace);
        let ledger = &shared.shell.ledger;
        // A tick that dies now leaves the circuit as it was: the next one comes to the same.
        let holder = shared.reservation.lease.holder();
        let written = ledger.write_circuit(holder, &circuit).await;
        let over = health.iter().map(|health| health.generation);
        let over: Vec<u32> = over.filter(|it| *it != circuit.generation).collect();
        let forgotten = match written {
            // As long as the lease does not say so, the next tick needs the counts that this one
            // used.
            Ok(false) => Ok(()),
            Ok(true) if over.is_empty() => Ok(()),
            Ok(true) => ledger.forget_health(&over).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = forgotten {
            warn!("{problem}");
        }
    }

    fn look(&self, shared: &Shared, pace: &Pace, health: &[Health]) -> Option<(Circuit, Change)> {
        let adapt = self.config.adapt.as_ref()?;
        let now = shared.now();
        let mut state = shared.state();
        let mut circuit = state.circuit?;
        let of_now = health.iter().find(|it| it.generation == circuit.generation);
        let of_now = of_now.copied().unwrap_or_default();
        let change = circuit.look(adapt, pace.starts_per_second, of_now, now);
        trace!(decision = ?circuit.state, ?circuit, "circuit");
        state.circuit = Some(circuit);
        let worst = state.counts.circuit.unwrap_or_default();
        state.counts.circuit = Some(worst.max(circuit.state.level()));
        shared.allow(&state);
        Some((circuit, change?))
    }
}

/// Tells a change, and why.
fn tell(circuit: &Circuit, change: &Change, pace: &Pace) {
    let (from, to) = (change.from.as_str(), change.to.as_str());
    let (ends, failed) = (change.ends, change.failed);
    let rate = circuit.rate(pace.starts_per_second);
    match change.to {
        Takes::Closed => info!(
            from,
            to, ends, failed, rate, "the target is healthy: starts go on at the full pace"
        ),
        Takes::Rising { .. } => {
            info!(
                from,
                to, ends, failed, rate, "a probe succeeded: starts go on, slowly at first"
            );
        }
        Takes::Slowed { .. } if matches!(change.from, Takes::Rising { .. }) && failed == 0 => {
            info!(
                from,
                to,
                ends,
                failed,
                rate,
                "the target takes nearly its last rate: starts speed up more slowly from here"
            );
        }
        Takes::Slowed { .. } => {
            warn!(
                from,
                to,
                ends,
                failed,
                rate,
                "too many executions failed because the target takes no more: starts are slowed down"
            );
        }
        Takes::Open { .. } => {
            warn!(
                from,
                to, ends, failed, rate, "the target takes nothing: only probes start"
            );
        }
    }
}

impl Shared {
    /// Tells the gate the part of the pace that the circuit allows.
    fn allow(&self, state: &State) {
        let allowed = state
            .circuit
            .map_or(Allowed::Everything, |it| it.allowed(state.hold));
        self.gate.lock().set_allowed(allowed);
    }

    /// Changes the circuit after the answer to a start.
    pub(crate) fn circuit_told(&self, state: &mut State, fact: &Fact) {
        // One without a clear answer can run.
        if !matches!(fact, Fact::Started { .. } | Fact::StartUnclear { .. }) {
            return;
        }
        let now = self.now();
        let Some(circuit) = &mut state.circuit else {
            return;
        };
        let is_probe = matches!(circuit.allowed(state.hold), Allowed::Probe(at) if now >= at);
        circuit.started(1, now);
        if is_probe {
            if let Fact::Started { execution, .. } = fact {
                info!(execution, "a probe of the target is started");
                state.counts.probes += 1;
            }
            self.allow(state);
        }
    }
}
