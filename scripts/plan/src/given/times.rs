//! Times of uploads and their tenants, from a file: a table with commas, or a log of S3's requests.

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

/// Uploads of a file, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    pub times: Vec<Millis>,
    /// The tenant of each upload, by its place among the names, from 1 on; 0: it has none. Empty:
    /// the file tells no tenants.
    pub tenants: Vec<u32>,
    /// Names of the tenants.
    pub names: Vec<String>,
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

/// Reads the uploads of a file. Their times are in the first column of times, as in an S3
/// inventory. Or they are in the requests of S3's access log that made an object. The first line
/// can be the columns' names: then one named `tenant` has the tenants. `by`: how a key tells its
/// tenant. The keys are in the column named `key`, in the second one of an inventory, or in the
/// requests.
pub fn read(text: &str, name: &str, by: Option<&By>) -> Result<Uploads, Wrong> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut reading = Reading::default();
    if lines().any(|line| MAKES.iter().any(|it| line.contains(it))) {
        for line in lines() {
            if let Some(time) = of_log(line) {
                let key = || key_of_log(line);
                let tenant = by.and_then(|by| by.tenant_of(&key()?));
                reading.put(time, tenant.as_deref(), by.is_some());
            }
        }
        return Ok(reading.uploads);
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
    for (number, line) in lines().enumerate().skip(first) {
        let found = cells(line).nth(place).and_then(time);
        let found = found.ok_or_else(|| {
            Wrong::new(format!(
                "{name}, line {}: column {} has no time: {line:.60}",
                number + 1,
                place + 1
            ))
        })?;
        let (tenant, tells) = match teller {
            Teller::Name(column) => (cells(line).nth(column).map(str::to_owned), true),
            Teller::Key(column, by) => {
                let key = cells(line).nth(column).and_then(key::decode);
                (key.and_then(|key| by.tenant_of(&key)), true)
            }
            Teller::Nothing => (None, false),
        };
        reading.put(found, tenant.as_deref(), tells);
    }
    Ok(reading.uploads)
}

/// Returns the part of a line that tells its tenant. `heads`: the columns' names, if there are.
/// `time`: the column of times.
fn teller<'a>(heads: &str, time: usize, by: Option<&'a By>) -> Teller<'a> {
    let named = |name: &str| cells(heads).position(|head| head.eq_ignore_ascii_case(name));
    if let Some(column) = named("tenant") {
        return Teller::Name(column);
    }
    // An inventory has no heads: the bucket comes first, then the key.
    let is_inventory = heads.is_empty() && time > 1;
    match (by, named("key").or(is_inventory.then_some(1))) {
        (Some(by), Some(column)) => Teller::Key(column, by),
        _ => Teller::Nothing,
    }
}

/// Uploads as they are read.
#[derive(Debug, Default)]
struct Reading {
    numbers: HashMap<String, u32>,
    uploads: Uploads,
}

impl Reading {
    /// Adds an upload. `tells`: the file tells tenants.
    fn put(&mut self, time: Millis, tenant: Option<&str>, tells: bool) {
        self.uploads.times.push(time);
        if tells {
            let tenant = tenant.filter(|tenant| !tenant.is_empty());
            let number = tenant.map_or(0, |tenant| self.number(tenant));
            self.uploads.tenants.push(number);
        }
    }

    fn number(&mut self, tenant: &str) -> u32 {
        if let Some(number) = self.numbers.get(tenant) {
            return *number;
        }
        self.uploads.names.push(tenant.to_owned());
        let number = u32::try_from(self.uploads.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(tenant.to_owned(), number);
        number
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
        read(text, "f", None).map(|it| it.times)
    }

    /// The tenant of each upload; empty: it has none.
    fn tenants(text: &str, by: Option<&str>) -> Vec<String> {
        let by = by.map(|by| By::parse(by).unwrap());
        let Uploads { tenants, names, .. } = read(text, "f", by.as_ref()).unwrap();
        let name = |tenant: &u32| match tenant {
            0 => String::new(),
            tenant => names[*tenant as usize - 1].clone(),
        };
        tenants.iter().map(name).collect()
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
    fn a_column_or_the_keys_tell_the_tenants() {
        let named = "time,tenant\n2026-11-22T02:00:00Z,acme\n2026-11-22T02:00:01Z,\n2026-11-22T02:00:02Z,acme\n";
        assert_eq!(tenants(named, None), ["acme", "", "acme"]);
        let keys = "key,time\nin/a%20b/c,2026-11-22T02:00:00Z\nc,2026-11-22T02:00:01Z\n";
        assert_eq!(tenants(keys, Some("2")), ["a b", ""]);
        assert!(tenants(keys, None).is_empty());
        let inventory = "\"b\",\"in/acme/c\",\"12\",\"2026-11-22T02:00:00.000Z\"\n";
        assert_eq!(tenants(inventory, Some("2")), ["acme"]);
        let log = "o b [22/Nov/2026:02:00:00 +0000] 1.2.3.4 r 1 REST.PUT.OBJECT in/a%2520b/c \"PUT /k HTTP/1.1\" 200\n";
        assert_eq!(tenants(log, Some("2")), ["a b"]);
    }
}
