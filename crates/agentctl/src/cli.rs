//! The command tree. Its doc comments are the help texts, and the book's page about `agentctl` is
//! made from it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::output::Format;

/// Controls and inspects an agent.
#[derive(Debug, Parser)]
#[command(name = "agentctl", version, disable_help_subcommand = false, propagate_version = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Globals")]
pub(crate) struct Global {
    /// Address of the agent, without port [default: 127.0.0.1]
    #[arg(short = 'H', long, global = true, env = "AGENT_HOST")]
    pub(crate) host: Option<String>,
    /// Port of the REST API [default: 9191]
    #[arg(long, global = true, value_name = "PORT")]
    pub(crate) http_port: Option<u16>,
    /// Port of the gRPC API [default: 9111]
    #[arg(long, global = true, value_name = "PORT")]
    pub(crate) grpc_port: Option<u16>,
    /// Unix socket of the gRPC API, instead of host and port
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) grpc_socket: Option<PathBuf>,
    /// Label that completes short keys of the store
    #[arg(long, global = true, env = "MICROSERVICE_LABEL", value_name = "LABEL")]
    pub(crate) service_label: Option<String>,
    /// etcd servers [default: 127.0.0.1:2379]
    #[arg(short, long, global = true, env = "ETCD_ENDPOINTS", value_delimiter = ',')]
    pub(crate) etcd_endpoints: Vec<String>,
    /// `user:password` for HTTP basic authentication
    #[arg(
        long,
        global = true,
        env = "AGENTCTL_HTTP_BASIC_AUTH",
        hide_env_values = true,
        value_name = "USER:PASS"
    )]
    pub(crate) http_basic_auth: Option<String>,
    /// Token of the REST API, as `login` prints it
    #[arg(
        long,
        global = true,
        env = "AGENTCTL_HTTP_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) http_token: Option<String>,
    /// Use TLS without verifying the server
    #[arg(long, global = true)]
    pub(crate) insecure_tls: bool,
    /// Time limit of one request, e.g. `30s` [default: 2m]
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) timeout: Option<String>,
    /// Directory with a `config.yaml`
    #[arg(long, global = true, env = "CONFIG_DIR", value_name = "DIR")]
    pub(crate) config_dir: Option<PathBuf>,
    /// Configuration file of agentctl
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Level of log messages
    #[arg(
        short,
        long,
        global = true,
        value_name = "LEVEL",
        value_parser = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"]
    )]
    pub(crate) log_level: Option<String>,
    /// Show the effective settings and debug messages
    #[arg(short = 'D', long, global = true)]
    pub(crate) debug: bool,
    /// Output: `table`, `json`, `yaml`, or a Go template
    #[arg(
        short = 'o',
        long = "output",
        global = true,
        visible_alias = "format",
        short_alias = 'f'
    )]
    pub(crate) output: Option<Format>,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at and change the configuration
    #[command(subcommand)]
    Config(Config),
    /// Look at the models the agent knows
    #[command(subcommand)]
    Model(Model),
    /// Short for `model list`
    #[command(hide = true)]
    Models(Patterns),
    /// Show values as the scheduler or the southbound holds them
    Dump(Dump),
    /// Show the states of values
    Values {
        /// Name of a model, e.g. `vpp.interfaces`
        model: Option<String>,
    },
    /// Show the state of the agent and its plugins
    Status,
    /// Show what a configuration file would change, without changing anything
    Plan(Plan),
    /// Say why a value is where it is, down to the root cause
    Explain {
        /// Key of the value, e.g. `config/vpp/v2/interfaces/loop1`
        key: String,
    },
    /// Fetch what the scheduler of the agent recorded: a bug report that can be replayed
    Recording {
        /// Where to put it; `-` for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Replay a recording without any agent, and say where it goes another way
    Replay {
        /// The recording; `-` for standard input
        file: PathBuf,
    },
    /// Look at and change log levels
    #[command(subcommand)]
    Log(Log),
    /// Talk to VPP
    #[command(subcommand)]
    Vpp(Vpp),
    /// Look at and change the key-value store of the agent (etcd)
    #[command(subcommand, visible_alias = "kv")]
    Kvdb(Kvdb),
    /// Put key-value pairs from a file into the store, or into the agent
    Import(Import),
    /// Print an empty instance of a model
    #[command(visible_alias = "gen")]
    Generate(Generate),
    /// Look at metrics
    #[command(subcommand)]
    Metrics(Metrics),
    /// Look at and call the gRPC services of the agent
    #[command(subcommand)]
    Service(Service),
    /// Collect what is needed to look into a problem, in one archive
    Report(Report),
    /// Get a token of the REST API; the password is that of `AGENTCTL_PASSWORD`, or read from standard input
    Login {
        /// The user
        user: String,
    },
    /// End all tokens of a user
    Logout {
        /// The user
        user: String,
    },
    /// Print a completion script for a shell
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print this command tree as a page of the book
    #[command(hide = true)]
    Reference,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print the desired configuration
    Get {
        /// Only values with these labels: `k=v`, `k`, `!k`
        #[arg(long, value_delimiter = ',')]
        labels: Vec<String>,
    },
    /// Change the configuration by a YAML or JSON file
    Update(Update),
    /// Delete what a YAML or JSON file names
    Delete {
        /// The file; `-` for standard input
        file: PathBuf,
        /// Wait until all is done
        #[arg(long)]
        waitdone: bool,
        /// Print the transaction
        #[arg(short, long)]
        verbose: bool,
    },
    /// Print a YAML or JSON file as key-value pairs, the form that `import` takes
    Pairs {
        /// The file; `-` for standard input
        file: PathBuf,
    },
    /// Read the configuration back from VPP and Linux
    #[command(visible_aliases = ["ret", "read", "dump"])]
    Retrieve,
    /// Print notifications as they come
    #[command(visible_aliases = ["notify", "subscribe"])]
    Watch {
        /// Only notifications that contain this one (JSON); repeatable
        #[arg(long)]
        filter: Vec<String>,
    },
    /// Compare with the southbound and repair differences
    Resync {
        /// Log what was read back
        #[arg(long)]
        verbose: bool,
        /// Retry what fails
        #[arg(long)]
        retry: bool,
    },
    /// Print the history of transactions
    History {
        /// Number of one transaction
        reference: Option<String>,
        /// Show errors and pending values
        #[arg(long)]
        details: bool,
    },
}

