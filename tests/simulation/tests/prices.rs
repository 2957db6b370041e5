//! The prices on the pages are the counted ones.

use std::path::Path;

use simulation::costs::{self, Bill, Way, prices};

const EVENTS: u32 = 1_000;
/// 128 and 256 MB, each on arm64 and x86_64: the columns of an idle month.
const FUNCTIONS: [(f64, f64); 4] = [
    (128.0, prices::LAMBDA_PER_GB_SECOND),
    (128.0, prices::LAMBDA_PER_GB_SECOND_X86),
    (256.0, prices::LAMBDA_PER_GB_SECOND),
    (256.0, prices::LAMBDA_PER_GB_SECOND_X86),
];

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Panics unless the page holds the words: then its author copies them from here.
fn says(name: &str, words: &str) {
    assert!(page(name).contains(words), "{name} does not say: {words}");
}

/// The end of a row.
fn cells(numbers: impl IntoIterator<Item = f64>) -> String {
    let cells = numbers.into_iter().map(|it| format!(" {it:.2} |"));
    cells.collect()
}

fn of_functions(month: &Bill) -> String {
    cells(FUNCTIONS.map(|(memory_mb, price)| month.total_with(memory_mb, price)))
}

#[tokio::test(start_paused = true)]
async fn an_idle_month_costs_what_the_pages_say() {
    let mut rows = Vec::new();
    for lanes in [1, 4] {
        let stops = costs::of_idle_month(lanes).await;
        let waits = costs::of_waiting_month(lanes).await;
        rows.push(format!("| `\"stop\"` | {lanes} |{}", of_functions(&stops)));
        rows.push(format!("| `\"wait\"` | {lanes} |{}", of_functions(&waits)));
        let cloudwatch = waits.dollars()["CloudWatch"];
        says("docs/guide/costs.md", &format!("(${cloudwatch:.2})"));
    }
    for row in rows {
        says("docs/guide/costs.md", &row);
    }
}

#[tokio::test(start_paused = true)]
async fn events_cost_what_the_pages_say() {
    let idle = costs::of_idle_month(1).await.total();
    let mut rows = Vec::new();
    for events_per_execution in [1, 10, 100] {
        let mut bills = Vec::new();
        for way in Way::ALL {
            bills.push(costs::of_burst(way, events_per_execution, EVENTS).await);
        }
        let dollars = bills[0].times(1e6).dollars();
        let of = |service: &str| dollars[service];
        let totals = cells(bills.iter().map(|bill| bill.total() * 1e6));
        let writes = of("DynamoDB writes");
        let rest = format!(", {:.2}, {:.2} |", of("DynamoDB reads"), of("SQS"));
        rows.push((
            format!("| {events_per_execution} |{totals} {writes:.2}"),
            rest,
        ));
        if events_per_execution == 1 {
            let month = |events: f64| idle + bills[0].total() * events;
            let (few, many, most) = (month(1e3), month(1e6), month(1e8));
            let row = format!("| dollars | {few:.2} | {many:.2} | {most:.0} |");
            says("docs/guide/costs.md", &row);
            let per_million = format!(
                "1.50 at 100 per execution | {:.2}, ",
                bills[0].total() * 1e6
            );
            says("docs/evidence/performance.md", &per_million);
            for name in ["README.md", "README.ko.md"] {
                for words in [
                    format!("${few:.2}"),
                    format!("${many:.2}"),
                    format!("${most:.0}"),
                ] {
                    says(name, &words);
                }
            }
        }
    }
    let costs = page("docs/guide/costs.md");
    for (begin, end) in rows {
        let held = |line: &str| line.starts_with(&begin) && line.ends_with(&end);
        assert!(
            costs.lines().any(held),
            "docs/guide/costs.md does not say: {begin} …{end}"
        );
    }
}
