//! A bucket, and runs of `reconcile` over it and over the ledger, as its state machine makes them.

use std::time::Duration;

use ::reconcile::{Answer, Bucket, Counts, Invocation, Reconcile, ReconcileError, Reconciled};
use aws::clients::Connection;
use fake_aws::ListedObject;
use serde_json::{Value, json};
use spillway::Millis;
use spillway::event::time;
use spillway::lane::source::Source;

use crate::pipeline::{LEDGER, Pipeline};
use crate::upload::{Upload, record};

/// The bucket that everything is uploaded to.
pub const BUCKET: &str = "uploads";

/// Lambda's timeout of `reconcile`, as in Terraform.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How often Step Functions tries a failed invocation after the first time, and how long it waits
/// in between.
const RETRIES: usize = 3;
const RETRIES_AFTER: Duration = Duration::from_secs(5);

/// The input of a run over the bucket.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub dry_run: bool,
    pub from: Option<Millis>,
    pub to: Option<Millis>,
    /// Whether the items are an inventory's.
    pub inventory: bool,
}

/// Runs of `reconcile`. Cheap to clone.
#[derive(Clone)]
pub struct Runs {
    pipeline: Pipeline,
    pub sources: Vec<Source>,
    pub min_age: Duration,
    pub stale_after: Duration,
    pub retention_days: u32,
    /// Objects in one batch.
    pub batch: usize,
    /// How long an invocation can take.
    pub timeout: Duration,
}

/// How an invocation went.
#[derive(Debug)]
pub enum Ran {
    Ended(Box<Reconciled>),
    /// The process died.
    Crashed,
    TimedOut,
}

impl Ran {
    /// Returns whether Step Functions takes the invocation for done.
    pub fn is_well(&self) -> bool {
        matches!(self, Self::Ended(reconciled) if reconciled.result.is_ok())
    }

    /// Returns the answer and the counts of one that went well.
    #[track_caller]
    pub fn well(self) -> (Answer, Counts) {
        match self.ended() {
            (counts, Ok(answer)) => (answer, counts),
            other => panic!("the invocation did not go well: {other:?}"),
        }
    }

    /// Returns the counts of one that failed, and its error.
    #[track_caller]
    pub fn failed(self) -> (Counts, ReconcileError) {
        match self.ended() {
            (counts, Err(problem)) => (counts, problem),
            other => panic!("the invocation did not fail: {other:?}"),
        }
    }

    #[track_caller]
    fn ended(self) -> (Counts, Result<Answer, ReconcileError>) {
        match self {
            Self::Ended(reconciled) => (reconciled.counts, reconciled.result),
            other => panic!("the invocation did not end: {other:?}"),
        }
    }
}

impl Runs {
    /// Makes the runs of a pipeline with one source, the whole bucket, which is made now.
    pub fn of(pipeline: &Pipeline, versioned: bool) -> Self {
        pipeline.aws.s3().create_bucket(BUCKET, versioned);
        Self::over(pipeline)
    }

