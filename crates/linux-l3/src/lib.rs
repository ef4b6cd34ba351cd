//! Linux layer 3 kinds.
