//! Logs: text or JSON on standard error, with a level for each logger that can be changed while running.
//!
//! A logger is a name for a part of the agent, as users know it (`kvscheduler`), and stands for the modules of
//! that part (`ligato_kvs`). What belongs to no logger follows the default level.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use thiserror::Error;
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt::MakeWriter,
    layer::SubscriberExt,
    reload,
};

/// The pseudo-name that stands for everything without a logger of its own.
pub const DEFAULT_LOGGER: &str = "default";

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is logged. `Panic` and `Fatal` are kept for compatibility and mean `Error`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// As `Error`.
    Panic,
    /// As `Error`.
    Fatal,
    /// Only errors.
    Error,
    /// And warnings.
    Warn,
    /// And what happens in general.
    #[default]
    Info,
    /// And what happens in detail.
    Debug,
    /// And everything else.
    Trace,
}

/// Why a level was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogError {
    /// The text names no level.
    #[error("{0:?} is no log level; use panic, fatal, error, warn, info, debug or trace")]
    UnknownLevel(String),
    /// No logger has this name.
    #[error("there is no logger {0:?}")]
    UnknownLogger(String),
}

/// One logger as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggerLevel {
    /// Its name.
    pub logger: String,
    /// Its level.
    pub level: LogLevel,
}

/// Lists and changes levels. Clones share them.
#[derive(Clone)]
pub struct LogControl {
    levels: Arc<Mutex<Levels>>,
    filter: reload::Handle<Targets, Registry>,
}

#[derive(Debug, Default)]
struct Levels {
    default: LogLevel,
    loggers: BTreeMap<String, Logger>,
}

#[derive(Debug)]
struct Logger {
    /// The paths of the modules it stands for.
    targets: Vec<String>,
    /// `None` follows the default.
    level: Option<LogLevel>,
}

/// Makes a subscriber that writes to `writer`, and the control of its levels. The program installs the
/// subscriber; a test may use it for a scope.
pub fn subscriber<W>(
    format: LogFormat,
    level: LogLevel,
    writer: W,
) -> (impl tracing::Subscriber + Send + Sync, LogControl)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let levels = Levels { default: level, ..Levels::default() };
    let (filter, handle) = reload::Layer::new(levels.targets());
    let layer = match format {
        LogFormat::Text => {
            tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer).boxed()
        }
        LogFormat::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer).boxed()
        }
    };
    let control = LogControl { levels: Arc::new(Mutex::new(levels)), filter: handle };
    (Registry::default().with(layer.with_filter(filter)), control)
}

// === impl LogControl ===

impl LogControl {
    /// Names a part of the agent; `targets` are the paths of its modules. Naming it again adds modules and keeps
    /// its level.
    pub fn declare(&self, logger: &str, targets: &[&str]) {
        let mut levels = self.lock();
        let entry = levels
            .loggers
            .entry(logger.to_owned())
            .or_insert_with(|| Logger { targets: Vec::new(), level: None });
        entry.targets.extend(targets.iter().map(|target| (*target).to_owned()));
        self.apply(&levels);
    }

    /// All loggers by name, the default among them.
    pub fn list(&self) -> Vec<LoggerLevel> {
        let levels = self.lock();
        let default = (DEFAULT_LOGGER.to_owned(), levels.default);
        let loggers = levels
            .loggers
            .iter()
            .map(|(name, logger)| (name.clone(), logger.level.unwrap_or(levels.default)));
        let all: BTreeMap<String, LogLevel> = std::iter::once(default).chain(loggers).collect();
        all.into_iter().map(|(logger, level)| LoggerLevel { logger, level }).collect()
    }

    /// Changes the level of a logger from now on. The name `default` changes that of all without a level
    /// of their own.
    ///
    /// # Errors
    /// When no logger has this name.
    pub fn set(&self, logger: &str, level: LogLevel) -> Result<LoggerLevel, LogError> {
        let mut levels = self.lock();
        if logger == DEFAULT_LOGGER {
            levels.default = level;
        } else {
            let Some(entry) = levels.loggers.get_mut(logger) else {
                return Err(LogError::UnknownLogger(logger.to_owned()));
            };
            entry.level = Some(level);
        }
        self.apply(&levels);
        Ok(LoggerLevel { logger: logger.to_owned(), level })
    }

    fn apply(&self, levels: &Levels) {
        // Fails only when the subscriber is gone, and then nothing is logged anyway.
        let _ = self.filter.reload(levels.targets());
    }

    fn lock(&self) -> MutexGuard<'_, Levels> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

// === impl Levels ===

impl Levels {
    fn targets(&self) -> Targets {
        let mut filter = Targets::new().with_default(self.default.filter());
        for logger in self.loggers.values() {
            let level = logger.level.unwrap_or(self.default).filter();
            filter =
                filter.with_targets(logger.targets.iter().map(|target| (target.clone(), level)));
        }
        filter
    }
}

// === impl LogLevel ===

impl LogLevel {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    fn filter(self) -> LevelFilter {
        match self {
            Self::Panic | Self::Fatal | Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl FromStr for LogLevel {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "panic" => Self::Panic,
            "fatal" => Self::Fatal,
            "error" => Self::Error,
            "warn" | "warning" => Self::Warn,
            "info" => Self::Info,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => return Err(LogError::UnknownLevel(text.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn with_log(format: LogFormat, test: impl FnOnce(&LogControl)) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let (subscriber, control) = subscriber(format, LogLevel::Info, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || test(&control));
        sink.text()
    }

    fn say() {
        tracing::debug!(target: "ligato_kvs::planner", "planned");
        tracing::debug!(target: "ligato_other", "noise");
    }

    #[test]
    fn levels_change_at_run_time_for_one_logger_only() {
        let text = with_log(LogFormat::Text, |control| {
            control.declare("kvscheduler", &["ligato_kvs"]);
            say();
            control.set("kvscheduler", LogLevel::Debug).unwrap();
            say();
            control.set("kvscheduler", LogLevel::Warn).unwrap();
            say();
        });
        assert_eq!(text.matches("planned").count(), 1, "{text}");
        assert!(!text.contains("noise"));
    }

    #[test]
    fn unknown_names_are_refused() {
        with_log(LogFormat::Text, |control| {
            let unknown = LogError::UnknownLogger("nobody".into());
            assert_eq!(control.set("nobody", LogLevel::Info), Err(unknown));
            control.declare("grpc", &["ligato_nb_grpc"]);
            control.set(DEFAULT_LOGGER, LogLevel::Debug).unwrap();
            let listed: Vec<_> = control.list().into_iter().map(|l| (l.logger, l.level)).collect();
            let both = [("default", LogLevel::Debug), ("grpc", LogLevel::Debug)];
            assert_eq!(listed, both.map(|(name, level)| (name.to_owned(), level)));
        });
        assert_eq!("Warning".parse(), Ok(LogLevel::Warn));
        assert_eq!("loud".parse::<LogLevel>(), Err(LogError::UnknownLevel("loud".into())));
    }

    #[test]
    fn json_lines_are_json() {
        let text = with_log(LogFormat::Json, |_| tracing::info!(port = 9191, "listening"));
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!((&line["message"], &line["port"]), (&"listening".into(), &9191.into()));
    }
}
