//! What can go wrong between a client and its agent.

use ligato_model::ModelError;

use crate::Outcome;

/// An error of a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The agent did not do it, or not all of it.
    #[error("{reason}")]
    Failed {
        /// What the agent says.
        reason: String,
        /// What became of each value, as far as the agent says so.
        outcome: Box<Outcome>,
    },
    /// The time to wait for the acknowledgement is over; the request goes on.
    #[error("not done in time: {reason}")]
    Deadline {
        /// What the agent says.
        reason: String,
    },
    /// The agent does not understand the request.
    #[error("refused: {reason}")]
    Refused {
        /// What the agent says.
        reason: String,
    },
    /// The agent cannot be reached, or is stopping.
    #[error("agent is not available: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
    /// The address is none.
    #[error("{address:?} is no address of an agent")]
    Address {
        /// As given.
        address: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// The connection cannot be made.
    #[error("cannot connect to {address}")]
    Connect {
        /// As given.
        address: String,
        /// What the transport says.
        source: tonic::transport::Error,
    },
    /// A value of an unknown kind, or one that is not what it says.
    #[error("value")]
    Model {
        /// What is wrong.
        #[from]
        source: ModelError,
    },
    /// The key belongs to no kind.
    #[error("no kind has the key {key}")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The answer makes no sense.
    #[error("bad answer: {what}")]
    BadAnswer {
        /// What is wrong with it.
        what: String,
    },
}
