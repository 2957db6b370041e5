//! Pictures of runs in virtual time: lines over minutes, as an SVG.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 44.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 44.0;
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}\
    .axis{stroke:#999;stroke-width:1}.dashed{fill:none;stroke:#c33;stroke-width:2;stroke-dasharray:6 4}\
    .solid{fill:none;stroke:#2a78b5;stroke-width:2}\
    @media(prefers-color-scheme:dark){text{fill:#ddd}.solid{stroke:#5aa5dd}.dashed{stroke:#e66}}";

/// The look of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Blue.
    Solid,
    /// Red.
    Dashed,
}

/// A line: a minute and a number for each of its points.
#[derive(Debug, Clone)]
pub struct Line {
    pub look: Look,
    pub points: Vec<(f64, f64)>,
}

/// An axis from 0.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    pub end: u32,
    pub step: usize,
}

/// A picture with its words.
#[derive(Debug, Clone)]
pub struct Picture {
    pub title: String,
    /// The picture in words, for a reader who does not see it.
    pub description: String,
    /// The line below the picture.
    pub legend: String,
    pub minutes: Axis,
    pub numbers: Axis,
    pub lines: Vec<Line>,
}

impl Picture {
    /// Draws it as an SVG.
    pub fn svg(&self) -> String {
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n\
             <title>{title}</title>\n<desc>{description}</desc>\n\
             <style>{STYLE}</style><text class=\"title\" x=\"8\" y=\"24\">{title}</text>\n"
        );
        for number in (0..=self.numbers.end).step_by(self.numbers.step) {
            let y = self.y(f64::from(number));
            let _ = writeln!(
                svg,
                "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" opacity=\"0.3\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{number}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0,
            );
        }
        for minute in (0..=self.minutes.end).step_by(self.minutes.step) {
            let y = HEIGHT - BOTTOM + 20.0;
            // The last one would stick out.
            let (x, anchor) = match minute == self.minutes.end {
                true => (WIDTH - 2.0, "end"),
                false => (self.x(f64::from(minute)), "middle"),
            };
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{minute} min</text>",
            );
        }
        for line in &self.lines {
            let class = match line.look {
                Look::Solid => "solid",
                Look::Dashed => "dashed",
            };
            let points = line.points.iter();
            let points: Vec<_> = points
                .map(|(minute, number)| format!("{:.1},{:.1}", self.x(*minute), self.y(*number)))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline class=\"{class}\" points=\"{}\"/>",
                points.join(" ")
            );
        }
        let (legend, y) = (escaped(&self.legend), HEIGHT - 6.0);
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{y}\">{legend}</text>\n</svg>");
        svg
    }

    fn x(&self, minute: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * minute / f64::from(self.minutes.end)
    }

    fn y(&self, number: f64) -> f64 {
        let end = f64::from(self.numbers.end);
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * number.min(end) / end
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_words_and_each_line_is_within_its_axes() {
        let picture = Picture {
            title: "a < b".into(),
            description: "\"b\" grows".into(),
            legend: "blue: b".into(),
            minutes: Axis { end: 10, step: 5 },
            numbers: Axis { end: 4, step: 2 },
            lines: vec![Line {
                look: Look::Solid,
                points: vec![(0.0, 0.0), (10.0, 9.0)],
            }],
        };
        let svg = picture.svg();
        assert!(svg.contains("<title>a &lt; b</title>\n<desc>&quot;b&quot; grows</desc>"));
        assert!(svg.contains("points=\"44.0,256.0 704.0,44.0\""), "{svg}");
        assert_eq!(svg.matches(" min</text>").count(), 3);
    }
}
