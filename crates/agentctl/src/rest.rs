//! The REST side of the agent.

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;

use crate::{exit::Failure, settings::Settings};

/// A client of one agent's REST API.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    client: reqwest::Client,
    base: String,
    host: String,
    auth: Option<Auth>,
}

/// Who asks.
#[derive(Clone)]
enum Auth {
    Basic { user: String, password: String },
    Token(String),
}

/// Nothing secret is shown.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Token(_) => "Token",
        })
    }
}

/// An answer with an error status.
#[derive(Debug, thiserror::Error)]
#[error("Error response from daemon: [{code}] {body}")]
pub(crate) struct Refused {
    /// HTTP status.
    pub(crate) code: u16,
    /// What the agent wrote.
    pub(crate) body: String,
}

impl Rest {
    /// A client; connects with the first request.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let mut builder = reqwest::Client::builder().timeout(settings.timeout).user_agent(concat!(
            "Ligato-Client/",
            env!("CARGO_PKG_VERSION"),
            " (linux)"
        ));
        if let Some(tls) = &settings.http_tls {
            builder = builder.danger_accept_invalid_certs(tls.skip_verify);
            if let Some(file) = &tls.ca_file {
                let pem = std::fs::read(file).with_context(|| file.display().to_string())?;
                builder = builder.add_root_certificate(reqwest::Certificate::from_pem(&pem)?);
            }
            if let (Some(cert), Some(key)) = (&tls.cert_file, &tls.key_file) {
                let mut pem = std::fs::read(cert).with_context(|| cert.display().to_string())?;
                pem.extend(std::fs::read(key).with_context(|| key.display().to_string())?);
                builder = builder.identity(reqwest::Identity::from_pem(&pem)?);
            }
        }
        let scheme = if settings.http_tls.is_some() { "https" } else { "http" };
        let basic = |text: &str| {
            let (user, password) = text.split_once(':').unwrap_or((text, ""));
            Auth::Basic { user: user.to_owned(), password: password.to_owned() }
        };
        // An agent with tokens does not take passwords.
        let auth = match &settings.http_token {
            Some(token) => Some(Auth::Token(token.expose().to_owned())),
            None => settings.http_basic_auth.as_ref().map(|pair| basic(pair.expose())),
        };
        Ok(Self {
            client: builder.build()?,
            base: format!("{scheme}://{}:{}", settings.host, settings.http_port),
            host: format!("{}:{}", settings.host, settings.http_port),
            auth,
        })
    }

    /// GET with query parameters; the answer as JSON.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let text = self.text(self.request(reqwest::Method::GET, path, query)).await?;
        decode(path, &text)
    }

    /// GET; the answer as text.
    pub(crate) async fn get_text(&self, path: &str, query: &[(&str, &str)]) -> Result<String> {
        self.text(self.request(reqwest::Method::GET, path, query)).await
    }

    /// GET; the answer piece by piece, however large it is.
    pub(crate) async fn download(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<()> {
        let mut answer = self.send(self.request(reqwest::Method::GET, path, &[])).await?;
        let code = answer.status().as_u16();
        if code >= 400 {
            let body = answer.text().await.context("reading the answer failed")?;
            bail!(Refused { code, body: body.trim().to_owned() });
        }
        while let Some(piece) = answer.chunk().await.context("reading the answer failed")? {
            take(&piece).context("writing the answer failed")?;
        }
        Ok(())
    }

    /// GET; the answer as JSON whatever the status.
    pub(crate) async fn get_any_status(&self, path: &str) -> Result<(u16, serde_json::Value)> {
        let answer = self.send(self.request(reqwest::Method::GET, path, &[])).await?;
        let status = answer.status().as_u16();
        let text = answer.text().await.context("reading the answer failed")?;
        match serde_json::from_str(&text) {
            Ok(json) => Ok((status, json)),
            Err(_) if status >= 400 => Err(Refused { code: status, body: text }.into()),
            Err(error) => Err(error).context("decoding reply failed"),
        }
    }

    /// POST or PUT with a body; the answer as text.
    pub(crate) async fn put_text(
        &self,
        method: reqwest::Method,
        path: &str,
        query: &[(&str, &str)],
        body: String,
    ) -> Result<String> {
        self.text(self.request(method, path, query).body(body)).await
    }

    fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> reqwest::RequestBuilder {
        let mut url = format!("{}{path}", self.base);
        for (at, (name, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(escape(value));
        }
        tracing::debug!("{method} {url}");
        let request = self.client.request(method, url);
        match &self.auth {
            Some(Auth::Basic { user, password }) => request.basic_auth(user, Some(password)),
            Some(Auth::Token(token)) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response> {
        request.send().await.map_err(|error| {
            if error.is_connect() || error.is_timeout() {
                Failure::Unreachable { host: self.host.clone(), source: error.into() }.into()
            } else {
                anyhow!(error).context("HTTP request failed")
            }
        })
    }

    async fn text(&self, request: reqwest::RequestBuilder) -> Result<String> {
        let answer = self.send(request).await?;
        let code = answer.status().as_u16();
        let body = answer.text().await.context("reading the answer failed")?;
        if code >= 400 {
            bail!(Refused { code, body: body.trim().to_owned() });
        }
        Ok(body)
    }
}

pub(crate) fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).with_context(|| format!("decoding reply of {what} failed"))
}

/// Percent-encodes everything that is not unreserved (RFC 3986, 2.3).
fn escape(text: &str) -> impl Iterator<Item = String> + '_ {
    text.bytes().map(|b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn keys_survive_in_a_query() {
        let text: String = escape("config/vpp/v2/route/dst/10.0.0.0/8 é").collect();
        assert_eq!(text, "config%2Fvpp%2Fv2%2Froute%2Fdst%2F10.0.0.0%2F8%20%C3%A9");
    }
}
