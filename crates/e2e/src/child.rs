//! A program that a test started, and stops.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// A running program with its log. Killed when dropped.
#[derive(Debug)]
pub struct Child {
    name: String,
    child: std::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts the program; both its outputs go to `log`, after what is there.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Still running?
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// An error with the end of the log if it has ended.
    pub fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}:\n{}", self.name, self.log_tail()),
        }
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        // It may be gone by itself: that is what was wanted.
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }

    /// SIGTERM, and waits; SIGKILL if it takes longer than `patience`,
    /// which is stretched as in [`wait_until`].
    pub fn terminate(&mut self, patience: Duration) -> Result<std::process::ExitStatus> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let patience = stretched(patience);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.kill();
        bail!("{} did not end within {patience:?}:\n{}", self.name, self.log_tail())
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(60)..).unwrap_or_default().join("\n")
    }

    /// The whole log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How many times longer than usual everything may take: `E2E_PATIENCE`, for emulated machines.
fn stretched(patience: Duration) -> Duration {
    let factor = std::env::var("E2E_PATIENCE").ok().and_then(|text| text.parse().ok());
    patience.saturating_mul(factor.unwrap_or(1))
}

/// Asks again and again until the answer is `Some`; the error says what was awaited.
/// `patience` is stretched by the environment variable `E2E_PATIENCE`.
pub fn wait_until<T>(
    what: &str,
    patience: Duration,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let patience = stretched(patience);
    let deadline = Instant::now() + patience;
    loop {
        let last = match ask() {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() > deadline {
            return match last {
                Some(error) => Err(error.context(format!("{what}: not within {patience:?}"))),
                None => bail!("{what}: not within {patience:?}"),
            };
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
