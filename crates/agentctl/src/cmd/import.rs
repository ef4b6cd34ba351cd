//! `agentctl import FILE`: lines of keys and JSON values, into the store or into the agent.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use ligato_proto::generic::{Item, SetConfigRequest, UpdateItem};

use super::{Context, kvdb::full_key, update::item_data};
use crate::{
    cli::Import,
    etcd::Etcd,
    grpc,
    output::{self, Format},
    settings::duration,
};

/// One line of the file.
struct Entry {
    line: usize,
    key: String,
    json: String,
    value: ligato_model::Value,
}

pub(super) async fn run(context: &Context, args: &Import) -> Result<()> {
    ensure!(args.txops > 0, "--txops must be at least 1");
    duration(&args.time)?;
    let entries = read(&args.file)?;
    let format = context.format_or(Format::Table);
    // Progress is for people; programs get one document at the end.
    let say = |text: &str| {
        if format == Format::Table {
            output::line(text);
        }
    };
    say(&format!("importing {} key-value pairs", entries.len()));
    entries.iter().for_each(|entry| say(&format!(" - {}", entry.key)));
    let keys: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    if args.grpc {
        say("sending via gRPC");
        send(context, entries).await?;
    } else {
        store(context, args, entries, say).await?;
    }
    if format == Format::Table {
        return Ok(());
    }
    output::print(&serde_json::json!({ "imported": keys }), &format, |_| String::new())
}

async fn store(
    context: &Context,
    args: &Import,
    entries: Vec<Entry>,
    say: impl Fn(&str),
) -> Result<()> {
    let limit = duration(&args.time)?;
    let label = context.settings.service_label.as_deref();
    let pairs = entries
        .into_iter()
        .map(|e| {
            let key = full_key(&e.key, label).with_context(|| format!("line {}", e.line))?;
            Ok((key, e.json))
        })
        .collect::<Result<Vec<_>>>()?;
    let etcd = Etcd::connect(&context.settings).await?;
    for chunk in pairs.chunks(args.txops) {
        say(&format!("commiting tx with {} ops", chunk.len()));
        tokio::time::timeout(limit, etcd.put_all(chunk))
            .await
            .with_context(|| format!("no answer from the store within {}", args.time))??;
    }
    Ok(())
}

async fn send(context: &Context, entries: Vec<Entry>) -> Result<()> {
    let updates = entries
        .into_iter()
        .map(|entry| UpdateItem {
            item: Some(Item { id: None, data: Some(item_data(&entry.value)) }),
            labels: BTreeMap::new(),
        })
        .collect();
    let request = SetConfigRequest { updates, overwrite_all: false };
    let mut manager = context.grpc().await?.manager();
    manager.set_config(request).await.map_err(|status| grpc::refused("import", &status))?;
    Ok(())
}

/// Reads and checks the whole file before anything is sent.
fn read(file: &Path) -> Result<Vec<Entry>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let registry = ligato_proto::registry();
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{}:{}", file.display(), at + 1);
        let Some((key, json)) = line.split_once(char::is_whitespace) else {
            bail!("{place}: a line is a key, a blank and a JSON value");
        };
        let short = ligato_model::strip_agent_prefix(key);
        let Some((model, _)) = registry.by_key(short) else {
            bail!("{place}: no model has keys like {key}");
        };
        let json = json.trim().to_owned();
        let value = model.from_json(&json, &place)?;
        let expected = model.key_of(&value).with_context(|| place.clone())?;
        ensure!(
            expected.as_str() == short,
            "{place}: the value belongs under {expected}, not under {short}"
        );
        entries.push(Entry { line: at + 1, key: key.to_owned(), json, value });
    }
    Ok(entries)
}
