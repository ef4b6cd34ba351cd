//! `agentctl vpp`: the command line of VPP, and what VPP it is.

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Context, recording};
use crate::{
    cli::{Capture, Vpp},
    output::{self, Format},
    rest::decode,
    table::Table,
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
        Vpp::Api { message: None, .. } => {
            let requests: Vec<String> = context.rest.get("/vpp/api", &[]).await?;
            output::print(&requests, &format, |requests| requests.join("\n"))
        }
        Vpp::Api { message: Some(message), fields } => {
            let fields: Value = match &fields {
                Some(text) => serde_json::from_str(text).context("FIELDS is not JSON")?,
                None => json!({}),
            };
            let body = json!({ "message": message, "fields": fields }).to_string();
            let path = "/vpp/api";
            let answer = context.rest.put_text(Method::POST, path, &[], body).await?;
            let answer: Value = decode(path, &answer)?;
            let format = match context.format_or(Format::Json) {
                Format::Table => Format::Json,
                other => other,
            };
            output::print(&answer, &format, |_| String::new())
        }
        Vpp::Release { key } => {
            let path = "/vpp/quarantine";
            let query: Vec<(&str, &str)> = key.iter().map(|key| ("key", key.as_str())).collect();
            let answer = context.rest.put_text(Method::DELETE, path, &query, String::new()).await?;
            let keys: Vec<String> = decode(path, &answer)?;
            output::print(&keys, &format, |keys| match keys.as_slice() {
                [] => "nothing was held back".to_owned(),
                keys => keys.join("\n"),
            })
        }
        Vpp::Capture(Capture::Fetch { file }) => {
            recording::download(context, "/vpp/capture/file", &file).await
        }
        Vpp::Capture(command) => {
            let path = "/vpp/capture";
            let method = match command {
                Capture::Start => Method::POST,
                Capture::Stop => Method::DELETE,
                Capture::Status | Capture::Fetch { .. } => Method::GET,
            };
            let answer = context.rest.put_text(method, path, &[], String::new()).await?;
            let status: Value = decode(path, &answer)?;
            output::print(&status, &format, capture)
        }
        Vpp::Info => {
            let info = info(context).await?;
            // One that does not answer would not tell these either.
            let silent = info.as_ref().and_then(|info| info["silent"].as_str());
            let (version, config) = match silent {
                Some(_) => ("–".to_owned(), "–".to_owned()),
                None => (
                    cli(context, "show version verbose").await?,
                    cli(context, "show version cmdline").await?,
                ),
            };
            let data = json!({ "version": version, "config": config, "info": info });
            output::print(&data, &format, |_| {
                let works = info.as_ref().map(works).unwrap_or_default();
                format!("VERSION:\n{version}\n\nCONFIG:\n{config}{works}")
            })
        }
    }
}

/// How far a capture is, in words.
fn capture(status: &Value) -> String {
    let Some(file) = status["file"].as_str() else { return "nothing was captured".to_owned() };
    let goes_on = match (status["running"].as_bool(), status["ended"].as_str()) {
        (Some(true), _) => "goes on".to_owned(),
        (_, Some(reason)) => format!("ended: {reason}"),
        _ => "ended".to_owned(),
    };
    format!("{file} on the agent: {} lines, {} bytes, {goes_on}", status["lines"], status["bytes"])
}

/// What VPP answers to one CLI command.
async fn cli(context: &Context, command: &str) -> Result<String> {
    let body = json!({ "vppclicommand": command }).to_string();
    let path = "/vpp/command";
    let answer = context.rest.put_text(Method::POST, path, &[], body).await?;
    decode(path, &answer)
}

/// What the agent says about its VPP; an agent that cannot tell is none of ours.
async fn info(context: &Context) -> Result<Option<Value>> {
    let (status, answer) = context.rest.get_any_status("/vpp/info").await?;
    Ok((status == 200).then_some(answer))
}

