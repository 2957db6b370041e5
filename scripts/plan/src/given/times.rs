//! Times of uploads, their lanes and their tenants, from a file: a table with commas, or a log of
//! S3's requests.

use std::collections::HashMap;

use spillway::Millis;
use spillway::event::key;
use spillway::event::tenant::By;
use spillway::event::time::millis;

use super::wrong::Wrong;

/// The operations in S3's access log that make an object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>
const MAKES: [&str; 4] = [
    " REST.PUT.OBJECT ",
    " REST.COPY.OBJECT ",
    " REST.POST.OBJECT ",
    " REST.POST.UPLOAD ",
];

/// Seconds in which the uploads of a row come, at most: a day.
const MOST_SECONDS: u32 = 86_400;

/// Uploads of a file, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    pub rows: Vec<Row>,
    /// Names of the tenants.
    pub tenants: Vec<String>,
    /// Names of the lanes.
    pub lanes: Vec<String>,
}

impl Uploads {
    /// Returns how many uploads there are.
    pub fn count(&self) -> u64 {
        self.rows.iter().map(|row| u64::from(row.count)).sum()
    }
}

/// A row of a file. Most have one upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The first upload comes then, or after it.
    pub at: Millis,
    pub count: u32,
    /// The uploads come evenly in so many seconds; 0: at once.
    pub seconds: u32,
    /// By the place among the names, from 1 on; 0: the file does not say it.
    pub tenant: u32,
    /// By the place among the names, from 1 on; 0: the file does not say it.
    pub lane: u32,
}

/// The part of a line that tells its tenant.
#[derive(Debug, Clone, Copy)]
enum Teller<'a> {
    /// A column of names.
    Name(usize),
    /// A column of keys.
    Key(usize, &'a By),
    Nothing,
}

/// The columns of a table by their names.
#[derive(Debug, Clone, Copy, Default)]
struct Columns {
    lane: Option<usize>,
    count: Option<usize>,
    seconds: Option<usize>,
}

impl Columns {
    fn of(heads: &str) -> Self {
        Self {
            lane: named(heads, "lane"),
            count: named(heads, "count"),
            seconds: named(heads, "seconds"),
        }
    }
}

/// Reads the uploads of a file. Their times are in the first column of times, as in an S3
/// inventory. Or they are in the requests of S3's access log that made an object. The first line
/// can be the columns' names: then one named `tenant` has the tenants, and one named `lane` the
/// lanes. One named `count` has the number of uploads, which come evenly in the `seconds` from the
/// time on. `by`: how a key tells its tenant. The keys are in the column named `key`, in the second
/// one of an inventory, or in the requests.
pub fn read(text: &str, name: &str, by: Option<&By>) -> Result<Uploads, Wrong> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut reading = Reading::default();
    if lines().any(|line| MAKES.iter().any(|it| line.contains(it))) {
        for line in lines() {
            if let Some(time) = of_log(line) {
                let key = || key_of_log(line);
                let tenant = by.and_then(|by| by.tenant_of(&key()?));
                reading.put((time, 1, 0), tenant.as_deref(), None);
            }
        }
        return Ok(reading.uploads());
    }
    let column = |line: &str| cells(line).position(|cell| time(cell).is_some());
    let Some((first, place)) = lines()
        .take(2)
        .enumerate()
        .find_map(|(number, line)| column(line).map(|place| (number, place)))
    else {
        return Err(Wrong::new(format!(
            "{name}: its first two lines have no time such as 2026-11-30T02:00:00Z: give a table with commas, an S3 inventory or an S3 access log"
        )));
    };
    let heads = lines().next().filter(|_| first > 0).unwrap_or_default();
    let teller = teller(heads, place, by);
    let columns = Columns::of(heads);
    for (number, line) in lines().enumerate().skip(first) {
        let found = cells(line).nth(place).and_then(time);
        let found = found.ok_or_else(|| {
            Wrong::new(format!(
                "{name}, line {}: column {} has no time: {line:.60}",
                number + 1,
                place + 1
            ))
        })?;
        let cell = |column: usize| cells(line).nth(column);
        let whole = |column: Option<usize>, otherwise: u32, what: &str| match column {
            None => Ok(otherwise),
            Some(column) => cell(column).and_then(|it| it.parse().ok()).ok_or_else(|| {
                Wrong::new(format!(
                    "{name}, line {}: column {} has no {what}: {line:.60}",
                    number + 1,
                    column + 1
                ))
            }),
        };
        let count = whole(columns.count, 1, "whole number of uploads")?;
        let seconds = whole(columns.seconds, 0, "whole number of seconds")?;
        if seconds > MOST_SECONDS {
            return Err(Wrong::new(format!(
                "{name}, line {}: {seconds} seconds are more than a day: give at most {MOST_SECONDS}",
                number + 1
            )));
        }
        let tenant = match teller {
            Teller::Name(column) => cell(column).map(str::to_owned),
            Teller::Key(column, by) => {
                let cell = cell(column);
                // A key that is not encoded stays as it is.
                let key = cell.map(|it| key::decode(it).unwrap_or_else(|| it.to_owned()));
                key.and_then(|key| by.tenant_of(&key))
            }
            Teller::Nothing => None,
        };
        let lane = columns.lane.and_then(cell);
        reading.put((found, count, seconds), tenant.as_deref(), lane);
    }
    Ok(reading.uploads())
}

