//! Those who may use the API, and their passwords.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use ligato_infra::config::Secret;
use ring::hmac;
use tokio::sync::Semaphore;

use super::{
    password::{Password, PasswordError},
    permission::Group,
    token::NoRandom,
};
use crate::conf::UserConf;

/// How many hashes of passwords are computed at a time, so that guessing does not take all processors.
const AT_A_TIME: usize = 2;
/// How many proven passwords are remembered.
const REMEMBERED: usize = 1024;

/// The users, and which passwords were proven right.
#[derive(Debug)]
pub(crate) struct Users {
    all: Vec<Account>,
    slots: Semaphore,
    /// Clients send their password with every request; a hash that takes long is computed once.
    proven: Mutex<HashSet<Vec<u8>>>,
    /// What is remembered is of no use outside this process.
    key: hmac::Key,
}

/// One user.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    password: Password,
    groups: Vec<Group>,
}

/// What is wrong with a user of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// It has no name, or it is not `user:password`.
    #[error("a user needs a name and a password")]
    Incomplete,
    /// The password cannot be used.
    #[error("the password of {user} {reason}")]
    Password {
        /// The user.
        user: String,
        /// Why.
        reason: String,
    },
    /// There is no such group.
    #[error("{user} is in the group {group:?}, which does not exist; known are: {known}")]
    UnknownGroup {
        /// The user.
        user: String,
        /// The group.
        group: String,
        /// All groups.
        known: String,
    },
    /// Two users have the same name.
    #[error("{user} is listed twice")]
    Twice {
        /// The user.
        user: String,
    },
}

// === impl Account ===

impl Account {
    /// A user of basic authentication, who may do everything.
    pub(crate) fn basic(pair: &Secret) -> Result<Self, UserError> {
        let (name, password) = pair.expose().split_once(':').ok_or(UserError::Incomplete)?;
        Self::new(name, &Secret::from(password.to_owned()), vec![Group::Admin])
    }

    fn of_token(user: &UserConf) -> Result<Self, UserError> {
        let group = |name: &String| {
            Group::by_name(name).ok_or_else(|| UserError::UnknownGroup {
                user: user.name.clone(),
                group: name.clone(),
                known: Group::names().collect::<Vec<_>>().join(", "),
            })
        };
        let groups = user.permissions.iter().map(group).collect::<Result<_, _>>()?;
        Self::new(&user.name, &user.password, groups)
    }

    /// The users of token authentication.
    pub(crate) fn of_tokens(users: &[UserConf]) -> Result<Vec<Self>, UserError> {
        let mut seen = HashSet::new();
        users
            .iter()
            .map(|user| match seen.insert(&user.name) {
                true => Self::of_token(user),
                false => Err(UserError::Twice { user: user.name.clone() }),
            })
            .collect()
    }

    fn new(name: &str, password: &Secret, groups: Vec<Group>) -> Result<Self, UserError> {
        if name.is_empty() {
            return Err(UserError::Incomplete);
        }
        let password = Password::new(password).map_err(|error| match error {
            PasswordError::Empty => UserError::Incomplete,
            other => UserError::Password { user: name.to_owned(), reason: other.to_string() },
        })?;
        Ok(Self { name: name.to_owned(), password, groups })
    }

    /// Whether any of the user's groups allows the request.
    pub(crate) fn may(&self, method: &axum::http::Method, path: &str) -> bool {
        self.groups.iter().any(|group| group.allows(method, path))
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.groups.contains(&Group::Admin)
    }
}

// === impl Users ===

impl Users {
    pub(crate) fn new(all: Vec<Account>) -> Result<Self, NoRandom> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &ring::rand::SystemRandom::new())
            .map_err(|_| NoRandom)?;
        Ok(Self { all, slots: Semaphore::new(AT_A_TIME), proven: Mutex::default(), key })
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Account> {
        self.all.iter().find(|account| account.name == name)
    }

    /// Whether this is the password of the user. A user may have several.
    pub(crate) async fn check(self: &Arc<Self>, name: &str, password: &[u8]) -> bool {
        let tag = self.tag(name, password);
        if self.lock().contains(&tag) {
            return true;
        }
        let named = self.all.iter().filter(|account| account.name == name);
        let mut compared: Vec<Password> = named.map(|account| account.password.clone()).collect();
        let known = !compared.is_empty();
        if !known {
            // An answer that comes sooner would tell who is a user.
            let costly = self.all.iter().find(|account| account.password.is_costly());
            compared.extend(costly.map(|account| account.password.clone()));
        }
        let fits = if compared.iter().any(Password::is_costly) {
            let Ok(_slot) = self.slots.acquire().await else { return false };
            let given = password.to_vec();
            let fits = move || compared.iter().any(|password| password.fits(&given));
            tokio::task::spawn_blocking(fits).await.unwrap_or(false)
        } else {
            compared.iter().any(|accepted| accepted.fits(password))
        };
        let right = known && fits;
        if right {
            let mut proven = self.lock();
            if proven.len() >= REMEMBERED {
                proven.clear();
            }
            proven.insert(tag);
        }
        right
    }

    fn tag(&self, name: &str, password: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&name.len().to_be_bytes());
        context.update(name.as_bytes());
        context.update(password);
        context.sign().as_ref().to_vec()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Vec<u8>>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
