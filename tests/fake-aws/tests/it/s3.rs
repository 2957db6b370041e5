use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use fake_aws::{FakeAws, Fault, Service};

const BUCKET: &str = "uploads";

fn one_bucket(versioned: bool) -> (FakeAws, Client) {
    let aws = FakeAws::new(1);
    aws.s3().create_bucket(BUCKET, versioned);
    let client = aws.caller("test").s3_client();
    (aws, client)
}

async fn head(client: &Client, key: &str) -> Result<HeadObjectOutput, SdkError<HeadObjectError>> {
    client.head_object().bucket(BUCKET).key(key).send().await
}

/// HTTP status of a call that must fail, and whether the SDK knows the error.
async fn failure(client: &Client, key: &str) -> (u16, bool) {
    let error = head(client, key).await.expect_err("a failure");
    let status = error.raw_response().expect("an answer").status().as_u16();
    let is_not_found = error
        .as_service_error()
        .is_some_and(HeadObjectError::is_not_found);
    (status, is_not_found)
}

#[tokio::test(start_paused = true)]
async fn an_object_is_told_without_its_body() {
    let (aws, client) = one_bucket(false);
    let key = "status 7/한+%.json";
    aws.s3().put_at(BUCKET, key, "d41d", 1_795_341_600_999);
    let answer = head(&client, key).await.expect("it is there");
    assert_eq!(answer.e_tag(), Some("\"d41d\""));
    assert_eq!(answer.content_length(), Some(67));
    let time = answer.last_modified().expect("a time").to_millis();
    assert_eq!(time.expect("in range"), 1_795_341_600_000);
    assert_eq!(answer.version_id(), None);
    let call = aws.calls_of("HeadObject").remove(0);
    assert_eq!(call.service, Service::S3);
    assert_eq!(
        (
            call.facts.keys[0].pk.as_str(),
            call.facts.keys[0].sk.as_str()
        ),
        (BUCKET, key)
    );
}

#[tokio::test(start_paused = true)]
async fn the_current_version_is_told() {
    let (aws, client) = one_bucket(true);
    let first = aws.s3().put(BUCKET, "a", "1", 1);
    let second = aws.s3().put(BUCKET, "a", "2", 1);
    assert_ne!(first.version_id, second.version_id);
    let answer = head(&client, "a").await.expect("it is there");
    assert_eq!(answer.version_id(), second.version_id.as_deref());
    assert_eq!(aws.s3().objects(BUCKET), [second]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found() {
    for versioned in [false, true] {
        let (aws, client) = one_bucket(versioned);
        assert_eq!(failure(&client, "a").await, (404, true));
        aws.s3().put(BUCKET, "a", "1", 1);
        head(&client, "a").await.expect("it is there");
        aws.s3().delete(BUCKET, "a");
        assert_eq!(failure(&client, "a").await, (404, true));
        assert!(aws.s3().objects(BUCKET).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_is_only_a_status() {
    let (aws, client) = one_bucket(false);
    aws.s3().put(BUCKET, "a", "1", 1);
    for (fault, status) in [
        (Fault::Refuse("AccessDenied".into()), 403),
        (Fault::Throttle, 503),
        (Fault::InternalError, 500),
    ] {
        aws.faults().before(move |_| fault.clone());
        assert_eq!(failure(&client, "a").await, (status, false));
    }
}
