//! The bucket that everything is uploaded to, and S3's records of that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use spillway::event::ObjectEvent;
use spillway::message;

use crate::pipeline::Pipeline;
use crate::reconcile::{BUCKET, record_of_upload};
use crate::upload::Upload;

/// Cheap to clone.
#[derive(Clone)]
pub struct Bucket {
    pipeline: Pipeline,
    /// By sequencer.
    records: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Bucket {
    pub fn new(pipeline: &Pipeline, versioned: bool) -> Self {
        pipeline.aws.s3().create_bucket(BUCKET, versioned);
        Self {
            pipeline: pipeline.clone(),
            records: Arc::default(),
        }
    }

    /// Uploads.
    pub fn put(&self, upload: &Upload) {
        let s3 = self.pipeline.aws.s3();
        let object = s3.put(BUCKET, &upload.key, &upload.etag(), 67);
        let record = record_of_upload(&object, upload);
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.insert(upload.sequencer.clone(), record);
    }

    /// Returns S3's message of uploads that have been made.
    pub fn notification(&self, uploads: &[Upload]) -> String {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let of_uploads = uploads.iter().map(|upload| &records[&upload.sequencer]);
        json!({ "Records": of_uploads.collect::<Vec<_>>() }).to_string()
    }

    /// Returns the object event of an upload, once it has been made.
    pub fn event(&self, upload: &Upload) -> Option<ObjectEvent> {
        let record = {
            let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            records.get(&upload.sequencer).cloned()?
        };
        let body = message::parse(&json!({ "Records": [record] }).to_string());
        body.ok()?.into_events().pop()
    }
}
