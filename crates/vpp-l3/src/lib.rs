//! VPP layer 3 kinds.