/// `config update`
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The file; `-` for standard input
    pub(crate) file: PathBuf,
    /// Replace everything that came through the API before
    #[arg(long)]
    pub(crate) replace: bool,
    /// Labels to put on the values: `k=v`
    #[arg(long, value_delimiter = ',')]
    pub(crate) labels: Vec<String>,
    /// Time limit, e.g. `5m`
    #[arg(short = 't', default_value = "5m", value_name = "TIME")]
    pub(crate) limit: String,
    /// What to wait for
    #[arg(long, value_enum, default_value_t = Ack::Applied)]
    pub(crate) ack: Ack,
    /// Exit with code 4 if any value is not configured
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the state of each value
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// What an update waits for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Ack {
    /// Validated and queued
    Accepted,
    /// Carried out
    Applied,
    /// Carried out, read back and found equal
    Verified,
}

/// `model …`
#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// List models
    #[command(visible_aliases = ["ls", "l"])]
    List(Patterns),
    /// Print everything about models
    #[command(visible_alias = "i")]
    Inspect {
        /// Names, or beginnings of names that fit one model
        #[arg(required = true)]
        models: Vec<String>,
    },
}

/// Patterns of model names.
#[derive(Debug, Args)]
pub(crate) struct Patterns {
    /// Patterns with `*`, `?`, `[…]`
    pub(crate) patterns: Vec<String>,
    /// Class of models, or `all`
    #[arg(long, default_value = "config")]
    pub(crate) class: String,
}

/// `dump`
#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// Names or patterns of models, or `all`
    #[arg(required = true)]
    pub(crate) models: Vec<String>,
    /// `cached` (what the scheduler knows), `NB` (desired), `SB` (read back now)
    #[arg(long, default_value = "cached")]
    pub(crate) view: String,
    /// Only values of this origin: `NB`, `SB`, `unknown`
    #[arg(long)]
    pub(crate) origin: Option<String>,
}

