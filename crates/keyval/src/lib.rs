//! Key-value store contract, in-memory reference store and conformance suite.
