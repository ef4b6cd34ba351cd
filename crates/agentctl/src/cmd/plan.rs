//! `agentctl plan FILE`: what a file would change, step by step, without changing anything.

use anyhow::Result;
use reqwest::Method;

use super::{Context, config::read_document};
use crate::{
    cli::Plan,
    exit::Verdict,
    output::{self, Format},
    rest::decode,
};

pub(super) async fn run(context: &Context, args: &Plan) -> Result<Verdict> {
    let document = read_document(&args.file)?;
    let mut query = Vec::new();
    if args.replace {
        query.push(("replace", "true"));
    }
    let path = "/scheduler/plan";
    let answer = context.rest.put_text(Method::POST, path, &query, document.text).await?;
    let plan: serde_json::Value = decode(path, &answer)?;
    output::print(&plan, &context.format_or(Format::Table), text)?;
    let steps = plan.get("steps").and_then(|s| s.as_array()).map_or(0, Vec::len);
    Ok(if args.exit_code && steps > 0 { Verdict::Differs } else { Verdict::Done })
}

fn text(plan: &serde_json::Value) -> String {
    let list = |name: &str| plan.get(name).and_then(|v| v.as_array()).cloned().unwrap_or_default();
    let field = |v: &serde_json::Value, name: &str| match v.get(name) {
        Some(serde_json::Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let steps = list("steps");
    let mut lines: Vec<String> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let recreate = step.get("recreate").and_then(serde_json::Value::as_bool);
            let mark = if recreate == Some(true) { " (re-create)" } else { "" };
            format!(
                "{:>4}. {:<6} {}{mark}  [{}]",
                at + 1,
                field(step, "op"),
                field(step, "key"),
                field(step, "reason"),
            )
        })
        .collect();
    if steps.is_empty() {
        lines.push("nothing to do".to_owned());
    }
    let unsatisfied = list("unsatisfied");
    if !unsatisfied.is_empty() {
        lines.push("will not be available afterwards:".to_owned());
        lines.extend(unsatisfied.iter().map(|status| {
            let why = match status.get("details").and_then(|d| d.as_array()) {
                Some(details) => {
                    details.iter().filter_map(|d| d.as_str()).collect::<Vec<_>>().join(", ")
                }
                None => field(status, "error"),
            };
            format!("      {} {}  {why}", field(status, "state"), field(status, "key"))
        }));
    }
    lines.push(format!("revision {}, hash {}", field(plan, "revision"), field(plan, "hash")));
    lines.join("\n")
}
