//! VPP and Linux.

use std::{path::PathBuf, time::Duration};

use ligato_infra::{
    config::{
        ConfigDuration, ConfigValue, Kind, Node, NodeValue, ProblemKind, Problems, Violation,
    },
    json,
};

/// What happens to a change for which VPP may lack the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PreflightPolicy {
    /// It is not looked at.
    Off,
    /// It is carried out, and the log says so.
    #[default]
    Warn,
    /// It is not carried out.
    Refuse,
}

impl ConfigValue for PreflightPolicy {
    fn kind() -> Kind {
        Kind::Text
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            NodeValue::Text(text) if text == "off" => Some(Self::Off),
            NodeValue::Text(text) if text == "warn" => Some(Self::Warn),
            NodeValue::Text(text) if text == "refuse" => Some(Self::Refuse),
            _ => {
                let reason = "must be warn, refuse or off".to_owned();
                problems.add(&node.origin, ProblemKind::BadValue(reason));
                None
            }
        }
    }

    fn show(&self) -> json::Value {
        match self {
            Self::Off => "off".into(),
            Self::Warn => "warn".into(),
            Self::Refuse => "refuse".into(),
        }
    }
}

const fn millis(millis: u64) -> ConfigDuration {
    ConfigDuration(Duration::from_millis(millis))
}

ligato_infra::config_section! {
    /// The connection to VPP.
    pub(crate) struct GovppConf check check_govpp {
        /// Path of VPP's API socket.
        pub(crate) api_socket: PathBuf = "/run/vpp/api.sock".into() => "binapi-socket-path";
        /// Path of VPP's statistics socket, for telemetry.
        pub(crate) stats_socket: PathBuf = "/run/vpp/stats.sock".into() => "stats-socket-path";
        /// Longest wait for a reply.
        pub(crate) reply_timeout: ConfigDuration = millis(5000) => "reply-timeout";
        /// No effect: after VPP comes back everything is always read back and repaired.
        pub(crate) resync_after_reconnect: bool = true => "resync-after-reconnect";
        /// A connection on which nothing arrives for this long is probed.
        pub(crate) probe_interval: ConfigDuration = millis(1000) => "health-check-probe-interval";
        /// A probe that is not answered within this time, so many times as the threshold says, makes VPP count as busy.
        pub(crate) probe_reply_timeout: ConfigDuration = millis(250) => "health-check-reply-timeout";
        /// See the above.
        pub(crate) probe_threshold: u32 = 1 => "health-check-threshold";
        /// A VPP that does not answer is waited for as long as its process lives, but no longer than this; 0 is for ever.
        pub(crate) busy_limit: ConfigDuration = millis(300_000) => "busy-limit";
        /// The same for one whose heartbeat in the statistics goes on: it serves others, but not this agent.
        pub(crate) deaf_limit: ConfigDuration = millis(30_000) => "deaf-limit";
        /// Requests that may be under way at once. More makes single changes wait longer behind large ones.
        pub(crate) request_window: u32 = 4096 => "request-window";
        /// Share of the time of VPP's main thread that requests may take when they come without a break, in percent. The
        /// rest is for VPP's command line, timers and other clients; with 100 there are no breaks.
        pub(crate) time_share: u32 = 95 => "time-share";
        /// No effect: a request whose outcome is unknown is read back instead of sent again.
        pub(crate) retry_request_count: u32 = 0 => "retry-request-count";
        /// No effect, as the above.
        pub(crate) retry_request_timeout: ConfigDuration = millis(500) => "retry-request-timeout";
        /// No effect: connecting is tried for ever.
        pub(crate) retry_connect_count: u32 = 0 => "retry-connect-count";
        /// Longest pause between two attempts to connect.
        pub(crate) retry_connect_timeout: ConfigDuration = millis(1000) => "retry-connect-timeout";
        /// No effect: the proxy of the original speaks a format of its language only.
        pub(crate) proxy_enabled: bool = true => "proxy-enabled";
        /// Whether clients of REST (`/vpp/api`) and gRPC (`BinaryApiService`) may send any message of VPP's binary API.
        pub(crate) binapi_access: bool = false => "binapi-access";
        /// Where definitions of messages are installed; read for a VPP before 24.06, which does not tell them.
        pub(crate) binapi_definitions: PathBuf = PathBuf::from("/usr/share/vpp/api")
            => "binapi-definitions";
        /// What happens to a change that needs more of VPP's memory than it has left: `warn`, `refuse`, or `off`.
        pub(crate) preflight: PreflightPolicy = PreflightPolicy::Warn => "preflight";
        /// Where it is kept at which values VPP died, so that a restart of the agent does not forget it. Without it, beside
        /// VPP's API socket: `ligato-quarantine.json`. Empty: nowhere.
        pub(crate) quarantine_file: Option<PathBuf> = None => "quarantine-file";
        /// Where the conversation with VPP is captured; without it, it cannot be. `agentctl vpp capture start` begins.
        pub(crate) capture_file: Option<PathBuf> = None => "capture-file";
        /// A capture of this many bytes ends.
        pub(crate) capture_limit: u64 = 64 << 20 => "capture-limit";
        /// Capture from the start of the agent.
        pub(crate) capture_at_start: bool = false => "capture-at-start";
        /// Shared-memory API.
        pub(crate) connect_via_shm: bool = false => "connect-via-shm";
        /// Prefix of the shared-memory API.
        pub(crate) shm_prefix: String = String::new() => "shm-prefix";
        /// No effect.
        pub(crate) trace_enabled: bool = false => "trace-enabled";
    }
}

