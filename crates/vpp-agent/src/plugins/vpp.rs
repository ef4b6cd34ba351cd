//! The connection to VPP and its command line, and the simulated VPP when one was asked for.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use ligato_infra::{
    BoxError, OnFailure,
    agent::{Plugin, Registrar, Started},
    health::{BuildFacts, HealthReporter},
};
use ligato_kvs::Scheduler;
use ligato_kvs_api::DynDescriptor;
use ligato_model::Value;
use ligato_nb_rest::ModelMetrics;
use ligato_proto::govppmux::Metrics;
use ligato_vpp_client::{Connection, Options, Pulse, Traffic, VppClient};
use ligato_vpp_ctx::VppCtx;
use ligato_vpp_sim::Sim;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    heartbeat::Heartbeat,
    names,
    vpp_api::{self, Access, AccessConf},
    vpp_capture::{self, CaptureConf},
    vpp_cli, vpp_info, vpp_quarantine, vpp_traffic,
};
use crate::conf::{GovppConf, VppMode};

/// What is added to the version of a program whose VPP is a simulated one, so that every status says it.
const SIMULATED: &str = " (simulated VPP, no packets are forwarded)";

/// How often it is told for how long VPP has not answered.
const TOLD_AGAIN: Duration = Duration::from_secs(1);

/// Client, context and possibly simulator of one VPP.
pub(crate) struct VppPlugin {
    ctx: Arc<VppCtx>,
    kinds: Vec<Arc<dyn DynDescriptor>>,
    binary_api: Arc<Access>,
    capture: CaptureConf,
    /// Where the quarantine is kept.
    quarantine_file: Option<PathBuf>,
    sim: Option<Sim>,
    scheduler: Scheduler,
}

/// A VPP to connect to.
pub(crate) struct Target {
    /// The client, which is connecting already.
    pub(crate) client: VppClient,
    /// Access to any of its messages.
    pub(crate) binary_api: Arc<Access>,
    /// How its conversation may be captured.
    pub(crate) capture: CaptureConf,
    /// Where it hands out its statistics.
    pub(crate) stats_socket: PathBuf,
    /// What is known of it without asking.
    pub(crate) heartbeat: Arc<Heartbeat>,
    /// The simulator behind it.
    pub(crate) sim: Option<Sim>,
}

// === impl Target ===

impl Target {
    /// Starts connecting; starts the simulator before, when one is asked for.
    pub(crate) async fn open(mode: VppMode, conf: &GovppConf) -> anyhow::Result<Self> {
        let (socket, stats_socket, sim) = match mode {
            VppMode::Socket => (conf.api_socket.clone(), conf.stats_socket.clone(), None),
            VppMode::Sim => {
                let sim = Sim::builder().start().await?;
                tracing::warn!(
                    "VPP is a simulated one inside this agent: no packets are forwarded"
                );
                let sockets = (sim.socket_path().to_owned(), sim.stats_socket_path().to_owned());
                (sockets.0, sockets.1, Some(sim))
            }
        };
        let options = Options {
            client_name: "ligato-vpp-agent".to_owned(),
            reply_timeout: conf.reply_timeout.0,
            retry_cap: conf.retry_connect_timeout.0,
            probe_after: conf.probe_interval.0,
            answer_within: conf.probe_reply_timeout.0.saturating_mul(conf.probe_threshold.max(1)),
            give_up_after: conf.busy_limit.0,
            deaf_after: conf.deaf_limit.0,
            window: conf.request_window as usize,
            time_share: u8::try_from(conf.time_share).unwrap_or(100),
            ..Options::new(socket)
        };
        let access = AccessConf {
            enabled: conf.binapi_access,
            options: Options { client_name: "ligato-vpp-agent-api".to_owned(), ..options.clone() },
            folder: conf.binapi_definitions.clone(),
        };
        let heartbeat = Arc::new(Heartbeat::new(&stats_socket));
        let pulse = Arc::clone(&heartbeat) as Arc<dyn Pulse>;
        let client = VppClient::start_with(options, Some(pulse));
        let capture = CaptureConf::of(conf);
        capture.start_if_wanted(&client)?;
        let binary_api = Arc::new(Access::new(access, client.clone()));
        Ok(Self { client, binary_api, capture, stats_socket, heartbeat, sim })
    }
}

/// Says in the facts of the program what kind of VPP it programs.
pub(crate) fn mark(mut facts: BuildFacts, mode: VppMode) -> BuildFacts {
    if mode == VppMode::Sim {
        facts.version.push_str(SIMULATED);
    }
    facts
}

// === impl VppPlugin ===

impl VppPlugin {
    pub(crate) fn new(
        ctx: Arc<VppCtx>,
        kinds: Vec<Arc<dyn DynDescriptor>>,
        (binary_api, capture): (Arc<Access>, CaptureConf),
        quarantine_file: Option<PathBuf>,
        sim: Option<Sim>,
        scheduler: Scheduler,
    ) -> Self {
        Self { ctx, kinds, binary_api, capture, quarantine_file, sim, scheduler }
    }
}

