//! Plans with a target that takes less than the pace allows.

use plan::Told;
use plan::given::arrivals::grouped;
use plan::told::report::Report;

use crate::support::{codes, report, told, wrong};

/// Ten a second, and executions of two seconds.
const LIMITED: &str = "--burst 2000 --takes 2s --backoff 30 --target-limit 10/s";
const ADAPTS: &str = "--adapt errors=*Throttl*";

fn share_refused(report: &Report) -> f64 {
    report.refused as f64 / report.starts as f64
}

#[test]
fn without_adapt_refusals_cost_executions_and_attempts() {
    let report = report(LIMITED);
    assert!(share_refused(&report) > 0.4, "{}", share_refused(&report));
    assert_eq!(
        report.dead_letters_by_error["TargetBusy"],
        report.dead_letters
    );
    // Each is an attempt that counts, and three use an event up.
    assert!(report.dead_letters > 300, "{}", report.dead_letters);
    assert_eq!(report.succeeded + report.dead_letters, 2_000);
    assert!(
        report.sentence.contains(" are dead letters; at most"),
        "{}",
        report.sentence
    );
    assert_eq!((&report.circuit, report.uncounted), (&None, 0));
    let refused = report.warnings.iter().find(|it| it.code == "refused");
    let refused = refused.expect("it is told");
    let executions = grouped(report.refused);
    assert_eq!(
        refused.what,
        format!(
            "The target refuses {executions} executions: each costs an execution and an attempt"
        )
    );
    assert_eq!(
        refused.remedy,
        "set pace.adapt, or starts_per_second = 10 and burst = 10"
    );
}

#[test]
fn with_adapt_starts_follow_the_target_and_nothing_is_dead() {
    let report = report(&format!("{LIMITED} {ADAPTS}"));
    assert!(share_refused(&report) < 0.08, "{}", share_refused(&report));
    assert_eq!((report.succeeded, report.dead_letters), (2_000, 0));
    assert_eq!(report.uncounted, report.refused);
    let circuit = report.circuit.as_ref().expect("the pace adapts");
    assert_eq!(circuit.changes[0].state, "slowed");
    assert!(circuit.changes[0].starts_per_second < 15.0, "{circuit:?}");
    assert_eq!(report.held_by[0].code, "target", "{:?}", report.held_by);
    assert!(
        !codes(&report).contains(&"refused"),
        "{:?}",
        report.warnings
    );
    assert_eq!(report.given.target.expect("it is given").error, "Throttl");
}

#[test]
fn in_an_outage_only_probes_start() {
    let line = "--burst 6000 --takes 2s --target-outage at=1m,for=10m";
    let with = report(&format!("{line} {ADAPTS}"));
    let circuit = with.circuit.expect("the pace adapts");
    let states: Vec<&str> = circuit.changes.iter().map(|it| it.state.as_str()).collect();
    // The first failures slow it down; ten in a row are an outage.
    assert_eq!(states, ["slowed", "open", "rising", "slowed", "closed"]);
    assert_eq!(circuit.changes[1].starts_per_second, 0.0);
    assert!((20..80).contains(&circuit.probes), "{}", circuit.probes);
    assert!(with.refused < 400, "{}", with.refused);
    assert_eq!((with.succeeded, with.dead_letters), (6_000, 0));
    let without = report(line);
    assert!(without.refused > 10 * with.refused, "{}", without.refused);
    assert!(without.dead_letters > 1_000, "{}", without.dead_letters);
}

#[test]
fn ends_that_do_not_count_are_bounded() {
    let line = "--burst 20 --takes 1s --target-outage at=0s,for=30d --attempts 2 --backoff 5";
    let dead = |uncounted: u32| {
        let report = report(&format!("{line} {ADAPTS},uncounted_max={uncounted}"));
        assert_eq!(report.dead_letters, 20);
        report.starts
    };
    assert_eq!(dead(0), 40);
    assert_eq!(dead(3), 100);
}