/// Returns the part of a line that tells its tenant. `heads`: the columns' names, if there are.
/// `time`: the column of times.
fn teller<'a>(heads: &str, time: usize, by: Option<&'a By>) -> Teller<'a> {
    if let Some(column) = named(heads, "tenant") {
        return Teller::Name(column);
    }
    // An inventory has no heads: the bucket comes first, then the key.
    let is_inventory = heads.is_empty() && time > 1;
    match (by, named(heads, "key").or(is_inventory.then_some(1))) {
        (Some(by), Some(column)) => Teller::Key(column, by),
        _ => Teller::Nothing,
    }
}

fn named(heads: &str, name: &str) -> Option<usize> {
    cells(heads).position(|head| head.eq_ignore_ascii_case(name))
}

/// Names as they are read.
#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<String, u32>,
    all: Vec<String>,
}

impl Names {
    /// Returns the number of a name, from 1 on; 0: there is none.
    fn number(&mut self, name: Option<&str>) -> u32 {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return 0;
        };
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.all.push(name.to_owned());
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

/// Uploads as they are read.
#[derive(Debug, Default)]
struct Reading {
    rows: Vec<Row>,
    tenants: Names,
    lanes: Names,
}

impl Reading {
    fn put(
        &mut self,
        (at, count, seconds): (Millis, u32, u32),
        tenant: Option<&str>,
        lane: Option<&str>,
    ) {
        let tenant = self.tenants.number(tenant);
        let lane = self.lanes.number(lane);
        self.rows.push(Row {
            at,
            count,
            seconds,
            tenant,
            lane,
        });
    }

    fn uploads(self) -> Uploads {
        Uploads {
            rows: self.rows,
            tenants: self.tenants.all,
            lanes: self.lanes.all,
        }
    }
}

/// Returns the cells of a line. Text between quotation marks is one cell.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let ends = move |it: char| {
        quoted ^= it == '"';
        !quoted && [',', '\t', ';'].contains(&it)
    };
    line.split(ends).map(|cell| cell.trim().trim_matches('"'))
}

/// Reads a time: ISO 8601, in UTC unless it names its zone, or seconds or milliseconds since 1970.
fn time(cell: &str) -> Option<Millis> {
    if let Ok(number) = cell.parse::<f64>() {
        return match number {
            1e9..1e10 => Some((number * 1_000.0) as Millis),
            1e12..1e13 => Some(number as Millis),
            _ => None,
        };
    }
    if !cell.starts_with(|first: char| first.is_ascii_digit()) || !cell.contains(':') {
        return None;
    }
    let text = cell.replace(' ', "T");
    millis(&text).or_else(|| millis(&format!("{text}Z")))
}

/// Returns the time of a line of an access log that made an object: `[30/Nov/2026:02:00:00 +0000]`.
fn of_log(line: &str) -> Option<Millis> {
    if !MAKES.iter().any(|it| line.contains(it)) {
        return None;
    }
    let (_, rest) = line.split_once('[')?;
    let (text, _) = rest.split_once(']')?;
    let (day, rest) = text.split_once('/')?;
    let (month, rest) = rest.split_once('/')?;
    let (year, time) = rest.split_once(':')?;
    let (time, _) = time.split_once(' ')?;
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS.iter().position(|it| *it == month)? + 1;
    millis(&format!("{year}-{month:02}-{day}T{time}Z"))
}

