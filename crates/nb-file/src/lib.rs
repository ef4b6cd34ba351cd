//! The initial configuration file as a northbound source.
