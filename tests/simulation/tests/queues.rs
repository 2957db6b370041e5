//! Batches of messages, to both kinds of queue, of which entries are refused.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::clients::Clients;
use aws::error::AwsError;
use aws::queue::Queue;
use fake_aws::{FakeAws, QueueConfig};
use spillway::message::fifo::Fifo;
use spillway::message::outgoing::Outgoing;

fn queue(aws: &FakeAws, name: &str) -> (fake_aws::Queue, Queue) {
    let fake = aws.sqs().create_queue(QueueConfig::named(name));
    let clients = Clients::with_http_client(aws.caller("sender").http_client());
    let queue = Queue::new(clients.sqs, fake.url());
    (fake, queue)
}

/// The `place`th message of a group.
fn message(group: &str, place: usize) -> Outgoing {
    Outgoing {
        body: format!("{group} {place}"),
        fifo: Some(Fifo {
            group: group.into(),
            deduplication: format!("{group}-{place}"),
        }),
        ..Outgoing::default()
    }
}

/// 48 messages of five groups, one of them with half of all.
fn messages() -> Vec<Outgoing> {
    (0..48)
        .map(|place| match place % 8 {
            group @ 0..4 => message(&format!("group{group}"), place),
            _ => message("crowd", place),
        })
        .collect()
}

/// Those that were not sent, by their index, and why.
fn unsent(results: Vec<Result<(), AwsError>>) -> Vec<(usize, String)> {
    let results = results.into_iter().enumerate();
    results
        .filter_map(|(index, result)| Some((index, result.err()?.to_string())))
        .collect()
}

/// The messages of each group, as they lie in the queue.
fn by_group(queue: &fake_aws::Queue) -> BTreeMap<String, Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for message in queue.messages() {
        let body = message.message.body;
        let (group, place) = body.split_once(' ').unwrap();
        groups
            .entry(group.to_owned())
            .or_default()
            .push(place.parse().unwrap());
    }
    groups
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_gets_a_group_in_order_though_entries_are_refused() {
    for seed in 0..20 {
        let aws = FakeAws::new(seed);
        let (fake, queue) = queue(&aws, "events.fifo");
        // Every entry at most twice, in a pattern of the seed's.
        let (mut refused, mut state) = (BTreeMap::<String, u32>::new(), seed + 1);
        aws.faults().fail_entries(move |_, id| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let times = refused.entry(id.to_owned()).or_default();
            let fails = *times < 2 && (state >> 33) % 3 == 0;
            *times += u32::from(fails);
            fails
        });
        assert!(unsent(queue.send_all(&messages()).await).is_empty());
        let groups = by_group(&fake);
        assert_eq!(
            groups.values().map(Vec::len).sum::<usize>(),
            48,
            "seed {seed}"
        );
        for (group, places) in groups {
            assert!(places.is_sorted(), "seed {seed}: {group}: {places:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_one_that_is_given_up_none_of_its_group_is_sent() {
    let aws = FakeAws::new(1);
    let (fake, queue) = queue(&aws, "events.fifo");
    // The third of the crowd.
    aws.faults().fail_entries(|_, id| id == "6");
    let unsent = unsent(queue.send_all(&messages()).await);
    // From the third of the crowd on: its other half but two.
    assert_eq!(unsent.len(), 22);
    assert!(
        unsent
            .iter()
            .all(|(index, _)| index % 8 >= 4 && *index >= 6)
    );
    let groups = by_group(&fake);
    assert_eq!(groups["crowd"], [4, 5]);
    let others = groups.iter().filter(|(group, _)| *group != "crowd");
    assert!(others.clone().all(|(_, places)| places.len() == 6));
    assert_eq!(others.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_standard_queue_gets_all_but_those_that_are_given_up() {
    let aws = FakeAws::new(1);
    let (fake, queue) = queue(&aws, "events");
    aws.faults().fail_entries(|_, id| id == "6" || id == "31");
    let unsent = unsent(queue.send_all(&messages()).await);
    let refused: Vec<usize> = unsent.iter().map(|(index, _)| *index).collect();
    assert_eq!(refused, [6, 31]);
    for (_, problem) in unsent {
        assert!(problem.contains("it was refused 3 times"), "{problem}");
    }
    assert_eq!(fake.messages().len(), 46);
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_queue_gets_what_it_takes() {
    let aws = FakeAws::new(1);
    let delayed = Outgoing {
        delay_seconds: 60,
        ..message("group", 1)
    };
    for name in ["events", "events.fifo"] {
        let (fake, queue) = queue(&aws, name);
        queue.send(&delayed).await.unwrap();
        let sent = queue
            .send_all(&[Outgoing {
                delay_seconds: 60,
                ..message("group", 2)
            }])
            .await;
        assert_eq!(sent, [Ok(())]);
        let is_fifo = name == "events.fifo";
        for view in fake.messages() {
            assert_eq!(view.hidden, !is_fifo, "{name}");
            assert_eq!(view.message.group.is_some(), is_fifo, "{name}");
            assert_eq!(view.message.deduplication_id.is_some(), is_fifo, "{name}");
        }
        tokio::time::sleep(Duration::from_secs(61)).await;
        let mut received = queue.receive(10, 1).await.unwrap();
        received.sort_by(|one, other| one.body.cmp(&other.body));
        assert_eq!(received.len(), 2, "{name}");
        let ids: Vec<String> = fake
            .messages()
            .into_iter()
            .map(|view| view.message.id)
            .collect();
        assert!(
            received.iter().all(|message| ids.contains(&message.id)),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_gets_no_message_without_a_group() {
    let aws = FakeAws::new(1);
    let (fake, queue) = queue(&aws, "events.fifo");
    let message = Outgoing {
        body: "text".into(),
        ..Outgoing::default()
    };
    let mut results = queue.send_all(&[message.clone(), message.clone()]).await;
    results.push(queue.send(&message).await);
    for result in results {
        let problem = result.unwrap_err().to_string();
        assert!(problem.contains("is a FIFO queue"), "{problem}");
    }
    assert!(fake.messages().is_empty() && aws.calls().is_empty());
}
