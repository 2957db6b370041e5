//! An operator's values in the control item: taken whole or not at all, and told in the log of each
//! tick.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_aws::{Call, Fault, Refusal};
use serde_json::{Value, json};
use simulation::{LEDGER, Pipeline, Settings, Ticked};
use spillway::pace::window;
use tracing::subscriber::DefaultGuard;

fn settings(max_concurrency: u32) -> Settings {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = max_concurrency;
    settings
}

fn control(pipeline: &Pipeline, attributes: Value) {
    let mut item = json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}});
    item.as_object_mut()
        .unwrap()
        .extend(attributes.as_object().unwrap().clone());
    pipeline.aws.dynamodb().put(LEDGER, item);
}

/// Returns the failure of a tick.
async fn failure(pipeline: &Pipeline) -> String {
    let Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("it ends")
    };
    ended.failure.expect("it fails").to_string()
}

fn started(pipeline: &Pipeline) -> usize {
    pipeline.aws.sfn().executions().len()
}

fn reads_the_control_item(call: &Call) -> bool {
    call.operation == "Query" && call.facts.keys.iter().any(|key| key.pk == "control")
}

/// The log at `INFO`, as `message name=value …`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins the log of this thread, as long as the guard lives.
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_level(false)
            .with_target(false)
            .with_writer(move || writer.clone());
        (log, tracing::subscriber::set_default(lines.finish()))
    }

    /// The lines about the control item, since the last call.
    fn about_the_control_item(&self) -> Vec<String> {
        let written = std::mem::take(&mut *self.0.lock().unwrap());
        let written = String::from_utf8(written).unwrap();
        let about = |line: &&str| line.contains("control item overrides");
        written.lines().filter(about).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_misspelt_attribute_fails_the_tick_and_lifts_no_limit() {
    let pipeline = Pipeline::succeeding(settings(20), 2);
    pipeline.upload_many(10);
    for wrong in [
        json!({"max_concurency": {"N": "0"}}),
        json!({"max_concurrency": {"N": "20"}, "pause": {"BOOL": true}}),
        json!({"Paused": {"NULL": true}}),
    ] {
        control(&pipeline, wrong.clone());
        let failure = failure(&pipeline).await;
        let misspelt = wrong.as_object().unwrap().keys().next_back().unwrap();
        for part in [misspelt, "control item", "paused, circuit, max_concurrency"] {
            assert!(failure.contains(part), "{part:?} is not in {failure}");
        }
    }
    assert_eq!(started(&pipeline), 0);
    let received = |message: &fake_aws::MessageView| message.message.receives > 0;
    assert!(!pipeline.events.messages().iter().any(received));

    control(
        &pipeline,
        json!({"max_concurrency": {"N": "4"}, "note": {"S": "incident 7"}}),
    );
    assert_eq!(pipeline.tick().await.well().max_concurrency, Some(4));
}

#[tokio::test(start_paused = true)]
async fn an_item_spoilt_in_the_middle_of_a_tick_stops_it() {
    let pipeline = Pipeline::succeeding(settings(5), 1);
    pipeline.upload_many(1_000);
    let spoil = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        control(&pipeline, json!({"max_concurency": {"N": "1"}}));
        pipeline.aws.clock().now_ms()
    };
    let settling = pipeline.settle_in_background();
    let (failure, spoilt_at) = tokio::join!(failure(&pipeline), spoil);
    drop(settling);
    assert!(failure.contains("max_concurency"), "{failure}");
    let executions = pipeline.aws.sfn().executions();
    let last = executions
        .iter()
        .map(|execution| execution.started_ms)
        .max();
    assert!(last.unwrap() <= spoilt_at + 3_000);
}

/// It starts neither events that wait, nor starts that an earlier tick left open.
#[tokio::test(start_paused = true)]
async fn a_tick_that_cannot_read_the_control_item_starts_nothing() {
    let pipeline = Pipeline::succeeding(settings(20), 2);
    pipeline.upload_many(10);
    pipeline.aws.sfn().refuse_starts(Some(Refusal::Throttled));
    assert!(pipeline.tick().await.well().throttled > 0);
    pipeline.aws.sfn().refuse_starts(None);
    pipeline.upload_many(20);

    pipeline.aws.faults().before(|call| {
        if reads_the_control_item(call) {
            Fault::InternalError
        } else {
            Fault::None
        }
    });
    for _ in 0..3 {
        let failure = failure(&pipeline).await;
        assert!(failure.contains("reading the control item"), "{failure}");
    }
    assert_eq!(started(&pipeline), 0);

    pipeline.aws.faults().clear();
    assert!(pipeline.tick().await.well().started > 0);
}

#[tokio::test(start_paused = true)]
async fn each_tick_logs_what_is_overridden_and_since_when() {
    let mut settings = settings(20);
    // Every simulation begins at 2026-01-01T00:00:00Z.
    settings.windows = window::parse(
        r#"[{"name": "night", "priority": 1, "from": "00:00", "to": "06:00", "pace": {"max_concurrency": 7}}]"#,
    )
    .unwrap();
    let pipeline = Pipeline::succeeding(settings, 2);
    let (log, _logged) = Log::begin();

    pipeline.tick().await.well();
    assert_eq!(log.about_the_control_item(), [""; 0]);

    control(
        &pipeline,
        json!({"max_concurrency": {"N": "2"}, "since": {"S": "2026-01-01T00:00:30Z"}, "note": {"S": "incident 7"}}),
    );
    let told = "the control item overrides overrides=\"max_concurrency = 2 instead of 7\" since=\"2026-01-01T00:00:30Z\" \
        note=\"incident 7\" window=\"night\"";
    for _ in 0..2 {
        pipeline.tick().await.well();
        assert_eq!(log.about_the_control_item(), [told]);
    }

    // Nothing is made up.
    control(&pipeline, json!({"paused": {"BOOL": true}}));
    pipeline.tick().await.well();
    assert_eq!(
        log.about_the_control_item(),
        [
            "the control item overrides overrides=\"paused = true instead of false\" window=\"night\""
        ]
    );

    control(&pipeline, json!({"since": {"S": "2026-01-01T01:00:00Z"}}));
    pipeline.tick().await.well();
    assert_eq!(log.about_the_control_item(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_override_that_ends_in_the_middle_of_a_tick_is_logged() {
    let pipeline = Pipeline::new(settings(2), |_| fake_aws::Ending::never());
    pipeline.upload_many(20);
    control(&pipeline, json!({"max_concurrency": {"N": "1"}}));
    let (log, _logged) = Log::begin();
    let lift = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        control(&pipeline, json!({}));
    };
    let (ticked, ()) = tokio::join!(pipeline.tick(), lift);
    ticked.well();
    assert_eq!(
        log.about_the_control_item(),
        [
            "the control item overrides overrides=\"max_concurrency = 1 instead of 2\"",
            "the control item overrides nothing any more"
        ]
    );
}
