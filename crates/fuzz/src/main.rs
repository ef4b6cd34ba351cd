//! `cargo xtask fuzz [TARGET] [SECONDS]`: breaks bytes and feeds them to decoders.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use ligato_fuzz::{TARGETS, Target, run};

/// Feeds broken bytes to decoders of what comes from VPP, and keeps what they do not stand.
#[derive(Parser)]
struct Arguments {
    /// Only this one; all of them one after the other without it
    target: Option<String>,
    /// How long, in seconds, for each
    #[arg(default_value_t = 10)]
    seconds: u64,
    /// Decides everything that is left to chance; taken from the clock if not given, and printed
    #[arg(long)]
    seed: Option<u64>,
    /// Where inputs are kept that a decoder does not stand
    #[arg(long, default_value = "target/fuzz")]
    findings: PathBuf,
}

fn main() -> ExitCode {
    // A panic is a finding; what it says is in the report.
    std::panic::set_hook(Box::new(|_| {}));
    match fuzz(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The answer is the number of findings.
fn fuzz(arguments: &Arguments) -> Result<usize> {
    let wanted: Vec<&Target> = match &arguments.target {
        None => TARGETS.iter().collect(),
        Some(name) => TARGETS.iter().filter(|target| target.name == *name).collect(),
    };
    if wanted.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        bail!("there is no such target; these are: {}", names.join(", "));
    }
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let seed = arguments.seed.unwrap_or(clock.as_secs());
    let mut found = 0;
    for target in wanted {
        let report = run(target, seed, Duration::from_secs(arguments.seconds), 5)?;
        let (tried, understood) = (report.tried, report.understood);
        say(&format!(
            "{}: seed {seed}, {tried} inputs, {understood} understood, {} findings",
            target.name,
            report.findings.len()
        ));
        for finding in &report.findings {
            let path = keep(&arguments.findings.join(target.name), &finding.input)?;
            say(&format!("  {}: {}", path.display(), finding.what));
        }
        found += report.findings.len();
    }
    Ok(found)
}

fn keep(folder: &Path, input: &[u8]) -> Result<PathBuf> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let path = folder.join(format!("{:016x}", hasher.finish()));
    fs::write(&path, input).with_context(|| path.display().to_string())?;
    Ok(path)
}

fn say(text: &str) {
    // Nobody to tell it to is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{text}");
}