/// Plugins, and what of each kind works.
fn works(info: &Value) -> String {
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or_default().to_owned();
    let list = |value: &Value, member: &str| value[member].as_array().cloned().unwrap_or_default();
    let plugins = list(info, "plugins").iter().map(|p| text(p, "name")).collect::<Vec<_>>();
    let mut kinds = Table::new(["KIND", "WORKS", "WHAT DOES NOT"]);
    for kind in list(info, "kinds") {
        let missing = |missing: &Value| {
            let part = missing["part"].as_str().map(|part| format!("{part}: "));
            let (message, reason) = (text(missing, "message"), text(missing, "reason"));
            format!("{}{message}: {reason}", part.unwrap_or_default())
        };
        let reasons: Vec<String> = list(&kind, "missing").iter().map(missing).collect();
        kinds.row([text(&kind, "kind"), text(&kind, "level"), reasons.join("\n")]);
    }
    let connection = match (info["reason"].as_str(), info["silent"].as_str()) {
        (Some(reason), _) => format!("not connected: {reason}"),
        (None, Some(silent)) => format!("connected, {silent}"),
        (None, None) => "connected".to_owned(),
    };
    let plugins = if plugins.is_empty() { "–".to_owned() } else { plugins.join(" ") };
    let mut quarantine = Table::new(["VALUE", "VPP DIED", "IS"]);
    let suspects = list(info, "quarantine");
    for suspect in &suspects {
        let is = if suspect["held"] == true { "held back" } else { "sent alone" };
        let deaths = format!("{} x", suspect["deaths"].as_u64().unwrap_or_default());
        quarantine.row([text(suspect, "key"), deaths, is.to_owned()]);
    }
    let quarantine = match suspects.is_empty() {
        true => String::new(),
        false => format!("\n\nQUARANTINE:\n{}", quarantine.render().trim_end()),
    };
    format!(
        "\n\nCONNECTION:\n{connection}{quarantine}\n\nPLUGINS:\n{plugins}\n\n{}",
        kinds.render()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_vpp_and_its_killers_are_told() {
        let info = json!({
            "connected": true,
            "silent": "busy for 12 s",
            "quarantine": [
                { "key": "config/a", "held": true, "deaths": 2 },
                { "key": "config/b", "held": false, "deaths": 1 },
            ],
        });
        let expected = "\n\nCONNECTION:\nconnected, busy for 12 s\n\nQUARANTINE:\n\
            VALUE     VPP DIED  IS\n\
            config/a  2 x       held back\n\
            config/b  1 x       sent alone\n\nPLUGINS:";
        let told = works(&info);
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn a_capture_is_told_in_words() {
        assert_eq!(capture(&json!({ "running": false })), "nothing was captured");
        let status = json!({
            "running": true, "file": "/tmp/a", "lines": 3, "bytes": 99, "ended": null,
        });
        assert_eq!(capture(&status), "/tmp/a on the agent: 3 lines, 99 bytes, goes on");
        let status = json!({
            "running": false, "file": "/tmp/a", "lines": 3, "bytes": 99, "ended": "full",
        });
        assert_eq!(capture(&status), "/tmp/a on the agent: 3 lines, 99 bytes, ended: full");
    }

    #[test]
    fn what_does_not_work_is_told_with_its_reason() {
        let info = json!({
            "connected": true,
            "plugins": [{ "name": "ping_plugin.so" }],
            "kinds": [
                { "kind": "vpp-arp", "level": "supported" },
                { "kind": "vpp-interface", "level": "degraded", "missing": [
                    { "part": "type TAP", "message": "tap_create_v3", "reason": "not there" },
                    { "message": "x_dump", "reason": "not there either" },
                ]},
            ],
        });
        let expected = "\n\nCONNECTION:\nconnected\n\nPLUGINS:\nping_plugin.so\n\n\
            KIND           WORKS      WHAT DOES NOT\n\
            vpp-arp        supported\n\
            vpp-interface  degraded   type TAP: tap_create_v3: not there\n\
            \u{20}                         x_dump: not there either\n";
        assert_eq!(works(&info), expected);
    }
}
