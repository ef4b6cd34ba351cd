//! `agentctl service`: the gRPC services of the agent, as it describes them itself.

mod call;
mod describe;

use std::io::Read;

use anyhow::{Context as _, Result, bail, ensure};
use prost_reflect::{DeserializeOptions, DynamicMessage, MethodDescriptor, ServiceDescriptor};
use serde_json::{Value, json};

use super::Context;
use crate::{
    cli::Service,
    output::{self, Format},
};

pub(super) async fn run(context: &Context, command: Service) -> Result<()> {
    match command {
        Service::List { service, methods } => list(context, service.as_deref(), methods).await,
        Service::Call { service, method } => call(context, &service, &method).await,
    }
}

async fn list(context: &Context, only: Option<&str>, methods: bool) -> Result<()> {
    let grpc = context.grpc().await?;
    let mut services = describe::services(&grpc).await?;
    services.retain(|service| only.is_none_or(|only| service.full_name() == only));
    if let (Some(only), true) = (only, services.is_empty()) {
        bail!("no service found for: {only}");
    }
    let data: Vec<Value> = services.iter().map(shown).collect();
    output::print(&data, &context.format_or(Format::Table), |_| {
        let text = services.iter().map(|service| {
            let head =
                format!("service {} ({})\n", service.full_name(), service.parent_file().name());
            if !methods {
                return head;
            }
            let lines = service.methods().map(|method| format!(" - {}\n", signature(&method)));
            head + &lines.collect::<String>() + "\n"
        });
        text.collect()
    })
}

fn shown(service: &ServiceDescriptor) -> Value {
    let methods: Vec<Value> = service
        .methods()
        .map(|method| {
            json!({
                "name": method.name(),
                "input": method.input().full_name(),
                "output": method.output().full_name(),
                "client_streaming": method.is_client_streaming(),
                "server_streaming": method.is_server_streaming(),
            })
        })
        .collect();
    let file = service.parent_file();
    json!({ "name": service.full_name(), "file": file.name(), "methods": methods })
}

fn signature(method: &MethodDescriptor) -> String {
    let stream = |streams: bool| if streams { "stream " } else { "" };
    format!(
        "rpc {} ({}{}) returns ({}{})",
        method.name(),
        stream(method.is_client_streaming()),
        method.input().name(),
        stream(method.is_server_streaming()),
        method.output().name()
    )
}

async fn call(context: &Context, service: &str, method: &str) -> Result<()> {
    let grpc = context.grpc().await?;
    let services = describe::services(&grpc).await?;
    let Some(service) = services.iter().find(|known| known.full_name() == service) else {
        bail!("no service found for: {service}");
    };
    let Some(method) = service.methods().find(|known| known.name() == method) else {
        bail!("{} has no method {method}", service.full_name());
    };
    ensure!(
        !method.is_client_streaming() && !method.is_server_streaming(),
        "{} streams; only calls with one request and one answer can be made",
        method.full_name()
    );
    let request = request(&method)?;
    let answer = call::unary(&grpc, &method, request).await?;
    let data = serde_json::to_value(&answer)?;
    let as_yaml = |data: &Value| serde_saphyr::to_string(data).unwrap_or_default();
    output::print(&data, &context.format_or(Format::Yaml), as_yaml)
}

/// The request from standard input; nothing is read for a message without fields.
fn request(method: &MethodDescriptor) -> Result<DynamicMessage> {
    let input = method.input();
    if input.fields().len() == 0 {
        return Ok(DynamicMessage::new(input));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    let json: Value = match text.trim() {
        "" => json!({}),
        text => serde_saphyr::from_str(text).context("the request is neither YAML nor JSON")?,
    };
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let name = input.full_name().to_owned();
    DynamicMessage::deserialize_with_options(input, json, &options)
        .with_context(|| format!("the request is no {name}"))
}
