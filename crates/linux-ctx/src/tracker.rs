//! Turns lists of microservices into notifications.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use ligato_kvs_api::{Notification, NotificationSink};
use ligato_model::Value;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::error::CtxError;
use crate::keys;
use crate::microservice::{Microservice, MicroserviceSource};

/// First and longest pause before a source that failed is asked again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long an operation waits for the first list.
const LISTING_TIMEOUT: Duration = Duration::from_secs(5);

/// What is known of microservices.
pub(crate) struct Tracker {
    source: Option<Arc<dyn MicroserviceSource>>,
    known: Mutex<BTreeMap<String, Microservice>>,
    /// A list, or the failure to get one, has been seen.
    listed: watch::Sender<bool>,
}

impl Tracker {
    pub(crate) fn new(source: Option<Arc<dyn MicroserviceSource>>) -> Tracker {
        let listed = watch::Sender::new(source.is_none());
        Tracker { source, known: Mutex::default(), listed }
    }

    /// Labels of those that run. Waits for the first list.
    pub(crate) async fn labels(&self) -> Result<Vec<String>, CtxError> {
        self.wait_until_listed().await?;
        Ok(self.with_known(|known| known.keys().cloned().collect()))
    }

    /// The one with that label. Waits for the first list.
    pub(crate) async fn find(&self, label: &str) -> Result<Microservice, CtxError> {
        self.wait_until_listed().await?;
        self.with_known(|known| known.get(label).cloned())
            .ok_or_else(|| CtxError::MicroserviceUnavailable { label: label.to_owned() })
    }

    async fn wait_until_listed(&self) -> Result<(), CtxError> {
        let mut listed = self.listed.subscribe();
        match tokio::time::timeout(LISTING_TIMEOUT, listed.wait_for(|listed| *listed)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(CtxError::MicroservicesUnknown),
        }
    }

