//! `agentctl metrics`: what the agent counts, by model.

use anyhow::Result;

use super::{Context, model};
use crate::{
    cli::{Metrics, Patterns},
    output::{self, Format},
};

pub(super) async fn run(context: &Context, command: Metrics) -> Result<()> {
    match command {
        Metrics::List { patterns } => {
            let patterns = Patterns { patterns, class: "metrics".to_owned() };
            model::list(context, &patterns).await
        }
        Metrics::Get { metric } => {
            let path = format!("/metrics/{metric}");
            let data: serde_json::Value = context.rest.get(&path, &[]).await?;
            let as_json =
                |data: &serde_json::Value| serde_json::to_string_pretty(data).unwrap_or_default();
            output::print(&data, &context.format_or(Format::Json), as_json)
        }
    }
}
