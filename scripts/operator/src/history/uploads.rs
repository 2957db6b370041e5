//! Uploads by period and lane, from the numbers of messages that were sent.

use std::collections::BTreeMap;

use spillway::Millis;

/// Rounding errors of so many messages are none.
const ROUNDING: f64 = 1e-6;

/// Messages of one period.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sent {
    /// Into the events queue of each lane.
    pub lanes: Vec<f64>,
    /// Those of all lanes that the pipeline itself sent once more.
    pub again: f64,
}

/// Uploads of a lane in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub at: Millis,
    /// The index of the lane.
    pub lane: usize,
    pub count: u32,
}

/// Uploads of all periods.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    pub rows: Vec<Row>,
    /// Messages that were left out: the pipeline had sent them once more.
    pub again: u64,
}

/// Computes the uploads of each period, by its begin. Of the messages that the pipeline sent once
/// more only the sum over all lanes is known. Each lane has as large a part of them as of all
/// messages. Some are reported in the period after that of the message, so a surplus goes on to the
/// next one.
pub fn uploads(periods: &BTreeMap<Millis, Sent>) -> Uploads {
    let mut found = Uploads::default();
    let mut surplus = 0.0;
    let mut left: Vec<f64> = Vec::new();
    for (at, sent) in periods {
        let all: f64 = sent.lanes.iter().sum();
        let again = (sent.again + surplus).min(all);
        surplus += sent.again - again;
        found.again += again.round() as u64;
        left.resize(left.len().max(sent.lanes.len()), 0.0);
        let share = if all > 0.0 { (all - again) / all } else { 0.0 };
        let lanes = left.iter_mut().zip(&sent.lanes).enumerate();
        for (lane, (left, sent)) in lanes {
            *left += sent * share;
            let count = (*left + ROUNDING).floor();
            *left -= count;
            let count = count as u32;
            if count > 0 {
                found.rows.push(Row {
                    at: *at,
                    lane,
                    count,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(periods: &[(Millis, &[f64], f64)]) -> Uploads {
        let periods = periods.iter().map(|(at, lanes, again)| {
            let sent = Sent {
                lanes: lanes.to_vec(),
                again: *again,
            };
            (*at, sent)
        });
        uploads(&periods.collect())
    }

    fn rows(found: &Uploads) -> Vec<(Millis, usize, u32)> {
        let rows = found.rows.iter();
        rows.map(|row| (row.at, row.lane, row.count)).collect()
    }

    #[test]
    fn messages_that_were_sent_again_are_no_uploads() {
        let found = of(&[(0, &[100.0], 0.0), (60, &[30.0], 25.0), (120, &[7.0], 7.0)]);
        assert_eq!(rows(&found), [(0, 0, 100), (60, 0, 5)]);
        assert_eq!(found.again, 32);
    }

    #[test]
    fn one_that_is_reported_late_is_taken_from_the_next_messages() {
        let found = of(&[(0, &[10.0], 0.0), (60, &[0.0], 4.0), (120, &[10.0], 1.0)]);
        assert_eq!(rows(&found), [(0, 0, 10), (120, 0, 5)]);
        assert_eq!(found.again, 5);
    }

    #[test]
    fn each_lane_has_its_part_of_them_and_no_part_gets_lost() {
        let found = of(&[(0, &[300.0, 100.0], 40.0)]);
        assert_eq!(rows(&found), [(0, 0, 270), (0, 1, 90)]);
        // A third of an upload in each of 300 periods.
        let periods: Vec<(Millis, &[f64], f64)> = (0..300)
            .map(|at| (at, [1.0, 2.0].as_slice(), 2.0))
            .collect();
        let found = of(&periods);
        let of_lane = |lane| {
            let rows = found.rows.iter().filter(|row| row.lane == lane);
            rows.map(|row| row.count).sum::<u32>()
        };
        assert_eq!((of_lane(0), of_lane(1), found.again), (100, 200, 600));
    }
}