    /// Makes the runs of a pipeline whose bucket is there.
    pub fn over(pipeline: &Pipeline) -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self {
            pipeline: pipeline.clone(),
            sources: vec![Source {
                bucket: Some(BUCKET.into()),
                prefix: None,
                suffix: None,
                lane: None,
                folder_markers: false,
            }],
            min_age: day,
            stale_after: day,
            retention_days: 90,
            batch: 100,
            timeout: TIMEOUT,
        }
    }

    /// Invokes `reconcile` once.
    pub async fn once(&self, payload: Value) -> Ran {
        let caller = self.pipeline.caller("reconcile");
        let config = ::reconcile::Config {
            pipeline: self.pipeline.variables(),
            sources: self.sources.clone(),
            retention_days: self.retention_days,
            stale_after: self.stale_after,
            min_age: self.min_age,
        };
        let connection = Connection::with_http_client(caller.http_client());
        let reconcile = Reconcile::new(config, connection.clients(), Bucket::new(&connection));
        let clock = self.pipeline.clock();
        let invocation = Invocation {
            clock,
            deadline: clock.now() + self.timeout.as_millis() as Millis,
        };
        let ran = tokio::select! {
            biased;
            () = caller.crashed() => Ran::Crashed,
            reconciled = reconcile.reconcile(payload, invocation) => Ran::Ended(Box::new(reconciled)),
            () = tokio::time::sleep(self.timeout) => Ran::TimedOut,
        };
        if !matches!(ran, Ran::Ended(_)) {
            caller.crash();
        }
        ran
    }

    /// Invokes it as Step Functions does: again when it failed. How each try went.
    pub async fn tries(&self, payload: &Value) -> Vec<Ran> {
        let mut tries = vec![self.once(payload.clone()).await];
        while tries.len() <= RETRIES && !tries.last().is_some_and(Ran::is_well) {
            tokio::time::sleep(RETRIES_AFTER).await;
            tries.push(self.once(payload.clone()).await);
        }
        tries
    }

    /// Returns the answer and the counts of the last try, which must have gone well.
    pub async fn invoke(&self, payload: &Value) -> (Answer, Counts) {
        let last = self.tries(payload).await.pop();
        last.expect("one at least").well()
    }

    /// Returns the inputs of the invocations of a run over the bucket's objects of now.
    pub fn batches(&self, run: &str, asked: &Asked) -> Vec<Value> {
        let objects = self.pipeline.aws.s3().objects(BUCKET);
        let batches = objects.chunks(self.batch);
        batches.map(|batch| batch_of(run, batch, asked)).collect()
    }

    /// Makes a run over the bucket's objects of now. Returns the counts of each batch, of its last
    /// try.
    pub async fn objects(&self, run: &str, asked: &Asked) -> Vec<Counts> {
        let mut counts = Vec::new();
        for batch in self.batches(run, asked) {
            counts.push(self.invoke(&batch).await.1);
        }
        counts
    }

    /// Makes a run over the ledger, until it is done. Returns the counts of each invocation.
    pub async fn rows(&self, run: &str) -> Vec<Counts> {
        let (mut counts, mut cursor) = (Vec::new(), None);
        loop {
            let (answer, counted) = self.invoke(&rows_of(run, cursor.as_deref())).await;
            counts.push(counted);
            let progress = answer.rows.expect("progress");
            cursor = progress.cursor;
            if progress.done {
                return counts;
            }
        }
    }

    /// Returns the counts of a run, as the ledger has them.
    pub fn counted(&self, run: &str, name: &str) -> f64 {
        let item = self.pipeline.aws.dynamodb().item(LEDGER, "reconcile", run);
        let item = item.expect("the run's item");
        let count = item[name]["N"].as_str().map(str::parse);
        count.map_or(0.0, |count| count.expect("a number"))
    }
}

/// Returns S3's record of an object's upload, by which it is known to be that.
pub fn record_of(object: &ListedObject, number: u32) -> Value {
    record_of_upload(object, &Upload::new(&object.key, number))
}

/// Returns S3's record of an upload that became this object.
pub(crate) fn record_of_upload(object: &ListedObject, upload: &Upload) -> Value {
    let mut record = record(upload);
    record["eventTime"] = json!(time::iso(object.last_modified_ms + 400));
    let shown = &mut record["s3"]["object"];
    shown["eTag"] = json!(object.etag);
    shown["size"] = json!(object.size);
    if let Some(version_id) = &object.version_id {
        shown["versionId"] = json!(version_id);
    }
    record
}

/// Returns the input of an invocation over the ledger.
pub fn rows_of(run: &str, cursor: Option<&str>) -> Value {
    json!({"rows": {"cursor": cursor}, "run": run})
}

/// Returns the input that a Distributed Map hands to an invocation.
pub fn batch_of(run: &str, objects: &[ListedObject], asked: &Asked) -> Value {
    let item = if asked.inventory { line } else { entry };
    let items: Vec<Value> = objects.iter().map(item).collect();
    let input = json!({
        "run": run, "bucket": BUCKET, "dry_run": asked.dry_run,
        "from": asked.from.map(time::iso), "to": asked.to.map(time::iso),
    });
    json!({"BatchInput": input, "Items": items})
}

/// An entry of `ListObjectsV2`, as Step Functions reads it.
fn entry(object: &ListedObject) -> Value {
    json!({
        "Key": object.key, "LastModified": object.last_modified_ms / 1_000, "ETag": format!("\"{}\"", object.etag),
        "Size": object.size, "StorageClass": "STANDARD",
    })
}

/// A line of an inventory.
fn line(object: &ListedObject) -> Value {
    json!({
        "Bucket": BUCKET, "Key": crate::upload::encoded(&object.key), "VersionId": object.version_id, "IsLatest": "true",
        "IsDeleteMarker": "false", "Size": object.size.to_string(), "LastModifiedDate": time::iso(object.last_modified_ms),
        "ETag": object.etag,
    })
}
