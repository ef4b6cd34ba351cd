//! Puts the agent together. Read it from top to bottom: each part gets what it uses, and nothing else.
//!
//! ```text
//! VPP ◀── context ◀── kinds ◀── scheduler ◀── orchestrator ◀── sources: stores, file, gRPC, REST
//!                                   └────────────┴──▶ APIs, health, metrics
//! ```

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use ligato_idxmap::IdxReader;
use ligato_infra::{
    Metrics, Shutdown,
    agent::{Agent, AgentBuilder},
    clock::RealClock,
    config::Origin,
    health::Health,
    logging::LogControl,
};
use ligato_keyval::StoreHandle;
use ligato_keyval_redb::RedbConfig;
use ligato_kvs::{Scheduler, SchedulerConfig, recording::Recording};
use ligato_kvs_api::DynDescriptor;
use ligato_linux_ctx::{LinuxCtx, ProcSource, VppTaps};
use ligato_nb_file::Presence;
use ligato_nb_grpc::{GrpcPlugin, Notifications, Services, SharedBinaryApi, SharedStatistics};
use ligato_nb_kv::{EnvExpansion, KvKeeper};
use ligato_nb_rest::{RestHandles, RestPlugin};
use ligato_orchestrator::{Keeping, Orchestrator, OrchestratorConfig, OrchestratorHandle};
use ligato_proto::vpp::interfaces::InterfaceState;
use ligato_vpp_client::VppClient;
use ligato_vpp_ctx::{Settings, VppCtx};

use crate::{
    bridge::{Names, Taps},
    build_facts,
    conf::{Config, EtcdConf, RedbConf, SchedulerConf, VppMode},
    kinds::{Plugin, plugins},
    metrics,
    plugins::{
        AgentPlugin, FilePlugin, InterfaceGauges, InterfaceStates, InterfacesPlugin,
        OrchestratorPlugin, SchedulerPlugin, Statistics, StorePlugin, TelemetryPlugin, VppPlugin,
        names,
        store::{StatusPublishing, StoreHandles, source_name},
        vpp::{Target, mark},
    },
    preflight::{Preflight, ReplayGate},
    rest::RestSource,
};

/// How often the processes of the machine are looked through for microservices.
const MICROSERVICE_INTERVAL: Duration = Duration::from_secs(1);

/// Constructs every part; nothing but the connections to VPP and the stores is under way afterwards.
pub(crate) async fn assemble(
    config: Config,
    logs: LogControl,
    shutdown: Shutdown,
    begun: Instant,
) -> anyhow::Result<Agent> {
    let clock = RealClock::shared();
    let facts = mark(build_facts::facts(), config.agent.vpp);
    let health = Health::new(facts.clone(), clock.clone());
    let scrape = Metrics::new();

    // Southbound.
    let Target { client, binary_api, capture, stats_socket, heartbeat, sim } =
        Target::open(config.agent.vpp, &config.govpp).await?;
    let gate = ReplayGate::default();
    let (vpp, linux) = contexts(client, &config, &gate)?;
    let quarantine_file = restore_quarantine(&vpp, &config);

    // Engine.
    let kinds = kinds(&config, &vpp, &linux);
    let scheduler = start_scheduler(&config.scheduler, kinds.clone())?;
    let redb = open_redb(&config.redb)?;
    let keeping = match &redb {
        Some(store) => Some(keeping(store.clone(), &config).await?),
        None => None,
    };
    let preflight = Preflight::new(scheduler.clone(), heartbeat, config.govpp.preflight);
    gate.guard(&preflight);
    let orchestrator = Orchestrator::start(
        OrchestratorConfig { keeping, ..orchestrator_config(&config) },
        ligato_proto::registry(),
        Arc::new(preflight),
        clock.clone(),
    );
    let desired = orchestrator.handle();

    let builder = AgentBuilder::new(clock, health.clone(), scrape.clone(), shutdown)
        .start_timeout(config.agent.start_timeout.0)
        .stop_timeout(config.agent.stop_timeout.0)
        .plugin(VppPlugin::new(
            Arc::clone(&vpp),
            kinds,
            (binary_api.clone(), capture),
            quarantine_file,
            sim,
            scheduler.clone(),
        ))
        .plugin(SchedulerPlugin(scheduler.clone()))
        .plugin(OrchestratorPlugin::new(orchestrator));
    let statistics =
        (!config.telemetry.disabled).then(|| Statistics::new(Arc::clone(&vpp), &stats_socket));
    let notifications = Notifications::default();
    let states = match config.vpp_interfaces.status_publishers.is_empty() {
        true => None,
        false => Some(Arc::new(InterfaceStates::new(Arc::clone(&vpp), statistics.clone()))),
    };
    let interfaces = InterfacesPlugin {
        vpp,
        linux,
        scheduler: scheduler.clone(),
        notifications: notifications.clone(),
        health: health.clone(),
        gauges: InterfaceGauges::default(),
        states: states.clone(),
    };
    let builder = telemetry(builder.plugin(interfaces), &config, statistics.clone());
    let statistics = statistics.map(|statistics| Arc::new(statistics) as SharedStatistics);
    let north = Northbound {
        config,
        redb,
        scheduler,
        desired,
        health,
        scrape,
        logs,
        notifications,
        statistics,
        binary_api,
        states: states.map(|states| states.reader()),
    };
    let builder = north.apis(north.sources(builder)?);

    // Last, so that the first configuration goes out when everything is there.
    let before: Vec<String> = builder.plugin_names().map(str::to_owned).collect();
    let Northbound { scheduler, desired, .. } = north;
    let process = metrics::of_process(&facts);
    Ok(builder.plugin(AgentPlugin::new(scheduler, desired, before, begun, process)).build()?)
}

