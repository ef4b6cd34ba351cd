//! What was done, and why: records of transactions, as data, JSON and text.

pub(crate) mod history;
