//! Cases drawn at random, over all that a plan can be given.

use super::numbers::{Draw, Line};
use super::planned::Case;

/// All uploads of a case, at most: the handlers process each of them.
const UPLOADS: u32 = 1_200;

/// Draws a case. The same seed draws the same one.
pub fn drawn(seed: u64) -> Case {
    // Some drawn numbers do not go together: a burst above a lane's bound, say.
    for again in 0.. {
        let case = draw(seed + 1_000_000 * again);
        if let Ok(given) = case.given()
            && (20..=UPLOADS as usize).contains(&given.arrivals.all.len())
        {
            return case;
        }
    }
    unreachable!("one of them is right")
}

fn draw(seed: u64) -> Case {
    let (mut draw, mut line) = (Draw::new(seed), Line::default());
    line.put("--seed", seed);
    // A day's limit is worth a case in which a day ends.
    let day = draw.chance(10);
    let hour = if day { 23 } else { draw.below(24) };
    line.put(
        "--from",
        format!("2026-11-30T{hour:02}:{:02}:00Z", draw.below(60)),
    );
    if day {
        line.put("--starts-per-day", draw.whole(UPLOADS / 2, UPLOADS));
    }
    let lanes = lanes(&mut draw, &mut line);
    arrivals(&mut draw, &mut line, &lanes);
    executions(&mut draw, &mut line);
    pace(&mut draw, &mut line);
    windows(&mut draw, &mut line, &lanes);
    functions(&mut draw, &mut line);
    account(&mut draw, &mut line);
    tenants(&mut draw, &mut line);
    target(&mut draw, &mut line);
    fifo(&mut draw, &mut line);
    Case(line.0)
}

const LANES: [&str; 4] = ["urgent", "daily", "bulk", "rest"];

fn lanes(draw: &mut Draw, line: &mut Line) -> Vec<&'static str> {
    let count = draw.choice(&[1, 1, 1, 2, 3, 4]);
    let lanes: Vec<&str> = LANES.into_iter().take(count).collect();
    if count == 1 {
        return lanes;
    }
    for (place, lane) in lanes.iter().enumerate() {
        let share = match draw.chance(50) {
            true => format!(",min_share=0.{}", 1 + draw.below(2)),
            false => String::new(),
        };
        let bound = match draw.chance(30) {
            true => format!(",max_concurrency={}", draw.whole(1, 30)),
            false => String::new(),
        };
        line.put(
            "--lane",
            format!("{lane},priority={}{share}{bound}", place + 1),
        );
    }
    lanes
}

fn arrivals(draw: &mut Draw, line: &mut Line, lanes: &[&str]) {
    let minutes = draw.whole(5, 40);
    let mut curve = false;
    for lane in lanes {
        let each = UPLOADS / lanes.len() as u32 / 2;
        let lane = match lanes.len() {
            1 => String::new(),
            _ => format!(",lane={lane}"),
        };
        for _ in 0..1 + draw.below(2) {
            match draw.below(5) {
                0 => {
                    let (count, at) = (draw.whole(20, each), draw.below(120));
                    line.put("--burst", format!("{count},at={at}s{lane}"));
                }
                1 => {
                    let (count, over) = (draw.whole(20, each), draw.whole(5, 300));
                    line.put("--burst", format!("{count},over={over}s{lane}"));
                }
                2 => {
                    let every = 1 + draw.below(minutes);
                    let waves = minutes / every + 1;
                    let (count, over) = (draw.whole(2, each / waves + 3), draw.below(40));
                    line.put(
                        "--burst",
                        format!("{count},every={every}m,over={over}s{lane}"),
                    );
                }
                3 => {
                    let times = 1 + draw.below(4);
                    let count = draw.whole(5, each / times);
                    line.put("--burst", format!("{count},random={times}{lane}"));
                }
                _ if draw.chance(30) && !curve => {
                    curve = true;
                    let hours: Vec<String> = (0..24)
                        .map(|_| draw.whole(5, each / 2).to_string())
                        .collect();
                    line.put("--curve", format!("{}{lane}", hours.join(";")));
                }
                _ => {
                    let count = draw.whole(20, each);
                    line.put("--rate", format!("{count}/{minutes}m{lane}"));
                }
            }
        }
    }
    line.put("--for", format!("{minutes}m"));
}

fn executions(draw: &mut Draw, line: &mut Line) {
    let p50 = draw.about(0.3, 60.0);
    match draw.chance(50) {
        true => line.put("--takes", format!("{p50:.1}s")),
        false => {
            let longer = draw.about(1.5, 12.0);
            line.put("--takes", format!("{p50:.1}s..{:.1}s", p50 * longer));
        }
    }
    if draw.chance(50) {
        let share = draw.about(0.5, 15.0);
        line.put("--fails", format!("Timeout={share:.1}%"));
    }
    if draw.chance(25) {
        let share = draw.about(0.5, 5.0);
        line.put("--fails", format!("UnknownDevice={share:.1}%,always"));
    }
    line.put("--attempts", 1 + draw.below(4));
    let (second, third) = (draw.whole(1, 60), draw.whole(1, 120));
    line.put("--backoff", format!("{second},{third}"));
    match draw.below(10) {
        0..=2 => line.put("--events-per-execution", draw.whole(2, 100)),
        3..=4 => {
            line.put("--order", draw.choice(&["latest", "each"]));
            line.put("--objects", draw.whole(5, 300));
        }
        _ => {}
    }
}

