//! Pictures of a run over time. Their texts are the page's, so that they stay readable on a small
//! screen.

use super::report::OverTime;

/// Width and height of a picture, in its own units: it is stretched to its place.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 200.0;

/// Draws an area under numbers. `label`: the words of a screen reader.
pub fn area(numbers: &[u32], class: &str, label: &str) -> String {
    let most = f64::from(numbers.iter().copied().max().unwrap_or_default().max(1));
    let step = WIDTH / numbers.len().max(1) as f64;
    let mut path = format!("M0 {HEIGHT}");
    for (place, number) in numbers.iter().enumerate() {
        let y = HEIGHT - f64::from(*number) / most * HEIGHT;
        let (from, to) = (place as f64 * step, (place + 1) as f64 * step);
        path.push_str(&format!("L{from:.1} {y:.1}L{to:.1} {y:.1}"));
    }
    path.push_str(&format!("L{WIDTH} {HEIGHT}Z"));
    svg(
        &format!(r#"<path class="{class}" d="{path}"/>"#),
        HEIGHT,
        label,
    )
}

/// Draws a strip of the reasons that kept events, over time, each in a colour of its own.
pub fn strip(over_time: &OverTime, label: &str) -> String {
    let codes = &over_time.held_by;
    let step = WIDTH / codes.len().max(1) as f64;
    let mut parts = String::new();
    let mut from = 0;
    while let Some(code) = codes.get(from) {
        let same = codes.iter().skip(from).take_while(|it| *it == code).count();
        if !code.is_empty() {
            let (x, width) = (from as f64 * step, same as f64 * step);
            parts.push_str(&format!(
                r#"<rect class="held-{code}" x="{x:.1}" width="{width:.1}" height="24"/>"#
            ));
        }
        from += same;
    }
    svg(&parts, 24.0, label)
}

fn svg(parts: &str, height: f64, label: &str) -> String {
    let label = escaped(label);
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" role="img" aria-label="{label}"><title>{label}</title>{parts}</svg>"#
    )
}

/// Returns a text within HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