/// What VPP counts, unless nobody is to know.
fn telemetry(
    builder: AgentBuilder,
    config: &Config,
    statistics: Option<Statistics>,
) -> AgentBuilder {
    let Some(statistics) = statistics else { return builder };
    let label = config.agent.microservice_label.as_str();
    builder.plugin(TelemetryPlugin::new(&config.telemetry, statistics, label))
}

/// What sources and APIs are made of.
struct Northbound {
    config: Config,
    redb: Option<StoreHandle>,
    scheduler: Scheduler,
    desired: OrchestratorHandle,
    health: Health,
    scrape: Metrics,
    logs: LogControl,
    notifications: Notifications,
    statistics: Option<SharedStatistics>,
    binary_api: SharedBinaryApi,
    states: Option<IdxReader<InterfaceState>>,
}

// === impl Northbound ===

impl Northbound {
    /// Where configuration comes from without being asked for.
    fn sources(&self, builder: AgentBuilder) -> anyhow::Result<AgentBuilder> {
        let Self { config, redb, scheduler, desired, health, .. } = self;
        let handles = StoreHandles {
            label: config.agent.microservice_label.0.clone(),
            orchestrator: desired.clone(),
            scheduler: scheduler.clone(),
            health: health.clone(),
            statuses: match config.agent.publish_statuses.0 {
                true => StatusPublishing::On,
                false => StatusPublishing::Off,
            },
            interfaces: None,
        };
        let publishers = &config.vpp_interfaces.status_publishers;
        for unknown in
            publishers.iter().filter(|name| ![names::ETCD, names::REDB].contains(&name.as_str()))
        {
            tracing::warn!(store = unknown, "status-publishers names a store that there is not");
        }
        let for_store = |name: &str| StoreHandles {
            interfaces: self
                .states
                .clone()
                .filter(|_| publishers.iter().any(|known| known == name)),
            ..handles.clone()
        };
        let mut builder = builder;
        if config.uses_etcd() {
            let etcd = &config.etcd.value;
            let (store, handles) = (open_etcd(etcd)?, for_store(names::ETCD));
            builder =
                builder.plugin(StorePlugin::new(names::ETCD, store, etcd.expansion(), handles));
        }
        if let Some(store) = redb.clone() {
            let (off, handles) = (EnvExpansion::Off, for_store(names::REDB));
            builder = builder.plugin(StorePlugin::new(names::REDB, store, off, handles));
        }
        if !config.initial_file.value.disabled {
            let presence = match config.initial_file.origin("initial-configuration-file-path") {
                Origin::Default => Presence::Optional,
                _ => Presence::Required,
            };
            let path = config.initial_file.value.path.clone();
            builder = builder.plugin(FilePlugin::new(path, presence, desired.clone()));
        }
        Ok(builder)
    }

    /// Where configuration is asked for, and everything else.
    fn apis(&self, builder: AgentBuilder) -> AgentBuilder {
        let Self { config, scheduler, desired, health, scrape, logs, notifications, .. } = self;
        let uses = vec![names::ORCHESTRATOR.to_owned()];
        let grpc = Services {
            orchestrator: desired.clone(),
            scheduler: scheduler.clone(),
            registry: ligato_proto::registry(),
            notifications: notifications.clone(),
            statistics: self.statistics.clone(),
            binary_api: Some(Arc::clone(&self.binary_api)),
        };
        let grpc = GrpcPlugin::new(config.grpc.clone(), grpc, health.clone(), uses.clone());
        let rest = RestHandles {
            scheduler: scheduler.clone(),
            configuration: Arc::new(RestSource::new(desired.clone())),
            health: health.clone(),
            metrics: scrape.clone(),
            logs: logs.clone(),
            version: build_facts::version_info(),
        };
        builder.plugin(grpc).plugin(RestPlugin::new(config.http.clone(), rest, uses))
    }
}

#[cfg(feature = "etcd")]
fn open_etcd(conf: &EtcdConf) -> anyhow::Result<StoreHandle> {
    Ok(Arc::new(ligato_keyval_etcd::EtcdStore::open(conf.connector())?))
}

#[cfg(not(feature = "etcd"))]
fn open_etcd(_: &EtcdConf) -> anyhow::Result<StoreHandle> {
    anyhow::bail!("etcd is configured, but this program was built without its connector")
}

