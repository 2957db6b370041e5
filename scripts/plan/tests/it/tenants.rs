//! Plans with tenants.

use plan::told::report::{Report, TenantReport};

use crate::support::{codes, report, told, wrong};

/// A tenant with many files, and twenty with few.
const ARRIVES: &str = "--burst 2000,tenant=acme --burst 200,at=30s,over=5m,tenants=20 --takes 10s --pace max_concurrency=20,starts_per_second=20";

fn of<'a>(report: &'a Report, code: &str) -> &'a TenantReport {
    let mut tenants = report.tenants.iter();
    tenants.find(|it| it.code == code).expect("it is there")
}

#[test]
fn a_bound_keeps_a_heavy_tenant_from_holding_up_the_others() {
    let without = report(ARRIVES);
    let with = report(&format!("{ARRIVES} --tenants max_concurrency=10"));
    let others = |report: &Report| of(report, "others").p99_seconds.unwrap();
    assert!(others(&without) > 300.0, "{:?}", without.tenants);
    assert!(others(&with) < 60.0, "{:?}", with.tenants);
    let acme = of(&with, "heaviest");
    assert_eq!((acme.name.as_str(), acme.starts), ("acme", 2_000));
    // Two hundred rounds of ten seconds.
    assert!(acme.worst_seconds > Some(2_000.0), "{acme:?}");
    assert_eq!((of(&with, "others").tenants, with.left), (20, 0));
    assert!(with.deferred > 1_900, "{}", with.deferred);
    assert_eq!(with.held_by[0].code, "tenants", "{:?}", with.held_by);
    assert_eq!(without.deferred, 0);
}

#[test]
fn never_more_of_a_tenant_run_than_its_bound() {
    let report = report(
        "--burst 100,tenants=3 --takes 5s --pace max_concurrency=50,starts_per_second=50 --tenants max_concurrency=2",
    );
    assert_eq!((report.running.most, report.succeeded), (6, 100));
    // Waits are those of all uploads.
    assert_eq!(report.tenants.iter().map(|it| it.starts).sum::<u64>(), 100);
}

#[test]
fn an_upload_without_a_tenant_has_no_bound() {
    let report = report(
        "--burst 40 --burst 5,tenant=acme --takes 20s --pace starts_per_second=50 --tenants max_concurrency=1",
    );
    assert_eq!(report.running.most, 41);
    assert!(of(&report, "none").worst_seconds < Some(10.0));
    assert!(of(&report, "heaviest").worst_seconds > Some(60.0));
}

#[test]
fn an_event_that_waits_costs_three_writes_more() {
    let line = "--burst 5000,tenant=acme --takes 1s --pace max_concurrency=200,starts_per_second=200,burst=200";
    let without = report(line);
    let with = report(&format!("{line} --tenants max_concurrency=100"));
    let writes = |report: &Report| report.dollars.month["DynamoDB writes"] / 0.625 * 1e6;
    let more = (writes(&with) - writes(&without)) / with.deferred as f64;
    // Also the tenant begins to wait, and stops, once a tick; and more ticks take the lease.
    assert!((2.95..3.3).contains(&more), "{more} for {}", with.deferred);
}

#[test]
fn tenants_wait_in_each_lane_and_are_bounded_over_all() {
    let report = report(
        "--lane urgent,priority=1 --lane bulk,priority=2 --burst 20,lane=urgent,tenant=acme --burst 20,lane=bulk,tenant=acme \
         --takes 5s --tenants max_concurrency=3",
    );
    assert_eq!((report.running.most, report.succeeded), (3, 40));
}

#[test]
fn a_file_tells_tenants_and_the_option_wins() {
    let file = std::env::temp_dir().join(format!("spillway-tenants-{}.csv", std::process::id()));
    let rows = "key,time\nin/acme/a,2026-11-22T02:00:00Z\nin/acme/b,2026-11-22T02:00:01Z\nin/b/c,2026-11-22T02:00:02Z\n";
    std::fs::write(&file, rows).unwrap();
    let line = format!(
        "--takes 1s --tenants max_concurrency=1,by=2 --times {}",
        file.display()
    );
    let keys = report(&line);
    let given = report(&format!("{line},tenant=zenith"));
    std::fs::remove_file(&file).unwrap();
    let heaviest = of(&keys, "heaviest");
    assert_eq!((heaviest.name.as_str(), heaviest.starts), ("acme", 2));
    assert_eq!(keys.given.tenants.as_ref().unwrap().by, "2");
    assert_eq!(of(&given, "heaviest").starts, 3);
}

#[test]
fn the_smallest_bound_that_does_is_found() {
    let found = told(&format!(
        "{ARRIVES} --find tenants.max_concurrency --drain-within 30m"
    ));
    let number = found.json["found"].as_u64().unwrap();
    let drained = |number: u64| {
        let line = format!("{ARRIVES} --tenants max_concurrency={number}");
        report(&line).drain_seconds.unwrap()
    };
    assert!(drained(number) <= 1_800.0 && drained(number - 1) > 1_800.0);
}

#[test]
fn a_bound_without_tenants_is_told_and_so_is_the_text() {
    let none = report("--burst 10 --takes 5s --tenants max_concurrency=5");
    assert!(codes(&none).contains(&"tenants"), "{:?}", none.warnings);
    let some = told(&format!("{ARRIVES} --tenants max_concurrency=10"));
    for part in [
        "acme              2,000 ",
        "20 other tenants",
        "events waited for their tenants",
        "tenants.max_concurrency ",
    ] {
        assert!(some.text.contains(part), "{part}: {}", some.text);
    }
}

#[test]
fn tenants_are_refused_where_the_module_refuses_them() {
    for (line, part) in [
        ("--tenants 5", "give max_concurrency=5"),
        ("--tenants max_concurrency=101", "give 1 to 100"),
        (
            "--tenants max_concurrency=5 --order each",
            "wait for its object's turn and for its tenant",
        ),
        (
            "--tenants max_concurrency=5 --events-per-execution 2",
            "would count for several tenants",
        ),
        ("--burst 5,tenant=a,tenants=2", "leave one of them out"),
        (
            "--tenants by=2,max_concurrency=0",
            "give max_concurrency=1 or more",
        ),
        (
            "--tenants by=x,max_concurrency=5",
            "\"x\" has 0 groups: give one",
        ),
    ] {
        let told = wrong(&format!("--burst 10 --takes 5s {line}"));
        assert!(told.contains(part), "{line}: {told}");
    }
}
