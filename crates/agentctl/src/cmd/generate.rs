//! `agentctl generate MODEL`: an empty instance with all fields, to start from.

use anyhow::{Result, bail};
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde::Serialize;

use super::{Context, pattern};
use crate::{
    cli::Generate,
    output::{self, Format},
};

pub(super) fn run(context: &Context, args: &Generate) -> Result<()> {
    let registry = ligato_proto::registry();
    let mut models: Vec<_> = registry.iter().collect();
    models.sort_by_key(|m| m.model_name());
    let Some(model) = models.iter().find(|m| pattern::matches(&args.model, &m.model_name())) else {
        bail!("no model found for: {}", args.model);
    };
    let format = context.format_or(Format::Json);
    if let Format::Template(name) = &format
        && !name.contains("{{")
    {
        bail!("unknown format: {name}");
    }
    let empty = DynamicMessage::new(model.descriptor().clone());
    let options = SerializeOptions::new().skip_default_fields(false).use_proto_field_name(true);
    let mut text = Vec::new();
    empty.serialize_with_options(&mut serde_json::Serializer::new(&mut text), &options)?;
    let json: serde_json::Value = serde_json::from_slice(&text)?;
    match format {
        Format::Json | Format::Table if args.oneline => output::line(&json.to_string()),
        Format::Table => print(&json, &Format::Json)?,
        format => print(&json, &format)?,
    }
    Ok(())
}

fn print<T: Serialize>(data: &T, format: &Format) -> Result<()> {
    output::print(data, format, |_| String::new())
}
