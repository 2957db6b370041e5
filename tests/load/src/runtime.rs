//! Lambda's runtime API, as the driver sees it: one invocation at a time.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::body::Bytes;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};

/// The calls of the program.
enum Said {
    /// It asks for work.
    Polled(Instant, oneshot::Sender<Invocation>),
    Answered {
        at: Instant,
        id: String,
        answer: Answer,
    },
    /// It cannot start.
    InitFailed(String),
}

/// An invocation that is handed out.
#[derive(Debug)]
pub struct Invocation {
    pub id: String,
    /// When Lambda ends the function.
    pub deadline: SystemTime,
    pub payload: Bytes,
}

impl Invocation {
    /// Returns the deadline as the runtime API's header has it.
    pub fn deadline_ms(&self) -> u128 {
        let since = self.deadline.duration_since(UNIX_EPOCH);
        since.unwrap_or_default().as_millis()
    }
}

/// The program's answer to an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Done(Bytes),
    Failed(Bytes),
}

/// The server's side. Cheap to clone.
#[derive(Clone)]
pub struct RuntimeApi {
    said: mpsc::UnboundedSender<Said>,
}

impl RuntimeApi {
    /// Returns both sides.
    pub fn new() -> (Self, Driver) {
        let (said, hears) = mpsc::unbounded_channel();
        let driver = Driver {
            hears: Mutex::new(hears),
            handed_out: Arc::default(),
        };
        (Self { said }, driver)
    }

    /// Asks for work, as the program. Returns it; `None`: there is none any more.
    pub async fn next(&self) -> Option<Invocation> {
        let (hand_out, invocation) = oneshot::channel();
        self.say(Said::Polled(Instant::now(), hand_out));
        invocation.await.ok()
    }

    pub fn answered(&self, id: &str, answer: Answer) {
        self.say(Said::Answered {
            at: Instant::now(),
            id: id.to_owned(),
            answer,
        });
    }

    pub fn init_failed(&self, body: &[u8]) {
        self.say(Said::InitFailed(String::from_utf8_lossy(body).into_owned()));
    }

    fn say(&self, said: Said) {
        // Nobody hears it when the run is over.
        let _ = self.said.send(said);
    }
}

/// The driver's side.
pub struct Driver {
    hears: Mutex<mpsc::UnboundedReceiver<Said>>,
    handed_out: Arc<Mutex<u32>>,
}

/// A request for work that waits.
pub struct Poll {
    pub at: Instant,
    hand_out: oneshot::Sender<Invocation>,
}

/// An invocation that was handed out and answered.
pub struct Invoked {
    pub handed_out: Instant,
    pub answered: Instant,
    pub answer: Answer,
}

impl Driver {
    /// Waits until the program asks for work.
    pub async fn poll(&self) -> Result<Poll, String> {
        let mut hears = self.hears.lock().await;
        loop {
            match hears.recv().await {
                Some(Said::Polled(at, hand_out)) if !hand_out.is_closed() => {
                    return Ok(Poll { at, hand_out });
                }
                // The connection of that request is gone; another one follows.
                Some(Said::Polled(..)) => {}
                Some(Said::Answered { id, .. }) => {
                    return Err(format!("it answered an invocation that there is not: {id}"));
                }
                Some(Said::InitFailed(body)) => return Err(format!("it could not start: {body}")),
                None => return Err("the server has stopped".into()),
            }
        }
    }

    /// Hands out an invocation and waits for its answer.
    pub async fn invoke(
        &self,
        poll: Poll,
        payload: &Value,
        timeout: Duration,
    ) -> Result<Invoked, String> {
        let number = {
            let mut handed_out = self.handed_out.lock().await;
            *handed_out += 1;
            *handed_out
        };
        let id = format!("8476a536-e9f4-11e8-9739-{number:012x}");
        let invocation = Invocation {
            id: id.clone(),
            deadline: SystemTime::now() + timeout,
            payload: payload.to_string().into(),
        };
        let handed_out = Instant::now();
        if poll.hand_out.send(invocation).is_err() {
            return Err("it hung up while it asked for work".into());
        }
        let heard = async {
            match self.hears.lock().await.recv().await {
                Some(Said::Answered { at, id: of, answer }) if of == id => Ok(Invoked {
                    handed_out,
                    answered: at,
                    answer,
                }),
                Some(Said::Answered { id, .. }) => {
                    Err(format!("it answered an invocation that there is not: {id}"))
                }
                // Lambda's runtimes ask only after they have answered.
                Some(Said::Polled(..)) => Err("it asked for work twice at once".into()),
                Some(Said::InitFailed(body)) => Err(format!("it could not start: {body}")),
                None => Err("the server has stopped".into()),
            }
        };
        match tokio::time::timeout(timeout, heard).await {
            Ok(heard) => heard,
            Err(_) => Err(format!(
                "it did not answer within its timeout of {timeout:?}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_invocation_is_handed_out_and_answered() {
        let (api, driver) = RuntimeApi::new();
        let program = async {
            let invocation = api.next().await.unwrap();
            assert_eq!(invocation.payload, "{}");
            assert!(invocation.deadline_ms() > 1_700_000_000_000);
            api.answered(&invocation.id, Answer::Done("1".into()));
        };
        let drive = async {
            let poll = driver.poll().await.unwrap();
            let timeout = Duration::from_secs(5);
            driver
                .invoke(poll, &serde_json::json!({}), timeout)
                .await
                .unwrap()
        };
        let ((), invoked) = tokio::join!(program, drive);
        assert_eq!(invoked.answer, Answer::Done("1".into()));
        assert!(invoked.answered >= invoked.handed_out);
    }

    #[tokio::test]
    async fn what_fails_to_start_or_to_answer_is_told() {
        let (api, driver) = RuntimeApi::new();
        api.init_failed(b"no region");
        assert!(driver.poll().await.err().unwrap().contains("no region"));

        let program = tokio::spawn({
            let api = api.clone();
            async move { api.next().await }
        });
        let poll = driver.poll().await.unwrap();
        let short = Duration::from_millis(5);
        let late = driver.invoke(poll, &serde_json::json!({}), short).await;
        assert!(late.err().unwrap().contains("timeout"));
        assert!(program.await.unwrap().is_some());
    }
}