/// Returns the key of a line of an access log: it comes after the operation. S3 encodes it twice.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>
fn key_of_log(line: &str) -> Option<String> {
    let rest = MAKES.iter().find_map(|it| line.split_once(it))?.1;
    let key = rest.split(' ').next()?;
    key::decode(&key::decode(key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str) -> Result<Vec<Millis>, Wrong> {
        let rows = read(text, "f", None)?.rows;
        Ok(rows.iter().map(|row| row.at).collect())
    }

    /// The tenant of each upload; empty: it has none.
    fn tenants(text: &str, by: Option<&str>) -> Vec<String> {
        let by = by.map(|by| By::parse(by).unwrap());
        let Uploads { rows, tenants, .. } = read(text, "f", by.as_ref()).unwrap();
        let name = |row: &Row| match row.tenant {
            0 => String::new(),
            tenant => tenants[tenant as usize - 1].clone(),
        };
        rows.iter().map(name).collect()
    }

    const TWO: Millis = 1_795_312_800_000;

    #[test]
    fn the_first_column_with_times_is_taken() {
        let inventory = "\"b\",\"a,key\",\"12\",\"2026-11-22T02:00:00.000Z\"\n\"b\",\"key\",\"12\",\"2026-11-22T02:00:01.000Z\"\n";
        assert_eq!(times(inventory), Ok(vec![TWO, TWO + 1_000]));
        let named = "key,uploaded\na,2026-11-22 02:00:00\nb,2026-11-22T03:00:00+01:00\n";
        assert_eq!(times(named), Ok(vec![TWO, TWO]));
        assert_eq!(
            times("1795312800\n1795312801.5\n"),
            Ok(vec![TWO, TWO + 1_500])
        );
    }

    #[test]
    fn of_an_access_log_the_requests_count_that_made_an_object() {
        let log = "o b [22/Nov/2026:02:00:00 +0000] 1.2.3.4 r 1 REST.PUT.OBJECT k \"PUT /k HTTP/1.1\" 200\n\
            o b [22/Nov/2026:02:00:01 +0000] 1.2.3.4 r 2 REST.GET.OBJECT k \"GET /k HTTP/1.1\" 200\n";
        assert_eq!(times(log), Ok(vec![TWO]));
    }

    #[test]
    fn what_has_no_times_is_named_with_its_line() {
        let told = read("a,b\nc,d\n", "f.csv", None).unwrap_err().to_string();
        assert!(
            told.starts_with("f.csv: its first two lines have no time"),
            "{told}"
        );
        let told = read("2026-11-22T02:00:00Z\nsoon\n", "f.csv", None)
            .unwrap_err()
            .to_string();
        assert_eq!(told, "f.csv, line 2: column 1 has no time: soon");
    }

    #[test]
    fn a_row_can_have_many_uploads_of_a_lane() {
        let table = "time,lane,count,seconds\n2026-11-22T02:00:00Z,bulk,10000,60\n2026-11-22T02:01:00Z,,0,60\n";
        let read_in = read(table, "f", None).unwrap();
        assert_eq!(
            (read_in.count(), &*read_in.lanes),
            (10_000, ["bulk".into()].as_slice())
        );
        let row = Row {
            at: TWO,
            count: 10_000,
            seconds: 60,
            tenant: 0,
            lane: 1,
        };
        let none = Row {
            at: TWO + 60_000,
            count: 0,
            lane: 0,
            ..row
        };
        assert_eq!(read_in.rows, [row, none]);
        let told = |table: &str| read(table, "f", None).unwrap_err().to_string();
        assert_eq!(
            told("time,count\n2026-11-22T02:00:00Z,2.5\n"),
            "f, line 2: column 2 has no whole number of uploads: 2026-11-22T02:00:00Z,2.5"
        );
        assert!(
            told("time,count\n2026-11-22T02:00:00Z\n")
                .starts_with("f, line 2: column 2 has no whole number of uploads")
        );
        assert_eq!(
            told("time,seconds\n2026-11-22T02:00:00Z,90000\n"),
            "f, line 2: 90000 seconds are more than a day: give at most 86400"
        );
    }

    #[test]
    fn a_column_or_the_keys_tell_the_tenants() {
        let named = "time,tenant\n2026-11-22T02:00:00Z,acme\n2026-11-22T02:00:01Z,\n2026-11-22T02:00:02Z,acme\n";
        assert_eq!(tenants(named, None), ["acme", "", "acme"]);
        let keys = "key,time\nin/a%20b/c,2026-11-22T02:00:00Z\nc,2026-11-22T02:00:01Z\n";
        assert_eq!(tenants(keys, Some("2")), ["a b", ""]);
        assert_eq!(tenants(keys, None), ["", ""]);
        let inventory = "\"b\",\"in/acme/c\",\"12\",\"2026-11-22T02:00:00.000Z\"\n";
        assert_eq!(tenants(inventory, Some("2")), ["acme"]);
        let log = "o b [22/Nov/2026:02:00:00 +0000] 1.2.3.4 r 1 REST.PUT.OBJECT in/a%2520b/c \"PUT /k HTTP/1.1\" 200\n";
        assert_eq!(tenants(log, Some("2")), ["a b"]);
    }
}
