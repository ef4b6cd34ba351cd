//! The VPP agent.

fn main() {}
