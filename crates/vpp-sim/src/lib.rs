//! A VPP stand-in that speaks the real binary API over the real socket.
//!
//! It has the state a VPP has for every message it knows, refuses what a VPP refuses with the
//! same number, hands out indexes as a VPP does, and shows in dumps what was set and what a VPP
//! sets by itself. It forwards no packets. Its truth is a real VPP: the conformance test sends
//! the same requests to both and compares every field of every answer. Its statistics segment is a real one, in the
//! layout of the release, with counters that move by themselves.
//!
//! ```text
//!  client ──▶ socket ──▶ server: frames, one at a time ──▶ dispatch ──▶ api: message ⇄ state
//!                          │ faults: stall, refuse, lose…                │
//!  client ◀── writer task ◀┴──────────── answers, events ◀──────────────┘
//! ```
//!
//! ```no_run
//! # async fn example() -> Result<(), ligato_vpp_sim::SimError> {
//! use ligato_vpp_sim::{Action, Fault, Sim};
//!
//! let sim = Sim::builder().seed(1).start().await?;
//! sim.faults().inject(Fault::new(Action::Refuse(-1)).on("create_loopback").once());
//! // … a client connects to sim.socket_path() …
//! sim.crash();
//! sim.restart().await?;
//! assert_eq!(sim.state().interfaces.len(), 1);
//! # Ok(())
//! # }
//! ```

mod api;
mod cli;
mod dispatch;
mod error;
mod faults;
mod journal;
mod machine;
mod numbering;
mod plugins;
mod registry;
mod release;
mod replay;
mod server;
mod sim;
mod state;
mod stats;
mod view;

pub use error::SimError;
pub use faults::{Action, Fault, Faults};
pub use release::{InvalidRelease, Release};
pub use replay::{Replay, ReplayError};
pub use sim::{Damage, Link, Sim, SimBuilder};
pub use state::prefix::Family;
pub use state::retval::Retval;
pub use view::{BridgeDomainState, InterfaceState, NeighborState, RouteState, State};
