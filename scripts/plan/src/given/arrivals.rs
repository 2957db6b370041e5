//! The uploads of a plan, made from the options.

use std::sync::Arc;

use spillway::Millis;

use super::arriving::{A_DAY, Burst, Curve, Rate, Whose};
use super::tenants::Named as NamedTenants;
use super::times::{Row, Uploads};
use super::wrong::Wrong;
use crate::engine::setup::{Arrival, Executions};
use crate::length::HOUR;

/// Uploads of a plan, at most: each takes some memory.
const MOST: u64 = 20_000_000;
/// Waves at most.
const MOST_WAVES: usize = 10_000;

/// Seeds that follow each other draw nothing alike: an odd number with as many ones as zeros.
const SPREADS: u64 = 0x9e37_79b9_7f4a_7c15;

/// All that arrives.
#[derive(Debug, Default)]
pub struct Arriving {
    pub bursts: Vec<Burst>,
    pub rates: Vec<Rate>,
    pub curves: Vec<Curve>,
    pub times: Vec<OfFile>,
    /// How long uploads come that have no end of their own.
    pub lasts: Option<Millis>,
    /// Uploads of a lane are of so many objects; `None`: each is of another one.
    pub objects: Option<u32>,
}

/// Uploads of a file.
#[derive(Debug)]
pub struct OfFile {
    /// The file's name.
    pub name: String,
    pub uploads: Uploads,
    pub lane: Option<String>,
    pub whose: Whose,
}

/// A wave by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub lane: u8,
    /// It comes again: it is to be done before the next one.
    pub repeats: bool,
}

/// The uploads.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    /// By time.
    pub all: Vec<Arrival>,
    pub waves: Vec<Named>,
    /// Tenants by their names, in the order of [`Arrival::tenant`].
    pub tenants: Arc<[String]>,
    /// How long it is from the begin until the uploads would begin again, in milliseconds; `None`:
    /// they come once.
    pub period: Option<Millis>,
}

/// Makes uploads.
struct Making<'a> {
    from: Millis,
    lanes: &'a [String],
    executions: &'a Executions,
    objects: Option<u32>,
    rng: fastrand::Rng,
    tenants: NamedTenants,
    made: Arrivals,
}

impl Arriving {
    /// Returns whether something comes without an end of its own.
    fn is_endless(&self) -> bool {
        let repeats = |burst: &Burst| burst.every.is_some() || burst.random.is_some();
        !self.rates.is_empty() || !self.curves.is_empty() || self.bursts.iter().any(repeats)
    }

    /// Returns how long they come.
    fn lasts(&self) -> Millis {
        let week = self.curves.iter().map(Curve::period).max();
        let every = self.bursts.iter().filter_map(|burst| burst.every).max();
        let own = week.into_iter().chain(every).chain([A_DAY]).max();
        self.lasts.or(own).unwrap_or(A_DAY)
    }

    /// Makes the uploads. `lanes`: their names, by priority.
    pub fn make(
        &self,
        from: Millis,
        lanes: &[String],
        executions: &Executions,
        seed: u64,
    ) -> Result<Arrivals, Wrong> {
        let lasts = self.lasts();
        self.check(lasts)?;
        let mut making = Making {
            from,
            lanes,
            executions,
            objects: self.objects,
            rng: fastrand::Rng::with_seed(seed.wrapping_mul(SPREADS)),
            tenants: NamedTenants::default(),
            made: Arrivals::default(),
        };
        for burst in &self.bursts {
            making.burst(burst, lasts)?;
        }
        for rate in &self.rates {
            making.rate(rate, lasts)?;
        }
        for curve in &self.curves {
            making.curve(curve, lasts)?;
        }
        for file in &self.times {
            making.times(file)?;
        }
        let Making {
            mut made, tenants, ..
        } = making;
        made.tenants = tenants.into_names().into();
        if made.all.is_empty() {
            return Err(Wrong::new(
                "nothing arrives: give --burst 10000, --rate 1000/m, --curve FILE or --times FILE",
            ));
        }
        made.all.sort();
        made.period = match self.lasts {
            None if !self.is_endless() => None,
            _ => Some(lasts),
        };
        Ok(made)
    }

