//! Linux interface kinds.
