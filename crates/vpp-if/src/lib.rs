//! VPP interface kinds.
