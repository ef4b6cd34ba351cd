//! `agentctl values`: states of values, as the scheduler publishes them.

use anyhow::{Result, bail};
use ligato_kvs_api::{BaseValueStatus, OpKind, ValueState, ValueStatus};

use super::Context;
use crate::{
    output::{self, Format},
    table::Table,
};

pub(super) async fn run(context: &Context, model: Option<&str>) -> Result<()> {
    let registry = ligato_proto::registry();
    let prefix = match model {
        None => None,
        Some(name) => match registry.by_model_name(name) {
            Some(model) => Some(model.key_prefix()),
            None => bail!("no model found for: {name}"),
        },
    };
    let query: Vec<(&str, &str)> = prefix.iter().map(|p| ("key-prefix", p.as_str())).collect();
    let statuses: Vec<BaseValueStatus> = context.rest.get("/scheduler/status", &query).await?;
    output::print(&statuses, &context.format_or(Format::Table), |statuses| table(statuses))
}

fn table(statuses: &[BaseValueStatus]) -> String {
    let registry = ligato_proto::registry();
    let mut table = Table::new(["MODEL", "NAME", "STATE", "DETAILS", "LAST OP", "ERROR"]);
    for BaseValueStatus { value, derived_values } in statuses {
        let (model, name) = registry
            .by_key(&value.key)
            .map_or((String::new(), value.key.as_str()), |(m, name)| (m.model_name(), name));
        row(&mut table, model, name.to_owned(), value);
        for derived in derived_values {
            row(&mut table, String::new(), derived.key.to_string(), derived);
        }
    }
    table.render()
}

fn row(table: &mut Table, model: String, name: String, status: &ValueStatus) {
    let state = match status.state {
        ValueState::Obtained => "obtained".to_owned(),
        state => state.to_string(),
    };
    let last = match status.last_operation {
        OpKind::Undefined => String::new(),
        op => op.to_string(),
    };
    table.row([model, name, state, status.details.join(", "), last, status.error.clone()]);
}
