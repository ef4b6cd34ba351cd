//! `StatsPollerService`: counters of interfaces, once or periodically.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{Stream, StreamExt, stream};
use ligato_proto::configurator::stats_poller_service_server::StatsPollerService;
use ligato_proto::configurator::{PollStatsRequest, PollStatsResponse, Stats, stats};
use ligato_proto::vpp::{self, interfaces::InterfaceStats};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::subscribe::until;

/// Where the counters come from.
#[async_trait]
pub trait InterfaceStatistics: fmt::Debug + Send + Sync {
    /// Counters of all interfaces as they are now, absolute, under logical names where there are any.
    ///
    /// # Errors
    /// Why they cannot be read, as text for the client.
    async fn interfaces(&self) -> Result<Vec<InterfaceStats>, NoStatistics>;
}

/// A handle to it.
pub type SharedStatistics = Arc<dyn InterfaceStatistics>;

/// Counters cannot be read; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoStatistics(pub String);

/// The service.
#[derive(Debug)]
pub(crate) struct StatsPoller {
    pub(crate) statistics: Option<SharedStatistics>,
    /// Cancelled when streams are to end.
    pub(crate) ending: CancellationToken,
}

/// When the next reading is due.
enum Schedule {
    Once,
    Every { timer: Interval, done: u32, wanted: Option<u32> },
    Over,
}

#[tonic::async_trait]
impl StatsPollerService for StatsPoller {
    type PollStatsStream = Pin<Box<dyn Stream<Item = Result<PollStatsResponse, Status>> + Send>>;

    async fn poll_stats(
        &self,
        request: Request<PollStatsRequest>,
    ) -> Result<Response<Self::PollStatsStream>, Status> {
        let schedule = Schedule::new(&request.into_inner())?;
        let Some(statistics) = self.statistics.clone() else {
            return Err(Status::unavailable("telemetry is disabled in this agent"));
        };
        let readings = stream::unfold((schedule, statistics), |(mut schedule, statistics)| async {
            let number = schedule.next().await?;
            let responses = match statistics.interfaces().await {
                Ok(interfaces) => {
                    interfaces.into_iter().map(|one| Ok(response(number, one))).collect()
                }
                Err(error) => {
                    schedule = Schedule::Over;
                    vec![Err(Status::unavailable(error.to_string()))]
                }
            };
            Some((stream::iter(responses), (schedule, statistics)))
        });
        Ok(Response::new(Box::pin(until(readings.flatten(), self.ending.clone()))))
    }
}

impl Schedule {
    fn new(request: &PollStatsRequest) -> Result<Self, Status> {
        let PollStatsRequest { period_sec, num_polls } = *request;
        if period_sec == 0 && num_polls > 1 {
            let text = "period must be > 0 if number of polls is > 1";
            return Err(Status::invalid_argument(text));
        }
        if period_sec == 0 {
            return Ok(Self::Once);
        }
        let mut timer = interval(Duration::from_secs(u64::from(period_sec)));
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let wanted = (num_polls > 0).then_some(num_polls);
        Ok(Self::Every { timer, done: 0, wanted })
    }

    /// Waits until a reading is due. The answer is its number; nothing when there are no more.
    async fn next(&mut self) -> Option<u32> {
        match self {
            Self::Over => None,
            Self::Once => {
                *self = Self::Over;
                Some(0)
            }
            Self::Every { done, wanted, .. } if wanted.is_some_and(|wanted| *done >= wanted) => {
                None
            }
            Self::Every { timer, done, .. } => {
                timer.tick().await;
                *done = done.wrapping_add(1);
                Some(*done)
            }
        }
    }
}

fn response(poll_seq: u32, interface: InterfaceStats) -> PollStatsResponse {
    let vpp = vpp::Stats { interface: Some(interface) };
    PollStatsResponse { poll_seq, stats: Some(Stats { stats: Some(stats::Stats::VppStats(vpp)) }) }
}
