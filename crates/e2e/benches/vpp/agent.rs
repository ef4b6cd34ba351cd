//! The agent as a process: changes through its API, its restart, VPP's restart, its memory.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    time::{Duration, Instant},
};

use ligato_client::{Address, Change, Client, Options, RemoteClient};
use ligato_e2e::{Agent, AgentOptions};
use ligato_keyval::{Prefix, Store, Txn};
use ligato_keyval_redb::RedbConfig;
use serde_json::Value;

use crate::{
    config,
    figures::{Figure, Goal},
    path::{alone, short},
    runtime,
    stage::{Stage, memory},
};

/// Changes measured while nothing else happens.
const CHANGES: u32 = 1_000;
/// A change is sent this often while everything is replayed, whatever became of those before.
const PACE: Duration = Duration::from_millis(5);
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(120);
const LABEL: &str = "bench";
/// Values in one transaction of the store.
const CHUNK: usize = 100_000;

/// An agent whose configuration is in its embedded store.
struct Running<'s> {
    stage: &'s mut Stage,
    agent: Option<Agent>,
    port: u16,
    /// Whether what comes through its API outlives it.
    keeps: bool,
}

/// What the agent says of itself.
struct Seen {
    configured: u64,
    waiting: u64,
    writes: u64,
    created: u64,
}

/// All that is measured with so many routes in place.
pub(crate) fn with_routes(stage: &mut Stage, count: u32, goals: Goals) -> Vec<Figure> {
    let alone = goals.vpp_restart.then(|| alone(stage, count, 1));
    stage.fresh_vpp();
    fill(stage, count);
    let mut running = Running { stage, agent: None, port: free_port(), keeps: true };
    let all = u64::from(count) + config::OTHERS as u64;
    // The agent counts all its values for each answer.
    let pause = Duration::from_millis(u64::from(count / 5_000).clamp(5, 200));
    let name = short(count);

    let first = running.start(all, pause);
    let mut figures =
        vec![Figure::new(format!("first start with {name} routes"), "s", first.as_secs_f64())];
    figures.push(running.resident(&format!("agent's memory with {name} routes"), goals.memory));
    figures.extend(running.idle(&format!("kept before it is done, idle, {name} in place"), None));
    running.stop();
    running.keeps = false;

    let again = running.start(all, pause);
    figures.push(
        Figure::new(format!("agent's restart with {name} routes"), "s", again.as_secs_f64())
            .goal(Goal::AtMost(goals.restart)),
    );
    let writes = running.seen().map_or(f64::NAN, |seen| seen.writes as f64);
    figures.push(
        Figure::new(format!("agent's restart with {name} routes, writes"), "", writes)
            .goal(Goal::AtMost(0.0)),
    );
    let what = format!("agent's memory after its restart, {name}");
    figures.push(running.resident(&what, goals.memory));
    figures.extend(running.idle(&format!("idle, {name} in place"), Some((1.0, 5.0))));
    if let Some(alone) = alone {
        figures.extend(running.replay(&name, all, (alone, pause)));
    }
    running.stop();
    figures
}

/// What is wanted with so many routes.
#[derive(Clone, Copy)]
pub(crate) struct Goals {
    /// Seconds until in sync.
    pub(crate) restart: f64,
    /// Megabytes.
    pub(crate) memory: f64,
    /// Whether VPP is restarted, too.
    pub(crate) vpp_restart: bool,
}

