//! Telemetry: what VPP counts, for Prometheus, the REST API and `StatsPollerService`.
//!
//! Everything comes out of the statistics segment; VPP is asked nothing. The scrape shows the newest reading: one is
//! made when VPP is met, and then in every period. When VPP is gone there is none, and its series are gone too.

mod metrics;
mod rest;
mod snapshot;
mod statistics;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ligato_infra::{
    Backoff, BoxError, OnFailure,
    agent::{Plugin, Registrar, Started},
    clock::SharedClock,
    health::Criticality,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::snapshot::{Group, Snapshot};
pub(crate) use self::statistics::Statistics;
use super::names;
use crate::conf::TelemetryConf;

/// The newest reading, if there is one.
type Newest = watch::Sender<Option<Arc<Snapshot>>>;

/// Reads the statistics of VPP.
pub(crate) struct TelemetryPlugin {
    statistics: Statistics,
    /// Nothing if there are to be no metrics.
    scrape: Option<Scrape>,
}

/// What the scrape shows.
#[derive(Clone)]
struct Scrape {
    label: String,
    interval: Duration,
    groups: Vec<Group>,
    newest: Newest,
}

impl TelemetryPlugin {
    /// Telemetry of the agent with this microservice label.
    pub(crate) fn new(conf: &TelemetryConf, statistics: Statistics, label: &str) -> Self {
        let groups = Group::ALL.into_iter();
        let scrape = Scrape {
            label: label.to_owned(),
            interval: conf.polling_interval.0,
            groups: groups
                .filter(|group| !conf.skipped.iter().any(|s| s == group.name()))
                .collect(),
            newest: watch::Sender::new(None),
        };
        Self { statistics, scrape: (!conf.prometheus_disabled).then_some(scrape) }
    }
}

#[async_trait]
impl Plugin for TelemetryPlugin {
    fn name(&self) -> &str {
        names::TELEMETRY
    }

    fn uses(&self) -> Vec<String> {
        vec![names::VPP.to_owned()]
    }

    fn criticality(&self) -> Criticality {
        Criticality::Ignored
    }

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        registrar.offer(rest::routes(self.statistics.clone()));
        if let Some(Scrape { label, newest, .. }) = &self.scrape {
            registrar.metrics(metrics::registry(label, newest.subscribe()));
        }
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let context = started.context();
        if let Some(scrape) = self.scrape.clone() {
            let (statistics, clock) = (self.statistics.clone(), context.clock.clone());
            context.tasks.spawn("poll", OnFailure::Restart(Backoff::default()), move |token| {
                poll(scrape.clone(), statistics.clone(), clock.clone(), token)
            });
        }
        context.health.ok();
        Ok(())
    }
}

/// Reads in every period, and whenever VPP comes or goes.
async fn poll(
    scrape: Scrape,
    statistics: Statistics,
    clock: SharedClock,
    token: CancellationToken,
) -> Result<(), BoxError> {
    let mut connection = statistics.connection();
    let mut failing = false;
    loop {
        connection.borrow_and_update();
        let groups = scrape.groups.clone();
        let read = tokio::select! {
            () = token.cancelled() => return Ok(()),
            read = statistics.read(move |pass| Snapshot::read(pass, &groups)) => read,
        };
        let newest = match read {
            Ok(snapshot) => Some(Arc::new(statistics.with_logical_names(snapshot))),
            Err(error) => {
                // Once, not in every period.
                if !failing && connection.borrow().peer().is_some() {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "statistics of VPP cannot be read"
                    );
                }
                None
            }
        };
        failing = newest.is_none() && connection.borrow().peer().is_some();
        scrape.newest.send_replace(newest);
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            changed = connection.changed() => changed?,
            () = clock.sleep(scrape.interval) => {}
        }
    }
}
