//! The arrivals, as options give them: bursts, rates, curves, and times of a file.

use std::path::PathBuf;
use std::str::FromStr;

use spillway::Millis;

use super::fields::{Fields, count, fine};
use crate::length::{DAY, HOUR};

/// Fields of uploads that come over a time.
const OF: [&str; 3] = ["lane", "tenant", "tenants"];
/// Tenants of one option, at most.
const MOST_TENANTS: u32 = 100_000;

/// Whose uploads they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Whose {
    /// Nobody said.
    #[default]
    Nobody,
    /// This tenant's.
    One(String),
    /// In turn those of so many tenants.
    Several(u32),
}

impl Whose {
    fn of(fields: &Fields) -> Result<Self, String> {
        let several = fields.number("tenants", "how many tenants there are, such as tenants=50")?;
        match (fields.text("tenant"), several) {
            (Some(_), Some(_)) => {
                Err("tenant does not go with tenants: leave one of them out".to_owned())
            }
            (Some(name), None) if name.is_empty() => {
                Err("tenant: give its name, such as tenant=acme".to_owned())
            }
            (Some(name), None) => Ok(Self::One(name)),
            (None, Some(several)) if (1..=MOST_TENANTS).contains(&several) => {
                Ok(Self::Several(several))
            }
            (None, Some(several)) => Err(format!("tenants={several}: give 1 to {MOST_TENANTS}")),
            (None, None) => Ok(Self::Nobody),
        }
    }
}

/// Uploads at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Burst {
    pub count: u32,
    /// How long after the begin it comes.
    pub at: Millis,
    /// It comes again after this time.
    pub every: Option<Millis>,
    /// It comes so often, at random times.
    pub random: Option<u32>,
    /// How long its uploads take; 0: they come at once.
    pub over: Millis,
    pub lane: Option<String>,
    pub whose: Whose,
}

impl FromStr for Burst {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = ["at", "every", "random", "over", "lane", "tenant", "tenants"];
        let fields = Fields::read(text, &known)?;
        let burst = Self {
            count: count(&fields.first)?,
            at: fields.length("at")?.unwrap_or_default(),
            every: fields.length("every")?.filter(|every| *every > 0),
            random: fields.number("random", "how often it comes, such as random=3")?,
            over: fields.length("over")?.unwrap_or_default(),
            lane: fields.text("lane"),
            whose: Whose::of(&fields)?,
        };
        if burst.random.is_some() && (burst.every.is_some() || burst.at > 0) {
            return Err("random does not go with at or every: leave one of them out".to_owned());
        }
        Ok(burst)
    }
}

/// Uploads that come all the time.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    pub count: f64,
    /// So many come in this time.
    pub per: Millis,
    pub lane: Option<String>,
    pub whose: Whose,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields = Fields::read(text, &OF)?;
        let wrong = || format!("'{text}' is no rate: give one such as 20/s, 1000/m or 50000/d");
        let (number, per) = fields.first.split_once('/').ok_or_else(wrong)?;
        let number: f64 = number.replace('_', "").parse().map_err(|_| wrong())?;
        let one = match per.starts_with(|first: char| first.is_ascii_digit()) {
            true => per.to_owned(),
            false => format!("1{per}"),
        };
        let per = fine(&one).map_err(|_| wrong())?;
        if !(number > 0.0 && number.is_finite()) || per <= 0 {
            return Err(wrong());
        }
        Ok(Self {
            count: number,
            per,
            lane: fields.text("lane"),
            whose: Whose::of(&fields)?,
        })
    }
}

/// Uploads of each hour of a day or of a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// 24, or 168 from Monday on.
    pub hours: Vec<f64>,
    pub lane: Option<String>,
    pub whose: Whose,
}

impl Curve {
    /// Returns how long it is until it comes again.
    pub fn period(&self) -> Millis {
        self.hours.len() as Millis * HOUR
    }
}

impl FromStr for Curve {
    type Err = String;