impl Running<'_> {
    /// Starts the agent; the time until everything is configured.
    fn start(&mut self, all: u64, pause: Duration) -> Duration {
        let folder = self.stage.folder();
        let store = store_path(self.stage);
        let file = |name: &str, text: String| (name.to_owned(), text);
        let off = || "disabled: true\n".to_owned();
        let keep = if self.keeps { "" } else { "keep: []\n" };
        let options = AgentOptions {
            label: LABEL.to_owned(),
            http_port: self.port,
            grpc_port: 0,
            files: vec![
                file(
                    "grpc.conf",
                    format!(
                        "endpoint: {}\nnetwork: unix\nforce-socket-removal: true\n",
                        grpc_socket(self.stage).display()
                    ),
                ),
                file("redb.conf", format!("path: {}\n{keep}", store.display())),
                file("linux-ifplugin.conf", off()),
                file("linux-l3plugin.conf", off()),
            ],
            arguments: Vec::new(),
        };
        let start = Instant::now();
        let agent =
            Agent::start(&self.stage.sandbox, folder, &self.stage.vpp.socket(), options).unwrap();
        self.agent = Some(agent);
        self.wait(pause, |seen| seen.configured >= all && seen.waiting == 0);
        start.elapsed()
    }

    fn stop(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            agent.child().terminate(PATIENCE).unwrap();
        }
    }

    fn wait(&mut self, pause: Duration, done: impl Fn(&Seen) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.seen() {
                Some(seen) if done(&seen) => return,
                _ if Instant::now() > until => panic!("never there: {}", self.tail()),
                _ => std::thread::sleep(pause),
            }
        }
    }

    fn tail(&mut self) -> String {
        let seen = get(self.port, "/scheduler/stats").map(|seen| seen.to_string());
        let log = self.agent.as_mut().map(|agent| agent.child().log_tail());
        format!("{}\n{}", seen.unwrap_or_default(), log.unwrap_or_default())
    }

    fn seen(&self) -> Option<Seen> {
        let stats = get(self.port, "/scheduler/stats")?;
        let txns = &stats["TxnStats"];
        let of = |group: &str, name: &str| txns[group][name].as_u64().unwrap_or_default();
        let states = txns["ValueStateCount"].as_object()?;
        let well = ["CONFIGURED", "OBTAINED", "UNMANAGED"];
        let others = states.iter().filter(|(name, _)| !well.contains(&name.as_str()));
        let created = of("OperationCount", "CREATE");
        Some(Seen {
            configured: of("ValueStateCount", "CONFIGURED"),
            waiting: others.filter_map(|(_, count)| count.as_u64()).sum(),
            writes: created + of("OperationCount", "UPDATE") + of("OperationCount", "DELETE"),
            created,
        })
    }

    fn resident(&mut self, what: &str, goal: f64) -> Figure {
        let pid = self.agent.as_mut().unwrap().child().pid().to_string();
        // Freed memory goes back to the system after a second.
        std::thread::sleep(Duration::from_millis(1500));
        let peak = memory(&pid, "VmHWM:");
        let now = memory(&pid, "VmRSS:");
        Figure::new(format!("{what} (peak {peak:.0} MB)"), "MB", now).goal(Goal::AtMost(goal))
    }

    /// One change after the other, each until VPP has it. The goals are milliseconds for the median and
    /// the 99th percentile.
    fn idle(&self, what: &str, goals: Option<(f64, f64)>) -> Vec<Figure> {
        let socket = grpc_socket(self.stage);
        let mut times = runtime().block_on(async {
            let client = connect(socket).await;
            let mut times = Vec::new();
            for n in 0..CHANGES {
                let change = if n % 2 == 0 { put(n) } else { remove(n - 1) };
                let start = Instant::now();
                client.change(vec![change], Options::default()).await.unwrap();
                times.push(start.elapsed());
            }
            times
        });
        let what = format!("one change at the gRPC API, {what}");
        let p50 = Figure::new(format!("{what}, p50"), "ms", quantile(&mut times, 0.5));
        let p99 = Figure::new(format!("{what}, p99"), "ms", quantile(&mut times, 0.99));
        match goals {
            Some((most, worst)) => {
                vec![p50.goal(Goal::AtMost(most)), p99.goal(Goal::AtMost(worst))]
            }
            None => vec![p50, p99],
        }
    }

    /// VPP starts with nothing, and gets everything back, while somebody changes something else.
    fn replay(
        &mut self,
        name: &str,
        all: u64,
        (alone, pause): (Duration, Duration),
    ) -> Vec<Figure> {
        let mut times = Vec::new();
        let mut quiet = None;
        for changing in [false, true] {
            let before = self.seen().unwrap().created;
            self.stage.fresh_vpp();
            let start = Instant::now();
            let back = move |seen: &Seen| seen.created >= before + all && seen.configured >= all;
            if changing {
                let changes = Changes::start(grpc_socket(self.stage));
                self.wait(pause, back);
                times = changes.stop();
            } else {
                self.wait(pause, back);
                quiet = Some(start.elapsed());
            }
        }
        let quiet = quiet.unwrap_or_default().as_secs_f64();
        vec![
            Figure::new(format!("VPP's restart with {name} routes, all back"), "s", quiet)
                .alone(alone.as_secs_f64())
                .goal(Goal::TimesAlone(1.2)),
            Figure::new(
                format!("one change during that ({} of them), p50", times.len()),
                "ms",
                quantile(&mut times, 0.5),
            ),
            Figure::new("one change during that, p99", "ms", quantile(&mut times, 0.99))
                .goal(Goal::AtMost(20.0)),
        ]
    }
}

