//! The services over a real socket, with the generated clients; behind them the real orchestrator and a stand-in for
//! the scheduler that decides by the names of values.

mod configurator;
mod listen;
mod manager;
mod meta;
mod notify;
mod rig;
