//! The HTTP server: listening, TLS, who may enter, how often, and an orderly end.

mod access;
mod auth;
mod limit;
mod password;
mod permission;
mod serve;
mod tls;
mod token;
mod users;

pub use access::AccessError;
pub(crate) use access::{Access, check_access};
pub(crate) use auth::routes as auth_routes;
pub(crate) use limit::{Limiter, check_rate};
pub(crate) use serve::{Limits, serve};
pub use tls::TlsError;
pub(crate) use tls::acceptor;
pub use token::NoRandom;
pub(crate) use users::Account;
pub use users::UserError;
