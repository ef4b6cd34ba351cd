//! What etcd's errors mean.

use ligato_keyval::{Error, Operation};
use tonic::Code;

pub(crate) const NAME: &str = "etcd";

/// Sorts an error of the client library.
pub(crate) fn fault(operation: Operation, error: etcd_client::Error) -> Error {
    let etcd_client::Error::GRpcStatus(status) = &error else {
        return match error {
            etcd_client::Error::TransportError(_) | etcd_client::Error::IoError(_) => {
                Error::NotConnected { store: NAME }
            }
            other => Error::Backend { store: NAME, operation, source: other.into() },
        };
    };
    match meaning(status.code(), status.message()) {
        Meaning::Away => Error::NotConnected { store: NAME },
        Meaning::Full => Error::NoSpace { store: NAME, operation, source: error.into() },
        Meaning::Large => Error::TooLarge { store: NAME, operation, source: error.into() },
        Meaning::Denied => Error::Denied { store: NAME, operation, source: error.into() },
        Meaning::Other => Error::Backend { store: NAME, operation, source: error.into() },
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Away,
    Full,
    Large,
    Denied,
    Other,
}

// Codes and texts of etcd's `rpctypes` (3.4 to 3.6).
fn meaning(code: Code, text: &str) -> Meaning {
    match code {
        Code::Unavailable => Meaning::Away,
        Code::Unauthenticated | Code::PermissionDenied => Meaning::Denied,
        Code::ResourceExhausted if text.contains("database space exceeded") => Meaning::Full,
        Code::ResourceExhausted if text.contains("larger than max") => Meaning::Large,
        Code::OutOfRange if text.contains("too large") => Meaning::Large,
        Code::InvalidArgument if text.contains("request is too large") => Meaning::Large,
        Code::InvalidArgument if text.contains("too many operations") => Meaning::Large,
        // An unauthenticated request to a server with authentication.
        Code::InvalidArgument if text.contains("user name is empty") => Meaning::Denied,
        Code::InvalidArgument if text.contains("authentication failed") => Meaning::Denied,
        _ => Meaning::Other,
    }
}

/// Whether the lease of a request is gone.
pub(crate) fn lease_is_gone(error: &etcd_client::Error) -> bool {
    matches!(error, etcd_client::Error::GRpcStatus(status)
        if status.code() == Code::NotFound && status.message().contains("lease not found"))
}

/// Whether the revision asked for was compacted away.
pub(crate) fn is_compacted(error: &etcd_client::Error) -> bool {
    matches!(error, etcd_client::Error::GRpcStatus(status)
        if status.code() == Code::OutOfRange && status.message().contains("has been compacted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_texts_are_told_apart() {
        for (code, text, wanted) in [
            (Code::Unavailable, "tcp connect error", Meaning::Away),
            (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded", Meaning::Full),
            (Code::ResourceExhausted, "trying to send message larger than max", Meaning::Large),
            (Code::InvalidArgument, "etcdserver: request is too large", Meaning::Large),
            (
                Code::InvalidArgument,
                "etcdserver: too many operations in txn request",
                Meaning::Large,
            ),
            (Code::InvalidArgument, "etcdserver: user name is empty", Meaning::Denied),
            (Code::PermissionDenied, "etcdserver: permission denied", Meaning::Denied),
            (Code::InvalidArgument, "etcdserver: key is not provided", Meaning::Other),
        ] {
            assert_eq!(meaning(code, text), wanted, "{text}");
        }
    }
}