#[async_trait]
impl Plugin for VppPlugin {
    fn name(&self) -> &str {
        names::VPP
    }

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        registrar.offer(vpp_cli::routes(Arc::clone(&self.ctx)));
        registrar.offer(vpp_info::routes(Arc::clone(&self.ctx), std::mem::take(&mut self.kinds)));
        registrar.offer(vpp_api::routes(Arc::clone(&self.binary_api)));
        registrar.offer(vpp_capture::routes(self.capture.clone(), self.ctx.client()));
        registrar.offer(vpp_traffic::routes(Arc::clone(&self.ctx)));
        registrar.offer(vpp_quarantine::routes(Arc::clone(&self.ctx), self.scheduler.clone()));
        let client = self.ctx.client();
        registrar.metrics(vpp_traffic::registry(client.clone()));
        registrar.offer(ModelMetrics::new("govppmux.stats", move || counted(&client)));
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let context = started.context().clone();
        let ctx = Arc::clone(&self.ctx);
        context.tasks.spawn("connection", OnFailure::Restart(ligato_infra::Backoff::default()), {
            let health = context.health.clone();
            move |token| follow(Arc::clone(&ctx), health.clone(), token)
        });
        if let Some(path) = self.quarantine_file.clone() {
            let quarantine = Arc::clone(self.ctx.quarantine());
            let keep = move |token: CancellationToken| {
                let (quarantine, path) = (Arc::clone(&quarantine), path.clone());
                async move {
                    token.run_until_cancelled(quarantine.keep(&path)).await;
                    Ok(())
                }
            };
            let again = OnFailure::Restart(ligato_infra::Backoff::default());
            context.tasks.spawn("quarantine", again, keep);
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), BoxError> {
        self.ctx.client().shutdown().await;
        self.ctx.client().stop_capture();
        if let Some(path) = self.quarantine_file.take() {
            // What changed since it was kept last.
            self.ctx.quarantine().write(&path)?;
        }
        if let Some(sim) = self.sim.take() {
            sim.stop();
        }
        Ok(())
    }
}

/// The counters of the connection. The original's channels are connections here: one at a time serves everybody.
fn counted(client: &VppClient) -> Value {
    let Traffic { connections, requests, done, failed, answers } = client.traffic();
    Value::new(Metrics {
        channels_created: connections,
        channels_open: u64::from(client.peer().is_some()),
        requests_sent: requests,
        requests_done: done,
        requests_fail: failed,
        request_replies: answers,
    })
}

/// Reports every change of the connection to the log and to health. The scheduler follows it by itself and repairs
/// everything after VPP was restarted.
async fn follow(
    ctx: Arc<VppCtx>,
    health: HealthReporter,
    token: CancellationToken,
) -> Result<(), BoxError> {
    let client = ctx.client();
    let (mut state, mut liveness) = (client.state(), client.liveness());
    let mut quarantine = ctx.quarantine().changed();
    let mut objection = ctx.objection();
    let mut met = false;
    let mut told = None;
    loop {
        let now = state.borrow_and_update().clone();
        quarantine.mark_unchanged();
        let held = ctx.quarantine().list().into_iter().filter(|suspicion| suspicion.held).count();
        let refused = objection.borrow_and_update().clone();
        let silent = liveness.borrow_and_update().describe(Instant::now());
        match &now {
            Connection::Connected(peer) => {
                met = true;
                if told.replace(peer.connection) != Some(peer.connection) {
                    let (version, pid, incarnation) = (&peer.version, peer.pid, peer.incarnation);
                    tracing::info!(version, pid, incarnation, "connected to VPP");
                }
                match &silent {
                    None if refused.is_some() => health.degraded(refused.unwrap_or_default()),
                    None if held > 0 => {
                        health
                            .degraded(format!("VPP dies of {held} value(s), which are held back"));
                    }
                    None => health.ok(),
                    Some(is) => health.degraded(format!("VPP does not answer: it is {is}")),
                }
            }
            Connection::Disconnected { reason, attempts } if met => {
                if *attempts == 0 {
                    tracing::warn!(%reason, "connection to VPP is lost");
                }
                health.error(format!("connection to VPP is lost: {reason}"));
            }
            // Not there so far: the agent is starting, not failing.
            Connection::Disconnected { .. } => health.init(),
        }
        tokio::select! {
            changed = state.changed() => changed?,
            changed = liveness.changed() => changed?,
            changed = quarantine.changed() => changed?,
            changed = objection.changed() => changed?,
            // How long it has been is told again.
            () = sleep(TOLD_AGAIN), if silent.is_some() => {}
            () = token.cancelled() => return Ok(()),
        }
    }
}
