//! `agentctl config watch`: notifications as they come, until interrupted.

use anyhow::{Context as _, Result};
use ligato_proto::configurator::{Notification, NotifyRequest, NotifyResponse};
use prost_reflect::{DeserializeOptions, DynamicMessage, ReflectMessage};

use super::Context;
use crate::{
    grpc,
    output::{self, Format},
};

pub(super) async fn run(context: &Context, filters: &[String]) -> Result<()> {
    let filters = filters.iter().map(|text| filter(text)).collect::<Result<Vec<_>>>()?;
    let mut configurator = context.grpc().await?.configurator();
    let mut stream = configurator
        .notify(NotifyRequest { idx: 0, filters })
        .await
        .map_err(|status| grpc::refused("watch", &status))?
        .into_inner();
    let format = context.format_or(Format::Table);
    loop {
        let next = tokio::select! {
            next = stream.message() => next.map_err(|status| grpc::refused("watch", &status))?,
            interrupted = tokio::signal::ctrl_c() => return interrupted.map_err(Into::into),
        };
        match next {
            Some(notification) => show(&notification, &format)?,
            None => return Ok(()),
        }
    }
}

fn filter(text: &str) -> Result<Notification> {
    let descriptor = Notification::default().descriptor();
    let mut json = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor, &mut json, &options)
        .with_context(|| format!("filter {text} is not a notification"))?;
    Ok(message.transcode_to()?)
}

fn show(response: &NotifyResponse, format: &Format) -> Result<()> {
    let data = serde_json::to_value(response.transcode_to_dynamic())?;
    output::print(&data, format, |data| {
        let source = match data.pointer("/notification/vppNotification") {
            Some(_) => "VPP",
            None => "LINUX",
        };
        let value = data.get("notification").and_then(|n| n.as_object()?.values().next().cloned());
        let yaml = serde_saphyr::to_string(&value).unwrap_or_default();
        let rule = "-".repeat(80);
        format!(
            "{rule}\n NOTIFICATION #{}\n{rule}\nSource: {source}\nValue:\n{yaml}",
            response.next_idx
        )
    })
}
