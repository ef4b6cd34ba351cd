//! The configuration of the agent: every section, with the file names and keys of the original.

mod agent;
mod southbound;
mod stores;

use ligato_infra::config::{
    ConfigError, Effective, Loaded, Loader, SectionReference, Sources, reference,
};
use ligato_nb_grpc::GrpcConf;
use ligato_nb_rest::HttpConf;

pub(crate) use agent::{AgentConf, LogsConf, SchedulerConf, TelemetryConf, VppMode};
pub(crate) use southbound::{GovppConf, LinuxPluginConf, PreflightPolicy, VppInterfaceConf};
pub(crate) use stores::{EtcdConf, RedbConf};

use self::{
    southbound::{IptablesPluginConf, NamespacePluginConf},
    stores::{AggregatorConf, InitFileConf},
};

/// Everything the agent is configured with.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) agent: AgentConf,
    pub(crate) logs: LogsConf,
    pub(crate) http: HttpConf,
    pub(crate) grpc: GrpcConf,
    pub(crate) etcd: Loaded<EtcdConf>,
    pub(crate) redb: RedbConf,
    pub(crate) govpp: GovppConf,
    pub(crate) scheduler: SchedulerConf,
    pub(crate) telemetry: TelemetryConf,
    pub(crate) vpp_interfaces: VppInterfaceConf,
    pub(crate) linux_interfaces: LinuxPluginConf,
    pub(crate) linux_l3: LinuxPluginConf,
    pub(crate) initial_file: Loaded<InitFileConf>,
}

/// Files other agents of the family read, and why this one does not.
const UNAVAILABLE: [(&str, &str); 4] = [
    ("consul", "this agent has no Consul connector"),
    ("redis", "this agent has no Redis connector"),
    ("kafka", "this agent has no Kafka connector"),
    ("msgsync", "this agent publishes nothing to a message bus"),
];

/// Plugins of the original whose `…-config` flag exists and whose file was never read.
pub(crate) const UNREAD: [&str; 22] = [
    "configurator",
    "orchestrator",
    "restpapi",
    "netalloc",
    "probe",
    "status-check",
    "resync",
    "etcd-datasync",
    "consul-datasync",
    "redis-datasync",
    "vpp-aclplugin",
    "vpp-abfplugin",
    "vpp-l2plugin",
    "vpp-l3plugin",
    "vpp-natplugin",
    "vpp-ipsec-plugin",
    "vpp-punt-plugin",
    "vpp-srplugin",
    "vpp-stn-plugin",
    "vpp-ipfixplugin",
    "vpp-dnsplugin",
    "vpp-wg-plugin",
];

impl Config {
    /// Loads every section, and says all that is wrong with any of them.
    pub(crate) fn load(sources: Sources) -> Result<(Self, Effective), ConfigError> {
        let mut loader = Loader::new(sources);
        let config = Self {
            agent: loader.load("agent").value,
            logs: loader.load("logs").value,
            http: loader.load("http").value,
            grpc: loader.load("grpc").value,
            etcd: loader.load("etcd"),
            redb: loader.load("redb").value,
            govpp: loader.load("govpp").value,
            scheduler: loader.load("kvscheduler").value,
            telemetry: loader.load("telemetry").value,
            vpp_interfaces: loader.load("vpp-ifplugin").value,
            linux_interfaces: loader.load("linux-ifplugin").value,
            linux_l3: loader.load("linux-l3plugin").value,
            initial_file: loader.load("initfileregistry"),
        };
        // Read so that what is in them is checked; nothing in this agent depends on them.
        loader.load::<AggregatorConf>("aggregator");
        loader.load::<NamespacePluginConf>("linux-nsplugin");
        loader.load::<IptablesPluginConf>("linux-iptablesplugin");
        for (name, reason) in UNAVAILABLE {
            loader.refuse(name, reason);
        }
        let effective = loader.finish()?;
        Ok((config, effective))
    }
}

impl Config {
    /// etcd is used when anything is said about it.
    pub(crate) fn uses_etcd(&self) -> bool {
        self.etcd.is_given() && !self.etcd.value.disabled
    }
}

