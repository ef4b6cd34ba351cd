//! Broken bytes for every decoder of what comes from VPP: whatever they are, a decoder answers or refuses, at once.
//!
//! A [`Target`] takes bytes and must neither panic nor take long; some check more, such as that what was decoded and encoded
//! decodes to the same. Inputs are made from seeds (what a VPP would send) by [`mutate`]: bits, lengths, cuts, splices.
//! No compiler of another sort is needed, and there is no coverage: the decoders are built from few parts, and the seeds have
//! every message, every definition and a whole statistics segment.
//!
//! What once failed is kept under `regressions/TARGET/` and tried by the tests.

pub mod mutate;
mod run;
pub mod targets;

pub use run::{Finding, Report, regressions, run, try_one};
pub use targets::{TARGETS, Target};
