//! `plan` as a process: without an account, and with the exit statuses of the rest.

use std::process::{Command, Output};

use serde_json::Value;

/// With nothing that names an account, a Region or an address.
fn spillway(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

#[test]
fn it_asks_nothing_of_aws() {
    let told = spillway(&[
        "plan",
        "--burst",
        "500",
        "--takes",
        "2s",
        "--region",
        "eu-central-1",
    ]);
    assert_eq!(told.status.code(), Some(0));
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(
        text.starts_with("pipeline (eu-central-1): 500 uploads"),
        "{text}"
    );

    let told = spillway(&["plan", "--burst", "500", "--takes", "2s", "--json"]);
    let json: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (json["uploads"].as_u64(), json["left"].as_u64()),
        (Some(500), Some(0))
    );
}

#[test]
fn what_is_wrong_is_status_2_and_what_is_not_found_is_status_1() {
    let wrong = spillway(&[
        "plan", "--burst", "500", "--takes", "2s", "--pace", "speed=5",
    ]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        said.starts_with("spillway: --pace speed: there are max_concurrency"),
        "{said}"
    );
    let find = [
        "plan",
        "--burst",
        "500",
        "--takes",
        "1m",
        "--find",
        "max_concurrency",
        "--drain-within",
        "30s",
    ];
    let none = spillway(&find);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        String::from_utf8(none.stdout)
            .unwrap()
            .starts_with("No max_concurrency up to")
    );
}
