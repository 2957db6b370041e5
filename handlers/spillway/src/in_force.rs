//! What is in force: the configured pace, overridden by the window's, overridden by the control item's.

use crate::Millis;
use crate::control::Control;
use crate::pace::{Pace, PaceError};
use crate::window::Windows;

/// What is in force at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce<'a> {
    pub pace: Pace,
    /// Nothing starts, and who says so.
    pub paused: Option<PausedBy>,
    /// The window's name.
    pub window: Option<&'a str>,
}

/// Who says that nothing starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausedBy {
    Operator,
    Window,
}

/// What is in force at `now`. Configuration and windows were validated before, so an error is the control item's.
pub fn in_force<'a>(
    configured: &Pace,
    windows: &'a Windows,
    control: &Control,
    now: Millis,
) -> Result<InForce<'a>, PaceError> {
    let window = windows.in_force(now);
    let pace = window.map_or_else(|| configured.clone(), |window| window.pace.over(configured));
    Ok(InForce {
        pace: control.pace.over(&pace).validate()?,
        paused: match control.paused {
            Some(paused) => paused.then_some(PausedBy::Operator),
            None => window
                .filter(|window| window.pause)
                .map(|_| PausedBy::Window),
        },
        window: window.map(|window| window.name.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Partial;
    use crate::pace::tests::PACE;
    use crate::window;

    const HOUR: Millis = 3_600_000;

    fn windows() -> Windows {
        window::parse(
            r#"[{"name": "night", "priority": 1, "from": "01:00", "to": "02:00", "pace": {"max_concurrency": 500, "burst": 9}},
                {"name": "freeze", "priority": 2, "from": "03:00", "to": "04:00", "pause": true}]"#,
        )
        .unwrap()
    }

    fn operator(max_concurrency: Option<u32>, paused: Option<bool>) -> Control {
        Control {
            paused,
            pace: Partial {
                max_concurrency,
                ..Partial::default()
            },
        }
    }

    #[test]
    fn the_operator_is_over_the_window_is_over_the_configuration() {
        let windows = windows();
        let at = |hour: Millis, control: &Control| {
            let now = in_force(&PACE, &windows, control, hour * HOUR).unwrap();
            (
                now.pace.max_concurrency,
                now.pace.burst,
                now.paused,
                now.window,
            )
        };
        let nothing = Control::default();
        assert_eq!(at(0, &nothing), (100, 50, None, None));
        assert_eq!(at(1, &nothing), (500, 9, None, Some("night")));
        assert_eq!(
            at(3, &nothing),
            (100, 50, Some(PausedBy::Window), Some("freeze"))
        );
        let five = operator(Some(5), None);
        assert_eq!(at(0, &five), (5, 50, None, None));
        assert_eq!(at(1, &five), (5, 9, None, Some("night")));
        assert_eq!(
            at(3, &five),
            (5, 50, Some(PausedBy::Window), Some("freeze"))
        );
        let pause = operator(None, Some(true));
        assert_eq!(
            at(1, &pause),
            (500, 9, Some(PausedBy::Operator), Some("night"))
        );
        let go_on = operator(None, Some(false));
        assert_eq!(at(3, &go_on), (100, 50, None, Some("freeze")));
    }

    #[test]
    fn an_operators_mistake_is_named() {
        let mut control = Control::default();
        control.pace.starts_per_second = Some(0.0);
        assert_eq!(
            in_force(&PACE, &windows(), &control, 0),
            Err(PaceError::StartsPerSecond(0.0))
        );
    }
}
