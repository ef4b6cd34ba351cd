//! What VPP kinds share: client, facts, name index.
