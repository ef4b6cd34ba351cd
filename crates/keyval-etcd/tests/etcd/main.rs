//! The store against a real etcd. Without an `etcd` program on the PATH each test says that it was
//! skipped.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod conformance;
mod gaps;
mod lease;
mod server;
mod tls;
