//! `agentctl config update`: a file of values, sent as one change.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Result, bail};
use ligato_proto::generic::{
    Data, Item, SetConfigRequest, SetConfigResponse, UpdateItem, data::Union,
};
use prost_types::Any;
use serde::Serialize;
use tonic::Request;

use super::{Context, config::read_document};
use crate::{
    cli::{Ack, Update},
    exit::{Verdict, show},
    grpc,
    output::{self, Format},
    settings::duration,
};

/// Label that values get when no other is given.
const FROM_AGENTCTL: (&str, &str) = ("io.ligato.from-client", "agentctl");

/// What became of one value.
#[derive(Serialize)]
struct Outcome {
    key: String,
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

pub(super) async fn run(context: &Context, args: &Update) -> Result<Verdict> {
    let labels = labels(&args.labels)?;
    let request = request(&args.file, &labels, args.replace)?;
    let mut message = Request::new(request);
    message.set_timeout(duration(&args.limit)?);
    let level = match args.ack {
        Ack::Accepted => "accepted",
        Ack::Applied => "applied",
        Ack::Verified => "verified",
    };
    message.metadata_mut().insert("ack", level.parse()?);
    let mut manager = context.grpc().await?.manager();
    let answer =
        manager.set_config(message).await.map_err(|status| grpc::refused("update", &status))?;
    let outcomes = outcomes(answer.into_inner());
    finish(context, args, &outcomes)
}

fn request(file: &Path, labels: &BTreeMap<String, String>, all: bool) -> Result<SetConfigRequest> {
    let updates = read_document(file)?
        .values
        .iter()
        .map(|value| UpdateItem {
            item: Some(Item { id: None, data: Some(item_data(value)) }),
            labels: labels.clone(),
        })
        .collect();
    Ok(SetConfigRequest { updates, overwrite_all: all })
}

fn outcomes(response: SetConfigResponse) -> Vec<Outcome> {
    response
        .results
        .into_iter()
        // The number of the transaction travels as an entry of its own.
        .filter(|result| result.key != "seqnum")
        .map(|result| {
            let status = result.status.unwrap_or_default();
            Outcome { key: result.key, state: status.status, message: status.message }
        })
        .collect()
}

fn finish(context: &Context, args: &Update, outcomes: &[Outcome]) -> Result<Verdict> {
    let unsettled: Vec<&Outcome> = outcomes.iter().filter(|o| o.state != "CONFIGURED").collect();
    if args.verbose {
        output::print(&outcomes, &context.format_or(Format::Table), |all| lines(all.iter()))?;
    } else {
        output::print(&"OK", &context.format_or(Format::Table), |ok| (*ok).to_owned())?;
        if !unsettled.is_empty() {
            show(&format!("not configured so far:\n{}", lines(unsettled.iter().copied())));
        }
    }
    Ok(if args.strict && !unsettled.is_empty() { Verdict::Unsettled } else { Verdict::Done })
}

fn lines<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> String {
    outcomes
        .map(|o| format!("  {} {} {}", o.key, o.state, o.message).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A value as it travels in an item.
pub(super) fn item_data(value: &ligato_model::Value) -> Data {
    let any = Any { type_url: value.type_url(), value: value.encode_to_vec() };
    Data { union: Some(Union::Any(any)) }
}

/// `k=v` pairs; the default label if there are none.
fn labels(given: &[String]) -> Result<BTreeMap<String, String>> {
    if given.is_empty() {
        let (key, value) = FROM_AGENTCTL;
        return Ok(BTreeMap::from([(key.to_owned(), value.to_owned())]));
    }
    parse_labels(given)
}

/// Labels with `=`, or without (then the value is empty).
pub(super) fn parse_labels(given: &[String]) -> Result<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for text in given {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if key.is_empty() {
            bail!("key of label {text} is empty");
        }
        if labels.insert(key.to_owned(), value.to_owned()).is_some() {
            bail!("label key {key} is duplicated");
        }
    }
    Ok(labels)
}

/// A long limit for calls that wait for other things than the agent.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_checked() {
        let list = |items: &[&str]| items.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        assert_eq!(labels(&[]).unwrap()["io.ligato.from-client"], "agentctl");
        assert_eq!(labels(&list(&["if=dummy", "onlykey="])).unwrap().len(), 2);
        assert!(labels(&list(&["=onlyvalue"])).is_err());
        assert!(labels(&list(&["a=1", "a=2"])).is_err());
        assert!(labels(&list(&[""])).is_err());
    }
}
