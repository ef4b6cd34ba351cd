//! `/auth/…`: getting a token for a user and a password, and giving it back.
//!
//! Unlike in the original, a token ends when it says so, and logging somebody out takes a token of that user or of one
//! who may do everything.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Form, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use ligato_infra::clock::SharedClock;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    access::AccessError,
    token::TokenKey,
    users::{Account, Users},
};
use crate::conf::HttpConf;

/// Where browsers keep the token.
const COOKIE: &str = "ligato-rest-auth";
/// The longest body, since anybody may send one.
const LONGEST: usize = 16 << 10;
const FORM: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Log in</title></head>
<body><h1>Log in</h1>
<form action="/auth/authenticate" method="post">
<p><label>User <input name="username" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Log in</button></p>
</form></body></html>
"#;

/// Makes and checks tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    users: Arc<Users>,
    key: TokenKey,
    valid: Duration,
    clock: SharedClock,
    /// How often each user has logged out; tokens from before are refused.
    logouts: Mutex<HashMap<String, u64>>,
    cookie: CookieKind,
}

/// Over what a cookie may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CookieKind {
    Anything,
    Https,
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct Logout {
    username: String,
}

/// Why there is no token.
enum Refused {
    Body(serde_json::Error),
    Credentials,
    NotYours,
    Failed(serde_json::Error),
}

// === impl Tokens ===

impl Tokens {
    pub(crate) fn new(conf: &HttpConf, clock: SharedClock) -> Result<Self, AccessError> {
        let https = conf.server_cert_file.is_some();
        Ok(Self {
            users: Arc::new(Users::new(Account::of_tokens(&conf.users)?)?),
            key: TokenKey::new(&conf.sign_key)?,
            valid: conf.token_expiration.0,
            clock,
            logouts: Mutex::default(),
            cookie: if https { CookieKind::Https } else { CookieKind::Anything },
        })
    }

    /// The user whose token a request carries.
    pub(crate) fn holder(&self, headers: &HeaderMap) -> Option<&Account> {
        let claims = self.key.check(bearer(headers)?, self.clock.now())?;
        let account = self.users.by_name(&claims.aud)?;
        (claims.logouts == self.logouts(&account.name)).then_some(account)
    }

    async fn log_in(&self, login: &Login) -> Result<String, Refused> {
        if !self.users.check(&login.username, login.password.as_bytes()).await {
            return Err(Refused::Credentials);
        }
        let (user, now) = (&login.username, self.clock.now());
        self.key.issue(user, self.logouts(user), now, self.valid).map_err(Refused::Failed)
    }

    fn log_out(&self, headers: &HeaderMap, user: &str) -> Result<(), Refused> {
        let holder = self.holder(headers).ok_or(Refused::Credentials)?;
        if holder.name != user && !holder.is_admin() {
            return Err(Refused::NotYours);
        }
        // Only users are counted, so that nobody fills the memory with names.
        if self.users.by_name(user).is_some() {
            let mut logouts = self.logouts.lock().unwrap_or_else(PoisonError::into_inner);
            *logouts.entry(user.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    fn logouts(&self, user: &str) -> u64 {
        let logouts = self.logouts.lock().unwrap_or_else(PoisonError::into_inner);
        logouts.get(user).copied().unwrap_or_default()
    }

    fn cookie(&self, token: &str) -> String {
        let secure = if self.cookie == CookieKind::Https { "; Secure" } else { "" };
        let seconds = self.valid.as_secs();
        // Not sent along with requests that other sites make a browser send.
        format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }
}

/// The token of a request: in its head, or in a cookie.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|text| text.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, token)| (name == COOKIE).then_some(token))
}

// === Routes ===

pub(crate) fn routes(tokens: Arc<Tokens>) -> Router {
    Router::new()
        .route("/auth/login", get(async || Html(FORM)).post(login))
        .route("/auth/authenticate", post(authenticate))
        .route("/auth/logout", post(logout))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(tokens)
}

async fn login(State(tokens): State<Arc<Tokens>>, body: Bytes) -> Result<String, Refused> {
    tokens.log_in(&read(&body)?).await
}

async fn authenticate(
    State(tokens): State<Arc<Tokens>>,
    Form(login): Form<Login>,
) -> Result<Response, Refused> {
    let token = tokens.log_in(&login).await?;
    let head = [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, tokens.cookie(&token))];
    Ok((StatusCode::MOVED_PERMANENTLY, head).into_response())
}

async fn logout(
    State(tokens): State<Arc<Tokens>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(), Refused> {
    let Logout { username } = read(&body)?;
    tokens.log_out(&headers, &username)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(Refused::Body)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Body(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
            Self::Credentials => {
                (StatusCode::UNAUTHORIZED, "user or password is wrong\n").into_response()
            }
            Self::NotYours => {
                (StatusCode::FORBIDDEN, "only the user or an admin may do this\n").into_response()
            }
            Self::Failed(error) => {
                (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
            }
        }
    }
}
