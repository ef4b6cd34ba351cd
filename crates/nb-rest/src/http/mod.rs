//! The HTTP server: listening, TLS, who may enter, how often, and an orderly end.

mod access;
mod limit;
mod serve;
mod tls;

pub(crate) use access::{Access, check_access};
pub(crate) use limit::{Limiter, check_rate};
pub(crate) use serve::{Limits, serve};
pub use tls::TlsError;
pub(crate) use tls::acceptor;
