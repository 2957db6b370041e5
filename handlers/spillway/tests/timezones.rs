//! Each time zone of a window that Terraform accepts is one that the handlers know.

use std::path::Path;

use jiff::tz::TimeZoneDatabase;

const WRITE: &str = "SPILLWAY_WRITE=1 cargo test -p spillway --test timezones";

#[test]
fn terraform_knows_the_time_zones_of_the_handlers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform/data/timezones.json");
    let database = TimeZoneDatabase::bundled();
    let mut names: Vec<String> = database.available().map(|name| name.to_string()).collect();
    names.sort_unstable();
    let known = format!("{}\n", serde_json::to_string_pretty(&names).unwrap());
    if std::env::var_os("SPILLWAY_WRITE").is_some() {
        std::fs::write(&file, &known).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(
        written == known,
        "{} is out of date: {WRITE}",
        file.display()
    );
}
