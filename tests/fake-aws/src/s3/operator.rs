//! S3 from the uploader's and the test's side.

use std::sync::Arc;

use super::{Bucket, Version};
use crate::{World, lock};

/// All buckets of the account.
pub struct S3 {
    world: Arc<World>,
}

/// An object as a list of its bucket has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// As its uploader wrote it.
    pub key: String,
    /// Milliseconds since the epoch, whole seconds.
    pub last_modified_ms: i64,
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// `None` in a bucket without versions. S3's own lists of current versions leave it out.
    pub version_id: Option<String>,
}

impl S3 {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, bucket: &str, versioned: bool) {
        let made = Bucket {
            versioned,
            objects: std::collections::BTreeMap::new(),
            versions: 0,
        };
        lock(&self.world.s3).buckets.insert(bucket.to_owned(), made);
    }

    /// Uploads an object now. Its notification is somebody else's.
    pub fn put(&self, bucket: &str, key: &str, etag: &str, size: u64) -> ListedObject {
        let now_ms = self.world.clock.now_ms();
        self.write(bucket, key, etag, size, now_ms, false)
    }

    /// Uploads an object as if at that time, which S3 keeps to the second.
    pub fn put_at(&self, bucket: &str, key: &str, etag: &str, time_ms: i64) -> ListedObject {
        self.write(bucket, key, etag, 67, time_ms, false)
    }

    /// Deletes an object: with versions, its current one is a mark then.
    pub fn delete(&self, bucket: &str, key: &str) {
        let now_ms = self.world.clock.now_ms();
        self.write(bucket, key, "", 0, now_ms, true);
        let mut s3 = lock(&self.world.s3);
        let bucket = s3.buckets.get_mut(bucket).expect("the bucket");
        if !bucket.versioned {
            bucket.objects.remove(key);
        }
    }

    /// Returns the entries of a list of the bucket: the current versions, by key.
    pub fn objects(&self, bucket: &str) -> Vec<ListedObject> {
        let s3 = lock(&self.world.s3);
        let bucket = s3.buckets.get(bucket).expect("the bucket");
        let objects = bucket.objects.iter();
        objects
            .filter(|(_, version)| !version.is_delete_marker)
            .map(|(key, version)| listed(key, version))
            .collect()
    }

    fn write(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
        size: u64,
        time_ms: i64,
        is_delete_marker: bool,
    ) -> ListedObject {
        let mut s3 = lock(&self.world.s3);
        let bucket = s3.buckets.get_mut(bucket).expect("the bucket");
        bucket.versions += 1;
        let version = Version {
            id: bucket.versioned.then(|| format!("v{}", bucket.versions)),
            last_modified_ms: time_ms - time_ms.rem_euclid(1_000),
            etag: etag.to_owned(),
            size,
            is_delete_marker,
        };
        let listed = listed(key, &version);
        bucket.objects.insert(key.to_owned(), version);
        listed
    }
}

fn listed(key: &str, version: &Version) -> ListedObject {
    ListedObject {
        key: key.to_owned(),
        last_modified_ms: version.last_modified_ms,
        etag: version.etag.clone(),
        size: version.size,
        version_id: version.id.clone(),
    }
}
