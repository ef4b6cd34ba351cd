//! `agentctl model`: what the agent knows how to configure.

use anyhow::{Result, bail};
use ligato_proto::generic::{KnownModelsRequest, ModelDetail};
use serde::Serialize;

use super::{Context, pattern};
use crate::{
    cli::{Model, Patterns},
    grpc,
    output::{self, Format},
    table::Table,
};

/// A model as it is printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    class: String,
    name: String,
    module: String,
    #[serde(rename = "Type")]
    type_name: String,
    version: String,
    key_prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name_template: String,
    proto_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    proto_file: String,
}

pub(super) async fn run(context: &Context, command: Model) -> Result<()> {
    match command {
        Model::List(patterns) => list(context, &patterns).await,
        Model::Inspect { models } => inspect(context, &models).await,
    }
}

pub(super) async fn list(context: &Context, args: &Patterns) -> Result<()> {
    let class = if args.class == "all" { "" } else { &args.class };
    let mut models = known(context, class).await?;
    models.retain(|m| {
        args.patterns.is_empty() || args.patterns.iter().any(|p| pattern::matches(p, &m.name))
    });
    output::print(&models, &context.format_or(Format::Table), |models| {
        let mut table = Table::new(["MODEL NAME", "CLASS", "PROTO MESSAGE", "KEY PREFIX"]);
        for m in models {
            table.row([
                m.name.clone(),
                m.class.clone(),
                m.proto_name.clone(),
                m.key_prefix.clone(),
            ]);
        }
        table.render()
    })
}

async fn inspect(context: &Context, names: &[String]) -> Result<()> {
    let models = known(context, "").await?;
    let mut found = Vec::new();
    for name in names {
        // A whole name is never ambiguous, even if it is the beginning of another one.
        if let Some(exact) = models.iter().find(|m| m.name == *name) {
            found.push(exact.clone());
            continue;
        }
        let mut matching = models.iter().filter(|m| m.name.starts_with(name.as_str()));
        match (matching.next(), matching.next()) {
            (Some(one), None) => found.push(one.clone()),
            (None, _) => bail!("no model found for provided prefix: {name}"),
            (Some(_), Some(_)) => bail!("multiple models found with provided prefix: {name}"),
        }
    }
    let as_json = |found: &Vec<Shown>| serde_json::to_string_pretty(found).unwrap_or_default();
    output::print(&found, &context.format_or(Format::Json), as_json)
}

/// Models the agent tells about, sorted by class, name and version.
async fn known(context: &Context, class: &str) -> Result<Vec<Shown>> {
    let mut meta = context.grpc().await?.meta();
    let answer = meta
        .known_models(KnownModelsRequest { class: class.to_owned() })
        .await
        .map_err(|status| grpc::refused("listing models", &status))?;
    let mut models: Vec<Shown> =
        answer.into_inner().known_models.into_iter().map(Shown::from).collect();
    models.sort();
    Ok(models)
}

impl From<ModelDetail> for Shown {
    fn from(detail: ModelDetail) -> Self {
        let option = |key: &str| {
            let option = detail.options.iter().find(|o| o.key == key);
            option.and_then(|o| o.values.first()).cloned().unwrap_or_default()
        };
        let (name_template, proto_file) = (option("nameTemplate"), option("protoFile"));
        let spec = detail.spec.unwrap_or_default();
        let path = |text: &str| text.replace('.', "/");
        let slash = if name_template.is_empty() { "" } else { "/" };
        Self {
            name: format!("{}.{}", spec.module, spec.r#type),
            key_prefix: format!(
                "{}/{}/{}/{}{slash}",
                spec.class,
                path(&spec.module),
                spec.version,
                path(&spec.r#type)
            ),
            class: spec.class,
            module: spec.module,
            type_name: spec.r#type,
            version: spec.version,
            name_template,
            proto_name: detail.proto_name,
            proto_file,
        }
    }
}
