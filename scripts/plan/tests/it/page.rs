//! The contents of the page. tests/scripts/test_plan_page.py looks at it in a browser.

use crate::support::told;

fn page() -> String {
    let file = std::env::temp_dir().join(format!("spillway-page-{}.html", std::process::id()));
    told(&format!(
        "--burst 1000,every=10m --for 1h --takes 30s --fails <b>=5%,always --pace max_concurrency=20 --html {}",
        file.display()
    ));
    let page = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    page
}

#[test]
fn it_needs_nothing_else() {
    let page = page();
    for foreign in [
        "http:", "https:", "<script", "<link", "url(", "@import", "src=",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn each_picture_has_words_and_a_table() {
    let page = page();
    let count = |part: &str| page.matches(part).count();
    assert_eq!(count("<svg"), 4);
    assert_eq!(count("<svg"), count("role=\"img\" aria-label=\""));
    assert_eq!(count("<figure>"), count("<details>"));
    for figure in page.split("<figure>").skip(1) {
        let figure = figure.split("</figure>").next().unwrap();
        assert!(
            figure.contains("<figcaption>") && figure.contains("<table>"),
            "{figure}"
        );
    }
    assert_eq!(count("<table>"), count("<caption>"));
    assert_eq!(count("<h1>"), 1);
    assert!(count("<th scope=\"row\">") > 20 && count("<th scope=\"col\">") > 10);
}

#[test]
fn what_others_wrote_is_text() {
    let page = page();
    assert!(page.contains("&lt;b&gt;"), "the error's name");
    assert!(!page.contains("<b>"));
    assert!(
        page.contains("is not drained before that of"),
        "the warning"
    );
}
