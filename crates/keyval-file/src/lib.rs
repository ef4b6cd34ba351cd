//! Files as a read-only key-value store.
