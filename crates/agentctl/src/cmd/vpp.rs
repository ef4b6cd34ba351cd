//! `agentctl vpp`: the command line of VPP, and what VPP it is.

use anyhow::Result;
use reqwest::Method;
use serde_json::json;

use super::Context;
use crate::{
    cli::Vpp,
    output::{self, Format},
    rest::decode,
};

pub(super) async fn run(context: &Context, command: Vpp) -> Result<()> {
    let format = context.format_or(Format::Table);
    match command {
        Vpp::Cli { words } => {
            let command = words.join(" ");
            let reply = cli(context, &command).await?;
            let data = json!({ "command": command, "output": reply });
            output::print(&data, &format, |_| format!("vpp# {command}\n{reply}"))
        }
        Vpp::Info => {
            let version = cli(context, "show version verbose").await?;
            let config = cli(context, "show version cmdline").await?;
            let data = json!({ "version": version, "config": config });
            output::print(&data, &format, |_| format!("VERSION:\n{version}\n\nCONFIG:\n{config}"))
        }
    }
}

/// What VPP answers to one CLI command.
async fn cli(context: &Context, command: &str) -> Result<String> {
    let body = json!({ "vppclicommand": command }).to_string();
    let path = "/vpp/command";
    let answer = context.rest.put_text(Method::POST, path, &[], body).await?;
    decode(path, &answer)
}
