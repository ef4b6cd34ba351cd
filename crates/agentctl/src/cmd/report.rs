//! `agentctl report`: what somebody who helps from afar needs to see, in one archive.
//!
//! Every part is the output of commands, made as if they were called one by one.

use std::{path::Path, time::SystemTime};

use anyhow::{Context as _, Result, bail};
use clap::Parser;

use super::{Context, archive::Archive, status};
use crate::{
    cli::{Cli, Report},
    exit::show,
    output,
};

/// Files of a report, each with the commands whose output it has.
const PARTS: &[(&str, &[&[&str]])] = &[
    (
        "software-versions.txt",
        &[&["status", "-o", "json"], &["vpp", "cli", "show version verbose"]],
    ),
    (
        "hardware.txt",
        &[
            &["vpp", "cli", "show cpu"],
            &["vpp", "cli", "show buffers"],
            &["vpp", "cli", "show memory main-heap verbose"],
            &["vpp", "cli", "show physmem"],
            &["vpp", "cli", "show memory api-segment"],
            &["vpp", "cli", "show memory stats-segment"],
        ],
    ),
    ("agent-status.txt", &[&["status"]]),
    ("agent-values.txt", &[&["values"]]),
    ("agent-metrics.json", &[&["metrics", "get", "govppmux.stats"]]),
    (
        "agent-transaction-history.txt",
        &[&["config", "history", "--details"], &["config", "history", "-o", "log"]],
    ),
    ("agent-NB-config.yaml", &[&["config", "get"]]),
    ("agent-kvscheduler-NB-config-view.txt", &[&["dump", "all", "--view", "NB"]]),
    ("agent-kvscheduler-SB-config-view.txt", &[&["dump", "all", "--view", "SB"]]),
    ("agent-kvscheduler-cached-config-view.txt", &[&["dump", "all", "--view", "cached"]]),
    ("vpp-startup-config.txt", &[&["vpp", "cli", "show version cmdline"]]),
    ("vpp-running-config(vpp-agent-SB-dump).yaml", &[&["config", "retrieve"]]),
    (
        "vpp-event-log.txt",
        &[&["vpp", "cli", "show clock verbose"], &["vpp", "cli", "show event-logger all"]],
    ),
    ("vpp-log.txt", &[&["vpp", "cli", "show logging"]]),
    ("vpp-statistics-interfaces.txt", &[&["vpp", "cli", "show interface"]]),
    ("vpp-statistics-errors.txt", &[&["vpp", "cli", "show errors"]]),
];

pub(super) async fn run(context: &Context, args: &Report) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let date = status::date(seconds);
    let mut files = Vec::new();
    let mut failures = Vec::new();
    for (name, commands) in PARTS {
        show(&format!("collecting {name}..."));
        let mut text = String::new();
        for words in *commands {
            match one(context, words).await {
                Ok(printed) => text.push_str(&printed),
                Err(error) => {
                    let failure = format!("agentctl {}: {error:#}\n", words.join(" "));
                    text.push_str(&failure);
                    failures.push(format!("{name}: {failure}"));
                }
            }
        }
        files.push((*name, text));
    }
    if !failures.is_empty() {
        if !args.ignore_errors {
            bail!("{}(with --ignore-errors the rest is written)", failures.concat());
        }
        files.push(("_failed-reports.txt", failures.concat()));
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let version = env!("CARGO_PKG_VERSION");
    let head = format!("{date}\nagentctl {version}\n\n{}\n", names.join("\n"));
    files.push(("_report.txt", head));
    let path = write(&args.output_directory, &file_name(&date, now.subsec_millis()), &files)?;
    let data = serde_json::json!({ "file": path, "parts": names, "failures": failures });
    output::print(&data, &context.format_or(output::Format::Table), |_| {
        format!("Report file: {path}")
    })
}

/// What one command prints.
async fn one(context: &Context, words: &[&str]) -> Result<String> {
    let cli = Cli::try_parse_from(std::iter::once(&"agentctl").chain(words))?;
    let context = context.with_format(cli.global.output);
    let (printed, outcome) = output::captured(super::dispatch(&context, cli.command)).await;
    outcome?;
    Ok(printed)
}

fn write(folder: &Path, name: &str, files: &[(&str, String)]) -> Result<String> {
    let mut archive = Archive::default();
    for (name, text) in files {
        archive.add(name, text.as_bytes())?;
    }
    let path = folder.join(name);
    std::fs::write(&path, archive.finish()?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.display().to_string())
}

/// `agentctl-report--YYYY-MM-DD--HH-MM-SS-mmm.zip`, from a date as `YYYY-MM-DD HH:MM:SS UTC`.
fn file_name(date: &str, millis: u32) -> String {
    let stamp = date.trim_end_matches(" UTC").replace(' ', "--").replace(':', "-");
    format!("agentctl-report--{stamp}-{millis:03}.zip")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_a_command() {
        for words in PARTS.iter().flat_map(|(_, commands)| *commands) {
            let parsed = Cli::try_parse_from(std::iter::once(&"agentctl").chain(*words));
            assert!(parsed.is_ok(), "{words:?}");
        }
    }

    #[test]
    fn the_name_has_the_time() {
        let name = file_name("2024-01-05 10:00:09 UTC", 7);
        assert_eq!(name, "agentctl-report--2024-01-05--10-00-09-007.zip");
    }
}
