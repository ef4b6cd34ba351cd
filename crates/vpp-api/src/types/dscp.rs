//! The class of service in an IP header.

use crate::api_enum;

api_enum! {
    /// A differentiated services code point (RFC 2474). VPP takes any number below 64.
    IpDscp: u8 = "ip_dscp", prefix "IP_API_DSCP_" {
        /// Class selector 0.
        CS0 = 0,
        /// Class selector 1.
        CS1 = 8,
        /// Assured forwarding 11.
        AF11 = 10,
        /// Assured forwarding 12.
        AF12 = 12,
        /// Assured forwarding 13.
        AF13 = 14,
        /// Class selector 2.
        CS2 = 16,
        /// Assured forwarding 21.
        AF21 = 18,
        /// Assured forwarding 22.
        AF22 = 20,
        /// Assured forwarding 23.
        AF23 = 22,
        /// Class selector 3.
        CS3 = 24,
        /// Assured forwarding 31.
        AF31 = 26,
        /// Assured forwarding 32.
        AF32 = 28,
        /// Assured forwarding 33.
        AF33 = 30,
        /// Class selector 4.
        CS4 = 32,
        /// Assured forwarding 41.
        AF41 = 34,
        /// Assured forwarding 42.
        AF42 = 36,
        /// Assured forwarding 43.
        AF43 = 38,
        /// Class selector 5.
        CS5 = 40,
        /// Expedited forwarding.
        EF = 46,
        /// Class selector 6.
        CS6 = 48,
        /// Class selector 7.
        CS7 = 50,
    }
}
