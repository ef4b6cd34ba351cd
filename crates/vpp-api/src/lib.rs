//! VPP binary API messages as Rust structs with computed CRCs, and a dynamic codec.