/// Changes that are sent at their time, whether or not those before are done.
struct Changes {
    stop: tokio_util::sync::CancellationToken,
    thread: std::thread::JoinHandle<Vec<Duration>>,
}

impl Changes {
    fn start(socket: PathBuf) -> Self {
        let stop = tokio_util::sync::CancellationToken::new();
        let token = stop.clone();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let client = connect(socket).await;
                let mut ticks = tokio::time::interval(PACE);
                let mut under_way = tokio::task::JoinSet::new();
                for n in 0.. {
                    tokio::select! {
                        _ = ticks.tick() => {}
                        () = token.cancelled() => break,
                    }
                    let client = client.clone();
                    under_way.spawn(async move {
                        let start = Instant::now();
                        let change = if n % 2 == 0 { put(n) } else { remove(n - 1) };
                        // What failed was an answer too.
                        let _told = client.change(vec![change], Options::default()).await;
                        start.elapsed()
                    });
                }
                under_way.join_all().await
            })
        });
        Self { stop, thread }
    }

    fn stop(self) -> Vec<Duration> {
        self.stop.cancel();
        self.thread.join().unwrap()
    }
}

async fn connect(socket: PathBuf) -> RemoteClient {
    RemoteClient::connect(&Address::Unix(socket), ligato_proto::registry()).await.unwrap()
}

fn put(n: u32) -> Change {
    config::put(config::change(n))
}

fn remove(n: u32) -> Change {
    Change::delete(config::change(n).0)
}

/// In milliseconds.
fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

fn grpc_socket(stage: &Stage) -> PathBuf {
    stage.folder().join("grpc.sock")
}

fn store_path(stage: &Stage) -> PathBuf {
    stage.folder().join("store.redb")
}

/// Writes the configuration into the agent's embedded store.
fn fill(stage: &Stage, count: u32) {
    let path = store_path(stage);
    let _before = std::fs::remove_file(&path);
    let below = Prefix::new(&format!("/vnf-agent/{LABEL}/"));
    runtime().block_on(async {
        let store = ligato_keyval_redb::open(RedbConfig::new(path)).unwrap();
        let values: Vec<_> =
            std::iter::once(config::interface()).chain(config::routes(count, 1)).collect();
        for values in values.chunks(CHUNK) {
            let txn = values.iter().fold(Txn::new(), |txn, (key, value)| {
                let text = value.to_json().unwrap().to_string();
                txn.put(below.join(key.as_str()).unwrap(), text)
            });
            store.as_transact().unwrap().transact(txn).await.unwrap();
        }
        store.close().await;
    });
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A page of the REST API; nothing while the agent does not answer.
fn get(port: u16, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}
