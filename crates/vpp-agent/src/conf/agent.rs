//! The agent as a whole: its label, its time limits, its logs, its scheduler.

use std::time::Duration;

use ligato_infra::{
    DEFAULT_LABEL, ServiceLabel,
    config::{
        ConfigDuration, ConfigValue, Kind, Node, NodeValue, ProblemKind, Problems, Violation,
    },
    json,
    logging::LogLevel,
};

const fn seconds(seconds: u64) -> ConfigDuration {
    ConfigDuration(Duration::from_secs(seconds))
}

/// Which VPP the agent programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum VppMode {
    /// The one behind the API socket.
    #[default]
    Socket,
    /// A simulated one inside the agent. It forwards no packets.
    Sim,
}

ligato_infra::config_section! {
    /// The agent as a whole. These keys are flags and environment variables without a prefix.
    pub(crate) struct AgentConf {
        /// Name of this agent among those that share a store: a part of the keys of its configuration, and a label of
        /// its metrics.
        pub(crate) microservice_label: Label = Label::default() => "microservice-label";
        /// The VPP to program: `socket` is the one behind the API socket, `sim` a simulated one inside the agent that
        /// forwards no packets.
        pub(crate) vpp: VppMode = VppMode::Socket => "vpp";
        /// Longest time for starting all parts of the agent.
        pub(crate) start_timeout: ConfigDuration = seconds(15) => "start-timeout";
        /// Longest time for stopping all parts of the agent.
        pub(crate) stop_timeout: ConfigDuration = seconds(5) => "stop-timeout";
        /// How long the start waits for the first data of stores that cannot be reached, before it goes on with what
        /// is known.
        pub(crate) resync_timeout: ConfigDuration = seconds(10) => "resync-timeout";
        /// Level of all loggers at the start; wins over `default-level` of logs.conf.
        pub(crate) initial_log_level: Option<Level> = None => "initial-loglvl" env "INITIAL_LOGLVL";
        /// Any text but `false` makes the level of all loggers `debug`.
        pub(crate) debug: Flag = Flag::default() => "debug" env "DEBUG_ENABLED";
        /// Publish the status of every value to the stores; any text but `false` is yes.
        pub(crate) publish_statuses: Flag = Flag::default() => "enable-status-publishing";
    }
}

ligato_infra::config_section! {
    /// Logs.
    pub(crate) struct LogsConf {
        /// Level of loggers that have none of their own.
        pub(crate) default_level: Option<Level> = None => "default-level";
        /// `text` for people, `json` for machines.
        pub(crate) format: Format = Format::default() => "format";
        /// Loggers with a level of their own.
        pub(crate) loggers: Vec<LoggerConf> = Vec::new() => "loggers";
    }
}

ligato_infra::config_section! {
    /// A logger with a level of its own.
    pub(crate) struct LoggerConf {
        /// Its name.
        pub(crate) name: String = String::new() => "name";
        /// Its level.
        pub(crate) level: Level = Level::default() => "level";
    }
}

ligato_infra::config_section! {
    /// The scheduler.
    pub(crate) struct SchedulerConf {
        /// Keep records of transactions.
        pub(crate) record_history: bool = true => "record-transaction-history";
        /// Minutes after which a record is dropped.
        pub(crate) history_age: u32 = 1440 => "transaction-history-age-limit";
        /// No effect: records are bounded by age, number and size whenever they were made.
        pub(crate) permanent_period: u32 = 60 => "permanently-recorded-init-period";
        /// Record the plan of each transaction besides what was executed.
        pub(crate) simulate: bool = false => "enable-txn-simulation";
        /// No effect: transactions are logged as events of logger `kvscheduler`.
        pub(crate) print_summary: bool = true => "print-txn-summary";
        /// Read back and compare every value after each transaction; a test aid. Any text but `false` is yes.
        pub(crate) verify: Flag = Flag::default() => "verify-mode" env "KVSCHED_VERIFY_MODE";
        /// File into which everything that happens to the scheduler is recorded, for bug reports; empty: nothing is.
        /// The file of the run before is kept with `.previous` added to its name.
        pub(crate) recording: String = String::new() => "recording";
        /// Bytes after which the recording ends.
        pub(crate) recording_limit: u64 = 268_435_456 => "recording-limit";
    }
}

