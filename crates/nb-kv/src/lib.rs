//! Key-value stores as a northbound source.
