//! Derive macros for VPP binary API messages.
