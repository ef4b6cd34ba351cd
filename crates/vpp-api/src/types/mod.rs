//! Types used by the messages of several API files.

mod address;
mod dscp;
mod fib;
mod index;
mod ip_proto;
mod mac;
mod prefix;
mod tunnel;

pub use address::{Address, AddressFamily, AddressUnion, Ip4Address, Ip6Address};
pub use dscp::IpDscp;
pub use fib::{FibMplsLabel, FibPath, FibPathFlags, FibPathNh, FibPathNhProto, FibPathType};
pub use index::{IfStatusFlags, InterfaceIndex, RxMode, Timestamp};
pub use ip_proto::IpProto;
pub use mac::{InvalidMac, MacAddress};
pub use prefix::{
    AddressWithPrefix, Ip4AddressWithPrefix, Ip4Prefix, Ip6AddressWithPrefix, Ip6Prefix, Prefix,
};
pub use tunnel::{TunnelEncapDecapFlags, TunnelMode};

/// Defines a type that is another name of a type on the wire.
macro_rules! api_alias {
    ($name:ident = $api:literal, of $of:literal $(, len $len:literal)?; |$value:ident, $out:ident| $put:expr, |$input:ident| $get:expr, $min:expr) => {
        impl $crate::Wire for $name {
            const TYPE: &'static $crate::TypeDef = &$crate::TypeDef {
                name: concat!("vl_api_", $api, "_t"),
                kind: $crate::TypeKind::Alias {
                    of: $of,
                    len: $crate::types::api_alias!(@len $($len)?),
                },
            };
            const MIN_LEN: usize = $min;

            fn put(&self, $out: &mut ::bytes::BytesMut) {
                let $value = self;
                $put
            }

            #[inline]
            fn get($input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                $get
            }
        }
    };
    (@len) => { None };
    (@len $len:literal) => { Some($len) };
}

pub(crate) use api_alias;
