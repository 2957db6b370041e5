use super::*;

#[test]
fn one_error_names_everything() {
    let lookup = |name: &str| match name {
        "GOOD" => Some("7".to_owned()),
        "BAD" => Some("seven".to_owned()),
        "EMPTY" => Some(String::new()),
        "LIST" => Some("1, 2,x".to_owned()),
        _ => None,
    };
    let mut environment = Environment::new(&lookup);
    assert_eq!(environment.parsed::<u32>("GOOD", "a number"), 7);
    assert_eq!(environment.optional::<u32>("ABSENT", "a number"), None);
    environment.parsed::<u32>("BAD", "a whole number");
    environment.text("EMPTY", "the queue's URL");
    assert_eq!(environment.list::<u32>("LIST", "numbers"), [1, 2]);
    let error = environment.finish().unwrap_err();
    assert_eq!(error.problems.len(), 3);
    let text = error.to_string();
    assert!(
        text.contains("BAD is \"seven\" (invalid digit found in string): set it to a whole number")
    );
    assert!(text.contains("EMPTY is missing: set it to the queue's URL"));
    assert!(text.contains("LIST is \"x\""));
}

#[test]
fn several_events_go_without_an_order() {
    let problems = |events: &'static str, order: Order| {
        let lookup =
            |name: &str| (name == "SPILLWAY_EVENTS_PER_EXECUTION").then(|| events.to_owned());
        let mut environment = Environment::new(&lookup);
        environment.events_per_execution(order);
        environment
            .finish()
            .err()
            .map(|error| error.problems.join(", "))
    };
    assert_eq!(problems("100", Order::None), None);
    assert_eq!(problems("1", Order::Each), None);
    assert_eq!(
        problems("101", Order::None).unwrap(),
        "SPILLWAY_EVENTS_PER_EXECUTION is 101: set it to a whole number of object events, 1 to 100"
    );
    assert_eq!(
        problems("2", Order::Latest).unwrap(),
        "SPILLWAY_EVENTS_PER_EXECUTION is 2 with the order latest: set it to 1, or SPILLWAY_ORDER to none"
    );
}

#[test]
fn a_number_is_missing_or_out_of_range_once() {
    let lookup = |name: &str| (name == "ZERO").then(|| "0".to_owned());
    let mut environment = Environment::new(&lookup);
    environment.days("ZERO");
    environment.seconds("ABSENT", 1);
    assert_eq!(environment.optional_within("ABSENT", 1..=2, "1 or 2"), None);
    assert_eq!(
        environment.finish().unwrap_err().problems,
        [
            "ZERO is 0: set it to a whole number of days, at least 1",
            "ABSENT is missing: set it to a whole number of seconds, at least 1",
        ]
    );
}
