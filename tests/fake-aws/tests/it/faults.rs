use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use fake_aws::{Answer, FakeAws, Fault};
use tokio::time::{Instant, timeout};

use crate::support::{OneQueue, code, one_queue, secs, sleep};

/// Returns a client as handlers have it: with retries, and with timeouts if there are any.
fn retrying(one: &OneQueue, timeouts: TimeoutConfig) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(fake_aws::REGION))
        .credentials_provider(Credentials::from_keys("AKIAFAKE", "secret", None))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts)
        .http_client(one.aws.http_client());
    aws_sdk_sqs::Client::from_conf(config.build())
}

fn send(
    sqs: &aws_sdk_sqs::Client,
    one: &OneQueue,
) -> aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder {
    sqs.send_message()
        .queue_url(one.queue.url())
        .message_body("a")
}

/// Returns a hook that does this to the first call only.
fn once(fault: Fault) -> impl FnMut(&fake_aws::Call) -> Fault + Send {
    let mut fault = Some(fault);
    move |_| fault.take().unwrap_or(Fault::None)
}

#[tokio::test(start_paused = true)]
async fn each_service_throttles_in_its_own_words() {
    let aws = FakeAws::new(1);
    aws.faults().before(|_| Fault::Throttle);
    let caller = aws.caller("test");
    let sqs = caller
        .sqs_client()
        .get_queue_url()
        .queue_name("a")
        .send()
        .await;
    assert_eq!(code(sqs), "RequestThrottled");
    let sfn = caller
        .sfn_client()
        .start_execution()
        .state_machine_arn("a")
        .send()
        .await;
    assert_eq!(code(sfn), "ThrottlingException");
    let dynamodb = caller.dynamodb_client().scan().table_name("a").send().await;
    assert_eq!(code(dynamodb), "ProvisionedThroughputExceededException");
}

#[tokio::test(start_paused = true)]
async fn the_sdk_retries_what_it_retries_on_aws() {
    for fault in [Fault::Throttle, Fault::InternalError, Fault::LoseAnswer] {
        let one = one_queue(|_| {});
        one.aws.faults().before(once(fault.clone()));
        let sqs = retrying(&one, TimeoutConfig::disabled());
        send(&sqs, &one).send().await.expect("the second attempt");
        assert_eq!(one.aws.calls_of("SendMessage").len(), 2, "{fault:?}");
        assert_eq!(
            one.bodies().len(),
            1,
            "{fault:?} before the effect has none"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_the_effect() {
    for fault in [Fault::LoseAnswer, Fault::InternalError] {
        let one = one_queue(|_| {});
        one.aws.faults().after(once(fault));
        let sqs = retrying(&one, TimeoutConfig::disabled());
        send(&sqs, &one).send().await.expect("the second attempt");
        assert_eq!(one.bodies().len(), 2, "sent twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_refused_with_any_code() {
    let one = one_queue(|_| {});
    one.aws
        .faults()
        .before(|_| Fault::Refuse("AccessDeniedException".to_owned()));
    let refused = send(&one.sqs, &one).send().await;
    assert_eq!(code(refused), "AccessDeniedException");
    assert!(one.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_takes_effect_although_the_caller_gave_up() {
    let one = one_queue(|_| {});
    one.aws.faults().before(|_| Fault::Delay(secs(10)));
    let timeouts = TimeoutConfig::builder().operation_timeout(secs(3)).build();
    let sqs = retrying(&one, timeouts);
    let start = Instant::now();
    send(&sqs, &one).send().await.expect_err("too slow");
    assert_eq!(start.elapsed(), secs(3));
    assert!(one.bodies().is_empty());
    sleep(8).await;
    assert_eq!(one.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_clients_own_read_timeout_holds() {
    let one = one_queue(|_| {});
    one.aws.faults().before(once(Fault::Hang));
    let timeouts = TimeoutConfig::builder().read_timeout(secs(3)).build();
    let sqs = retrying(&one, timeouts);
    send(&sqs, &one).send().await.expect("the second attempt");
    assert_eq!(one.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_silences_the_caller_and_nobody_else() {
    for (before, left) in [(true, 0), (false, 1)] {
        let one = one_queue(|_| {});
        let hook = |call: &fake_aws::Call| match &*call.caller {
            "doomed" => Fault::Crash,
            _ => Fault::None,
        };
        if before {
            one.aws.faults().before(hook);
        } else {
            one.aws.faults().after(hook);
        }
        let doomed = one.aws.caller("doomed");
        let sqs = doomed.sqs_client();
        let handler = async {
            let _ = send(&sqs, &one).send().await;
            unreachable!("the call is never answered");
        };
        tokio::select! {
            () = handler => {}
            () = doomed.crashed() => {}
        }
        assert!(doomed.is_crashed());
        assert_eq!(one.bodies().len(), left);
        let later = timeout(secs(1000), send(&sqs, &one).send()).await;
        assert!(later.is_err(), "no call after the crash is answered,");
        assert_eq!(one.bodies().len(), left, "nor has an effect");
        send(&one.sqs, &one).send().await.expect("others go on");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_the_wire_at_a_crash_still_takes_effect() {
    let one = one_queue(|_| {});
    one.aws.set_latency(secs(2), secs(2));
    let doomed = one.aws.caller("doomed");
    let sqs = doomed.sqs_client();
    let gave_up = timeout(Duration::from_millis(500), send(&sqs, &one).send()).await;
    assert!(gave_up.is_err());
    doomed.crash();
    sleep(2).await;
    assert_eq!(one.bodies().len(), 1);
    assert_eq!(one.aws.calls_of("SendMessage")[0].answer, Answer::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_crash_may_leave_a_call_on_the_wire() {
    let one = one_queue(|_| {});
    one.aws.faults().before(|_| Fault::CrashOnTheWire(secs(9)));
    let doomed = one.aws.caller("doomed");
    let sqs = doomed.sqs_client();
    tokio::select! {
        _ = send(&sqs, &one).send() => panic!("it was answered"),
        () = doomed.crashed() => {}
    }
    assert_eq!(one.bodies().len(), 0);
    sleep(10).await;
    assert_eq!(one.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn latency_passes_on_the_virtual_clock() {
    let one = one_queue(|_| {});
    one.aws
        .set_latency(Duration::from_millis(20), Duration::from_millis(40));
    let start = Instant::now();
    for _ in 0..100 {
        send(&one.sqs, &one).send().await.expect("a send");
    }
    let mean = start.elapsed() / 100;
    let expected = Duration::from_millis(25)..Duration::from_millis(36);
    assert!(expected.contains(&mean), "{mean:?}");
}

#[tokio::test(start_paused = true)]
async fn hooks_may_look_at_the_fake_and_see_the_effect() {
    let one = one_queue(|_| {});
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let queue = one.queue.clone();
    one.aws.faults().after(move |call| {
        SEEN.store(
            queue.messages().len() + call.facts.message_ids.len(),
            Ordering::Relaxed,
        );
        Fault::None
    });
    send(&one.sqs, &one).send().await.expect("a send");
    assert_eq!(SEEN.load(Ordering::Relaxed), 2);
}
