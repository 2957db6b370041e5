//! What Terraform accepts as a time zone of a window is what the handlers know.

use std::path::Path;

use jiff::tz::TimeZoneDatabase;

const WRITE: &str = "SPILLWAY_WRITE=1 cargo test -p spillway --test timezones";

fn known() -> String {
    let mut names: Vec<String> = TimeZoneDatabase::bundled()
        .available()
        .map(|name| name.to_string())
        .collect();
    names.sort_unstable();
    format!("{}\n", serde_json::to_string_pretty(&names).unwrap())
}

#[test]
fn terraform_knows_the_time_zones_of_the_handlers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform/data/timezones.json");
    let known = known();
    if std::env::var_os("SPILLWAY_WRITE").is_some() {
        std::fs::write(&file, &known).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written == known, "{} is out of date: {WRITE}", file.display());
}