fn pace(draw: &mut Draw, line: &mut Line) {
    line.put("--pace", format!("max_concurrency={}", draw.whole(2, 400)));
    line.put(
        "--pace",
        format!("starts_per_second={:.1}", draw.about(0.8, 120.0)),
    );
    line.put("--pace", format!("burst={}", draw.whole(1, 100)));
    if draw.chance(15) {
        line.put("--pace", format!("starts_per_tick={}", draw.whole(10, 300)));
    }
    if draw.chance(25) {
        line.put("--pace", "slot_partitions=16");
    }
}

fn windows(draw: &mut Draw, line: &mut Line, lanes: &[&str]) {
    if !draw.chance(25) {
        return;
    }
    let from = draw.below(24);
    let times = format!(
        r#""from":"{:02}:{:02}","to":"{:02}:{:02}""#,
        from,
        draw.below(60),
        (from + 1 + draw.below(3)) % 24,
        draw.below(60)
    );
    let does = match (draw.below(3), lanes) {
        (0, _) => r#""pause":true"#.to_owned(),
        (1, [_, second, ..]) => format!(
            r#""lanes":{{"{second}":{{"max_concurrency":{}}}}}"#,
            draw.whole(1, 10)
        ),
        _ => format!(r#""pace":{{"max_concurrency":{}}}"#, draw.whole(1, 40)),
    };
    line.put(
        "--windows",
        format!(r#"{{"window":{{"priority":1,{times},{does}}}}}"#),
    );
}

fn functions(draw: &mut Draw, line: &mut Line) {
    line.put(
        "--via",
        draw.choice(&["sqs", "sns", "eventbridge", "lambda"]),
    );
    match draw.chance(35) {
        true => line.put("--idle", "wait"),
        false if draw.chance(20) => line.put("--tick-seconds", draw.whole(10, 56)),
        false => {}
    }
    if draw.chance(15) {
        line.put("--schedule", "2m");
    }
}

/// Tenants with a bound, and those that the uploads are of. Neither an order nor batches go with
/// it.
fn tenants(draw: &mut Draw, line: &mut Line) {
    let excluded = ["--order", "--events-per-execution"];
    if excluded.into_iter().any(|name| line.has(name)) || !draw.chance(80) {
        return;
    }
    for arrivals in ["--burst", "--rate", "--curve"] {
        for uploads in line.values_mut(arrivals) {
            match draw.below(10) {
                0..=3 => uploads.push_str(",tenant=heavy"),
                4..=8 => uploads.push_str(&format!(",tenants={}", draw.whole(2, 40))),
                _ => {}
            }
        }
    }
    let bound = draw.whole(1, 20);
    line.put("--tenants", format!("max_concurrency={bound}"));
}

/// A target that takes less than the executions ask for, most often with a pace that adapts.
fn target(draw: &mut Draw, line: &mut Line) {
    if !draw.chance(50) {
        return;
    }
    let limited = draw.chance(60);
    if limited {
        line.put("--target-limit", format!("{:.1}/s", draw.about(0.5, 40.0)));
    }
    for _ in 0..u32::from(!limited) + draw.below(2) {
        let (at, lasts) = (draw.below(400), draw.whole(10, 600));
        line.put("--target-outage", format!("at={at}s,for={lasts}s"));
    }
    if !draw.chance(75) {
        return;
    }
    // One of its errors is that of other failures, too.
    let errors = draw.choice(&["*Throttl*", "*Throttl*;Timeout", "Target.*"]);
    let uncounted = draw.choice(&[0, 2, 20]);
    line.put(
        "--adapt",
        format!("errors={errors},uncounted_max={uncounted}"),
    );
    if draw.chance(30) {
        let share = draw.about(0.02, 0.3);
        line.put("--adapt", format!("tolerated_share={share:.2}"));
    }
    if errors == "Target.*" {
        line.put("--target-error", "Target.Busy");
    }
}

/// FIFO queues, unless an option excludes them. The simulation names them by their lane.
fn fifo(draw: &mut Draw, line: &mut Line) {
    let excluded = [
        "--objects",
        "--events-per-execution",
        "--tenants",
        "--windows",
    ];
    if excluded.into_iter().any(|name| line.has(name)) || !draw.chance(70) {
        return;
    }
    for way in line.values_mut("--via") {
        *way = "lambda".to_owned();
    }
    line.put("--fifo", true);
    for backoff in line.values_mut("--backoff") {
        *backoff = "0".to_owned();
    }
}

fn account(draw: &mut Draw, line: &mut Line) {
    // Virtual time has whole milliseconds, also of half a call.
    line.put("--call", format!("{}ms", 2 * draw.whole(2, 30)));
    line.put("--delivery", format!("{}ms", draw.whole(100, 3_000)));
    line.put("--event-delay", format!("{}ms", draw.below(1_500)));
    if draw.chance(20) {
        let rate = draw.about(2.0, 60.0);
        line.put("--start-quota", format!("{rate:.1},{}", draw.whole(5, 200)));
    }
}
