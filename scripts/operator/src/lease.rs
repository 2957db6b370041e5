//! `lease release`: takes the lease from a tick that is dead, and that would keep it for longer
//! than a dead tick does.

use std::time::Duration;

use aws::ledger::LeaseSeen;
use serde_json::{Value, json};
use spillway::Millis;
use spillway::protocol::holding::{BEYOND_DEADLINE, LEASE};

use crate::answer::Answer;
use crate::fault::Fault;
use crate::options::Release;
use crate::pipeline::Pipeline;
use crate::running::agreed;
use crate::time::{self, ago, moment, span};

/// By how much the clocks of two machines can differ.
const CLOCKS: Millis = 15_000;
/// A tick makes no call once its lease has expired by its own clock, and near its end it renews the
/// lease no more. So one that has not renewed its lease for this long is dead, however wrong its
/// clock is.
const WATCHED: Millis = LEASE + BEYOND_DEADLINE;
/// How often the lease is read meanwhile.
const LOOKS: Millis = 5_000;

/// Returns the end of a lease that lasts longer than a tick can hold it. `Some(None)`: it never
/// expires. `None`: there is no such lease.
pub fn stuck(lease: &LeaseSeen, now: Millis) -> Option<Option<Millis>> {
    lease.holder.as_ref()?;
    lease
        .expires_at
        .is_none_or(|until| until > now + LEASE + CLOCKS)
        .then_some(lease.expires_at)
}

/// Releases the lease, if it is stuck and no tick renews it. Or at once, although the holder could
/// live.
pub async fn release(pipeline: &Pipeline, options: &Release) -> Result<Answer, Fault> {
    let name = pipeline.name();
    let now = time::now();
    let before = pipeline.ledger.lease_seen().await?;
    let Some(holder) = &before.holder else {
        let said = format!("No tick of {name} holds the lease: nothing is to be released.");
        return Ok(Answer::new(said, json(name, false, &before)));
    };
    if !options.even_if_alive && stuck(&before, now).is_none() {
        return Err(Fault::failed(ends_by_itself(&before, now)));
    }
    let until = before.expires_at.map_or("for good".to_owned(), |until| {
        format!("until {}", ago(until, now))
    });
    let follows = match options.even_if_alive {
        true => {
            "If that tick lives, two ticks start executions: more than max_concurrency can run."
                .to_owned()
        }
        false => format!(
            "The lease is watched for {} first: a tick that lives keeps it.",
            span(WATCHED)
        ),
    };
    let asked = format!("Release the lease that {holder} holds {until}?\n{follows}");
    if !options.yes && !agreed(&asked)? {
        return Err(Fault::Stopped("nothing was released".to_owned()));
    }
    if !options.even_if_alive {
        watch(pipeline, &before).await?;
    }
    if !pipeline.ledger.take_lease_from(&before).await? {
        return Err(lives(name));
    }
    let said = format!(
        "Released: {holder} held it {until}. `spillway -p {name} tick` runs a tick now. It looks at the slots of the released tick first."
    );
    Ok(Answer::new(said, json(name, true, &before)))
}

/// Waits until a tick that holds the lease would have renewed it, or stopped. An error: a tick
/// lives.
async fn watch(pipeline: &Pipeline, before: &LeaseSeen) -> Result<(), Fault> {
    for _ in 0..WATCHED / LOOKS {
        tokio::time::sleep(Duration::from_millis(LOOKS.unsigned_abs())).await;
        let now = pipeline.ledger.lease_seen().await?;
        if (&now.holder, now.expires_at) != (&before.holder, before.expires_at) {
            return Err(lives(pipeline.name()));
        }
    }
    Ok(())
}

fn lives(name: &str) -> Fault {
    Fault::failed(format!(
        "a tick works, and has renewed, given back or taken the lease meanwhile: nothing was released. If the lease is held far ahead \
         all the same, the clock of a machine is wrong. `spillway -p {name} status` says until when"
    ))
}

fn ends_by_itself(lease: &LeaseSeen, now: Millis) -> String {
    match lease.expires_at.filter(|until| *until > now) {
        Some(until) => format!(
            "the lease expires {}, unless a tick that lives renews it: nothing was released",
            ago(until, now)
        ),
        None => {
            "the lease has expired: the next tick takes it, and nothing was released".to_owned()
        }
    }
}

fn json(name: &str, released: bool, lease: &LeaseSeen) -> Value {
    json!({
        "pipeline": name,
        "released": released,
        "holder": lease.holder,
        "held_since": lease.held_since.map(moment),
        "expires_at": lease.expires_at.map(moment),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_795_341_600_000;

    fn held(until: Option<Millis>) -> LeaseSeen {
        LeaseSeen {
            holder: Some("tick".into()),
            expires_at: until,
            ..LeaseSeen::default()
        }
    }

    #[test]
    fn only_a_lease_longer_than_a_ticks_is_stuck() {
        let longest = NOW + LEASE + CLOCKS;
        assert_eq!(stuck(&held(Some(longest)), NOW), None);
        assert_eq!(
            stuck(&held(Some(longest + 1)), NOW),
            Some(Some(longest + 1))
        );
        assert_eq!(stuck(&held(None), NOW), Some(None));
        assert_eq!(stuck(&LeaseSeen::default(), NOW), None);
    }

    #[test]
    fn one_that_ends_by_itself_is_told_with_its_end() {
        assert!(ends_by_itself(&held(Some(NOW + 30_000)), NOW).contains("(in 30 s)"));
        assert!(ends_by_itself(&held(Some(NOW - 1)), NOW).contains("has expired"));
    }
}