    /// Follows the source until dropped.
    pub(crate) async fn run(&self, sink: &NotificationSink) {
        let Some(source) = &self.source else { return std::future::pending().await };
        let mut pause = FIRST_PAUSE;
        loop {
            let mut lists = source.lists();
            while let Some(list) = lists.next().await {
                match list {
                    Ok(list) => {
                        pause = FIRST_PAUSE;
                        self.take(list, sink);
                    }
                    Err(error) => {
                        warn!(source = source.name(), %error, "microservices are unknown");
                        break;
                    }
                }
            }
            self.listed.send_replace(true);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn take(&self, list: Vec<Microservice>, sink: &NotificationSink) {
        let now: BTreeMap<String, Microservice> =
            list.into_iter().map(|m| (m.label.clone(), m)).collect();
        let before = self.with_known(|known| std::mem::replace(known, now.clone()));
        self.listed.send_replace(true);
        for batch in batches(&before, &now) {
            sink.send(batch);
        }
    }

    fn with_known<T>(&self, f: impl FnOnce(&mut BTreeMap<String, Microservice>) -> T) -> T {
        f(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// First what is gone or was restarted, then what is there. A label that is gone and there again
/// must not melt into no change at all, so what lives in it is read back as well.
fn batches(
    before: &BTreeMap<String, Microservice>,
    now: &BTreeMap<String, Microservice>,
) -> Vec<Vec<Notification>> {
    let mut gone = Vec::new();
    let mut here = Vec::new();
    let mut restarted = Vec::new();
    for (label, old) in before {
        match now.get(label) {
            Some(new) if new == old => {}
            Some(_) => {
                info!(label, "microservice was restarted");
                restarted.push(label.as_str());
                gone.push(notification(label, None));
                here.push(notification(label, Some(Value::empty())));
            }
            None => {
                info!(label, "microservice has stopped");
                gone.push(notification(label, None));
            }
        }
    }
    for label in now.keys().filter(|label| !before.contains_key(*label)) {
        info!(label, "microservice has started");
        here.push(notification(label, Some(Value::empty())));
    }
    if !restarted.is_empty() {
        here.push(Notification::Stale {
            descriptors: vec!["linux-interface"],
            reason: format!("microservices were restarted: {}", restarted.join(", ")),
        });
    }
    [gone, here].into_iter().filter(|batch| !batch.is_empty()).collect()
}

fn notification(label: &str, value: Option<Value>) -> Notification {
    Notification::Value { key: keys::microservice(label), value, metadata: None }
}

#[cfg(test)]
mod tests {
    use futures::stream::{self, BoxStream};

    use super::*;
    use crate::microservice::SourceError;

    fn ms(label: &str, pid: u32) -> Microservice {
        Microservice { label: label.into(), pid, started: None }
    }

    fn text(notification: &Notification) -> String {
        match notification {
            Notification::Value { key, value: Some(_), .. } => format!("+{key}"),
            Notification::Value { key, value: None, .. } => format!("-{key}"),
            Notification::Stale { reason, .. } => reason.clone(),
            Notification::Availability { .. } => "availability".into(),
        }
    }

    /// What one call of the source gives, one after the other.
    type Round = Vec<Result<Vec<Microservice>, SourceError>>;

    /// A source that plays these rounds, one for each time it is asked, and is silent then.
    struct Lists(Mutex<Vec<Round>>);

    impl MicroserviceSource for Lists {
        fn name(&self) -> &'static str {
            "test"
        }

        fn lists(&self) -> BoxStream<'static, Result<Vec<Microservice>, SourceError>> {
            let mut rounds = self.0.lock().unwrap();
            if rounds.is_empty() {
                return stream::pending().boxed();
            }
            stream::iter(rounds.remove(0)).boxed()
        }
    }

    async fn play(rounds: Vec<Round>) -> Vec<Vec<String>> {
        let expected = rounds.iter().flatten().filter(|list| list.is_ok()).count();
        let tracker = Tracker::new(Some(Arc::new(Lists(Mutex::new(rounds)))));
        let (send, mut told) = tokio::sync::mpsc::unbounded_channel();
        let sink = NotificationSink::new(move |batch: Vec<Notification>| {
            let _ = send.send(batch.iter().map(text).collect::<Vec<_>>());
        });
        let run = tracker.run(&sink);
        // More than the pauses after every round; the clock of the test does not wait.
        let time = Duration::from_secs(300) * u32::try_from(expected + 1).unwrap();
        assert!(tokio::time::timeout(time, run).await.is_err(), "it never ends by itself");
        let mut batches = Vec::new();
        while let Ok(batch) = told.try_recv() {
            batches.push(batch);
        }
        batches
    }

    #[tokio::test(start_paused = true)]
    async fn lists_become_changes() {
        let told = play(vec![vec![
            Ok(vec![ms("a", 1), ms("b", 2)]),
            Ok(vec![ms("a", 1), ms("b", 2)]),
            Ok(vec![ms("b", 2), ms("c", 3)]),
        ]]);
        assert_eq!(
            told.await,
            [
                vec!["+linux/microservice/a", "+linux/microservice/b"],
                vec!["-linux/microservice/a"],
                vec!["+linux/microservice/c"],
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_restarted_container_is_gone_first_and_read_back() {
        let told = play(vec![vec![Ok(vec![ms("a", 1)]), Ok(vec![ms("a", 9)])]]).await;
        assert_eq!(told[1], ["-linux/microservice/a"]);
        assert_eq!(told[2], ["+linux/microservice/a", "microservices were restarted: a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_fails_is_asked_again_and_nothing_is_forgotten() {
        let error = || Err(SourceError { reason: "no answer".into() });
        let told = play(vec![
            vec![Ok(vec![ms("a", 1)]), error()],
            vec![error()],
            vec![Ok(vec![ms("a", 1), ms("b", 2)])],
        ]);
        assert_eq!(told.await, [["+linux/microservice/a"], ["+linux/microservice/b"]]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_source_there_are_none_at_once() {
        let tracker = Tracker::new(None);
        assert!(tracker.labels().await.unwrap().is_empty());
        let error = tracker.find("a").await.unwrap_err();
        assert_eq!(error.to_string(), "microservice a is not available");
        assert!(error.is_namespace_gone());
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_does_not_wait_for_ever_for_the_first_list() {
        let tracker = Tracker::new(Some(Arc::new(Lists(Mutex::default()))));
        assert!(matches!(tracker.find("a").await, Err(CtxError::MicroservicesUnknown)));
    }
}
