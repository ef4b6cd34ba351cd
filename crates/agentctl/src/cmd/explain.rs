//! `agentctl explain KEY`: why a value is where it is.

use anyhow::Result;

use super::Context;
use crate::output::{self, Format};

pub(super) async fn run(context: &Context, key: &str) -> Result<()> {
    let key = ligato_model::strip_agent_prefix(key);
    let format = context.format_or(Format::Table);
    if format == Format::Table {
        let query = [("key", key), ("format", "text")];
        let text = context.rest.get_text("/scheduler/explain", &query).await?;
        output::line(text.trim_end());
        return Ok(());
    }
    let data: serde_json::Value = context.rest.get("/scheduler/explain", &[("key", key)]).await?;
    output::print(&data, &format, |_| String::new())
}
