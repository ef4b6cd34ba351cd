//! Who may use the API: everybody, those with a user and a password, or those with a token.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use ligato_infra::clock::SharedClock;

use super::{
    auth::Tokens,
    token::NoRandom,
    users::{Account, UserError, Users},
};
use crate::conf::HttpConf;

/// The address of the other end of a connection; a request extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The user who makes a request; a request extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User(pub(crate) String);

/// Who may use the API.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Those who know a user and a password; they may do everything.
    Basic(Arc<Users>),
    /// Those who have a token; they may do what their groups allow.
    Token(Arc<Tokens>),
}

/// Why access cannot be set up. The server does not run then, rather than being open.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AccessError {
    /// A user of the configuration cannot be used.
    #[error("a user cannot be used")]
    User(#[from] UserError),
    /// Nobody could get a token.
    #[error("token authentication has no users")]
    Nobody,
    /// Without random numbers there are no keys.
    #[error("keys cannot be made")]
    Random(#[from] NoRandom),
}

/// Why a request is not let in.
enum Refusal {
    Unknown(&'static str),
    Forbidden,
}

// === impl Access ===

impl Access {
    /// What the configuration asks for; token authentication goes first.
    pub(crate) fn new(conf: &HttpConf, clock: SharedClock) -> Result<Self, AccessError> {
        if conf.enable_token_auth {
            return match conf.users.is_empty() {
                true => Err(AccessError::Nobody),
                false => Ok(Self::Token(Arc::new(Tokens::new(conf, clock)?))),
            };
        }
        if conf.client_basic_auth.is_empty() {
            return Ok(Self::Open);
        }
        let accounts = conf.client_basic_auth.iter().map(Account::basic);
        Ok(Self::Basic(Arc::new(Users::new(accounts.collect::<Result<_, _>>()?)?)))
    }

    /// The user who makes the request; nobody where everybody may.
    async fn admit(&self, request: &Parts) -> Result<Option<String>, Refusal> {
        match self {
            Self::Open => Ok(None),
            Self::Basic(users) => {
                let refused = Refusal::Unknown("Basic realm=\"ligato\", charset=\"UTF-8\"");
                let Some((user, password)) = basic(&request.headers) else { return Err(refused) };
                let right = users.check(&user, &password).await;
                right.then_some(Some(user)).ok_or(refused)
            }
            Self::Token(tokens) => {
                let account = tokens.holder(&request.headers);
                let account = account.ok_or(Refusal::Unknown("Bearer realm=\"ligato\""))?;
                let may = account.may(&request.method, request.uri.path());
                may.then(|| Some(account.name.clone())).ok_or(Refusal::Forbidden)
            }
        }
    }
}

/// Lets a request in, or answers 401 or 403.
pub(crate) async fn check_access(
    State(access): State<Access>,
    request: Request,
    next: Next,
) -> Response {
    // A body is not shared between threads, its head may be.
    let (parts, body) = request.into_parts();
    let user = match access.admit(&parts).await {
        Ok(user) => user,
        Err(refusal) => return refusal.into_response(),
    };
    let mut request = Request::from_parts(parts, body);
    let Some(user) = user else { return next.run(request).await };
    let name = HeaderValue::from_str(&user);
    request.extensions_mut().insert(User(user));
    let mut response = next.run(request).await;
    if let Ok(name) = name {
        response.headers_mut().insert("x-ligato-auth-username", name);
    }
    response
}

/// User and password of a request (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, pair) = text.split_once(' ')?;
    let pair = BASE64_STANDARD.decode(pair.trim()).ok();
    let pair = pair.filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let mut parts = pair.splitn(2, |byte| *byte == b':');
    let (user, password) = (parts.next()?, parts.next()?);
    Some((String::from_utf8(user.to_vec()).ok()?, password.to_vec()))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown(challenge) => {
                let challenge = [(header::WWW_AUTHENTICATE, challenge)];
                (StatusCode::UNAUTHORIZED, challenge, "Unauthorized\n").into_response()
            }
            Self::Forbidden => {
                (StatusCode::FORBIDDEN, "none of your groups allows this\n").into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_taken_apart() {
        let pair = |authorization: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
            basic(&headers)
        };
        let ann = Some(("ann".to_owned(), b"pa:ss".to_vec()));
        assert_eq!(pair("Basic YW5uOnBhOnNz"), ann);
        assert_eq!(pair("basic YW5uOnBhOnNz"), ann);
        for wrong in ["Basic", "Bearer YW5uOnBhOnNz", "Basic !", "Basic YW5u", "Basic /zo="] {
            assert_eq!(pair(wrong), None, "{wrong}");
        }
    }
}
