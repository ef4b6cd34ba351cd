//! The kernel's links, addresses, routes and neighbours, by `ip -j`.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Sandbox;

/// Everything in the sandbox's own namespace and in the named ones, without what the kernel makes
/// by itself.
pub fn linux(sandbox: &Sandbox, namespaces: &[String]) -> Result<String> {
    let mut text = String::new();
    one(sandbox, "", "host", &mut text)?;
    for name in namespaces {
        one(sandbox, &format!("-n {name}"), name, &mut text)?;
    }
    Ok(text)
}

fn one(sandbox: &Sandbox, select: &str, name: &str, text: &mut String) -> Result<()> {
    let mut lines = Vec::new();
    for link in ask(sandbox, select, "address show")? {
        let device = string(&link, "ifname");
        if device == "lo" {
            continue;
        }
        let flags = link.get("flags").and_then(Value::as_array);
        let up = flags.is_some_and(|f| f.iter().any(|flag| flag == "UP"));
        let mtu = link.get("mtu").and_then(Value::as_u64).unwrap_or_default();
        let state = if up { "up" } else { "down" };
        lines.push(format!("  link {device} {state} mtu {mtu}"));
        for address in list(&link, "addr_info") {
            if string(address, "scope") != "link" {
                let length = address.get("prefixlen").and_then(Value::as_u64).unwrap_or_default();
                lines.push(format!("  address {device} {}/{length}", string(address, "local")));
            }
        }
    }
    for family in ["-4", "-6"] {
        for route in ask(sandbox, &format!("{select} {family}"), "route show table all")? {
            lines.extend(route_line(&route));
        }
    }
    for neighbour in ask(sandbox, select, "neighbour show nud permanent")? {
        lines.push(format!(
            "  neighbour {} {} {}",
            string(&neighbour, "dev"),
            string(&neighbour, "dst"),
            string(&neighbour, "lladdr")
        ));
    }
    lines.sort();
    writeln!(text, "namespace {name}")?;
    lines.iter().try_for_each(|line| writeln!(text, "{line}"))?;
    Ok(())
}

/// Routes that somebody configured: not those that come with addresses.
fn route_line(route: &Value) -> Option<String> {
    let kernel = matches!(string(route, "protocol").as_str(), "kernel" | "ra");
    let local = matches!(string(route, "type").as_str(), "local" | "broadcast" | "multicast");
    if kernel || local || string(route, "table") == "local" {
        return None;
    }
    let mut line = format!("  route {}", string(route, "dst"));
    for (name, label) in [("gateway", "via"), ("dev", "dev"), ("scope", "scope")] {
        let value = string(route, name);
        if !value.is_empty() {
            line.push_str(&format!(" {label} {value}"));
        }
    }
    if let Some(metric) = route.get("metric").and_then(Value::as_u64) {
        line.push_str(&format!(" metric {metric}"));
    }
    Some(line)
}

fn ask(sandbox: &Sandbox, select: &str, what: &str) -> Result<Vec<Value>> {
    let text = sandbox.output(&format!("ip -j {select} {what}"))?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let parsed: Value = serde_json::from_str(&text).with_context(|| format!("ip -j {what}"))?;
    Ok(parsed.as_array().cloned().unwrap_or_default())
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn string(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
