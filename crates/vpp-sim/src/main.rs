//! A VPP stand-in that speaks the real binary API over the real socket.

fn main() {}
