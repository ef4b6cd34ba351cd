//! The services over a real socket, with the generated clients; behind them the real orchestrator and either
//! the real scheduler over a southbound in memory, or a stand-in that decides by the names of values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod configurator;
mod listen;
mod live;
mod manager;
mod memory;
mod meta;
mod notify;
mod poll;
mod rig;
mod tls;
