//! `agentctl dump`: values as the scheduler or the southbound holds them.

use anyhow::{Result, bail};
use ligato_model::ModelInfo;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Context, pattern};
use crate::{
    cli::Dump,
    exit::show,
    output::{self, Format},
    table::Table,
};

/// One item as the agent sends it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    key: String,
    value: Value,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    origin: i64,
}

pub(super) async fn run(context: &Context, args: &Dump) -> Result<()> {
    let view = view(&args.view)?;
    let origin = args.origin.as_deref().map(origin).transpose()?;
    let registry = ligato_proto::registry();
    let models: Vec<&ModelInfo> =
        registry.iter().filter(|m| wanted(&args.models, &m.model_name())).collect();
    if models.is_empty() {
        bail!("no matching models found for {:?}", args.models);
    }
    let mut items = Vec::new();
    let mut failures = Vec::new();
    for model in &models {
        match of_model(context, model, view).await {
            Ok(found) => items.extend(found),
            Err(error) => failures.push(error),
        }
    }
    if failures.len() == models.len()
        && let Some(first) = failures.pop()
    {
        return Err(first.context("dump failed"));
    }
    if args.models.iter().all(|m| m != "all" && !m.contains('*')) {
        // Asked for by name: a model that the agent lacks is worth a word.
        failures.iter().for_each(|error| show(&format!("{error:#}")));
    }
    items.retain(|item| origin.is_none_or(|o| o == item.origin));
    items.sort_by(|a, b| a.key.cmp(&b.key));
    output::print(&items, &context.format_or(Format::Table), |items| table(items))
}

async fn of_model(context: &Context, model: &ModelInfo, view: &str) -> Result<Vec<Item>> {
    let prefix = model.key_prefix();
    let query = [("key-prefix", prefix.as_str()), ("view", view)];
    let found: Option<Vec<Item>> = context.rest.get("/scheduler/dump", &query).await?;
    Ok(found
        .unwrap_or_default()
        .into_iter()
        .map(|mut item| {
            // The value alone, as the original prints it; its type is known by the key.
            if let Some(data) = item.value.get_mut("ProtoMsgData") {
                item.value = data.take();
            }
            item
        })
        .collect())
}

fn wanted(patterns: &[String], name: &str) -> bool {
    patterns.first().is_some_and(|p| p == "all")
        || patterns.iter().any(|p| pattern::matches(p, name))
}

fn view(text: &str) -> Result<&'static str> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "cached" | "cache" => "cached",
        "nb" | "north" | "northbound" => "NB",
        "sb" | "south" | "southbound" => "SB",
        _ => bail!("unknown view {text:?}: use cached, NB or SB"),
    })
}

fn origin(text: &str) -> Result<i64> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "unknown" => 0,
        "nb" | "from-nb" | "north" | "northbound" => 1,
        "sb" | "from-sb" | "south" | "southbound" => 2,
        _ => bail!("unknown origin {text:?}: use NB, SB or unknown"),
    })
}

fn table(items: &[Item]) -> String {
    let registry = ligato_proto::registry();
    let mut table = Table::new(["MODEL", "ORIGIN", "VALUE", "METADATA", "KEY"]);
    for Item { key, value, metadata, origin } in items {
        let (model, name) = registry
            .by_key(key)
            .map_or((String::new(), key.as_str()), |(model, name)| (model.model_name(), name));
        let origin = ["unknown", "from-NB", "from-SB"]
            .get(usize::try_from(*origin).unwrap_or_default())
            .copied()
            .unwrap_or_default();
        let yaml = |v: &Value| {
            if v.is_null() { String::new() } else { serde_saphyr::to_string(v).unwrap_or_default() }
        };
        let name = if name.is_empty() { key.as_str() } else { name };
        table.row([model, origin.to_owned(), yaml(value), yaml(metadata), name.to_owned()]);
    }
    table.render()
}
