//! `load` itself, with the real handlers as cargo builds them for tests.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;

use serde_json::{Value, json};

/// Returns a binary of another package: cargo puts it beside this one's. For the tests of a
/// workspace it builds only the binaries of their own packages. A file there can be old, so the
/// build is asked for all.
fn handler(name: &str) -> String {
    static BUILT: Once = Once::new();
    let directory = Path::new(env!("CARGO_BIN_EXE_load")).parent().unwrap();
    BUILT.call_once(|| {
        // The directory has the profile's name, but for this one.
        let profile = match directory.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(profile) => profile,
        };
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--locked",
                "--workspace",
                "--bins",
                "--profile",
                profile,
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(built.success(), "the handlers do not build");
    });
    let handler = directory.join(name);
    assert!(
        handler.exists(),
        "{} is not there: is the target directory another one?",
        handler.display()
    );
    handler.display().to_string()
}

fn load(scenario: &Value) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_load"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(scenario.to_string().as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

/// Returns the result of a scenario: `work` by `program`, changed by `with`.
#[track_caller]
fn measured(program: &str, work: &str, with: Value) -> Value {
    let mut scenario = json!({"program": [program], "work": work});
    for (name, value) in with.as_object().into_iter().flatten() {
        scenario[name] = value.clone();
    }
    let output = load(&scenario);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn assert_done(result: &Value, events: u32) {
    assert_eq!(result["events"], events);
    assert_eq!(result["lost"], 0, "{result}");
    assert_eq!(result["started_twice"], 0, "{result}");
    assert_eq!(result["invocations_failed"], 0, "{result}");
}

fn calls(result: &Value, operation: &str) -> u64 {
    result["calls"][operation].as_u64().unwrap_or_default()
}

#[test]
fn dispatch_starts_every_event_once() {
    let result = measured(
        &handler("dispatch"),
        "dispatch",
        json!({"events": 120, "slots_taken": 15}),
    );
    assert_done(&result, 120);
    assert_eq!(result["starts"], 120);
    assert_eq!(calls(&result, "StartExecution"), 120);
    // Of each event a slot and a claim, at least; the preparation of the run is not counted.
    let written = result["write_units"].as_f64().unwrap();
    assert!((240.0..480.0).contains(&written), "{result}");
    let spent = |name: &str| result[name]["cpu_ms"].as_f64().unwrap();
    assert!(
        spent("start_up") > 0.0 && spent("first_invocation") > 0.0,
        "{result}"
    );
    let cpu =
        result["cpu_s"]["user"].as_f64().unwrap() + result["cpu_s"]["system"].as_f64().unwrap();
    // It was the only one, and sums of fractions are rounded.
    assert!(cpu * 1e3 >= spent("first_invocation") - 1e-6, "{result}");
    assert!(result["peak_rss_bytes"]["at_first_poll"].as_u64().unwrap() > 1_000_000);
}

#[test]
fn events_of_one_execution_are_counted_each() {
    let result = measured(
        &handler("dispatch"),
        "dispatch",
        json!({"events": 50, "per_execution": 10}),
    );
    assert_done(&result, 50);
    assert_eq!(result["starts"], 5);
}

#[test]
fn settle_settles_and_ingest_takes_in() {
    let settled = measured(
        &handler("settle"),
        "settle",
        json!({"events": 35, "slots_taken": 3}),
    );
    assert_done(&settled, 35);
    assert_eq!(settled["invocations"], 4);
    assert_eq!(calls(&settled, "StartExecution"), 0);

    let taken_in = measured(
        &handler("ingest"),
        "ingest",
        json!({"events": 20, "per_execution": 2}),
    );
    assert_done(&taken_in, 20);
    assert_eq!(taken_in["invocations"], 10);
}

#[test]
fn the_floor_only_receives_and_starts() {
    let result = measured(
        env!("CARGO_BIN_EXE_floor"),
        "messages",
        json!({"events": 100}),
    );
    assert_done(&result, 100);
    let names: Vec<&String> = result["calls"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["ReceiveMessage", "StartExecution"]);
}

#[test]
fn messages_may_have_another_form() {
    let template = r#"{"meta": {"queue": "{queue_url}", "name": "execution-{n}"}, "payload": ["{bucket}", "{key}"]}"#;
    let result = measured(
        env!("CARGO_BIN_EXE_floor"),
        "messages",
        json!({"events": 30, "message_template": template}),
    );
    assert_done(&result, 30);
    assert_eq!(result["starts"], 30);
}

#[test]
fn a_program_may_write_down_what_it_counted_when_it_ends() {
    let marker = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("counted-by-the-program");
    let _ = std::fs::remove_file(&marker);
    // As valgrind does it.
    let script = r#""$0" & trap 'kill $!; echo 42 > "$1"; exit' TERM; wait"#;
    let floor = env!("CARGO_BIN_EXE_floor");
    let program = json!(["/bin/sh", "-c", script, floor, marker.display().to_string()]);
    let result = measured(floor, "messages", json!({"events": 10, "program": program}));
    assert_done(&result, 10);
    assert_eq!(std::fs::read_to_string(&marker).unwrap(), "42\n");
}

#[test]
fn tls_works() {
    let result = measured(
        env!("CARGO_BIN_EXE_floor"),
        "messages",
        json!({"events": 20, "tls": true}),
    );
    assert_done(&result, 20);
}

#[test]
fn starts_beyond_the_quota_are_throttled() {
    let within = |burst: &str| {
        json!({
            "events": 20, "start_quota": {"per_second": 40, "burst": 10},
            "environment": {"SPILLWAY_BURST": burst, "SPILLWAY_STARTS_PER_SECOND": "20"}
        })
    };
    let result = measured(&handler("dispatch"), "dispatch", within("20"));
    assert_eq!(
        (&result["lost"], &result["started_twice"]),
        (&json!(0), &json!(0)),
        "{result}"
    );
    assert!(result["throttled"].as_u64().unwrap() > 0, "{result}");

    let paced = measured(&handler("dispatch"), "dispatch", within("5"));
    assert_done(&paced, 20);
    assert_eq!(paced["throttled"], 0, "{paced}");
    assert!(paced["last_start_s"].as_f64().unwrap() > 0.5, "{paced}");
}

#[test]
fn calls_take_their_latency_and_some_fail() {
    let late = json!({"events": 10, "latency_ms": 50, "error_rate": 0.2});
    let result = measured(&handler("ingest"), "ingest", late);
    assert_eq!(result["lost"], 0, "{result}");
    // Ten times a row and then a message.
    assert!(result["wall_s"].as_f64().unwrap() > 1.0, "{result}");
    let rows_and_messages = 20;
    let all: u64 = result["calls"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert!(all > rows_and_messages, "none was repeated: {result}");
}

#[test]
fn a_share_of_a_processor_is_all_a_program_gets() {
    let share = 0.1;
    let output = load(&json!({
        "program": [env!("CARGO_BIN_EXE_floor")], "work": "messages", "events": 1_000, "cpu_share": share
    }));
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(2) {
        // Not every user has the permission to write control groups.
        assert!(said.starts_with("cpu_share needs "), "{said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_done(&result, 1_000);
    let number = |value: &Value| value.as_f64().unwrap();
    let cpu = number(&result["cpu_s"]["user"]) + number(&result["cpu_s"]["system"]);
    // The rest of the period in which the work began comes on top.
    assert!(cpu < number(&result["wall_s"]) * share * 1.3, "{result}");
}

#[test]
fn a_program_that_dies_is_reported() {
    let died = |program: Value| {
        let output = load(&json!({"program": program, "work": "dispatch", "events": 1}));
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = died(json!([
        "/bin/sh",
        "-c",
        "echo {queue_url} is not mine; exit 3"
    ]));
    assert!(said.contains("exit status: 3"), "{said}");
    assert!(said.contains("/123456789012/events is not mine"), "{said}");
    assert!(died(json!(["/nowhere/to/be/found"])).contains("/nowhere/to/be/found"));
}

#[test]
fn only_the_time_until_the_first_request_is_measured() {
    let result = measured(&handler("reconcile"), "start_up", json!({}));
    assert_eq!(result["invocations"], 0);
    assert!(result["start_up"]["wall_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(result["calls"], json!({}));
}

#[test]
fn the_program_ends_with_its_driver() {
    let marker = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pid-of-the-program");
    let _ = std::fs::remove_file(&marker);
    let script = format!("echo $$ > {}; exec sleep 600", marker.display());
    let scenario = json!({"program": ["/bin/sh", "-c", script], "work": "start_up"});
    let mut driver = Command::new(env!("CARGO_BIN_EXE_load"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = driver.stdin.take().unwrap();
    input.write_all(scenario.to_string().as_bytes()).unwrap();
    drop(input);
    let within = |what: &str, is: &dyn Fn() -> bool| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !is() {
            assert!(std::time::Instant::now() < until, "{what}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    let pid = || {
        std::fs::read_to_string(&marker)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    within("the program did not start", &|| !pid().is_empty());
    driver.kill().unwrap();
    driver.wait().unwrap();
    within("the program lives on", &|| !runs(&pid()));
}

/// Returns whether a process runs: a zombie has ended.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, state)| !state.trim_start().starts_with('Z'))
}
