//! Times of uploads, from a file: a table with commas, or a log of S3's requests.

use spillway::Millis;
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

/// Reads the times of a file, in its order. They are in the first column of times, as in an S3
/// inventory. Or they are in the requests of S3's access log that made an object. The first line
/// can be the columns' names.
pub fn read(text: &str, name: &str) -> Result<Vec<Millis>, Wrong> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines().any(|line| MAKES.iter().any(|it| line.contains(it))) {
        return Ok(lines().filter_map(of_log).collect());
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
    let rows = lines().enumerate().skip(first);
    rows.map(|(number, line)| {
        let found = cells(line).nth(place).and_then(time);
        found.ok_or_else(|| {
            Wrong::new(format!(
                "{name}, line {}: column {} has no time: {line:.60}",
                number + 1,
                place + 1
            ))
        })
    })
    .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Millis = 1_795_312_800_000;

    #[test]
    fn the_first_column_with_times_is_taken() {
        let inventory = "\"b\",\"a,key\",\"12\",\"2026-11-22T02:00:00.000Z\"\n\"b\",\"key\",\"12\",\"2026-11-22T02:00:01.000Z\"\n";
        assert_eq!(read(inventory, "f"), Ok(vec![TWO, TWO + 1_000]));
        let named = "key,uploaded\na,2026-11-22 02:00:00\nb,2026-11-22T03:00:00+01:00\n";
        assert_eq!(read(named, "f"), Ok(vec![TWO, TWO]));
        assert_eq!(
            read("1795312800\n1795312801.5\n", "f"),
            Ok(vec![TWO, TWO + 1_500])
        );
    }

    #[test]
    fn of_an_access_log_the_requests_count_that_made_an_object() {
        let log = "o b [22/Nov/2026:02:00:00 +0000] 1.2.3.4 r 1 REST.PUT.OBJECT k \"PUT /k HTTP/1.1\" 200\n\
            o b [22/Nov/2026:02:00:01 +0000] 1.2.3.4 r 2 REST.GET.OBJECT k \"GET /k HTTP/1.1\" 200\n";
        assert_eq!(read(log, "f"), Ok(vec![TWO]));
    }

    #[test]
    fn what_has_no_times_is_named_with_its_line() {
        let told = read("a,b\nc,d\n", "f.csv").unwrap_err().to_string();
        assert!(
            told.starts_with("f.csv: its first two lines have no time"),
            "{told}"
        );
        let told = read("2026-11-22T02:00:00Z\nsoon\n", "f.csv")
            .unwrap_err()
            .to_string();
        assert_eq!(told, "f.csv, line 2: column 1 has no time: soon");
    }
}
