//! VPP layer 2 kinds.
