//! `history`: the uploads of the past, and the plan that is made of them.

use std::process::Command;

use operator::fault::Fault;
use operator::time;
use serde_json::{Value, json};

use crate::support::{Pipeline, pipeline};

const ASKED: &str = "GraniteServiceVersion20100801.GetMetricData";

/// A pipeline with the lanes `default` and `bulk`.
fn of_two_lanes() -> Pipeline {
    let lane = |name: &str, priority: u32| {
        let url = |kind: &str| {
            format!("https://sqs.us-east-1.amazonaws.com/123456789012/p_{kind}_{name}")
        };
        json!({"name": name, "queue_url": url("events"), "priority": priority, "min_share": 0,
            "dead_letter_queue_url": url("events-dlq")})
    };
    let lanes = json!([lane("default", 1), lane("bulk", 2)]).to_string();
    pipeline(&[("SPILLWAY_LANES", &lanes)])
}

/// The first of the minutes in which something came, in seconds since 1970.
fn begin() -> i64 {
    (time::now() / 60_000 - 100) * 60
}

/// CloudWatch's values of a metric, by the minute after the first one.
fn values(id: &str, by_minute: &[(i64, u32)]) -> Value {
    let times = by_minute.iter().map(|(minute, _)| begin() + 60 * minute);
    let values = by_minute.iter().map(|(_, value)| value);
    json!({"Id": id, "Timestamps": times.collect::<Vec<_>>(), "Values": values.collect::<Vec<_>>()})
}

fn minute(minute: i64) -> String {
    time::moment((begin() + 60 * minute) * 1_000)
}

#[tokio::test]
async fn uploads_are_told_by_minute_and_lane_without_those_sent_again() {
    let pipeline = of_two_lanes();
    // The newest comes first, as CloudWatch sends it.
    let results = [
        values("lane0", &[(2, 20), (0, 10)]),
        values("lane1", &[(2, 80), (0, 0)]),
        // Retries of one metric and versions sent for of another.
        values("again0", &[(2, 6)]),
        values("again3", &[(2, 4)]),
    ];
    pipeline.answers(ASKED, 200, &json!({"MetricDataResults": results}));
    let answer = pipeline.well(&["history"]).await;
    let (first, third) = (minute(0), minute(2));
    assert_eq!(
        answer.text,
        format!(
            "time,lane,count,seconds\n{first},default,10,60\n{third},default,18,60\n{third},bulk,72,60"
        )
    );
    assert_eq!(answer.json["uploads"], 100);
    assert_eq!(answer.json["sent_again"], 10);
    let row = json!({"time": third, "lane": "bulk", "count": 72, "seconds": 60});
    assert_eq!(answer.json["rows"][2], row);

    let bulk = pipeline
        .well(&["history", "--lane", "bulk", "--for", "1d"])
        .await;
    assert_eq!(
        bulk.text,
        format!("time,lane,count,seconds\n{third},bulk,72,60")
    );
}

#[tokio::test]
async fn all_pages_of_cloudwatch_are_read() {
    let pipeline = pipeline(&[]);
    let page = |results: Value, token: Option<&str>| json!({"MetricDataResults": [results], "NextToken": token});
    let (first, second) = (values("lane0", &[(1, 5)]), values("lane0", &[(0, 3)]));
    pipeline.answers(ASKED, 200, &page(first, Some("more")));
    pipeline.answers(&format!("{ASKED} more"), 200, &page(second, None));
    let answer = pipeline.well(&["history"]).await;
    assert_eq!(answer.json["uploads"], 8);
    assert_eq!(answer.json["rows"][0]["time"], minute(0));
}

#[tokio::test]
async fn a_plan_is_made_of_the_uploads_of_the_past() {
    let pipeline = of_two_lanes();
    let results = [
        values("lane0", &[(0, 300), (1, 300)]),
        values("lane1", &[(1, 10_000)]),
    ];
    pipeline.answers(ASKED, 200, &json!({"MetricDataResults": results}));
    let answer = pipeline.well(&["history"]).await;
    let file = std::env::temp_dir().join(format!("history-{}.csv", std::process::id()));
    std::fs::write(&file, &answer.text).unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(["plan", "--takes", "2s", "--lane", "default,priority=1"])
        .args(["--lane", "bulk,priority=2", "--json", "--times"])
        .arg(&file)
        .env_clear()
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(told.status.success(), "{told:?}");
    let plan: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (&plan["uploads"], &plan["left"]),
        (&json!(10_600), &json!(0))
    );
    let starts = |lane: usize| plan["lanes"][lane]["starts"].as_u64();
    assert_eq!((starts(0), starts(1)), (Some(600), Some(10_000)));
    let from = plan["over_time"]["from"].as_str().unwrap();
    let hour = |time: &str| time.split(':').next().map(str::to_owned);
    assert_eq!(hour(from), hour(&minute(0)));
}

#[tokio::test]
async fn without_numbers_the_remedy_is_told() {
    let pipeline = pipeline(&[]);
    let told = async |line: &str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        pipeline.run(&arguments).await.unwrap_err()
    };
    let none = told("history").await;
    assert_eq!(none.status(), 1);
    let text = none.to_string();
    assert!(
        text.starts_with("CloudWatch knows of no upload of p from "),
        "{text}"
    );
    assert!(text.contains("`spillway -p p doctor` checks"), "{text}");

    let lane = told("history --lane bulk").await;
    let expected = "no lane is named 'bulk': p has default";
    assert_eq!(lane, Fault::Usage(expected.to_owned()));
    for (line, begins) in [
        (
            "history --for 456d",
            "CloudWatch keeps its numbers for 455 d",
        ),
        (
            "history --until 2099-01-01",
            "--until 2099-01-01T00:00:00.000Z is in the future",
        ),
        ("history --until soon", "'soon' is no time: give one"),
    ] {
        let fault = told(line).await;
        assert_eq!(fault.status(), 2, "{line}");
        assert!(fault.to_string().starts_with(begins), "{line}: {fault}");
    }

    pipeline.answers(ASKED, 403, &json!({}));
    let denied = told("history").await.to_string();
    assert!(denied.contains("`spillway iam --read` prints"), "{denied}");
}

/// A hole in the numbers would be a quiet minute in the plan.
#[tokio::test]
async fn numbers_that_cloudwatch_could_not_read_are_no_silence() {
    let pipeline = pipeline(&[]);
    let mut result = values("lane0", &[(0, 5)]);
    result["StatusCode"] = json!("InternalError");
    pipeline.answers(ASKED, 200, &json!({"MetricDataResults": [result]}));
    let fault = pipeline.run(&["history"]).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "asking CloudWatch for the metrics failed: InternalError: CloudWatch could not read all of them: try again"
    );
}