    fn check(&self, lasts: Millis) -> Result<(), Wrong> {
        let times = |burst: &Burst| match (burst.every, burst.random) {
            (Some(every), _) => ((lasts - burst.at).max(0) / every + 1) as u64,
            (None, Some(random)) => random.into(),
            (None, None) => 1,
        };
        let bursts = self.bursts.iter();
        let waves: u64 = bursts.clone().map(times).sum();
        let bursts = bursts.map(|burst| times(burst) * u64::from(burst.count));
        let rates = self.rates.iter();
        let rates = rates.map(|rate| (rate.count * lasts as f64 / rate.per as f64) as u64);
        let curves = self.curves.iter().map(|curve| {
            let sum: f64 = curve.hours.iter().sum();
            (sum * lasts as f64 / curve.period() as f64) as u64
        });
        let files = self.times.iter();
        let files = files.map(|file| file.uploads.count());
        let all: u64 = bursts.chain(rates).chain(curves).chain(files).sum();
        if all > MOST {
            return Err(Wrong::new(format!(
                "{all} uploads are too many for one plan: give at most {MOST}, by a shorter --for or smaller numbers"
            )));
        }
        if waves > MOST_WAVES as u64 {
            return Err(Wrong::new(format!(
                "the bursts come {waves} times: give a shorter --for, or --rate instead"
            )));
        }
        Ok(())
    }
}

impl Making<'_> {
    fn lane(&self, name: Option<&str>) -> Result<u8, Wrong> {
        let Some(name) = name else {
            return Ok(0);
        };
        let place = self.lanes.iter().position(|lane| lane == name);
        place.map(|place| place as u8).ok_or_else(|| {
            Wrong::new(format!(
                "no lane is named '{name}': the pipeline has {}; --lane {name},priority=1 makes one",
                self.lanes.join(", ")
            ))
        })
    }

    /// Names a wave. Returns its index.
    fn wave(&mut self, name: String, lane: u8, repeats: bool) -> u16 {
        let named = Named {
            name,
            lane,
            repeats,
        };
        self.made.waves.push(named);
        (self.made.waves.len() - 1) as u16
    }

    fn put(&mut self, at: Millis, wave: u16, lane: u8, tenant: u32) {
        let object = match self.objects {
            // An object has one lane.
            Some(objects) => {
                let first = u32::from(lane).saturating_mul(objects);
                first.saturating_add(self.rng.u32(..objects.max(1)))
            }
            None => self.made.all.len() as u32,
        };
        let doomed = self.executions.doom(&mut self.rng);
        self.made.all.push(Arrival {
            at,
            object,
            wave,
            lane,
            doomed,
            tenant,
        });
    }

    fn burst(&mut self, burst: &Burst, lasts: Millis) -> Result<(), Wrong> {
        let lane = self.lane(burst.lane.as_deref())?;
        let mut begins = Vec::new();
        match (burst.every, burst.random) {
            (Some(every), _) => {
                let mut at = burst.at;
                while at < lasts || begins.is_empty() {
                    begins.push(at);
                    at += every;
                }
            }
            (None, Some(random)) => {
                begins.extend((0..random).map(|_| self.rng.i64(0..lasts.max(1))));
                begins.sort_unstable();
            }
            (None, None) => begins.push(burst.at),
        }
        let repeats = begins.len() > 1;
        let mut tenants = self.tenants.of(&burst.whose);
        for begin in begins {
            let begin = self.from + begin;
            let name = format!("{} at {}", grouped(burst.count.into()), clock(begin));
            let wave = self.wave(name, lane, repeats);
            for _ in 0..burst.count {
                let at = match burst.over {
                    0 => begin,
                    over => begin + self.rng.i64(0..over),
                };
                self.put(at, wave, lane, tenants.upload());
            }
        }
        Ok(())
    }

    fn rate(&mut self, rate: &Rate, lasts: Millis) -> Result<(), Wrong> {
        let lane = self.lane(rate.lane.as_deref())?;
        let count = (rate.count * lasts as f64 / rate.per as f64).round() as u64;
        let name = format!("{} at any time", grouped(count));
        let wave = self.wave(name, lane, false);
        let mut tenants = self.tenants.of(&rate.whose);
        for _ in 0..count {
            let at = self.from + self.rng.i64(0..lasts.max(1));
            self.put(at, wave, lane, tenants.upload());
        }
        Ok(())
    }

    fn curve(&mut self, curve: &Curve, lasts: Millis) -> Result<(), Wrong> {
        let lane = self.lane(curve.lane.as_deref())?;
        let wave = self.wave("the curve's".to_owned(), lane, false);
        let mut tenants = self.tenants.of(&curve.whose);
        let (mut hour, mut left) = (0, 0.0);
        while hour * HOUR < lasts {
            let begin = self.from + hour * HOUR;
            let of_period = hour_of_week(begin) % curve.hours.len();
            left += curve.hours.get(of_period).copied().unwrap_or_default();
            let count = left as u64;
            left -= count as f64;
            for _ in 0..count {
                let at = begin + self.rng.i64(0..HOUR);
                self.put(at, wave, lane, tenants.upload());
            }
            hour += 1;
        }
        Ok(())
    }

    /// Adds the uploads of a file's rows. The first one comes at the begin.
    fn times(&mut self, file: &OfFile) -> Result<(), Wrong> {
        let Uploads {
            rows,
            tenants,
            lanes,
        } = &file.uploads;
        let first = rows.iter().map(|row| row.at).min().unwrap_or_default();
        let waves = self.waves_of(file, lanes)?;
        let named: Vec<u32> = tenants
            .iter()
            .map(|name| self.tenants.number(name))
            .collect();
        // A tenant of the option holds for all uploads.
        let mut whose = self.tenants.of(&file.whose);
        // Its day of the week and its hour stay, so that windows and curves fit.
        let begin = self.from + (first - self.from).rem_euclid(7 * 24 * HOUR);
        for row in rows {
            let of_file = row.tenant.checked_sub(1);
            let of_file = of_file.and_then(|tenant| named.get(tenant as usize));
            let of_file = of_file.copied().unwrap_or_default();
            let wave = waves.get(row.lane as usize).copied().flatten();
            let (wave, lane) = wave.unwrap_or_default();
            for number in 0..row.count {
                let tenant = match &file.whose {
                    Whose::Nobody => of_file,
                    Whose::One(_) | Whose::Several(_) => whose.upload(),
                };
                let at = begin + row.at - first + self.within(row, number);
                self.put(at, wave, lane, tenant);
            }
        }
        Ok(())
    }

    /// Makes a wave of each lane of a file: first the wave of rows that name none. Returns them
    /// with the places of their lanes. A lane of the option holds for all uploads.
    fn waves_of(
        &mut self,
        file: &OfFile,
        lanes: &[String],
    ) -> Result<Vec<Option<(u16, u8)>>, Wrong> {
        let mut counts = vec![0; lanes.len() + 1];
        for row in &file.uploads.rows {
            if let Some(count) = counts.get_mut(row.lane as usize) {
                *count += u64::from(row.count);
            }
        }
        if let Some(name) = &file.lane {
            let lane = self.lane(Some(name))?;
            let count = grouped(counts.iter().sum());
            let wave = self.wave(format!("{count} of {}", file.name), lane, false);
            return Ok(vec![Some((wave, lane)); counts.len()]);
        }
        let names = std::iter::once(None).chain(lanes.iter().map(Some));
        let mut waves = Vec::new();
        for (name, count) in names.zip(counts) {
            if count == 0 {
                waves.push(None);
                continue;
            }
            let lane = self.lane(name.map(String::as_str))?;
            let name = format!("{} of {}", grouped(count), file.name);
            waves.push(Some((self.wave(name, lane, false), lane)));
        }
        Ok(waves)
    }

    /// Draws how long after the row's time an upload of it comes: each has an equal part of the
    /// time for itself.
    fn within(&mut self, row: &Row, number: u32) -> Millis {
        if row.seconds == 0 {
            return 0;
        }
        let millis = u64::from(row.seconds) * 1_000;
        let part = |number: u32| (millis * u64::from(number) / u64::from(row.count)) as Millis;
        let (from, to) = (part(number), part(number + 1));
        self.rng.i64(from..to.max(from + 1))
    }
}

