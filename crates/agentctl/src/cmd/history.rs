//! `agentctl config history`: what was done, when, and with which result.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;

use super::Context;
use crate::{
    output::{self, Format},
    table::Table,
};

pub(super) async fn run(context: &Context, reference: Option<&str>, details: bool) -> Result<()> {
    let mut query = Vec::new();
    if let Some(reference) = reference {
        if reference.parse::<u64>().is_err() {
            bail!("invalid reference: {reference:?}, use number > 0");
        }
        query.push(("seq-num", reference));
    }
    let format = context.format_or(Format::Table);
    if format == Format::Log {
        query.push(("format", "text"));
        let text = context.rest.get_text("/scheduler/txn-history", &query).await?;
        output::line(text.trim_end());
        return Ok(());
    }
    let transactions = match context.rest.get("/scheduler/txn-history", &query).await? {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    output::print(&transactions, &format, |list| table(list, details))
}

fn table(transactions: &[Value], details: bool) -> String {
    let heading = ["SEQ", "TYPE", "START", "INPUT", "OPERATIONS", "RESULT", "SUMMARY", "DETAILS"];
    let mut table = Table::new(heading);
    for txn in transactions {
        table.row([
            txn.get("SeqNum").map(Value::to_string).unwrap_or_default(),
            kind(txn),
            text(txn, "Start").chars().take(19).collect(),
            input(txn),
            counts(txn, |op| text(op, "Operation")),
            result(txn),
            counts(txn, |op| text(op, "NewState")),
            if details { all_details(txn) } else { String::new() },
        ]);
    }
    table.render()
}

fn operations(txn: &Value) -> &[Value] {
    let list = |name: &str| txn.get(name).and_then(Value::as_array).map(Vec::as_slice);
    list("Executed").unwrap_or_default()
}

fn text(of: &Value, name: &str) -> String {
    match of.get(name) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn kind(txn: &Value) -> String {
    match (text(txn, "TxnType").as_str(), text(txn, "ResyncType").as_str()) {
        ("SBNotification", _) => "status update".to_owned(),
        ("NBTransaction", "FullResync") => "config replace".to_owned(),
        ("NBTransaction", "UpstreamResync") => "config sync".to_owned(),
        ("NBTransaction", "DownstreamResync") => "status sync".to_owned(),
        ("NBTransaction", _) => "config change".to_owned(),
        ("RetryFailedOps", _) => {
            format!("retry #{} for {}", text(txn, "RetryAttempt"), text(txn, "RetryForTxn"))
        }
        ("RetryUnimplOps", _) => format!("retry impl for {}", text(txn, "RetryForTxn")),
        (other, _) => format!("unknown txn type {other}"),
    }
}

fn input(txn: &Value) -> String {
    match txn.get("Values").and_then(Value::as_array).map(Vec::len) {
        None | Some(0) => "<none>".to_owned(),
        Some(n) => format!("{n} values"),
    }
}

fn counts(txn: &Value, of: impl Fn(&Value) -> String) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in operations(txn).iter().map(of).filter(|name| !name.is_empty()) {
        *counts.entry(name).or_default() += 1;
    }
    if counts.is_empty() {
        return "<none>".to_owned();
    }
    counts.iter().map(|(name, n)| format!("{name}:{n}")).collect::<Vec<_>>().join(", ")
}

fn errors(txn: &Value) -> Vec<String> {
    operations(txn)
        .iter()
        .filter(|op| !text(op, "NewErrMsg").is_empty())
        .map(|op| format!("{}: {}", text(op, "Key"), text(op, "NewErrMsg")))
        .collect()
}

fn result(txn: &Value) -> String {
    match errors(txn).len() {
        0 if operations(txn).is_empty() => String::new(),
        0 => "ok".to_owned(),
        1 => "error".to_owned(),
        n => format!("{n} errors"),
    }
}

fn all_details(txn: &Value) -> String {
    let pending = operations(txn)
        .iter()
        .filter(|op| text(op, "NewState") == "PENDING")
        .map(|op| format!("[{}] {} -> PENDING", text(op, "Operation"), text(op, "Key")));
    errors(txn).into_iter().chain(pending).collect::<Vec<_>>().join("\n")
}
