//! Tokens: JSON Web Tokens (RFC 7519) signed by HMAC with SHA-256 (RFC 7515, RFC 7518 chapter 3.2).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ligato_infra::config::Secret;
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

/// Who issues the tokens; the original's name, which its clients see.
const ISSUER: &str = "cn-infra.ligato.io";
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 4096;

/// The key that signs and checks.
#[derive(Debug)]
pub(crate) struct TokenKey {
    key: hmac::Key,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The user.
    pub(crate) aud: String,
    /// When it ends, in Unix seconds.
    exp: u64,
    iss: String,
    /// How often the user had logged out when it was made.
    pub(crate) logouts: u64,
}

/// The head of a token. Nothing but what this program writes is accepted, so no other algorithm is ever used.
#[derive(Serialize, Deserialize)]
struct Head {
    alg: String,
    typ: String,
}

/// The system has no random numbers.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no random numbers for the key that signs tokens")]
pub struct NoRandom;

// === impl TokenKey ===

impl TokenKey {
    /// The key that is configured, or a random one, which makes tokens end with the process.
    pub(crate) fn new(configured: &Secret) -> Result<Self, NoRandom> {
        let mut random = [0; 32];
        SystemRandom::new().fill(&mut random).map_err(|_| NoRandom)?;
        let bytes = match configured.is_empty() {
            true => &random[..],
            false => configured.expose().as_bytes(),
        };
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, bytes) })
    }

    /// A token for a user.
    pub(crate) fn issue(
        &self,
        user: &str,
        logouts: u64,
        now: SystemTime,
        valid: Duration,
    ) -> Result<String, serde_json::Error> {
        let exp = seconds(now).saturating_add(valid.as_secs().max(1));
        let claims = Claims { aud: user.to_owned(), exp, iss: ISSUER.to_owned(), logouts };
        let head = Head { alg: "HS256".to_owned(), typ: "JWT".to_owned() };
        let head = BASE64.encode(serde_json::to_vec(&head)?);
        let body = BASE64.encode(serde_json::to_vec(&claims)?);
        let signed = format!("{head}.{body}");
        let signature = BASE64.encode(hmac::sign(&self.key, signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// What a token says, if it is one of this key and its time is not over.
    pub(crate) fn check(&self, token: &str, now: SystemTime) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let signature = BASE64.decode(signature).ok()?;
        // Before anything of the content is looked at.
        hmac::verify(&self.key, signed.as_bytes(), &signature).ok()?;
        let (head, body) = signed.split_once('.')?;
        let head: Head = serde_json::from_slice(&BASE64.decode(head).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64.decode(body).ok()?).ok()?;
        let good = head.alg == "HS256" && claims.iss == ISSUER && seconds(now) < claims.exp;
        good.then_some(claims)
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn key(text: &str) -> TokenKey {
        TokenKey::new(&Secret::from(text.to_owned())).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_time_and_its_key() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let (ours, other) = (key("a key that is long enough to be one"), key(""));
        let token = ours.issue("ann", 3, now, HOUR).unwrap();
        let claims = ours.check(&token, now).unwrap();
        assert_eq!((claims.aud.as_str(), claims.exp, claims.logouts), ("ann", 1_700_003_600, 3));
        assert_eq!(ours.check(&token, now + HOUR), None, "its time is over");
        assert_eq!(other.check(&token, now), None, "signed by another key");
        assert_eq!(key("").check(&other.issue("ann", 0, now, HOUR).unwrap(), now), None);
    }

    #[test]
    fn a_token_that_was_touched_is_refused() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let ours = key("a key that is long enough to be one");
        let token = ours.issue("ann", 0, now, HOUR).unwrap();
        for at in 0..token.len() {
            let mut touched = token.clone().into_bytes();
            touched[at] = if touched[at] == b'A' { b'B' } else { b'A' };
            let touched = String::from_utf8(touched).unwrap();
            // The last character carries bits that do not count, which the decoder refuses too.
            assert_eq!(ours.check(&touched, now), None, "byte {at}");
            assert_eq!(ours.check(&token[..at], now), None, "cut at {at}");
        }
        let none = BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let body = token.split('.').nth(1).unwrap();
        assert_eq!(ours.check(&format!("{none}.{body}."), now), None);
        assert_eq!(ours.check(&"a.".repeat(9000), now), None);
    }

    /// RFC 7515, appendix A.1, has a token of HS256; ours differ in head and claims but not in how they are signed.
    #[test]
    fn the_signature_is_the_standards() {
        let key = BASE64
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let key = TokenKey { key: hmac::Key::new(hmac::HMAC_SHA256, &key) };
        let signature = BASE64.encode(hmac::sign(&key.key, signed.as_bytes()));
        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }
}
