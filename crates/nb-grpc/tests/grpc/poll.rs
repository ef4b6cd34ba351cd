//! `StatsPollerService` over a socket.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use ligato_nb_grpc::{InterfaceStatistics, NoStatistics};
use ligato_proto::configurator::stats_poller_service_client::StatsPollerServiceClient;
use ligato_proto::configurator::{PollStatsRequest, PollStatsResponse, stats};
use ligato_proto::vpp::interfaces::{InterfaceStats, interface_stats::CombinedCounter};
use tonic::{Code, Status};

use crate::rig::Rig;

/// Two interfaces, or none when VPP is away.
#[derive(Debug)]
enum Fake {
    Vpp,
    Away,
}

#[async_trait]
impl InterfaceStatistics for Fake {
    async fn interfaces(&self) -> Result<Vec<InterfaceStats>, NoStatistics> {
        let one = |name: &str, packets| InterfaceStats {
            name: name.to_owned(),
            rx: Some(CombinedCounter { packets, bytes: packets * 100 }),
            ..InterfaceStats::default()
        };
        match self {
            Self::Vpp => Ok(vec![one("local0", 0), one("tap1", 7)]),
            Self::Away => Err(NoStatistics("no VPP".to_owned())),
        }
    }
}

async fn poll(
    fake: Option<Fake>,
    period_sec: u32,
    num_polls: u32,
    take: usize,
) -> Result<Vec<(u32, String, u64)>, Status> {
    let rig = Rig::counting(fake.map(|fake| Arc::new(fake) as _)).await;
    let mut client = StatsPollerServiceClient::new(rig.channel().await);
    let asked = client.poll_stats(PollStatsRequest { period_sec, num_polls }).await;
    let result = match asked {
        Err(status) => Err(status),
        Ok(stream) => stream.into_inner().take(take).map_ok(|one| seen(&one)).try_collect().await,
    };
    rig.stop().await;
    result
}

fn seen(response: &PollStatsResponse) -> (u32, String, u64) {
    let stats = response.stats.as_ref().and_then(|stats| stats.stats.as_ref());
    let stats::Stats::VppStats(vpp) = stats.unwrap();
    let interface = vpp.interface.as_ref().unwrap();
    let packets = interface.rx.as_ref().map_or(0, |rx| rx.packets);
    (response.poll_seq, interface.name.clone(), packets)
}

fn reading(number: u32) -> [(u32, String, u64); 2] {
    [(number, "local0".to_owned(), 0), (number, "tap1".to_owned(), 7)]
}

#[tokio::test]
async fn without_a_period_there_is_one_reading_with_number_0() {
    assert_eq!(poll(Some(Fake::Vpp), 0, 0, 100).await.unwrap(), reading(0));
    assert_eq!(poll(Some(Fake::Vpp), 0, 1, 100).await.unwrap(), reading(0));
}

#[tokio::test]
async fn with_a_period_the_first_reading_is_at_once_and_has_number_1() {
    assert_eq!(poll(Some(Fake::Vpp), 3600, 1, 100).await.unwrap(), reading(1));
    // No end: as many as one wants.
    assert_eq!(poll(Some(Fake::Vpp), 3600, 0, 2).await.unwrap(), reading(1));
    let two = [reading(1), reading(2)].concat();
    assert_eq!(poll(Some(Fake::Vpp), 1, 2, 100).await.unwrap(), two);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let status = poll(Some(Fake::Vpp), 0, 2, 100).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "period must be > 0 if number of polls is > 1");
    assert_eq!(poll(None, 0, 1, 100).await.unwrap_err().code(), Code::Unavailable);
    let status = poll(Some(Fake::Away), 1, 5, 100).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "no VPP"));
}
