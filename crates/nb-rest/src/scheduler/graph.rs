//! `GET /scheduler/graph`: the graph as DOT, or as a picture drawn by Graphviz.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write,
    process::Stdio,
    time::Duration,
};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use ligato_kvs::{NodeInfo, Scheduler};
use ligato_kvs_api::{TxnSeq, ValueState};
use ligato_model::Key;
use tokio::io::AsyncWriteExt;

use crate::{answer::ApiError, query::Args};

/// The longest Graphviz may take; large graphs take it hours.
const DRAWING: Duration = Duration::from_secs(30);

pub(super) async fn graph(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Response, ApiError> {
    args.only(&["txn", "format"])?;
    let changed: HashSet<Key> = match args.number("txn")? {
        None => HashSet::new(),
        Some(number) => {
            let unknown = || ApiError::NotFound(format!("transaction {number} is not recorded"));
            let record = scheduler.transaction(TxnSeq(number)).ok_or_else(unknown)?;
            record.executed.iter().map(|op| op.key.clone()).collect()
        }
    };
    let nodes: Vec<NodeInfo> = scheduler.snapshot().nodes().collect();
    let source = dot(&nodes, &changed);
    match args.one("format")?.unwrap_or("svg") {
        "raw" | "dot" => {
            Ok(([(header::CONTENT_TYPE, "text/vnd.graphviz; charset=utf-8")], source)
                .into_response())
        }
        "svg" => {
            let picture = draw(source).await?;
            Ok(([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response())
        }
        other => Err(ApiError::Argument(format!("unknown format {other:?}; use raw, dot or svg"))),
    }
}

/// Runs Graphviz over pipes, so that requests do not meet in a file.
async fn draw(source: String) -> Result<Vec<u8>, ApiError> {
    let absent = |error: std::io::Error| {
        let hint = "ask for format=raw and draw it elsewhere";
        ApiError::Unsupported(format!("Graphviz cannot be run on this machine ({error}); {hint}"))
    };
    let mut child = tokio::process::Command::new("dot")
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(absent)?;
    let stdin = child.stdin.take();
    let feed = async move {
        match stdin {
            Some(mut stdin) => stdin.write_all(source.as_bytes()).await,
            None => Ok(()),
        }
    };
    let both = async { tokio::join!(feed, child.wait_with_output()) };
    let failed = |why: &str| ApiError::Failed(format!("Graphviz failed: {why}"));
    match tokio::time::timeout(DRAWING, both).await {
        Err(_) => Err(failed("it took too long")),
        Ok((_, Ok(output))) if output.status.success() => Ok(output.stdout),
        Ok(_) => Err(failed("it ended with an error")),
    }
}

fn dot(nodes: &[NodeInfo], changed: &HashSet<Key>) -> String {
    let mut clusters: BTreeMap<&str, Vec<&NodeInfo>> = BTreeMap::new();
    for node in nodes {
        clusters.entry(node.descriptor.as_deref().unwrap_or_default()).or_default().push(node);
    }
    let mut dot = String::from("digraph G {\n  rankdir=LR;\n  node [shape=box, style=filled];\n");
    for (number, (descriptor, nodes)) in clusters.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(dot, "  subgraph cluster_{number} {{\n    label={};", quoted(descriptor));
        for node in nodes {
            let _ = writeln!(dot, "    {} [{}];", quoted(&node.key), attributes(node, changed));
        }
        dot.push_str("  }\n");
    }
    for node in nodes {
        edges(&mut dot, node);
    }
    dot.push_str("}\n");
    dot
}

fn attributes(node: &NodeInfo, changed: &HashSet<Key>) -> String {
    let derived = node.derived_from.is_some();
    let fine = matches!(node.state, ValueState::Configured | ValueState::Obtained);
    let color = if derived && fine { "LightYellow" } else { color(node.state) };
    let mut style = vec!["filled"];
    if derived {
        style.push("rounded");
    }
    if matches!(
        node.state,
        ValueState::Missing | ValueState::Unimplemented | ValueState::Removed | ValueState::Pending
    ) {
        style.push("dashed");
    }
    let border = if changed.contains(&node.key) { ", color=Gold, penwidth=3" } else { "" };
    let tooltip = node.error.as_deref().unwrap_or(node.state.as_str());
    format!(
        "fillcolor={color}, style={}, tooltip={}{border}",
        quoted(&style.join(",")),
        quoted(tooltip)
    )
}

fn edges(dot: &mut String, node: &NodeInfo) {
    let from = quoted(&node.key);
    if let Some(parent) = &node.derived_from {
        let look = "color=bisque4, arrowhead=invempty";
        let _ = writeln!(dot, "  {} -> {from} [{look}];", quoted(parent));
    }
    for (label, target, satisfied) in &node.depends_on {
        let look = if *satisfied { "" } else { ", color=Red" };
        let (target, label) = (quoted(target), quoted(label));
        let _ = writeln!(dot, "  {from} -> {target} [tooltip={label}{look}];");
    }
}

fn color(state: ValueState) -> &'static str {
    match state {
        ValueState::Nonexistent | ValueState::Removed => "Black",
        ValueState::Missing => "Dimgray",
        ValueState::Unimplemented => "Darkkhaki",
        ValueState::Configured => "PaleGreen",
        ValueState::Obtained => "LightCyan",
        ValueState::Discovered => "Lime",
        ValueState::Pending => "Pink",
        ValueState::Invalid => "Maroon",
        ValueState::Failed => "Orangered",
        ValueState::Retrying => "Deeppink",
    }
}

/// A DOT string; line breaks and quotes in texts of errors must not end it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_quotes() {
        assert_eq!(quoted("a\"b\\\nc"), r#""a\"b\\\nc""#);
    }
}
