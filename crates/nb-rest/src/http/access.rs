//! Who may use the API: those who know a user and a password, when any are configured.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ligato_infra::config::Secret;

/// The address of the other end of a connection; a request extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The user who makes a request; a request extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User(pub(crate) String);

/// The users and passwords that are accepted; none means everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// `user:password` each.
    pairs: Arc<[Secret]>,
}

impl Access {
    pub(crate) fn new(pairs: &[Secret]) -> Self {
        Self { pairs: pairs.into() }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The user, if user and password of a request are accepted.
    fn user(&self, headers: &HeaderMap) -> Option<String> {
        let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = text.split_once(' ')?;
        let pair = base64(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        // All are compared, so that the time taken does not tell which one was nearly right.
        let found = self
            .pairs
            .iter()
            .fold(false, |found, accepted| found | same(accepted.expose().as_bytes(), &pair));
        let user = pair.split(|byte| *byte == b':').next()?.to_vec();
        String::from_utf8(user).ok().filter(|_| found)
    }
}

/// Lets a request in, or answers 401.
pub(crate) async fn check_access(
    State(access): State<Access>,
    mut request: Request,
    next: Next,
) -> Response {
    if access.is_open() {
        return next.run(request).await;
    }
    let Some(user) = access.user(request.headers()) else {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"ligato\", charset=\"UTF-8\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "Unauthorized\n").into_response();
    };
    let name = HeaderValue::from_str(&user);
    request.extensions_mut().insert(User(user));
    let mut response = next.run(request).await;
    if let Ok(name) = name {
        response.headers_mut().insert("x-ligato-auth-username", name);
    }
    response
}

/// Compares in a time that depends on the lengths only.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Decodes standard base64 (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for symbol in text.trim_end_matches('=').bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(authorization: &str) -> Option<String> {
        let access = Access::new(&[Secret::from("ann:pa:ss".to_owned())]);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        access.user(&headers)
    }

    #[test]
    fn only_the_right_password_lets_in() {
        assert_eq!(user("Basic YW5uOnBhOnNz").as_deref(), Some("ann"));
        assert_eq!(user("basic YW5uOnBhOnNz").as_deref(), Some("ann"));
        for wrong in ["Basic YW5uOnBhOnN0", "Basic", "Bearer YW5uOnBhOnNz", "Basic !", "Basic YW5u"]
        {
            assert_eq!(user(wrong), None, "{wrong}");
        }
    }
}
