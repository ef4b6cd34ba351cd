//! The gRPC northbound: `ConfiguratorService`, `ManagerService`, `MetaService`, `StatsPollerService` and
//! `BinaryApiService`, with server reflection and health, on TCP or a Unix socket.
//!
//! ```text
//!   client ──▶ GrpcServer ──▶ services ──▶ OrchestratorHandle   what is desired
//!                                    └───▶ Scheduler            how it fares, what is really there
//!   binary ──▶ Notifications ──▶ ConfiguratorService.Notify     what happened to interfaces
//!         ├──▶ InterfaceStatistics ──▶ StatsPollerService       what interfaces have counted
//!         └──▶ BinaryApi ──▶ BinaryApiService                   any message of VPP, where that is allowed
//! ```
//!
//! The services answer as Ligato's do. Where those have faults that nobody can rely on, these do not: results are
//! ordered by key and are there on failure too (as details of the error), names are cleaned before they are compared,
//! notifications are not lost, `Subscribe` exists. What a caller waits for and how long can be chosen for each request;
//! the names of the metadata are in [`ligato_proto::rpc`].

mod answer;
mod binary_api;
mod calls;
mod conf;
mod configurator;
mod count;
mod error;
mod filter;
mod listen;
mod manager;
mod meta;
mod notifications;
mod plugin;
mod poll;
mod request;
mod server;
mod services;
mod subscribe;

pub use binary_api::{ApiRefusal, BinaryApi, SharedBinaryApi};
pub use calls::Calls;
pub use conf::{GrpcConf, NetworkKind};
pub use error::GrpcError;
pub use listen::Listener;
pub use notifications::{Notifications, Notified};
pub use plugin::GrpcPlugin;
pub use poll::{InterfaceStatistics, NoStatistics, SharedStatistics};
pub use server::GrpcServer;
pub use services::Services;
