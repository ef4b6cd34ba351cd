//! `POST /vpp/command`: VPP's command line, as in the original.
//!
//! The body is `{"vppclicommand": "show version"}`, the answer a JSON string with everything that VPP printed.
//! Failures are JSON strings too: 400 for a body that is no such object, 500 for what VPP or the way to it refused.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use ligato_nb_rest::Json;
use ligato_vpp_api::msg::vlib::{CliInband, CliInbandReply};
use ligato_vpp_ctx::VppCtx;

/// Name of the member of a request that counts.
const COMMAND: &str = "vppclicommand";

/// The route, for the HTTP server.
pub(crate) fn routes(vpp: Arc<VppCtx>) -> Router {
    Router::new().route("/vpp/command", post(run)).with_state(vpp)
}

async fn run(State(vpp): State<Arc<VppCtx>>, body: Bytes) -> Response {
    let cmd = match command(&body) {
        Ok(cmd) => cmd,
        Err(reason) => {
            let text = format!("400 Bad request: {reason}");
            return (StatusCode::BAD_REQUEST, Json(text)).into_response();
        }
    };
    tracing::debug!(command = cmd, "running a command of VPP");
    let answer = vpp.client().request(CliInband { cmd }).await;
    match answer.map_err(|error| format!("{:#}", anyhow::Error::new(error))).and_then(output) {
        Ok(output) => Json(output).into_response(),
        Err(reason) => {
            let text = format!("500 Internal server error: sending request failed: {reason}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, Json(text)).into_response()
        }
    }
}

/// The command in a body, or what is wrong with it.
fn command(body: &[u8]) -> Result<String, String> {
    let mut members: HashMap<String, String> = serde_json::from_slice(body)
        .map_err(|error| format!("the body is not an object of strings: {error}"))?;
    match members.remove(COMMAND) {
        Some(command) if !command.trim().is_empty() => Ok(command),
        _ => Err(format!("{COMMAND} parameter missing or empty")),
    }
}

/// What a command printed; if it failed, that is the reason.
fn output(CliInbandReply { retval, reply }: CliInbandReply) -> Result<String, String> {
    match (retval, reply.trim_end()) {
        (0, _) => Ok(reply),
        (code, "") => Err(format!("the command failed with {code}")),
        (_, said) => Err(said.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_object_with_a_command() {
        assert_eq!(command(br#"{"vppclicommand": "sh ver"}"#).unwrap(), "sh ver");
        for (body, part) in [
            (&b"{}"[..], "missing or empty"),
            (br#"{"vppclicommand": " "}"#, "missing or empty"),
            (br#"{"vppclicommand": 1}"#, "not an object of strings"),
            (b"show version", "not an object of strings"),
        ] {
            assert!(command(body).unwrap_err().contains(part));
        }
    }

    #[test]
    fn what_a_failed_command_printed_is_the_reason() {
        let said = |retval, reply: &str| output(CliInbandReply { retval, reply: reply.into() });
        assert_eq!(said(0, "a\n\n"), Ok("a\n\n".into()));
        assert_eq!(said(-1, "unknown input `x'\n"), Err("unknown input `x'".into()));
        assert_eq!(said(-1, ""), Err("the command failed with -1".into()));
    }
}
