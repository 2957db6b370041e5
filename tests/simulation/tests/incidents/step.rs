use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every test named in the README's tables exists, and every test is named there.
#[test]
fn tables_and_tests_are_in_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let rows = readme.lines().filter(|line| line.starts_with('|'));
    let last_cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let named: BTreeSet<String> = last_cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();

    let mut existing = BTreeSet::new();
    for entry in fs::read_dir(root.join("tests/it")).expect("the tests") {
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
    assert!(existing.len() > 50, "found only {existing:?}");
    assert_eq!(named, existing);
}
