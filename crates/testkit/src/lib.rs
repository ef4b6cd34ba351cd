//! What tests of the scheduler and of kinds share: a stateful fake southbound, scenario scripts,
//! invariant checks, and the conformance catalogue.

mod bench;
pub mod fake;
pub mod fields;
mod invariants;
pub mod kind;
pub mod messages;
mod rig;
pub mod scenario;
pub mod script;
mod vpp;

pub use bench::{Bench, Descriptors};
pub use fake::{FakeKind, FakeSb, Fault};
pub use invariants::violations;
pub use rig::{Rig, bases, punctual, wishes};
pub use scenario::{Summary, default_catalogue, run_scenarios};
pub use script::run_script;
pub use vpp::RealVpp;
