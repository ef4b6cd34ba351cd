//! Embedded single-file key-value store.
