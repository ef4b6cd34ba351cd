//! IP addresses of one family or of both.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, BytesMut};

use super::api_alias;
use crate::api_enum;
use crate::def::{FieldDef, Shape, TypeDef, TypeKind};
use crate::wire::{DecodeError, Reader, Wire};

api_enum! {
    /// Family of an address.
    AddressFamily: u8 = "address_family", prefix "ADDRESS_" {
        /// IPv4.
        IP4 = 0,
        /// IPv6.
        IP6 = 1,
    }
}

impl From<IpAddr> for AddressFamily {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => AddressFamily::IP4,
            IpAddr::V6(_) => AddressFamily::IP6,
        }
    }
}

/// An IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ip4Address(pub Ipv4Addr);

impl Default for Ip4Address {
    fn default() -> Self {
        Ip4Address(Ipv4Addr::UNSPECIFIED)
    }
}

api_alias!(Ip4Address = "ip4_address", of "u8", len 4; |value, out| out.put_slice(&value.0.octets()), |input| Ok(Ip4Address(Ipv4Addr::from(*input.array::<4>()?))), 4);

/// An IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ip6Address(pub Ipv6Addr);

impl Default for Ip6Address {
    fn default() -> Self {
        Ip6Address(Ipv6Addr::UNSPECIFIED)
    }
}

api_alias!(Ip6Address = "ip6_address", of "u8", len 16; |value, out| out.put_slice(&value.0.octets()), |input| Ok(Ip6Address(Ipv6Addr::from(*input.array::<16>()?))), 16);

/// The bytes of an address whose family is told elsewhere; an IPv4 address takes the first four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AddressUnion(pub [u8; 16]);

impl AddressUnion {
    /// Read as an address of this family.
    ///
    /// # Errors
    /// When the family is unknown.
    pub fn to_ip(self, family: AddressFamily) -> Result<IpAddr, DecodeError> {
        match family {
            AddressFamily::IP4 => Ok(IpAddr::V4(self.to_ip4())),
            AddressFamily::IP6 => Ok(IpAddr::V6(self.to_ip6())),
            AddressFamily(other) => Err(DecodeError::AddressFamily(other)),
        }
    }

    /// Read as an IPv4 address.
    #[must_use]
    pub fn to_ip4(self) -> Ipv4Addr {
        let [a, b, c, d, ..] = self.0;
        Ipv4Addr::new(a, b, c, d)
    }

    /// Read as an IPv6 address.
    #[must_use]
    pub fn to_ip6(self) -> Ipv6Addr {
        Ipv6Addr::from(self.0)
    }
}

impl From<IpAddr> for AddressUnion {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                AddressUnion([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            }
            IpAddr::V6(address) => AddressUnion(address.octets()),
        }
    }
}

impl Wire for AddressUnion {
    const TYPE: &'static TypeDef = &TypeDef {
        name: "vl_api_address_union_t",
        kind: TypeKind::Union(&[
            FieldDef { name: "ip4", ty: Ip4Address::TYPE, shape: Shape::Scalar, secret: false },
            FieldDef { name: "ip6", ty: Ip6Address::TYPE, shape: Shape::Scalar, secret: false },
        ]),
    };
    const MIN_LEN: usize = 16;

    fn put(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }

    fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(AddressUnion(*input.array()?))
    }
}

/// An address of either family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub IpAddr);

impl Default for Address {
    fn default() -> Self {
        Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        Address(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Wire for Address {
    const TYPE: &'static TypeDef = &TypeDef {
        name: "vl_api_address_t",
        kind: TypeKind::Struct(&[
            FieldDef { name: "af", ty: AddressFamily::TYPE, shape: Shape::Scalar, secret: false },
            FieldDef { name: "un", ty: AddressUnion::TYPE, shape: Shape::Scalar, secret: false },
        ]),
    };
    const MIN_LEN: usize = 17;

    fn put(&self, out: &mut BytesMut) {
        AddressFamily::from(self.0).put(out);
        AddressUnion::from(self.0).put(out);
    }

    fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let family = AddressFamily::get(input)?;
        Ok(Address(AddressUnion::get(input)?.to_ip(family)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_family_and_sixteen_bytes() {
        let address = Address("10.1.2.3".parse().unwrap());
        let mut out = BytesMut::new();
        address.put(&mut out);
        assert_eq!(&out[..5], &[0, 10, 1, 2, 3]);
        assert_eq!(out.len(), Address::MIN_LEN);
        assert_eq!(Address::get(&mut Reader::new(&out)), Ok(address));
    }

    #[test]
    fn an_unknown_family_is_an_error() {
        let mut bytes = [0; 17];
        bytes[0] = 2;
        assert_eq!(Address::get(&mut Reader::new(&bytes)), Err(DecodeError::AddressFamily(2)));
    }
}