/// Hours since Monday 00:00 UTC.
fn hour_of_week(at: Millis) -> usize {
    // 1970-01-01 was a Thursday.
    ((at / HOUR + 3 * 24).rem_euclid(7 * 24)) as usize
}

/// Returns a moment as day of the week, hour and minute.
pub fn clock(at: Millis) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = DAYS.get(hour_of_week(at) / 24).copied().unwrap_or_default();
    let minutes = (at / 60_000).rem_euclid(24 * 60);
    format!("{day} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// Returns a whole number with commas between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::setup::Takes;
    use crate::given::times::read;
    use crate::length::DAY;

    /// Monday, 2026-11-30.
    const MONDAY: Millis = 1_795_996_800_000;

    const EXECUTIONS: Executions = Executions {
        takes: Takes::Always(Duration::ZERO),
        failures: Vec::new(),
    };

    fn made(arriving: &Arriving) -> Arrivals {
        arriving
            .make(MONDAY, &["default".to_owned()], &EXECUTIONS, 1)
            .unwrap()
    }

    #[test]
    fn a_burst_that_comes_again_has_a_wave_each_time() {
        let arrivals = made(&Arriving {
            bursts: vec!["10,at=2h,every=1d".parse().unwrap()],
            lasts: Some(3 * DAY),
            ..Arriving::default()
        });
        assert_eq!(arrivals.all.len(), 30);
        let names: Vec<_> = arrivals
            .waves
            .iter()
            .map(|wave| wave.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["10 at Mon 02:00", "10 at Tue 02:00", "10 at Wed 02:00"]
        );
        assert_eq!(arrivals.period, Some(3 * DAY));
        assert_eq!(arrivals.all[10].at, MONDAY + DAY + 2 * HOUR);
    }

    #[test]
    fn a_rate_lasts_a_day_and_a_burst_comes_once() {
        let rate = made(&Arriving {
            rates: vec!["60/m".parse().unwrap()],
            ..Arriving::default()
        });
        assert_eq!((rate.all.len(), rate.period), (86_400, Some(DAY)));
        assert!(rate.all.is_sorted() && rate.all[0].at >= MONDAY);
        let once = made(&Arriving {
            bursts: vec!["10".parse().unwrap()],
            ..Arriving::default()
        });
        assert_eq!((once.all.len(), once.period), (10, None));
    }

    #[test]
    fn a_curve_of_a_week_begins_on_monday() {
        let mut hours = vec!["0"; 168];
        hours[24 + 5] = "7";
        let arrivals = made(&Arriving {
            curves: vec![hours.join(" ").parse().unwrap()],
            ..Arriving::default()
        });
        assert_eq!(arrivals.all.len(), 7);
        let within = MONDAY + DAY + 5 * HOUR..MONDAY + DAY + 6 * HOUR;
        assert!(arrivals.all.iter().all(|it| within.contains(&it.at)));
    }

    #[test]
    fn a_row_of_many_uploads_comes_evenly_in_its_seconds_and_into_its_lane() {
        let table = "time,lane,count,seconds\n2026-11-30T02:00:00Z,bulk,600,60\n2026-11-30T02:01:00Z,,3,0\n";
        let of_file = |lane: Option<&str>| OfFile {
            name: "f".into(),
            uploads: read(table, "f", None).unwrap(),
            lane: lane.map(str::to_owned),
            whose: Whose::Nobody,
        };
        let lanes = ["default".to_owned(), "bulk".to_owned()];
        let made = |file: OfFile, lanes: &[String]| {
            let arriving = Arriving {
                times: vec![file],
                ..Arriving::default()
            };
            arriving.make(MONDAY, lanes, &EXECUTIONS, 1)
        };
        let arrivals = made(of_file(None), &lanes).unwrap();
        let begin = MONDAY + 2 * HOUR;
        assert_eq!(arrivals.all.len(), 603);
        for (number, it) in arrivals.all.iter().take(600).enumerate() {
            let from = begin + 100 * number as Millis;
            assert!((from..from + 100).contains(&it.at), "{number}: {it:?}");
            assert_eq!(it.lane, 1);
        }
        assert!(
            arrivals.all[600..]
                .iter()
                .all(|it| it.at == begin + 60_000 && it.lane == 0)
        );
        let waves = arrivals
            .waves
            .iter()
            .map(|wave| (wave.name.as_str(), wave.lane));
        assert_eq!(waves.collect::<Vec<_>>(), [("3 of f", 0), ("600 of f", 1)]);

        let of_option = made(of_file(Some("default")), &lanes).unwrap();
        assert!(of_option.all.iter().all(|it| it.lane == 0));
        assert_eq!(of_option.waves[0].name, "603 of f");
        let told = made(of_file(None), &lanes[..1]).unwrap_err().to_string();
        assert!(told.starts_with("no lane is named 'bulk'"), "{told}");
        let mut many = of_file(None);
        many.uploads.rows[0].count = u32::MAX;
        let told = made(many, &lanes).unwrap_err().to_string();
        assert!(told.contains("too many for one plan"), "{told}");
    }

    #[test]
    fn what_is_wrong_is_told_with_the_remedy() {
        let told = |arriving: Arriving| {
            let made = arriving.make(MONDAY, &["default".to_owned()], &EXECUTIONS, 1);
            made.unwrap_err().to_string()
        };
        assert!(told(Arriving::default()).starts_with("nothing arrives: give --burst"));
        let lane = Arriving {
            bursts: vec!["10,lane=urgent".parse().unwrap()],
            ..Arriving::default()
        };
        assert!(told(lane).contains("--lane urgent,priority=1 makes one"));
        let many = Arriving {
            rates: vec!["10000/s".parse().unwrap()],
            ..Arriving::default()
        };
        assert!(told(many).contains("too many for one plan"));
    }

    #[test]
    fn thousands_have_commas() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
    }
}