ligato_infra::config_section! {
    /// Interfaces of VPP.
    pub(crate) struct VppInterfaceConf {
        /// MTU of interfaces that set none; 0 leaves VPP's own.
        pub(crate) mtu: u32 = 0 => "mtu";
        /// Stores that get the state of each interface, with counters, under `vpp/status/v2/interface/NAME`: `etcd`, `redb`.
        /// See `enable-status-publishing` in `agent.conf` for the statuses of values.
        pub(crate) status_publishers: Vec<String> = Vec::new()
            => "status-publishers" env "VPP_STATUS_PUBLISHERS";
    }
}

ligato_infra::config_section! {
    /// A plugin of the Linux network stack.
    pub(crate) struct LinuxPluginConf {
        /// Leave these kinds out.
        pub(crate) disabled: bool = false => "disabled";
        /// No effect: namespaces are read at once, bounded by their number.
        pub(crate) routines: u32 = 10 => "go-routines-count";
    }
}

ligato_infra::config_section! {
    /// Network namespaces.
    pub(crate) struct NamespacePluginConf {
        /// No effect: namespaces are opened when an interface asks for one.
        pub(crate) disabled: bool = false => "disabled";
    }
}

ligato_infra::config_section! {
    /// iptables. No effect: this agent has no such kinds.
    pub(crate) struct IptablesPluginConf {
        /// No effect.
        pub(crate) disabled: bool = false => "disabled";
        /// No effect.
        pub(crate) routines: u32 = 10 => "go-routines-count";
        /// No effect.
        pub(crate) handler: HandlerConf = HandlerConf::default() => "handler";
    }
}

ligato_infra::config_section! {
    /// How rules are added. No effect.
    pub(crate) struct HandlerConf {
        /// No effect.
        pub(crate) min_rules: u32 = 2_147_483_647
            => "min-rule-count-for-performance-rule-addition";
    }
}

fn check_govpp(conf: &GovppConf) -> Vec<Violation> {
    let refused = |key, given: bool| {
        given.then(|| Violation {
            key,
            reason: "VPP no longer has a shared-memory API; remove this key".to_owned(),
        })
    };
    let unless = |holds: bool, key, reason: &str| {
        (!holds).then(|| Violation { key, reason: reason.to_owned() })
    };
    let window = unless(conf.request_window > 0, "request-window", "at least one is needed");
    let share = (1..=100).contains(&conf.time_share);
    let share = unless(share, "time-share", "is a percentage from 1 to 100");
    let shm = refused("connect-via-shm", conf.connect_via_shm);
    let prefix = refused("shm-prefix", !conf.shm_prefix.is_empty());
    let capture = unless(
        !conf.capture_at_start || conf.capture_file.is_some(),
        "capture-at-start",
        "needs capture-file as well",
    );
    [shm, prefix, window, share, capture].into_iter().flatten().collect()
}
