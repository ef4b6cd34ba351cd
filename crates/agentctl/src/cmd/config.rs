//! `agentctl config get | delete | retrieve | resync`, and reading configuration files.

use std::{io::Read, path::Path};

use anyhow::{Context as _, Result};
use ligato_model::{
    Value,
    text::{FieldNames, read_document as read_entries, to_yaml, write_document},
};
use ligato_proto::{
    configurator::DumpRequest,
    generic::{GetConfigRequest, Item, SetConfigRequest, UpdateItem, data::Union, item},
};
use prost_reflect::ReflectMessage;
use reqwest::Method;
use tonic::Request;

use super::{
    Context,
    update::{PATIENCE, parse_labels},
};
use crate::{
    grpc,
    output::{self, Format},
    rest::decode,
};

/// A configuration file: its text, and the values in it.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

/// Reads a file (`-`: standard input) and checks all of it.
pub(super) fn read_document(file: &Path) -> Result<Document> {
    let text = read_text(file)?;
    let origin = file.display().to_string();
    let entries = read_entries(&ligato_proto::registry(), &text, &origin)?;
    let values = entries.into_iter().map(|e| e.value).collect();
    Ok(Document { text, values })
}

fn read_text(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

pub(super) async fn get(context: &Context, labels: &[String]) -> Result<()> {
    let labels = parse_labels(labels)?;
    let mut manager = context.grpc().await?.manager();
    let answer = manager
        .get_config(GetConfigRequest { ids: Vec::new(), labels })
        .await
        .map_err(|status| grpc::refused("get", &status))?;
    let registry = ligato_proto::registry();
    let mut values = Vec::new();
    for item in answer.into_inner().items.into_iter().filter_map(|i| i.item) {
        let Some(Union::Any(any)) = item.data.and_then(|d| d.union) else { continue };
        let name = any.type_url.rsplit('/').next().unwrap_or_default();
        let Some(model) = registry.by_proto_name(name) else {
            crate::exit::show(&format!("left out: {name} is not known here"));
            continue;
        };
        values.push(model.decode(&any.value)?);
    }
    let document = write_document(&registry, &values, FieldNames::Json)?;
    let as_yaml = |data: &serde_json::Value| to_yaml(data).unwrap_or_default();
    output::print(&document, &context.format_or(Format::Yaml), as_yaml)
}

pub(super) async fn delete(
    context: &Context,
    file: &Path,
    wait_done: bool,
    verbose: bool,
) -> Result<()> {
    let registry = ligato_proto::registry();
    let mut updates = Vec::new();
    for value in read_document(file)?.values {
        let Some(model) = registry.by_proto_name(&value.full_name()) else { continue };
        let id = item::Id { model: model.model_name(), name: model.instance_name(&value)? };
        updates.push(UpdateItem {
            item: Some(Item { id: Some(id), data: None }),
            ..Default::default()
        });
    }
    let mut request = Request::new(SetConfigRequest { updates, overwrite_all: false });
    request.set_timeout(PATIENCE);
    if wait_done {
        request.metadata_mut().insert("ack", "verified".parse()?);
    }
    let mut manager = context.grpc().await?.manager();
    let answer =
        manager.set_config(request).await.map_err(|status| grpc::refused("delete", &status))?;
    let results = answer.into_inner().results;
    let seq = results.iter().find(|r| r.key == "seqnum").and_then(|r| r.status.as_ref());
    match seq {
        Some(status) if verbose => super::history::run(context, Some(&status.message), true).await,
        _ => output::print(&"OK", &context.format_or(Format::Table), |ok| (*ok).to_owned()),
    }
}

/// The same configuration as a store holds it.
pub(super) fn pairs(context: &Context, file: &Path) -> Result<()> {
    let registry = ligato_proto::registry();
    let mut pairs = Vec::new();
    for value in read_document(file)?.values {
        let json = value.to_json_with(FieldNames::Proto)?;
        pairs.push(serde_json::json!({ "key": registry.key_of(&value)?, "value": json }));
    }
    output::print(&pairs, &context.format_or(Format::Table), |pairs| {
        let line = |pair: &serde_json::Value| {
            let key = pair.get("key").and_then(|k| k.as_str()).unwrap_or_default();
            let value = pair.get("value").map(ToString::to_string).unwrap_or_default();
            format!("{key} {value}")
        };
        pairs.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

pub(super) async fn retrieve(context: &Context) -> Result<()> {
    let mut configurator = context.grpc().await?.configurator();
    let answer = configurator
        .dump(DumpRequest {})
        .await
        .map_err(|status| grpc::refused("retrieve", &status))?;
    let config = answer.into_inner().dump.unwrap_or_default();
    let data = serde_json::to_value(config.transcode_to_dynamic())?;
    let as_yaml = |data: &serde_json::Value| to_yaml(data).unwrap_or_default();
    output::print(&data, &context.format_or(Format::Yaml), as_yaml)
}

pub(super) async fn resync(context: &Context, verbose: bool, retry: bool) -> Result<()> {
    let mut query = Vec::new();
    if verbose {
        query.push(("verbose", "true"));
    }
    if retry {
        query.push(("retry", "true"));
    }
    let path = "/scheduler/downstream-resync";
    let answer = context.rest.put_text(Method::POST, path, &query, String::new()).await?;
    let data: serde_json::Value = decode(path, &answer)?;
    let as_json = |data: &serde_json::Value| serde_json::to_string_pretty(data).unwrap_or_default();
    output::print(&data, &context.format_or(Format::Json), as_json)
}
