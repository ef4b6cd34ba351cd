//! The error numbers of VPP the simulated messages answer with (`vnet/error.h`).

/// A refusal: the number that goes into `retval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retval(pub i32);

/// What an operation of the simulated VPP ends with.
pub(crate) type Outcome<T = ()> = Result<T, Retval>;

macro_rules! retvals {
    ($($name:ident = $value:literal,)*) => {
        impl Retval {
            $(#[doc = concat!("`VNET_API_ERROR_", stringify!($name), "`.")]
            pub const $name: Retval = Retval($value);)*
        }
    };
}

retvals! {
    UNSPECIFIED = -1,
    INVALID_SW_IF_INDEX = -2,
    NO_SUCH_FIB = -3,
    NO_SUCH_INNER_FIB = -4,
    NO_SUCH_ENTRY = -6,
    INVALID_VALUE = -7,
    INVALID_VALUE_2 = -8,
    UNIMPLEMENTED = -9,
    INVALID_SW_IF_INDEX_2 = -10,
    SYSCALL_ERROR_1 = -11,
    SYSCALL_ERROR_2 = -12,
    SYSCALL_ERROR_3 = -13,
    FEATURE_DISABLED = -30,
    INVALID_REGISTRATION = -31,
    NO_PATHS_IN_ROUTE = -52,
    NO_MATCHING_INTERFACE = -54,
    INVALID_VLAN = -55,
    VLAN_ALREADY_EXISTS = -56,
    INVALID_SRC_ADDRESS = -57,
    INVALID_DST_ADDRESS = -58,
    ADDRESS_LENGTH_MISMATCH = -59,
    ADDRESS_NOT_FOUND_FOR_INTERFACE = -60,
    ADDRESS_NOT_DELETABLE = -61,
    IP6_NOT_ENABLED = -62,
    NO_SUCH_TABLE = -65,
    SUBIF_ALREADY_EXISTS = -68,
    INVALID_INTERFACE = -71,
    INVALID_VLAN_TAG_COUNT = -72,
    INVALID_ARGUMENT = -73,
    UNEXPECTED_INTF_STATE = -74,
    TUNNEL_EXIST = -75,
    INVALID_DECAP_NEXT = -76,
    IF_ALREADY_EXISTS = -79,
    VALUE_EXIST = -81,
    SAME_SRC_DST = -82,
    INVALID_ADDRESS_FAMILY = -97,
    INVALID_SUB_SW_IF_INDEX = -98,
    ADDRESS_IN_USE = -105,
    ADDRESS_FOUND_FOR_INTERFACE = -114,
    ENTRY_ALREADY_EXISTS = -116,
    BD_ALREADY_EXISTS = -119,
    BD_IN_USE = -120,
    BD_NOT_MODIFIABLE = -121,
    BD_ID_EXCEED_MAX = -122,
    UNSUPPORTED = -126,
    DUPLICATE_IF_ADDRESS = -127,
    INIT_FAILED = -144,
    INSTANCE_IN_USE = -147,
    INVALID_SESSION_ID = -148,
    BD_ALREADY_HAS_BVI = -152,
    INVALID_PROTOCOL = -153,
    INVALID_PREFIX_LENGTH = -171,
}

/// The number for the `retval` field.
pub(crate) fn code<T>(outcome: &Outcome<T>) -> i32 {
    match outcome {
        Ok(_) => 0,
        Err(Retval(code)) => *code,
    }
}