fn open_redb(conf: &RedbConf) -> anyhow::Result<Option<StoreHandle>> {
    let Some(path) = &conf.path else { return Ok(None) };
    let store = ligato_keyval_redb::open(RedbConfig::new(path))
        .with_context(|| format!("the store {} cannot be used", path.display()))?;
    Ok(Some(Arc::new(store)))
}

/// What clients said through APIs is kept in the embedded store, and is wanted before any server listens. When it
/// cannot be read the agent does not start: without it, what was configured would be removed.
async fn keeping(store: StoreHandle, config: &Config) -> anyhow::Result<Keeping> {
    let (label, sources) = (&config.agent.microservice_label.0, config.redb.keep.iter());
    let keeper = KvKeeper::new(store, label, sources.map(String::as_str))?;
    let restored = keeper
        .restore(&ligato_proto::registry())
        .await
        .context("what was kept in the embedded store cannot be read")?;
    for (source, delivery) in &restored {
        let (values, rejected) = (delivery.changes.len(), delivery.rejected.len());
        tracing::info!(%source, values, rejected, "restored what was kept");
    }
    Ok(Keeping { keeper: Arc::new(keeper), restored })
}

/// Nothing is removed from the southbound before every source that is configured has delivered.
fn orchestrator_config(config: &Config) -> OrchestratorConfig {
    let etcd = config.uses_etcd().then(|| source_name(names::ETCD));
    let redb = config.redb.path.is_some().then(|| source_name(names::REDB));
    let file = !config.initial_file.value.disabled;
    let file = file.then(|| ligato_orchestrator::names::INITIAL_FILE.to_owned());
    OrchestratorConfig {
        expected: etcd.into_iter().chain(redb).chain(file).map(Into::into).collect(),
        grace: config.agent.resync_timeout.0,
        ..OrchestratorConfig::default()
    }
}

/// The two southbounds, each knowing the names of the other.
fn contexts(
    client: VppClient,
    config: &Config,
    gate: &ReplayGate,
) -> anyhow::Result<(Arc<VppCtx>, Arc<LinuxCtx>)> {
    let taps = Arc::new(Taps::default());
    let linux = LinuxCtx::builder(config.agent.microservice_label.as_str())
        .taps(Arc::clone(&taps) as Arc<dyn VppTaps>)
        .microservices(Arc::new(ProcSource::new(MICROSERVICE_INTERVAL)))
        .build()
        .context("the network namespace of the agent cannot be opened")?;
    let settings = Settings {
        default_mtu: config.vpp_interfaces.mtu,
        linux_interfaces: !config.linux_interfaces.disabled,
    };
    let vpp = VppCtx::new(client, settings, ligato_vpp_if::watchers());
    let vpp = vpp.with_gate(Box::new(gate.clone()));
    let vpp = Arc::new(vpp.with_linux(Box::new(Names::of(&linux))));
    taps.fill(&vpp);
    Ok((vpp, Arc::new(linux)))
}

/// Takes over what an earlier agent knew; tells where it is kept.
fn restore_quarantine(vpp: &VppCtx, config: &Config) -> Option<PathBuf> {
    let path = quarantine_file(config)?;
    if let Err(error) = vpp.quarantine().restore(&path) {
        let path = path.display();
        tracing::warn!(%error, %path, "the quarantine is not as it was kept: nobody is suspected");
    }
    Some(path)
}

/// Where values at which VPP died are kept. A simulated VPP is part of this agent, and what is known of it ends with it.
fn quarantine_file(config: &Config) -> Option<PathBuf> {
    if config.agent.vpp == VppMode::Sim {
        return None;
    }
    let govpp = &config.govpp;
    let usual = || govpp.api_socket.with_file_name("ligato-quarantine.json");
    let path = govpp.quarantine_file.clone().unwrap_or_else(usual);
    (!path.as_os_str().is_empty()).then_some(path)
}

/// The kinds of every plugin that is not left out.
fn kinds(config: &Config, vpp: &Arc<VppCtx>, linux: &Arc<LinuxCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    let wanted = |plugin: &Plugin| match plugin.name {
        "linux-ifplugin" => !config.linux_interfaces.disabled,
        "linux-l3plugin" => !config.linux_l3.disabled,
        _ => true,
    };
    plugins(vpp, linux).into_iter().filter(wanted).flat_map(|plugin| plugin.kinds).collect()
}

fn start_scheduler(
    conf: &SchedulerConf,
    kinds: Vec<Arc<dyn DynDescriptor>>,
) -> anyhow::Result<Scheduler> {
    let mut scheduler = Scheduler::builder().config(scheduler_config(conf)).descriptors(kinds);
    if !conf.recording.is_empty() {
        let agent = build_facts::full_version();
        let recording = Recording::create(&conf.recording, conf.recording_limit, &agent)?;
        scheduler = scheduler.recording(recording);
    }
    Ok(scheduler.start()?)
}

fn scheduler_config(conf: &SchedulerConf) -> SchedulerConfig {
    SchedulerConfig {
        record_history: conf.record_history,
        history_age: Duration::from_secs(u64::from(conf.history_age) * 60),
        simulate: conf.simulate,
        verify: conf.verify.0,
        statement_expected: true,
        ..SchedulerConfig::default()
    }
}
