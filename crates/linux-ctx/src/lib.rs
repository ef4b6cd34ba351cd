//! What Linux kinds share: netlink, namespaces, name index.
