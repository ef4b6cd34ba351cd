//! Numbers VPP returns in `retval`.

use std::fmt;

/// A negative `retval`. Displays as number, name and meaning; numbers of newer releases are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VppError(pub i32);

impl VppError {
    /// `Ok` for 0 and positive numbers.
    ///
    /// # Errors
    /// The error for a negative number.
    pub fn check(retval: i32) -> Result<(), VppError> {
        if retval < 0 { Err(VppError(retval)) } else { Ok(()) }
    }

    /// VPP's name of it.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|(name, _)| name)
    }

    /// What it means, in words.
    #[must_use]
    pub fn text(self) -> Option<&'static str> {
        self.entry().map(|(_, text)| text)
    }
}

impl fmt::Display for VppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry() {
            Some((name, text)) => write!(f, "{text} ({name}, {})", self.0),
            None => write!(f, "VPP error {}", self.0),
        }
    }
}

impl fmt::Debug for VppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for VppError {}

macro_rules! errors {
    ($($name:ident = $number:literal $text:literal;)*) => {
        impl VppError {
            $(#[doc = $text] pub const $name: VppError = VppError($number);)*

            fn entry(self) -> Option<(&'static str, &'static str)> {
                match self.0 {
                    $($number => Some((stringify!($name), $text)),)*
                    _ => None,
                }
            }
        }
    };
}

errors! {
    UNSPECIFIED = -1 "failed for a reason VPP does not state";
    INVALID_SW_IF_INDEX = -2 "no interface with this index";
    NO_SUCH_FIB = -3 "no such routing table";
    NO_SUCH_INNER_FIB = -4 "no such inner routing table";
    NO_SUCH_LABEL = -5 "no such label";
    NO_SUCH_ENTRY = -6 "no such entry";
    INVALID_VALUE = -7 "invalid value";
    INVALID_VALUE_2 = -8 "invalid second value";
    UNIMPLEMENTED = -9 "not implemented";
    INVALID_SW_IF_INDEX_2 = -10 "no interface with the second index";
    SYSCALL_ERROR_1 = -11 "system call failed, at place 1 of the handler";
    SYSCALL_ERROR_2 = -12 "system call failed, at place 2 of the handler";
    SYSCALL_ERROR_3 = -13 "system call failed, at place 3 of the handler";
    SYSCALL_ERROR_4 = -14 "system call failed, at place 4 of the handler";
    SYSCALL_ERROR_5 = -15 "system call failed, at place 5 of the handler";
    SYSCALL_ERROR_6 = -16 "system call failed, at place 6 of the handler";
    SYSCALL_ERROR_7 = -17 "system call failed, at place 7 of the handler";
    SYSCALL_ERROR_8 = -18 "system call failed, at place 8 of the handler";
    SYSCALL_ERROR_9 = -19 "system call failed, at place 9 of the handler";
    SYSCALL_ERROR_10 = -20 "system call failed, at place 10 of the handler";
    FEATURE_DISABLED = -30 "feature disabled by configuration";
    INVALID_REGISTRATION = -31 "invalid or repeated registration";
    NEXT_HOP_NOT_IN_FIB = -50 "next hop not in the routing table";
    UNKNOWN_DESTINATION = -51 "unknown destination";
    NO_PATHS_IN_ROUTE = -52 "route without paths";
    NEXT_HOP_NOT_FOUND_MP = -53 "next hop not found among the paths";
    NO_MATCHING_INTERFACE = -54 "no interface fits";
    INVALID_VLAN = -55 "invalid VLAN";
    VLAN_ALREADY_EXISTS = -56 "VLAN sub-interface exists";
    INVALID_SRC_ADDRESS = -57 "invalid source address";
    INVALID_DST_ADDRESS = -58 "invalid destination address";
    ADDRESS_LENGTH_MISMATCH = -59 "address with another prefix length exists";
    ADDRESS_NOT_FOUND_FOR_INTERFACE = -60 "interface has no such address";
    ADDRESS_NOT_DELETABLE = -61 "address cannot be deleted";
    IP6_NOT_ENABLED = -62 "IPv6 not enabled";
    NO_SUCH_NODE = -63 "no such graph node";
    NO_SUCH_NODE2 = -64 "no such second graph node";
    NO_SUCH_TABLE = -65 "no such table";
    NO_SUCH_TABLE2 = -66 "no such second table";
    NO_SUCH_TABLE3 = -67 "no such third table";
    SUBIF_ALREADY_EXISTS = -68 "sub-interface exists";
    SUBIF_CREATE_FAILED = -69 "sub-interface could not be created";
    INVALID_MEMORY_SIZE = -70 "invalid memory size";
    INVALID_INTERFACE = -71 "interface does not fit the operation";
    INVALID_VLAN_TAG_COUNT = -72 "number of VLAN tags does not fit the operation";
    INVALID_ARGUMENT = -73 "invalid argument";
    UNEXPECTED_INTF_STATE = -74 "interface is in a state that does not allow it";
    TUNNEL_EXIST = -75 "tunnel exists";
    INVALID_DECAP_NEXT = -76 "invalid next node after decapsulation";
    RESPONSE_NOT_READY = -77 "response not ready";
    NOT_CONNECTED = -78 "not connected to the data plane";
    IF_ALREADY_EXISTS = -79 "interface exists";
    BOND_SLAVE_NOT_ALLOWED = -80 "not allowed on a member of a bond";
    VALUE_EXIST = -81 "value exists";
    SAME_SRC_DST = -82 "source and destination are the same";
    IP6_MULTICAST_ADDRESS_NOT_PRESENT = -83 "IPv6 multicast address needed";
    SR_POLICY_NAME_NOT_PRESENT = -84 "segment routing policy needs a name";
    NOT_RUNNING_AS_ROOT = -85 "VPP does not run as root";
    ALREADY_CONNECTED = -86 "connected already";
    UNSUPPORTED_JNI_VERSION = -87 "unsupported JNI version";
    IP_PREFIX_INVALID = -88 "prefix has bits beyond its length";
    INVALID_WORKER = -89 "no such worker thread";
    LISP_DISABLED = -90 "LISP is disabled";
    CLASSIFY_TABLE_NOT_FOUND = -91 "no such classify table";
    INVALID_EID_TYPE = -92 "unsupported LISP EID type";
    CANNOT_CREATE_PCAP_FILE = -93 "capture file could not be created";
    INCORRECT_ADJACENCY_TYPE = -94 "adjacency type does not fit the operation";
    EXCEEDED_NUMBER_OF_RANGES_CAPACITY = -95 "too many ranges";
    EXCEEDED_NUMBER_OF_PORTS_CAPACITY = -96 "too many ports";
    INVALID_ADDRESS_FAMILY = -97 "invalid address family";
    INVALID_SUB_SW_IF_INDEX = -98 "no sub-interface with this index";
    TABLE_TOO_BIG = -99 "table too big";
    CANNOT_ENABLE_DISABLE_FEATURE = -100 "feature could not be switched";
    BFD_EEXIST = -101 "BFD object exists";
    BFD_ENOENT = -102 "no such BFD object";
    BFD_EINUSE = -103 "BFD object in use";
    BFD_NOTSUPP = -104 "BFD feature not supported";
    ADDRESS_IN_USE = -105 "address in use";
    ADDRESS_NOT_IN_USE = -106 "address not in use";
    QUEUE_FULL = -107 "queue full";
    APP_UNSUPPORTED_CFG = -108 "unsupported application configuration";
    URI_FIFO_CREATE_FAILED = -109 "FIFO segment of the URI could not be created";
    LISP_RLOC_LOCAL = -110 "RLOC address is local";
    BFD_EAGAIN = -111 "BFD object cannot be changed now";
    INVALID_GPE_MODE = -112 "invalid GPE mode";
    LISP_GPE_ENTRIES_PRESENT = -113 "LISP GPE entries exist";
    ADDRESS_FOUND_FOR_INTERFACE = -114 "interface has the address";
    SESSION_CONNECT = -115 "session could not connect";
    ENTRY_ALREADY_EXISTS = -116 "entry exists";
    SVM_SEGMENT_CREATE_FAIL = -117 "shared memory segment could not be created";
    APPLICATION_NOT_ATTACHED = -118 "application not attached";
    BD_ALREADY_EXISTS = -119 "bridge domain exists";
    BD_IN_USE = -120 "bridge domain has members";
    BD_NOT_MODIFIABLE = -121 "bridge domain 0 cannot be changed";
    BD_ID_EXCEED_MAX = -122 "bridge domain id above 16 million";
    SUBIF_DOESNT_EXIST = -123 "no such sub-interface";
    L2_MACS_EVENT_CLINET_PRESENT = -124 "another client has the MAC events";
    INVALID_QUEUE = -125 "no such queue";
    UNSUPPORTED = -126 "not supported";
    DUPLICATE_IF_ADDRESS = -127 "address is on another interface";
    APP_INVALID_NS = -128 "invalid application namespace";
    APP_WRONG_NS_SECRET = -129 "wrong secret of the application namespace";
    APP_CONNECT_SCOPE = -130 "scope does not allow to connect";
    APP_ALREADY_ATTACHED = -131 "application attached already";
    SESSION_REDIRECT = -132 "redirection failed";
    ILLEGAL_NAME = -133 "illegal name";
    NO_NAME_SERVERS = -134 "no name server configured";
    NAME_SERVER_NOT_FOUND = -135 "no such name server";
    NAME_RESOLUTION_NOT_ENABLED = -136 "name resolution not enabled";
    NAME_SERVER_FORMAT_ERROR = -137 "name server answered in a wrong format";
    NAME_SERVER_NO_SUCH_NAME = -138 "no such name";
    NAME_SERVER_NO_ADDRESSES = -139 "name has no address";
    NAME_SERVER_NEXT_SERVER = -140 "another name server has to be asked";
    APP_CONNECT_FILTERED = -141 "connection was filtered";
    ACL_IN_USE_INBOUND = -142 "ACL in use for input";
    ACL_IN_USE_OUTBOUND = -143 "ACL in use for output";
    INIT_FAILED = -144 "initialisation failed";
    NETLINK_ERROR = -145 "netlink failed";
    BIER_BSL_UNSUP = -146 "BIER bit string length not supported";
    INSTANCE_IN_USE = -147 "instance in use";
    INVALID_SESSION_ID = -148 "session id out of range";
    ACL_IN_USE_BY_LOOKUP_CONTEXT = -149 "ACL in use by a lookup context";
    INVALID_VALUE_3 = -150 "invalid third value";
    NON_ETHERNET = -151 "not an Ethernet interface";
    BD_ALREADY_HAS_BVI = -152 "bridge domain has a BVI";
    INVALID_PROTOCOL = -153 "invalid protocol";
    INVALID_ALGORITHM = -154 "invalid algorithm";
    RSRC_IN_USE = -155 "resource in use";
    KEY_LENGTH = -156 "invalid key length";
    FIB_PATH_UNSUPPORTED_NH_PROTO = -157 "protocol of the next hop not supported";
    API_ENDIAN_FAILED = -159 "byte order does not match";
    NO_CHANGE = -160 "nothing to change";
    MISSING_CERT_KEY = -161 "certificate or key missing";
    LIMIT_EXCEEDED = -162 "limit exceeded";
    IKE_NO_PORT = -163 "port not managed by IKE";
    UDP_PORT_TAKEN = -164 "UDP port taken";
    EAGAIN = -165 "more to come, ask again with the cursor";
    INVALID_VALUE_4 = -166 "invalid fourth value";
    BUSY = -167 "busy";
    BUG = -168 "VPP noticed a bug of its own";
    FEATURE_ALREADY_DISABLED = -169 "feature is disabled already";
    FEATURE_ALREADY_ENABLED = -170 "feature is enabled already";
    TIMEOUT = -171 "timed out";
}

#[cfg(test)]
mod tests {
    use super::VppError;

    #[test]
    fn names_known_numbers_and_keeps_unknown_ones() {
        let known = VppError::check(-6).unwrap_err();
        assert_eq!(known, VppError::NO_SUCH_ENTRY);
        assert_eq!(known.to_string(), "no such entry (NO_SUCH_ENTRY, -6)");
        assert_eq!(VppError(-9999).to_string(), "VPP error -9999");
        assert_eq!(VppError::check(1), Ok(()));
    }
}
