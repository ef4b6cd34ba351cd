//! What tunnels of several kinds have in common.

use crate::{api_enum, api_flags};

api_enum! {
    /// How many peers a tunnel has.
    TunnelMode: u8 = "tunnel_mode", prefix "TUNNEL_API_MODE_" {
        /// One.
        P2P = 0,
        /// Many.
        MP = 1,
    }
}

api_enum! {
    /// What is copied between the header inside and the one outside.
    TunnelEncapDecapFlags: u8 = "tunnel_encap_decap_flags", prefix "TUNNEL_API_ENCAP_DECAP_FLAG_" {
        /// Nothing.
        NONE = 0,
        /// "Do not fragment", outwards.
        ENCAP_COPY_DF = 1,
        /// "Do not fragment" is set outside.
        ENCAP_SET_DF = 2,
        /// Class of service, outwards.
        ENCAP_COPY_DSCP = 4,
        /// Congestion notification, outwards.
        ENCAP_COPY_ECN = 8,
        /// Congestion notification, inwards.
        DECAP_COPY_ECN = 16,
        /// The flow label outside is a hash of the packet inside.
        ENCAP_INNER_HASH = 32 compatible,
        /// Hop limit, outwards.
        ENCAP_COPY_HOP_LIMIT = 64 compatible,
        /// Flow label, outwards.
        ENCAP_COPY_FLOW_LABEL = 128 compatible,
    }
}

api_flags!(TunnelEncapDecapFlags);
