//! `status --watch`: the same screen, live.

use std::io::stdout;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Sparkline, Wrap};

use super::look;
use super::report::{Report, finding_line};
use super::verdict::Level;
use crate::answer::{colours, table};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::pipeline::Pipeline;

/// How often a key is listened for.
const KEYS_EVERY: Duration = Duration::from_millis(100);

/// The terminal as it was before, after any end of the screen.
struct Screen;

impl Screen {
    fn open() -> std::io::Result<Self> {
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen)?;
        Ok(Self)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(execute!(stdout(), LeaveAlternateScreen));
        drop(disable_raw_mode());
    }
}

/// Shows a pipeline until q, Esc or Ctrl-C is pressed. A look that fails is shown, and the next one
/// is tried.
pub async fn watch(connected: &Connected, pipeline: &Pipeline, every: u64) -> Result<(), Fault> {
    let failed = |error: std::io::Error| {
        Fault::failed(format!(
            "the terminal cannot be used for --watch ({error}): leave --watch out"
        ))
    };
    let screen = Screen::open().map_err(failed)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout())).map_err(failed)?;
    let mut shown = None;
    loop {
        let next = tokio::time::Instant::now() + Duration::from_secs(every);
        let look = look(connected, pipeline);
        tokio::pin!(look);
        // A key is heard while the calls are under way.
        let answer = loop {
            tokio::select! {
                answer = &mut look => break answer,
                () = tokio::time::sleep(KEYS_EVERY) => if leaves().map_err(failed)? {
                    drop(screen);
                    return Ok(());
                }
            }
        };
        let problem = match answer {
            Ok(report) => {
                shown = Some(report);
                None
            }
            Err(fault) => Some(fault.to_string()),
        };
        draw(&mut terminal, shown.as_ref(), problem.as_deref(), every).map_err(failed)?;
        while tokio::time::Instant::now() < next {
            if leaves().map_err(failed)? {
                drop(screen);
                return Ok(());
            }
            tokio::time::sleep(KEYS_EVERY).await;
            // In another size, if the window has one by now.
            draw(&mut terminal, shown.as_ref(), problem.as_deref(), every).map_err(failed)?;
        }
    }
}

/// Returns whether a key says to leave. Other keys are forgotten.
fn leaves() -> std::io::Result<bool> {
    while event::poll(Duration::ZERO)? {
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let interrupts =
                    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
                if interrupts || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                    return Ok(true);
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

fn draw<B: Backend<Error = std::io::Error>>(
    terminal: &mut Terminal<B>,
    report: Option<&Report>,
    problem: Option<&str>,
    every: u64,
) -> std::io::Result<()> {
    terminal.draw(|frame| {
        let colour = |colour: Color| {
            if colours() {
                Style::new().fg(colour)
            } else {
                Style::new()
            }
        };
        let [head, starts, body, foot] = Layout::vertical([
            Constraint::Length(4),
            Constraint::Length(4),
            Constraint::Min(3),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let Some(report) = report else {
            frame.render_widget(
                Paragraph::new(problem.unwrap_or("looking …")).wrap(Wrap { trim: false }),
                frame.area(),
            );
            return;
        };
        let state = match report.healthy {
            true => colour(Color::Green),
            false => colour(Color::Red),
        };
        let title = Line::from(vec![
            Span::styled(
                format!("{} ", report.pipeline),
                Style::new().add_modifier(Modifier::BOLD),
            ),
            Span::raw(format!("{}  {}", report.region, report.at)),
        ]);
        let sentence = Line::styled(report.sentence.clone(), state.add_modifier(Modifier::BOLD));
        frame.render_widget(
            Paragraph::new(vec![title, sentence]).wrap(Wrap { trim: false }),
            head,
        );

        let [label, bars] =
            Layout::vertical([Constraint::Length(1), Constraint::Length(3)]).areas(starts);
        let sum: u32 = report.starts.by_minute.iter().sum();
        frame.render_widget(
            Paragraph::new(format!("starts by minute, the last 15: {sum}")),
            label,
        );
        let wide: Vec<u64> = report
            .starts
            .by_minute
            .iter()
            .flat_map(|number| [u64::from(*number); 4])
            .collect();
        frame.render_widget(
            Sparkline::default().data(&wide).style(colour(Color::Cyan)),
            bars,
        );

        let mut lines: Vec<Line> = Vec::new();
        for finding in &report.findings {
            let style = match finding.level {
                Level::Stopped => colour(Color::Red),
                Level::Degraded => colour(Color::Yellow),
                Level::Notice => Style::new(),
            };
            lines.extend(
                finding_line(finding)
                    .lines()
                    .map(|line| Line::styled(line.to_owned(), style)),
            );
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let facts = report
            .facts()
            .into_iter()
            .filter(|fact| fact.first().is_none_or(|name| name != "starts"));
        let rest = format!(
            "{}\n{}",
            table(&facts.collect::<Vec<_>>()),
            report.lanes_table()
        );
        lines.extend(rest.lines().map(|line| Line::raw(line.to_owned())));
        for unknown in &report.unknown {
            lines.push(Line::raw(format!("not known: {unknown}")));
        }
        frame.render_widget(
            Paragraph::new(Text::from(lines)).wrap(Wrap { trim: false }),
            body,
        );
        let foot_text = match problem {
            Some(problem) => Line::styled(
                format!("the last look failed: {problem}"),
                colour(Color::Red),
            ),
            None => Line::raw(format!("every {every} s   q: leave")),
        };
        frame.render_widget(foot_text, foot);
    })?;
    Ok(())
}
