//! `agentctl status`: how the agent and its plugins are; works while the agent is not ready too.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::Context;
use crate::output::{self, Format};

pub(super) async fn run(context: &Context) -> Result<()> {
    let (_, status) = context.rest.get_any_status("/readiness").await?;
    let version: Value = context.rest.get("/info/version", &[]).await?;
    let data = json!({ "Status": status, "Version": version });
    output::print(&data, &context.format_or(Format::Table), |_| text(&status, &version))
}

fn text(status: &Value, version: &Value) -> String {
    let of = |name: &str| match version.get(name) {
        Some(Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let seconds = |name: &str| status.get(name).and_then(Value::as_i64).unwrap_or_default();
    let mut lines = vec![
        "AGENT".to_owned(),
        format!("  App name:    {}", of("App")),
        format!("  Version:     {}", of("Version")),
        format!("  State:       {}", state(status)),
        format!(
            "  Started:     {} ({} ago)",
            date(seconds("start_time")),
            age(seconds("start_time"))
        ),
        format!("  Last change: {} ago", age(seconds("last_change"))),
        format!("  Last update: {} ago", age(seconds("last_update"))),
        format!("  OS/Arch:     {}/{}", of("OS"), of("Arch")),
        format!("  Git commit:  {}", of("GitCommit")),
        String::new(),
        "PLUGINS".to_owned(),
    ];
    lines.extend(plugins(status).into_iter().map(|(name, state)| format!("  {name}: {state}")));
    lines.join("\n")
}

fn plugins(status: &Value) -> BTreeMap<String, String> {
    let Some(plugins) = status.get("PluginStatus").and_then(Value::as_object) else {
        return BTreeMap::new();
    };
    plugins
        .iter()
        .map(|(name, plugin)| {
            let error = plugin.get("error").and_then(Value::as_str).unwrap_or_default();
            let text = if error.is_empty() {
                state(plugin).to_owned()
            } else {
                format!("{} ({error})", state(plugin))
            };
            (name.clone(), text)
        })
        .collect()
}

/// Names of `status.OperationalState`.
fn state(status: &Value) -> &'static str {
    match status.get("state").and_then(Value::as_i64).unwrap_or_default() {
        0 => "INIT",
        1 => "OK",
        2 => "ERROR",
        3 => "DEGRADED",
        _ => "UNKNOWN",
    }
}

/// A moment in Unix seconds as date and time of day, UTC.
pub(super) fn date(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March here, so that the day a leap year has more is the last one; an era is 400 of them.
    let since_era_0 = days + 719_468;
    let (era, day) = (since_era_0.div_euclid(146_097), since_era_0.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + later;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Time since a moment in Unix seconds, rounded.
pub(super) fn age(since: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
    match now.saturating_sub(since).max(0) {
        s @ 0..=59 => format!("{s}s"),
        s @ 60..=3599 => format!("{}m", s / 60),
        s @ 3600..=86_399 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_704_067_199, "2023-12-31 23:59:59 UTC"),
            (1_704_448_800, "2024-01-05 10:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }
}
