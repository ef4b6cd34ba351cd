//! Reader of VPP's statistics segment: counters of VPP, read without asking it anything.
//!
//! VPP keeps its statistics in a file in memory, hands out a descriptor of it on a socket, and writes the counters
//! there while it forwards packets. A client reads them at any time; VPP does not notice.
//!
//! ```text
//!  socket ─▶ descriptor ─▶ memory: bounded reads ─▶ layout: header, entries ─▶ directory: names
//!                                                          │
//!              StatsReader: attach, epoch, retry ─▶ Pass ──┴─▶ values, interfaces, nodes, buffers, heaps
//! ```
//!
//! Two things can go wrong while reading, and neither of them is an error of the caller. VPP may move things: the
//! header has an epoch for that, and [`StatsReader::read`] repeats what was read across a change of it. And VPP may
//! die, be replaced or cut the file short: therefore the file is not mapped but read with `pread`. The kernel copies,
//! and what is no longer there is a short count instead of a signal that ends the process; every pointer is checked
//! against the length of the file before. A call costs a microsecond or two, and a vector
//! of any length takes two of them: 102,000 counters of 6,000 interfaces are read in 1 ms (`benches/read.rs`). It also
//! means that this crate has no unsafe code.
//!
//! Counters are read while they are written. One counter is never torn where the kernel copies aligned words, which
//! it does on the machines VPP runs on; packets and bytes of one interface may differ by what was counted meanwhile.
//!
//! ```no_run
//! use ligato_vpp_stats::{Options, StatsReader};
//!
//! # fn example() -> Result<(), ligato_vpp_stats::StatsError> {
//! let mut stats = StatsReader::new(Options::new("/run/vpp/stats.sock"));
//! for interface in stats.read(|pass| pass.interfaces())? {
//!     println!("{} received {} packets", interface.name, interface.rx.packets);
//! }
//! # Ok(())
//! # }
//! ```

mod attach;
mod bytes;
mod counters;
mod directory;
mod error;
mod interfaces;
mod layout;
mod memory;
mod nodes;
mod pass;
mod reader;
mod resources;
mod segment;
#[doc(hidden)]
pub mod untrusted;

pub use counters::{Combined, Value};
pub use error::StatsError;
pub use interfaces::InterfaceCounters;
pub use layout::Layout;
pub use nodes::{ErrorCounter, NodeCounters};
pub use pass::Pass;
pub use reader::{Options, StatsReader};
pub use resources::{BufferPool, Heap, System};