/// `plan`
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The file; `-` for standard input
    pub(crate) file: PathBuf,
    /// Plan for replacing everything that came through the API before
    #[arg(long)]
    pub(crate) replace: bool,
    /// Exit with code 2 if there is anything to do
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// `log …`
#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// List loggers and their levels
    #[command(visible_alias = "ls")]
    List {
        /// Part of a name
        logger: Option<String>,
    },
    /// Set the level of a logger
    Set {
        /// Name of the logger
        logger: String,
        /// debug, info, warn, error, …
        level: String,
    },
}

/// `vpp …`
#[derive(Debug, Subcommand)]
pub(crate) enum Vpp {
    /// Run a CLI command in VPP
    #[command(visible_alias = "c", trailing_var_arg = true)]
    Cli {
        /// Words of the command
        #[arg(required = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Print version and command line of VPP, its plugins, and what of each kind works on it
    #[command(visible_alias = "i")]
    Info,
    /// Try values again that were held back because VPP died of them; without a key, all of them
    Release {
        /// Key of a value, as `vpp info` and `values` show it
        key: Option<String>,
    },
    /// Send any message of VPP's binary API; the agent must allow it (`binapi-access`)
    Api {
        /// Name of a request, such as `show_version`; without one, requests are listed
        message: Option<String>,
        /// Its fields as JSON, named as in VPP's API files; what is not given is zero
        #[arg(requires = "message")]
        fields: Option<String>,
    },
    /// Write the agent's conversation with VPP to a file; the agent must allow it (`capture-file`)
    #[command(subcommand)]
    Capture(Capture),
}

/// `vpp capture …`
#[derive(Debug, Subcommand)]
pub(crate) enum Capture {
    /// Begin, over an older capture
    Start,
    /// End
    Stop,
    /// Print how far it is
    Status,
    /// Fetch what was captured so far: JSON lines, without secrets. `vpp-sim --replay FILE` answers as in it
    Fetch {
        /// Where to write; `-` for standard output
        #[arg(default_value = "vpp-capture.jsonl")]
        file: std::path::PathBuf,
    },
}

/// `kvdb …`
#[derive(Debug, Subcommand)]
pub(crate) enum Kvdb {
    /// List keys and values
    #[command(visible_aliases = ["ls", "l"])]
    List {
        /// Prefix; completed with `/vnf-agent/` and the label, if one is set
        prefix: Option<String>,
        /// Keys only
        #[arg(long)]
        keys_only: bool,
    },
    /// Print a value
    #[command(visible_alias = "g")]
    Get {
        /// Key
        key: String,
    },
    /// Store a value
    #[command(visible_alias = "p")]
    Put {
        /// Key
        key: String,
        /// Value, stored as it is
        value: String,
    },
    /// Delete a key
    #[command(visible_alias = "d")]
    Del {
        /// Key
        key: String,
    },
}

/// `import`
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// File of lines `key value`
    pub(crate) file: PathBuf,
    /// Operations in one store transaction
    #[arg(long, default_value_t = 128)]
    pub(crate) txops: usize,
    /// Time limit of one store transaction
    #[arg(short = 't', long = "time", default_value = "30s", value_name = "TIME")]
    pub(crate) time: String,
    /// Send to the agent by gRPC instead of the store
    #[arg(long)]
    pub(crate) grpc: bool,
}

/// `metrics …`
#[derive(Debug, Subcommand)]
pub(crate) enum Metrics {
    /// List models of metrics
    #[command(visible_alias = "l")]
    List {
        /// Patterns with `*`, `?`, `[…]`
        patterns: Vec<String>,
    },
    /// Print metrics
    Get {
        /// Name of the model
        metric: String,
    },
}

/// `service …`
#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// List services
    #[command(visible_aliases = ["ls", "l"])]
    List {
        /// Only this service
        service: Option<String>,
        /// Their methods too
        #[arg(short, long)]
        methods: bool,
    },
    /// Call a method; the request is read from standard input as YAML or JSON
    #[command(visible_alias = "c")]
    Call {
        /// Full name of the service
        service: String,
        /// Name of the method
        method: String,
    },
}

/// `report`
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Folder to put the archive in
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) output_directory: PathBuf,
    /// Write the archive also if parts of it cannot be collected
    #[arg(short, long)]
    pub(crate) ignore_errors: bool,
}

/// `generate`
#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Name or pattern of a model
    pub(crate) model: String,
    /// JSON in one line
    #[arg(long)]
    pub(crate) oneline: bool,
}
