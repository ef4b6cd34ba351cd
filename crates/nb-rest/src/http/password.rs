//! Passwords as a configuration has them: a hash by bcrypt or Argon2id, or plain text.

use std::str::FromStr;

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use ligato_infra::config::Secret;

/// What a password that is given is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Password {
    /// The password itself.
    Plain(Secret),
    /// Its hash by bcrypt: `$2b$10$…`, also `$2a$`, `$2x$` and `$2y$`.
    Bcrypt(Secret),
    /// Its hash by Argon2id (RFC 9106): `$argon2id$v=19$m=…,t=…,p=…$…`.
    Argon2id(Secret),
}

/// A text that begins as a hash does, but is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    /// There is no password.
    #[error("is empty")]
    Empty,
    /// It cannot be a hash by bcrypt.
    #[error("begins as a hash by bcrypt, but is none")]
    Bcrypt,
    /// It cannot be a hash by Argon2.
    #[error("begins as a hash by Argon2, but is none by Argon2id")]
    Argon2id,
}

// === impl Password ===

impl Password {
    /// Tells a hash by its beginning; everything else is plain text.
    pub(crate) fn new(text: &Secret) -> Result<Self, PasswordError> {
        let exposed = text.expose();
        if exposed.is_empty() {
            return Err(PasswordError::Empty);
        }
        if ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|start| exposed.starts_with(start)) {
            let parts = bcrypt::HashParts::from_str(exposed).map_err(|_| PasswordError::Bcrypt)?;
            let usable = (4..=31).contains(&parts.get_cost());
            return usable.then(|| Self::Bcrypt(text.clone())).ok_or(PasswordError::Bcrypt);
        }
        if exposed.starts_with("$argon2") {
            let usable = PasswordHash::new(exposed).is_ok_and(|hash| {
                hash.algorithm == argon2::ARGON2ID_IDENT
                    && hash.hash.is_some()
                    && argon2::Params::try_from(&hash).is_ok()
            });
            return usable.then(|| Self::Argon2id(text.clone())).ok_or(PasswordError::Argon2id);
        }
        Ok(Self::Plain(text.clone()))
    }

    /// True when a comparison takes long, which is what hashes of passwords are for.
    pub(crate) fn is_costly(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// Whether a password is the right one.
    pub(crate) fn fits(&self, given: &[u8]) -> bool {
        match self {
            Self::Plain(password) => same(password.expose().as_bytes(), given),
            Self::Bcrypt(hash) => bcrypt::verify(given, hash.expose()).unwrap_or(false),
            Self::Argon2id(hash) => PasswordHash::new(hash.expose())
                .is_ok_and(|hash| Argon2::default().verify_password(given, &hash).is_ok()),
        }
    }
}

/// Compares in a time that depends on the lengths only.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `secret`, at the lowest cost.
    fn hashes() -> [String; 2] {
        let salt = argon2::password_hash::SaltString::encode_b64(b"a salt of 16 by.").unwrap();
        let params = argon2::Params::new(8, 1, 1, None).unwrap();
        let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let by_argon2 = argon2::PasswordHasher::hash_password(&argon2, b"secret", &salt);
        [bcrypt::hash("secret", 4).unwrap(), by_argon2.unwrap().to_string()]
    }

    #[test]
    fn only_the_right_password_fits() {
        let [by_bcrypt, by_argon2] = hashes();
        for (text, costly) in [("secret".to_owned(), false), (by_bcrypt, true), (by_argon2, true)] {
            let password = Password::new(&Secret::from(text.clone())).unwrap();
            assert!(password.fits(b"secret"), "{text}");
            assert_eq!(password.is_costly(), costly, "{text}");
            for wrong in [&b"secre"[..], b"", b"secret2", b"Secret"] {
                assert!(!password.fits(wrong), "{text}");
            }
            assert!(!costly || !password.fits(text.as_bytes()), "a hash is no password: {text}");
        }
    }

    #[test]
    fn a_hash_with_a_mistake_is_never_taken_for_a_plain_password() {
        let [by_bcrypt, by_argon2] = hashes();
        for (text, error) in [
            (String::new(), PasswordError::Empty),
            (by_bcrypt[..50].to_owned(), PasswordError::Bcrypt),
            ("$2b$99$".to_owned(), PasswordError::Bcrypt),
            (by_argon2.replace("argon2id", "argon2i"), PasswordError::Argon2id),
            ("$argon2id$v=19$m=8,t=1,p=1$".to_owned(), PasswordError::Argon2id),
        ] {
            let found = Password::new(&Secret::from(text.clone())).err();
            assert_eq!(found, Some(error), "{text}");
        }
    }
}
