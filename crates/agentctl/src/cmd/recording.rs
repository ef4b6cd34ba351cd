//! `agentctl recording` fetches what the scheduler recorded, `agentctl replay` plays it back here.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result};
use ligato_kvs::{
    record::list_to_text,
    recording::{self, Replay},
};

use serde_json::json;

use super::Context;
use crate::{
    exit::show,
    output::{self, Format},
};

/// `agentctl recording [FILE]`
pub(super) async fn fetch(context: &Context, file: &Path) -> Result<()> {
    download(context, "/scheduler/recording", file).await
}

/// Writes what the agent answers to a file.
pub(super) async fn download(context: &Context, path: &str, file: &Path) -> Result<()> {
    let mut to: Box<dyn Write> = if file == Path::new("-") {
        Box::new(std::io::stdout())
    } else {
        // What is in it is for its owner, as on the agent.
        let options =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
        Box::new(options.with_context(|| file.display().to_string())?)
    };
    context.rest.download(path, |piece| to.write_all(piece)).await?;
    to.flush().context("writing the answer failed")
}

/// `agentctl replay FILE`
pub(super) fn replay(context: &Context, file: &Path) -> Result<()> {
    let from: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        let file = File::open(file).with_context(|| file.display().to_string())?;
        Box::new(BufReader::new(file))
    };
    match recording::replay(from) {
        Ok(replay) if context.format_or(Format::Table) != Format::Table => {
            let data = json!({
                "agent": replay.agent,
                "transactions": replay.transactions.len(),
                "inputs": replay.inputs,
                "same": true,
            });
            output::print(&data, &context.format_or(Format::Table), |_| String::new())
        }
        Ok(replay) => {
            print(&replay);
            output::line(&format!("replayed {}: same record", counts(&replay)));
            Ok(())
        }
        Err(error) => {
            if let Some(before) = error.before() {
                print(before);
                output::line(&format!("replayed {}: the same so far", counts(before)));
            }
            Err(error.into())
        }
    }
}

fn print(replay: &Replay) {
    show(&format!("recorded by {}; {}", replay.agent, replay.end));
    output::line(&list_to_text(replay.transactions.iter().map(|record| &**record)));
}

fn counts(replay: &Replay) -> String {
    format!("{} transactions, {} inputs", replay.transactions.len(), replay.inputs)
}
