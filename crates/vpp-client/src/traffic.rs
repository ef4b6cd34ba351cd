//! What a client has sent and got, in numbers.

/// Counters of a client, from its start; those of all its connections together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections made.
    pub connections: u64,
    /// Requests put into the output.
    pub requests: u64,
    /// Requests whose last answer came, whatever it said.
    pub done: u64,
    /// Requests that ended without their last answer: too late, too large, or with the connection.
    pub failed: u64,
    /// Messages received in answer to requests, also those that came too late.
    pub answers: u64,
}