#[test]
fn an_error_that_adapt_does_not_name_is_told() {
    let report = report(&format!("{LIMITED} {ADAPTS} --target-error Busy"));
    let refused = report.warnings.iter().find(|it| it.code == "refused");
    let refused = refused.expect("it is told");
    assert!(
        refused
            .what
            .contains("with Busy, which pace.adapt does not name"),
        "{}",
        refused.what
    );
    assert_eq!(report.circuit.expect("it is there").changes_in_all, 0);
}

#[test]
fn failures_that_adapt_names_slow_starts_down_without_a_target() {
    let line = "--burst 3000 --takes 1s --fails Timeout=30%";
    let named = report(&format!("{line} --adapt errors=Timeout"));
    let other = report(&format!("{line} {ADAPTS}"));
    assert!(named.drain_seconds > other.drain_seconds);
    assert!(named.uncounted > 500 && named.refused == 0);
    assert_eq!(other.circuit.expect("it is there").changes_in_all, 0);
}

#[test]
fn a_target_without_a_limit_changes_nothing() {
    let line = "--burst 2000 --takes 2s --fails 2%";
    let (without, with) = (report(line), report(&format!("{line} {ADAPTS}")));
    assert_eq!(without.drain_seconds, with.drain_seconds);
    assert_eq!(without.starts, with.starts);
    // `settle` counts ends: a write for each of its invocations.
    let writes = |report: &Report| report.dollars.month["DynamoDB writes"];
    assert!(writes(&with) > writes(&without));
}

#[test]
fn text_page_and_comparison_show_it() {
    let directory = std::env::temp_dir();
    let file = |name: &str| {
        let name = format!("spillway-target-{}-{name}", std::process::id());
        directory.join(name)
    };
    let (before, page) = (file("before.json"), file("page.html"));
    let without = told(LIMITED);
    std::fs::write(&before, without.json.to_string()).unwrap();
    let with = told(&format!("{LIMITED} {ADAPTS}"));
    for part in [
        "executions by the target, ",
        " attempts do not count",
        "circuit  Mon 00:00 slowed ",
        "held by  the target ",
    ] {
        assert!(with.text.contains(part), "{part}: {}", with.text);
    }
    let compared = told(&format!(
        "{LIMITED} {ADAPTS} --compare {} --html {}",
        before.display(),
        page.display()
    ));
    let written = std::fs::read_to_string(&page).unwrap();
    [before, page]
        .iter()
        .for_each(|file| std::fs::remove_file(file).unwrap());
    let line = |name: &str| {
        let line = compared.text.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("{name}: {}", compared.text))
            .to_owned()
    };
    assert!(line("refused by the target").contains(','), "many before");
    assert!(line("probes").contains(" - "), "none without adapt");
    for part in [
        "<h2 id=\"circuit\">",
        "Executions that the target refused: ",
        "class=\"refused\"",
        "held-target",
    ] {
        assert!(written.contains(part), "{part}");
    }
    assert_eq!(written.matches("<svg").count(), 5);
}

#[test]
fn wrong_numbers_of_a_target_are_refused() {
    for (line, part) in [
        ("--target-limit 10", "such as 10/s"),
        ("--target-outage at=5m", "say how long it lasts"),
        ("--adapt errors=*", "only of *"),
        ("--adapt uncounted_max=3", "errors is empty"),
        ("--adapt errors=A,B", "write ; between two errors"),
        (
            "--adapt errors=A,tolerated_share=NaN",
            "give a number above 0",
        ),
        (
            "--adapt errors=A,slowest_starts_per_second=30",
            "give at most starts_per_second, 25",
        ),
        ("--target-error Busy", "give --target-limit"),
    ] {
        let told = wrong(&format!("--burst 10 --takes 5s {line}"));
        assert!(told.contains(part), "{line}: {told}");
    }
}

