//! The orchestrator on a fake scheduler that remembers.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod acknowledge;
mod fake;
mod judge;
mod kept;
mod merge;
mod real;
mod start;
