//! The commands, one file each.

mod archive;
mod completion;
mod config;
mod dump;
mod explain;
mod generate;
mod history;
mod import;
mod kvdb;
mod log;
mod login;
mod metrics;
mod model;
mod pattern;
mod plan;
mod recording;
mod reference;
mod report;
mod service;
mod status;
mod update;
mod values;
mod vpp;
mod watch;

use anyhow::Result;
use tracing_subscriber::filter::LevelFilter;

use crate::{
    cli::{Cli, Command, Config, Global},
    exit::{Verdict, show},
    grpc::Grpc,
    output::Format,
    rest::Rest,
    settings::Settings,
};

/// What every command is given.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) rest: Rest,
    format: Option<Format>,
}

impl Context {
    /// The format asked for, or this command's own.
    pub(crate) fn format_or(&self, default: Format) -> Format {
        self.format.clone().unwrap_or(default)
    }

    /// The same with another format, which may be none.
    pub(crate) fn with_format(&self, format: Option<Format>) -> Self {
        Self { settings: self.settings.clone(), rest: self.rest.clone(), format }
    }

    /// Connects to the gRPC side.
    pub(crate) async fn grpc(&self) -> Result<Grpc> {
        Grpc::connect(&self.settings).await
    }
}

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Result<Verdict> {
    log_to_stderr(&cli.global);
    let settings = Settings::load(&cli.global)?;
    if cli.global.debug {
        show(&format!("{settings:#?}"));
    }
    let rest = Rest::new(&settings)?;
    let context = Context { settings, rest, format: cli.global.output };
    dispatch(&context, cli.command).await
}

async fn dispatch(context: &Context, command: Command) -> Result<Verdict> {
    match command {
        Command::Config(config) => run_config(context, config).await,
        Command::Model(model) => done(model::run(context, model).await),
        Command::Models(patterns) => done(model::list(context, &patterns).await),
        Command::Dump(args) => done(dump::run(context, &args).await),
        Command::Values { model } => done(values::run(context, model.as_deref()).await),
        Command::Status => done(status::run(context).await),
        Command::Recording { file } => done(recording::fetch(context, &file).await),
        Command::Replay { file } => done(recording::replay(context, &file)),
        Command::Plan(args) => plan::run(context, &args).await,
        Command::Explain { key } => done(explain::run(context, &key).await),
        Command::Log(command) => done(log::run(context, command).await),
        Command::Vpp(command) => done(vpp::run(context, command).await),
        Command::Kvdb(command) => done(kvdb::run(context, command).await),
        Command::Import(args) => done(import::run(context, &args).await),
        Command::Generate(args) => done(generate::run(context, &args)),
        Command::Completion { shell } => done(completion::run(context, shell)),
        Command::Report(args) => done(Box::pin(report::run(context, &args)).await),
        Command::Login { user } => done(login::run(context, &user).await),
        Command::Logout { user } => done(login::logout(context, &user).await),
        Command::Metrics(command) => done(metrics::run(context, command).await),
        Command::Service(command) => done(service::run(context, command).await),
        Command::Reference => done(reference::run()),
    }
}

/// Log messages of this program and of what it is made of; warnings unless asked for more.
fn log_to_stderr(global: &Global) {
    let level = match global.log_level.as_deref() {
        Some("trace") => LevelFilter::TRACE,
        Some("debug") => LevelFilter::DEBUG,
        Some("info") => LevelFilter::INFO,
        Some("error" | "fatal" | "panic") => LevelFilter::ERROR,
        None if global.debug => LevelFilter::DEBUG,
        _ => LevelFilter::WARN,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
}

async fn run_config(context: &Context, config: Config) -> Result<Verdict> {
    match config {
        Config::Get { labels } => done(config::get(context, &labels).await),
        Config::Update(args) => update::run(context, &args).await,
        Config::Delete { file, waitdone, verbose } => {
            done(config::delete(context, &file, waitdone, verbose).await)
        }
        Config::Pairs { file } => done(config::pairs(context, &file)),
        Config::Retrieve => done(config::retrieve(context).await),
        Config::Watch { filter } => done(watch::run(context, &filter).await),
        Config::Resync { verbose, retry } => done(config::resync(context, verbose, retry).await),
        Config::History { reference, details } => {
            done(history::run(context, reference.as_deref(), details).await)
        }
    }
}

fn done(outcome: Result<()>) -> Result<Verdict> {
    outcome.map(|()| Verdict::Done)
}
