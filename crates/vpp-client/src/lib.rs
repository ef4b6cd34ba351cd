//! Client of the VPP binary API socket and of the statistics segment.
