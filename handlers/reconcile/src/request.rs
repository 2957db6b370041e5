//! The request with which the state machine invokes reconcile.

use serde::Deserialize;
use serde_json::Value;
use spillway::Millis;
use spillway::event::time;
use spillway::record::row::RowKey;
use spillway::text::cut;

use crate::error::ReconcileError;

/// One of two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    Rows {
        run: String,
        /// The place to go on from; `None`: the first row.
        from: Option<RowKey>,
    },
    Objects {
        run: String,
        bucket: String,
        from: Option<Millis>,
        to: Option<Millis>,
        dry_run: bool,
        /// A number in place of the configured one.
        min_age: Option<Millis>,
        items: Vec<Value>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Rows {
        run: String,
        rows: Cursor,
    },
    Objects {
        #[serde(rename = "BatchInput")]
        input: BatchInput,
        #[serde(rename = "Items")]
        items: Vec<Value>,
    },
}

#[derive(Deserialize)]
struct Cursor {
    cursor: Option<String>,
}

/// The input of each batch of a Distributed Map.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html>
#[derive(Deserialize)]
struct BatchInput {
    run: String,
    bucket: String,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    dry_run: bool,
    /// `None`, also from a state machine of the release before: as configured.
    #[serde(default)]
    min_age_seconds: Option<u32>,
}

impl Request {
    pub(crate) fn read(payload: Value) -> Result<Self, ReconcileError> {
        let wrong = |what: String| ReconcileError::Request(what);
        let payload = serde_json::from_value(payload).map_err(|_| {
            wrong("it is neither {\"rows\", \"run\"} nor {\"BatchInput\", \"Items\"}: start it by reconcile's state machine".into())
        })?;
        match payload {
            Payload::Rows { run, rows } => Ok(Self::Rows {
                run: named(run)?,
                from: rows.cursor.as_deref().map(position).transpose()?,
            }),
            Payload::Objects { input, items } => Ok(Self::Objects {
                run: named(input.run)?,
                bucket: input.bucket,
                from: input.from.as_deref().map(moment).transpose()?,
                to: input.to.as_deref().map(moment).transpose()?,
                dry_run: input.dry_run,
                min_age: input
                    .min_age_seconds
                    .map(|seconds| Millis::from(seconds) * 1_000),
                items,
            }),
        }
    }

    pub(crate) fn run(&self) -> &str {
        match self {
            Self::Rows { run, .. } | Self::Objects { run, .. } => run,
        }
    }
}

/// Returns a run's id: Step Functions' names have at most 80 characters, its ARNs at most 256.
fn named(run: String) -> Result<String, ReconcileError> {
    if (1..=256).contains(&run.len()) {
        Ok(run)
    } else {
        let bytes = run.len();
        let what = format!("run has {bytes} bytes: give 1 to 256, such as the execution's name");
        Err(ReconcileError::Request(what))
    }
}

fn moment(text: &str) -> Result<Millis, ReconcileError> {
    time::millis(text).ok_or_else(|| {
        let text = cut(text, 64);
        ReconcileError::Request(format!(
            "{text:?} is not a time: give one such as 2026-11-22T10:00:00Z"
        ))
    })
}

/// Returns a position in the ledger, as [`cursor`] wrote it.
fn position(cursor: &str) -> Result<RowKey, ReconcileError> {
    let read: Result<(String, String), _> = serde_json::from_str(cursor);
    let (pk, sk) = read.map_err(|_| {
        ReconcileError::Request("the cursor is not one of reconcile's: leave it out".into())
    })?;
    Ok(RowKey { pk, sk })
}

/// Returns a position in the ledger as text.
pub(crate) fn cursor(position: &RowKey) -> String {
    serde_json::json!([position.pk, position.sk]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(payload: Value) -> String {
        Request::read(payload).unwrap_err().to_string()
    }

    #[test]
    fn both_requests_are_read() {
        let at = RowKey {
            pk: "uploads/a \"b\"".into(),
            sk: "1#".into(),
        };
        let payload = json!({"rows": {"cursor": cursor(&at)}, "run": "r"});
        let rows = |from| Request::Rows {
            run: "r".into(),
            from,
        };
        assert_eq!(Request::read(payload).unwrap(), rows(Some(at)));
        for cursor in [json!({}), json!({"cursor": null})] {
            let payload = json!({"rows": cursor, "run": "r"});
            assert_eq!(Request::read(payload).unwrap(), rows(None));
        }
        let input = json!({"run": "r", "bucket": "b", "from": "1970-01-01T00:00:01Z", "to": null, "dry_run": true, "min_age_seconds": 60});
        let payload = json!({"BatchInput": input, "Items": [1]});
        let objects = Request::Objects {
            run: "r".into(),
            bucket: "b".into(),
            from: Some(1_000),
            to: None,
            dry_run: true,
            min_age: Some(60_000),
            items: vec![json!(1)],
        };
        assert_eq!(Request::read(payload).unwrap(), objects);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for payload in [
            json!({}),
            json!([]),
            json!({"rows": {}}),
            json!({"Items": []}),
        ] {
            assert!(refused(payload).contains("neither"));
        }
        let objects = |from: &str| {
            refused(json!({"BatchInput": {"run": "r", "bucket": "b", "from": from}, "Items": []}))
        };
        assert!(objects("last week").contains("\"last week\" is not a time"));
        let rows =
            |run: &str, cursor: &str| refused(json!({"rows": {"cursor": cursor}, "run": run}));
        assert!(rows("r", "x").contains("cursor is not one of reconcile's"));
        assert!(rows("", "[]").contains("run has 0 bytes"));
    }
}
