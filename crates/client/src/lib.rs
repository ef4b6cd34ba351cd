//! Rust clients: in process, and remote over gRPC.
