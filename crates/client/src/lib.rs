//! Clients of an agent: one trait, in the same process or over gRPC.
//!
//! * [`LocalClient`] – for the program the agent is part of: no encoding, no socket.
//! * [`RemoteClient`] – for other programs: gRPC on TCP or a Unix socket.
//!
//! ```no_run
//! # async fn example() -> Result<(), ligato_client::ClientError> {
//! use ligato_client::{Address, Change, Client, Options, RemoteClient};
//! use ligato_model::{Model, Value};
//! use ligato_proto::vpp::l2::BridgeDomain;
//!
//! let client = RemoteClient::connect(&Address::tcp("127.0.0.1:9111"), ligato_proto::registry()).await?;
//! let domain = BridgeDomain { name: "bd1".into(), learn: true, ..Default::default() };
//! let change = Change::put(domain.key(), Value::new(domain));
//! let outcome = client.change(vec![change], Options::default()).await?;
//! println!("transaction {:?}", outcome.seq);
//! # Ok(())
//! # }
//! ```

mod address;
mod client;
mod error;
mod kinds;
mod local;
mod outcome;
mod remote;
mod wire;

pub use address::{Address, Tls};
pub use client::{Client, Filter, Item, Options, Selection, StateItem, StatusChange, Watch};
pub use error::ClientError;
pub use kinds::LearnedKind;
pub use ligato_orchestrator::{Change, Entry, LabelSelector, Labels};
pub use local::LocalClient;
pub use outcome::{ItemResult, ItemStatus, Outcome};
pub use remote::RemoteClient;
