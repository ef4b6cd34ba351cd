//! `agentctl log`: levels of the agent's loggers.

use anyhow::{Result, bail};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::Context;
use crate::{
    cli::Log,
    output::{self, Format},
    rest::decode,
    table::Table,
};

#[derive(Serialize, Deserialize)]
struct Logger {
    logger: String,
    level: String,
}

pub(super) async fn run(context: &Context, command: Log) -> Result<()> {
    let format = context.format_or(Format::Table);
    match command {
        Log::List { logger } => {
            let mut loggers: Vec<Logger> = context.rest.get("/log/list", &[]).await?;
            if let Some(part) = logger {
                loggers.retain(|l| l.logger.contains(&part));
            }
            if loggers.is_empty() {
                bail!("no logger found");
            }
            loggers.sort_by(|a, b| a.logger.cmp(&b.logger));
            output::print(&loggers, &format, |loggers| {
                let mut table = Table::new(["LOGGER", "LEVEL"]);
                for Logger { logger, level } in loggers {
                    table.row([logger.clone(), level.clone()]);
                }
                table.render()
            })
        }
        Log::Set { logger, level } => {
            let path = format!("/log/{logger}/{level}");
            let answer = context.rest.put_text(Method::PUT, &path, &[], String::new()).await?;
            let set: Logger = decode(&path, &answer)?;
            output::print(&set, &format, |set| {
                format!("logger {} has been set to level {}", set.logger, set.level)
            })
        }
    }
}
