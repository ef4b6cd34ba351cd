//! Pages of the book that are known from code. They need neither VPP nor any right.

pub(crate) mod fields;
pub(crate) mod kinds;
pub(crate) mod matrix;
pub(crate) mod messages;
mod required;