#[test]
fn a_number_that_makes_dead_letters_at_the_target_is_not_found() {
    let line = "--burst 2000 --takes 2s --backoff 30 --target-limit 10/s --pace burst=10";
    let searched = |within: &str| {
        told(&format!(
            "{line} --find starts_per_second --drain-within {within}"
        ))
    };
    // Eight is too slow, and sixteen is more than the target takes.
    let found = searched("220s");
    let tried = |told: &Told, number: u64| {
        let tried = told.json["tried"].as_array().expect("a list");
        tried.iter().any(|it| it["number"] == number)
    };
    assert!(tried(&found, 8) && tried(&found, 16), "{}", found.text);
    assert_eq!(found.json["found"], 10, "{}", found.text);
    assert_eq!(found.json["plan"]["dead_letters"], 0);
    let impossible = searched("1m");
    assert!(!impossible.found, "{}", impossible.text);
    assert!(
        impossible.text.contains("object events dead letters"),
        "{}",
        impossible.text
    );
}

#[test]
fn more_of_a_number_can_make_fewer_dead_letters() {
    let batches = told(
        "--burst 2000 --takes 2s --target-limit 20/s --pace burst=20 --find events_per_execution --drain-within 10m",
    );
    let found = batches.json["found"].as_u64().expect(&batches.text);
    assert!(found > 1, "{found}");
    let outage = told(
        "--burst 400 --takes 2s --backoff 30 --target-outage at=10m,for=30m --find max_concurrency --drain-within 9m",
    );
    assert!(outage.found, "{}", outage.text);
}

#[test]
fn a_search_begins_with_the_smallest_number_that_the_pipeline_can_have() {
    let first = |line: &str| {
        let told = told(&format!("--burst 100 --takes 2s --drain-within 1h {line}"));
        let numbers = told.json["tried"].as_array().expect("a list").clone();
        numbers[0]["number"].clone()
    };
    assert_eq!(
        first("--find starts_per_second --adapt errors=A,slowest_starts_per_second=2"),
        2
    );
    assert_eq!(
        first("--find max_concurrency --tenants max_concurrency=5"),
        5
    );
}

#[test]
fn the_remedy_of_refusals_is_of_their_cause() {
    let remedy = |line: &str| {
        let report = report(&format!("--burst 2000 --takes 2s {line}"));
        let refused = report.warnings.into_iter().find(|it| it.code == "refused");
        refused.expect(line).remedy
    };
    assert_eq!(
        remedy("--target-limit 25/s --pace burst=100"),
        "set pace.adapt, or burst = 25"
    );
    assert_eq!(
        remedy("--target-limit 30/m"),
        "set pace.adapt, or starts_per_second = 0.5 and burst = 1"
    );
    assert_eq!(
        remedy(&format!("--target-limit 5/h {ADAPTS}")),
        "set starts_per_second = 0.0013 and burst = 1; lower pace.adapt.slowest_starts_per_second"
    );
    assert_eq!(
        remedy(&format!("--target-outage at=0s,for=30d {ADAPTS}")),
        "for an outage that is planned, pause in a window"
    );
}

#[test]
fn the_guide_tells_the_plan_without_adapt() {
    let guide = include_str!("../../../../docs/guide/adapt.md");
    let report = report("--burst 10000 --takes 2s --target-limit 10/s");
    let told = format!(
        "Without `--adapt` the target refuses {} executions, and {} events are dead letters.",
        grouped(report.refused),
        grouped(report.dead_letters)
    );
    assert!(guide.contains(&told), "{told}");
}

#[test]
fn the_remedy_of_a_late_burst_names_the_target() {
    let line = "--burst 4000,every=5m --for 10m --takes 2s --target-limit 10/s";
    let overlap = |line: &str| {
        let report = report(line);
        let overlap = report.warnings.into_iter().find(|it| it.code == "overlap");
        overlap.expect(line).remedy
    };
    assert_eq!(
        overlap(&format!("{line} {ADAPTS}")),
        "let the target take more, send fewer, or put more events into one execution"
    );
}