/// The reference of every section, for the command line and the book.
pub(crate) fn sections() -> Vec<SectionReference> {
    vec![
        reference::<AgentConf>("agent"),
        reference::<LogsConf>("logs"),
        reference::<HttpConf>("http"),
        reference::<GrpcConf>("grpc"),
        reference::<EtcdConf>("etcd"),
        reference::<RedbConf>("redb"),
        reference::<GovppConf>("govpp"),
        reference::<SchedulerConf>("kvscheduler"),
        reference::<VppInterfaceConf>("vpp-ifplugin"),
        reference::<LinuxPluginConf>("linux-ifplugin"),
        reference::<LinuxPluginConf>("linux-l3plugin"),
        reference::<InitFileConf>("initfileregistry"),
        reference::<AggregatorConf>("aggregator"),
        reference::<TelemetryConf>("telemetry"),
        reference::<NamespacePluginConf>("linux-nsplugin"),
        reference::<IptablesPluginConf>("linux-iptablesplugin"),
    ]
}

/// Flags that are no keys: the files of the sections that are read, of those that are refused, and of those that never
/// were; and the one flag of the original that never did anything.
pub(crate) fn other_flags() -> impl Iterator<Item = String> {
    let read = sections().into_iter().map(|section| section.name);
    let others = UNAVAILABLE.into_iter().map(|(name, _)| name).chain(UNREAD);
    let files = read.chain(others).map(|name| format!("{name}-config"));
    files.chain(["grpc-port".to_owned()])
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use ligato_infra::config::{ConfigDir, Origin, Strictness};

    use super::*;

    fn sources(files: &[(&str, &str)], env: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let sources = Sources {
            dir: ConfigDir::Given(dir.path().to_path_buf()),
            env: env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            flags: BTreeMap::new(),
            strictness: Strictness::Strict,
        };
        (dir, sources)
    }

    #[test]
    fn the_files_the_original_ships_are_read() {
        let (_dir, sources) = sources(
            &[
                (
                    "etcd.conf",
                    "insecure-transport: true\ndial-timeout: 1000000000\nendpoints:\n  - \"172.17.0.1:2379\"\n",
                ),
                ("grpc.conf", "endpoint: 0.0.0.0:9111\nnetwork: tcp\n"),
                ("http.conf", "endpoint: \"0.0.0.0:9191\"\n"),
                (
                    "govpp.conf",
                    "health-check-probe-interval: 1000000000\nhealth-check-reply-timeout: 250000000\nhealth-check-threshold: 3\nreply-timeout: 1000000000\n",
                ),
                (
                    "kvscheduler.conf",
                    "record-transaction-history: true\ntransaction-history-age-limit: 1440\n",
                ),
                (
                    "logs.conf",
                    "default-level: info\nloggers:\n  - name: kvscheduler\n    level: debug\n",
                ),
                ("telemetry.conf", "polling-interval: 30s\n"),
                ("vpp-ifplugin.conf", "mtu: 1500\nstatus-publishers: [etcd]\n"),
                ("linux-ifplugin.conf", "disabled: false\n"),
                ("initfileregistry.conf", "initial-configuration-file-path: initial-config.yaml\n"),
            ],
            &[("MICROSERVICE_LABEL", "vpp7"), ("ETCDV3_ENDPOINTS", "a:1,b:2"), ("HTTP_PORT", "80")],
        );
        let (config, effective) = Config::load(sources).unwrap();
        assert_eq!(effective.warnings, []);
        assert_eq!(config.agent.microservice_label.as_str(), "vpp7");
        assert_eq!(config.etcd.value.endpoints, ["a:1", "b:2"]);
        assert_eq!(config.etcd.origin("endpoints"), Origin::Environment("ETCDV3_ENDPOINTS".into()));
        assert_eq!(config.http.listen(), "0.0.0.0:80");
        assert_eq!(config.vpp_interfaces.mtu, 1500);
        assert_eq!(config.logs.loggers[0].name, "kvscheduler");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (file, text, part) in [
            ("redis.conf", "endpoint: a:1\n", "no Redis connector"),
            ("govpp.conf", "connect-via-shm: true\n", "shared-memory API"),
            ("etcd.conf", "cert-file: c.pem\n", "needs key-file"),
            ("redb.conf", "keep: [grpc, datasync/etcd]\n", "no source of an API"),
            ("http.conf", "server-key-file: k.pem\n", "needs server-cert-file"),
            ("agent.conf", "microservice-label: a/b\n", "contains '/'"),
        ] {
            let (_dir, sources) = sources(&[(file, text)], &[]);
            let error = Config::load(sources).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(file), "{file}: {error}");
        }
    }

    #[test]
    fn names_of_flags_are_unique() {
        let keys = sections().into_iter().flat_map(|s| s.fields.into_iter().map(|f| f.flag));
        let mut flags: Vec<String> = keys.chain(other_flags()).collect();
        flags.sort();
        let all = flags.len();
        flags.dedup();
        assert_eq!(flags.len(), all);
    }
}
