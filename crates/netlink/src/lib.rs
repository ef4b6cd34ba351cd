//! Netlink in any network namespace, with held namespace handles.