ligato_infra::config_section! {
    /// What VPP counts, read from its statistics segment.
    pub(crate) struct TelemetryConf check check_telemetry {
        /// Time between two readings for the metrics; more than one second.
        pub(crate) polling_interval: ConfigDuration = seconds(30) => "polling-interval";
        /// Read nothing: no metrics of VPP, no `/vpp/telemetry`, no `StatsPollerService`.
        pub(crate) disabled: bool = false => "disabled";
        /// No metrics of VPP in the scrape.
        pub(crate) prometheus_disabled: bool = false => "prometheus-disabled";
        /// Groups of metrics to leave out of the scrape: runtime, memory, buffers, nodes, interfaces.
        pub(crate) skipped: Vec<String> = Vec::new() => "skipped";
    }
}

fn check_telemetry(conf: &TelemetryConf) -> Vec<Violation> {
    const KINDS: [&str; 5] = ["runtime", "memory", "buffers", "nodes", "interfaces"];
    let unknown = conf.skipped.iter().filter(|kind| !KINDS.contains(&kind.as_str()));
    let unknown = unknown.map(|kind| Violation {
        key: "skipped",
        reason: format!("{kind:?} is none of {}", KINDS.join(", ")),
    });
    let short = conf.polling_interval.0 <= Duration::from_secs(1);
    let reason = "must be more than one second".to_owned();
    let short = short.then_some(Violation { key: "polling-interval", reason });
    unknown.chain(short).collect()
}

/// Declares a value that is written as a text and has a type of its own.
macro_rules! text_value {
    ($(#[$doc:meta])+ $name:ident($inner:ty), $parse:expr, $show:expr) => {
        $(#[$doc])+
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl ConfigValue for $name {
            fn kind() -> Kind {
                Kind::Text
            }

            fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
                let text = String::read(node, problems)?;
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(&text)
                    .map_err(|reason| problems.add(&node.origin, ProblemKind::BadValue(reason)))
                    .ok()
                    .map(Self)
            }

            fn show(&self) -> json::Value {
                let show: fn(&$inner) -> &str = $show;
                show(&self.0).into()
            }
        }
    };
}

text_value!(
    /// The service label.
    Label(ServiceLabel),
    |text| if text.is_empty() { DEFAULT_LABEL } else { text }.parse().map_err(|e: ligato_infra::LabelError| e.to_string()),
    ServiceLabel::as_str
);

text_value!(
    /// A level of logs.
    Level(LogLevel),
    |text| text.parse().map_err(|error: ligato_infra::logging::LogError| error.to_string()),
    |level| level.as_str()
);

text_value!(
    /// A format of logs.
    Format(ligato_infra::logging::LogFormat),
    |text| match text {
        "text" => Ok(ligato_infra::logging::LogFormat::Text),
        "json" => Ok(ligato_infra::logging::LogFormat::Json),
        other => Err(format!("{other:?} is no log format; use text or json")),
    },
    |format| match format {
        ligato_infra::logging::LogFormat::Text => "text",
        ligato_infra::logging::LogFormat::Json => "json",
    }
);

impl Label {
    /// The label as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A switch that the original turned on by any text in the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

impl ConfigValue for Flag {
    fn kind() -> Kind {
        Kind::Text
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            NodeValue::Bool(on) => Some(Self(*on)),
            _ => String::read(node, problems)
                .map(|text| Self(!matches!(text.as_str(), "" | "false" | "0"))),
        }
    }

    fn show(&self) -> json::Value {
        self.0.into()
    }
}

impl ConfigValue for VppMode {
    fn kind() -> Kind {
        Kind::Text
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            NodeValue::Text(text) if text == "socket" => Some(Self::Socket),
            NodeValue::Text(text) if text == "sim" => Some(Self::Sim),
            _ => {
                let reason = "must be socket or sim".to_owned();
                problems.add(&node.origin, ProblemKind::BadValue(reason));
                None
            }
        }
    }

    fn show(&self) -> json::Value {
        match self {
            Self::Socket => "socket".into(),
            Self::Sim => "sim".into(),
        }
    }
}
