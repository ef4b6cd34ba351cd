//! `agentctl login` and `logout`: a token of the REST API for a user and a password, and its end.

use std::io::Read;

use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use serde_json::json;

use super::Context;
use crate::output::{self, Format};

/// Variable with the password.
const PASSWORD: &str = "AGENTCTL_PASSWORD";

/// Prints a token, which is then given by `--http-token` or its variable.
pub(super) async fn run(context: &Context, user: &str) -> Result<()> {
    let body = json!({ "username": user, "password": password()? }).to_string();
    let token = context.rest.put_text(Method::POST, "/auth/login", &[], body).await?;
    let token = token.trim();
    output::print(&json!({ "token": token }), &context.format_or(Format::Table), |_| token.into())
}

/// Ends every token of a user.
pub(super) async fn logout(context: &Context, user: &str) -> Result<()> {
    let body = json!({ "username": user }).to_string();
    context.rest.put_text(Method::POST, "/auth/logout", &[], body).await?;
    output::print(&"OK", &context.format_or(Format::Table), |ok| (*ok).to_owned())
}

/// Never an argument, which other users of the machine see.
fn password() -> Result<String> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(password);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    match text.trim_end_matches(['\n', '\r']) {
        "" => bail!("no password: give it on standard input, or in {PASSWORD}"),
        password => Ok(password.to_owned()),
    }
}