    /// Returns the numbers themselves, or a file of them.
    fn from_str(text: &str) -> Result<Self, String> {
        let fields = Fields::read(text, &OF)?;
        let numbers = |text: &str| -> Option<Vec<f64>> {
            let parts = text.split(|it: char| it.is_whitespace() || it == ',' || it == ';');
            let parts = parts.filter(|part| !part.is_empty());
            parts.map(|part| part.parse().ok()).collect()
        };
        let hours = match numbers(&fields.first).filter(|numbers| numbers.len() > 1) {
            Some(hours) => hours,
            None => {
                let file = std::fs::read_to_string(&fields.first);
                let file = file.map_err(|error| {
                    format!(
                        "'{}' cannot be read ({error}): give a file, or the numbers between spaces",
                        fields.first
                    )
                })?;
                numbers(&file).ok_or(format!(
                    "'{}' has words that are no numbers: give numbers with spaces or lines between them",
                    fields.first
                ))?
            }
        };
        if ![24, 168].contains(&hours.len()) {
            return Err(format!(
                "it has {} numbers: give 24, the uploads of each hour of a day, or 168, those of a week from Monday on",
                hours.len()
            ));
        }
        if let Some(out) = hours.iter().find(|hour| !(0.0..1e9).contains(*hour)) {
            return Err(format!(
                "{out} uploads in an hour are below 0 or too many: give 0 to 999999999"
            ));
        }
        Ok(Self {
            hours,
            lane: fields.text("lane"),
            whose: Whose::of(&fields)?,
        })
    }
}

/// Uploads at the times of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    pub file: PathBuf,
    pub lane: Option<String>,
    pub whose: Whose,
}

impl FromStr for Times {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields = Fields::read(text, &OF)?;
        Ok(Self {
            file: PathBuf::from(&fields.first),
            lane: fields.text("lane"),
            whose: Whose::of(&fields)?,
        })
    }
}

/// How long uploads come that have no end of their own, unless it is given.
pub const A_DAY: Millis = DAY;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_has_a_time() {
        let burst: Burst = "200_000,at=2h,every=1d,over=10m,lane=bulk".parse().unwrap();
        assert_eq!(
            (burst.count, burst.at, burst.every),
            (200_000, 2 * HOUR, Some(DAY))
        );
        assert_eq!((burst.over, burst.lane.as_deref()), (600_000, Some("bulk")));
        for wrong in [
            "",
            "0",
            "many",
            "5,at=2h,random=3",
            "5,on=monday",
            "5,tenants=0",
            "5,tenants=100001",
            "5,tenant=",
            "5,tenant=acme,tenants=5",
        ] {
            assert!(wrong.parse::<Burst>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn uploads_are_of_one_tenant_or_of_several() {
        let whose = |text: &str| text.parse::<Burst>().unwrap().whose;
        assert_eq!(whose("5"), Whose::Nobody);
        assert_eq!(whose("5,tenant=acme"), Whose::One("acme".into()));
        assert_eq!(whose("5,tenants=1_000"), Whose::Several(1_000));
        assert_eq!(
            "20/s,tenants=3".parse::<Rate>().unwrap().whose,
            Whose::Several(3)
        );
    }

    #[test]
    fn a_rate_is_so_many_in_a_time() {
        let rate: Rate = "1000/m".parse().unwrap();
        assert_eq!((rate.count, rate.per), (1_000.0, 60_000));
        assert_eq!("3/10s".parse::<Rate>().unwrap().per, 10_000);
        for wrong in ["", "20", "/s", "0/s", "20/", "20/w", "NaN/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_curve_is_a_day_or_a_week() {
        let day = vec!["5"; 24].join(" ");
        assert_eq!(day.parse::<Curve>().unwrap().period(), DAY);
        assert_eq!(
            vec!["5"; 168].join(" ").parse::<Curve>().unwrap().period(),
            7 * DAY
        );
        let told = "1 2 3".parse::<Curve>().unwrap_err();
        assert!(told.starts_with("it has 3 numbers: give 24"), "{told}");
        assert!(
            "no-such-file"
                .parse::<Curve>()
                .unwrap_err()
                .contains("give a file")
        );
    }
}
