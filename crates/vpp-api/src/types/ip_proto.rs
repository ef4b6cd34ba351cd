//! Protocols over IP.

use crate::api_enum;

api_enum! {
    /// Number of a protocol over IP.
    IpProto: u8 = "ip_proto", prefix "IP_API_PROTO_" {
        /// Hop-by-hop options.
        HOPOPT = 0,
        /// ICMP.
        ICMP = 1,
        /// IGMP.
        IGMP = 2,
        /// TCP.
        TCP = 6,
        /// UDP.
        UDP = 17,
        /// GRE.
        GRE = 47,
        /// ESP.
        ESP = 50,
        /// AH.
        AH = 51,
        /// ICMPv6.
        ICMP6 = 58,
        /// EIGRP.
        EIGRP = 88,
        /// OSPF.
        OSPF = 89,
        /// SCTP.
        SCTP = 132,
        /// Nobody's.
        RESERVED = 255,
    }
}
