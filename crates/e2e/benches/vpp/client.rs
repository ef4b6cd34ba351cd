//! The client alone: pings and a dump.

use std::{
    collections::VecDeque,
    path::Path,
    time::{Duration, Instant},
};

use futures::StreamExt;
use ligato_vpp_api::{
    Request,
    msg::{
        ip::{IpRouteDump, IpTable},
        memclnt::ControlPing,
    },
};
use ligato_vpp_client::{Options, PendingReply, VppClient};

use crate::{
    figures::{Figure, Goal},
    proxy::Proxy,
    raw::Raw,
    runtime,
};

/// At most as many requests are sent one at a time.
const ONE_BY_ONE: usize = 20_000;
/// Requests under way at once.
const AT_ONCE: usize = 4096;

/// Pings, one at a time and many at once.
pub(crate) fn pings(socket: &Path, count: usize) -> Vec<Figure> {
    let few = vec![ControlPing {}; count.min(ONE_BY_ONE)];
    let rate = |count: usize, time: Duration| count as f64 / time.as_secs_f64();
    let alone = rate(few.len(), Raw::connect(socket).one_by_one(&few));
    let ours = rate(few.len(), one_by_one(socket, few.len()));
    let mut figures = vec![
        Figure::new("requests, one at a time", "/s", ours)
            .alone(alone)
            .goal(Goal::AtLeast(30_000.0)),
    ];
    let many = vec![ControlPing {}; count];
    // The best of three, of each: whoever else uses the machine only makes it slower.
    let best = |of: &dyn Fn() -> Duration| (0..3).map(|_| of()).min().unwrap_or_default();
    let alone = rate(count, best(&|| Raw::connect(socket).all(&many)));
    let ours = rate(count, best(&|| queued(socket, &many)));
    figures.push(
        Figure::new(format!("control pings, pipelined ({count})"), "/s", ours)
            .alone(alone)
            .goal(Goal::ShareOfAlone(0.95)),
    );
    let ours = rate(count, best(&|| as_futures(socket, &many)));
    figures.push(Figure::new("control pings as concurrent futures", "/s", ours).alone(alone));
    figures
}

/// Connects, works, and says goodbye; the time of the work.
fn with_client(socket: &Path, work: impl AsyncFnOnce(&VppClient) -> Duration) -> Duration {
    runtime().block_on(async {
        // Permits come back a moment after their replies.
        let options = Options { window: 2 * AT_ONCE, ..Options::new(socket) };
        let client = VppClient::start(options);
        client.connected().await.unwrap();
        let time = work(&client).await;
        client.shutdown().await;
        time
    })
}

fn one_by_one(socket: &Path, count: usize) -> Duration {
    with_client(socket, async |client| {
        let start = Instant::now();
        for _ in 0..count {
            client.request(ControlPing {}).await.unwrap();
        }
        start.elapsed()
    })
}

/// Send while there is room, then await the oldest.
fn queued<M: Request>(socket: &Path, messages: &[M]) -> Duration {
    with_client(socket, async |client| {
        let start = Instant::now();
        let mut waiting: VecDeque<PendingReply<M::Reply>> = VecDeque::new();
        for message in messages {
            if waiting.len() == AT_ONCE - 1 {
                waiting.pop_front().unwrap().await.unwrap();
            }
            waiting.push_back(client.send(message.clone()));
        }
        for reply in waiting {
            reply.await.unwrap();
        }
        start.elapsed()
    })
}

/// One future for each request.
fn as_futures<M: Request>(socket: &Path, messages: &[M]) -> Duration {
    with_client(socket, async |client| {
        let start = Instant::now();
        let requests = messages.iter().map(|message| client.request(message.clone()));
        let replies = futures::stream::iter(requests).buffered(AT_ONCE);
        replies.for_each(async |reply| drop(reply.unwrap())).await;
        start.elapsed()
    })
}

/// The routes of table 0: by VPP alone, through the client, and decoded as fast as the client can.
pub(crate) fn dump(folder: &Path, socket: &Path) -> Vec<Figure> {
    let (count, alone) = Raw::connect(socket).dump(&IpRouteDump { table: IpTable::default() });
    let rate = |time: Duration| count as f64 / time.as_secs_f64();
    let (found, time) = dumped(socket, None);
    assert_eq!(found, count, "VPP has what it had");
    let live = Figure::new(format!("dump of {count} routes through the client"), "/s", rate(time))
        .alone(rate(alone));
    let proxy = Proxy::start(folder, socket);
    let (found, time) = dumped(proxy.socket(), Some(&proxy));
    assert_eq!(found, count, "the proxy keeps nothing for itself");
    let decode = Figure::new("decode of a dump that is there at once", "/s", rate(time))
        .alone(rate(alone))
        .goal(Goal::AtLeast(1_000_000.0));
    vec![live, decode]
}

/// Reads all of it; with a proxy, from the moment when all of it has left VPP.
fn dumped(socket: &Path, proxy: Option<&Proxy>) -> (usize, Duration) {
    let mut found = 0;
    let time = with_client(socket, async |client| {
        let patient = client.with_timeout(Duration::from_secs(60));
        let mut start = Instant::now();
        if let Some(proxy) = proxy {
            proxy.hold();
        }
        let mut details = patient.dump_stream(IpRouteDump { table: IpTable::default() }).await;
        if let Some(proxy) = proxy {
            tokio::task::block_in_place(|| proxy.until_silent());
            proxy.release();
            start = Instant::now();
        }
        while let Some(detail) = details.next().await {
            std::hint::black_box(detail.unwrap());
            found += 1;
        }
        start.elapsed()
    });
    (found, time)
}
