//! The loggers of the agent: names users know, and the modules they stand for.

use ligato_infra::logging::{self, LogControl, LogLevel};

use crate::conf::Config;

const LOGGERS: [(&str, &[&str]); 12] = [
    ("agentcore", &["vpp_agent", "ligato_infra"]),
    ("http", &["ligato_nb_rest"]),
    ("grpc", &["ligato_nb_grpc"]),
    ("kvscheduler", &["ligato_kvs"]),
    ("orchestrator", &["ligato_orchestrator", "ligato_nb_kv", "ligato_nb_file"]),
    ("etcd", &["ligato_keyval_etcd"]),
    ("redb", &["ligato_keyval_redb"]),
    ("govpp", &["ligato_vpp_client", "ligato_vpp_ctx"]),
    ("vpp-sim", &["ligato_vpp_sim"]),
    ("vpp-ifplugin", &["ligato_vpp_if"]),
    ("vpp-l2plugin", &["ligato_vpp_l2"]),
    ("vpp-l3plugin", &["ligato_vpp_l3"]),
];

const LINUX_LOGGERS: [(&str, &[&str]); 3] = [
    ("linux-nsplugin", &["ligato_netlink", "ligato_linux_ctx"]),
    ("linux-ifplugin", &["ligato_linux_if"]),
    ("linux-l3plugin", &["ligato_linux_l3"]),
];

/// Sends the logs of this process to standard error, with the levels of the configuration.
pub(crate) fn install(config: &Config) -> anyhow::Result<LogControl> {
    let debug = config.agent.debug.0.then_some(LogLevel::Debug);
    let initial = config.agent.initial_log_level.as_ref().map(|level| level.0);
    let configured = config.logs.default_level.as_ref().map(|level| level.0);
    let level = debug.or(initial).or(configured).unwrap_or_default();
    let (subscriber, control) = logging::subscriber(config.logs.format.0, level, std::io::stderr);
    tracing::subscriber::set_global_default(subscriber)?;
    for (name, targets) in LOGGERS.into_iter().chain(LINUX_LOGGERS) {
        control.declare(name, targets);
    }
    for logger in &config.logs.loggers {
        // A wrong name must not keep the agent from starting.
        if let Err(error) = control.set(&logger.name, logger.level.0) {
            tracing::warn!(%error, "a level of logs.conf has no effect");
        }
    }
    Ok(control)
}
