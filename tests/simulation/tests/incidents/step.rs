use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every test that `docs/evidence/incidents.md` names is here, and every test here is named there.
#[test]
fn the_page_and_the_tests_are_in_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../../docs/evidence/incidents.md")).expect("the page");
    let marked = page.lines().filter_map(|line| line.strip_prefix("Test: `"));
    let named: BTreeSet<String> = marked
        .map(|rest| rest.trim_end_matches('`').to_owned())
        .collect();

    let mut existing = BTreeSet::new();
    for entry in fs::read_dir(root.join("tests/incidents")).expect("the tests") {
        let path = entry.expect("a file").path();
        let module = path.file_stem().and_then(|stem| stem.to_str());
        let module = module.expect("modules have plain names");
        let source = fs::read_to_string(&path).expect("the source");
        let mut lines = source.lines();
        while lines.any(|line| line == "#[tokio::test(start_paused = true)]") {
            let signature = lines.next().expect("a function follows");
            let name = signature.trim_start_matches("async fn ");
            let name = name.trim_end_matches("() {");
            existing.insert(format!("{module}::{name}"));
        }
    }
    assert!(existing.len() >= 12, "found only {existing:?}");
    assert_eq!(named, existing);
}
