//! The REST northbound.
