//! Addresses of links.

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::address::{self, AddressAttribute, AddressMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::error::{Error, Op};
use crate::link::Link;
use crate::netlink::{Mode, Netlink};

/// An address of a link (`RTM_NEWADDR`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Index of the link.
    pub link: u32,
    /// The address itself (host bits kept) with the length of its prefix.
    pub net: IpNet,
    pub scope: AddressScope,
}

/// Where an address is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressScope {
    Global,
    Site,
    /// Only on its link, IPv6 link-local addresses above all.
    Link,
    Host,
    Other(u8),
}

impl Netlink {
    /// All addresses of the namespace, both families.
    ///
    /// # Errors
    /// When the kernel refuses or the socket is closed.
    pub async fn addresses(&self) -> Result<Vec<Address>, Error> {
        let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        let messages = self.dump(Op::ListAddresses, request).await?;
        Ok(messages.into_iter().filter_map(address_of).collect())
    }

    /// Adds an address with its prefix to a link.
    ///
    /// # Errors
    /// `EEXIST` when it is there already.
    pub async fn add_address(&self, link: &Link, net: IpNet) -> Result<(), Error> {
        let mut message = message(link, net);
        if let IpAddr::V4(_) = net.addr()
            && net.prefix_len() < 31
            && let IpAddr::V4(broadcast) = net.broadcast()
        {
            message.attributes.push(AddressAttribute::Broadcast(broadcast));
        }
        let object = format!("{net} on {}", link.name);
        let message = RouteNetlinkMessage::NewAddress(message);
        self.apply(Op::AddAddress, object, Mode::Create, message).await
    }

    /// Removes an address from a link.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL` when it is not there.
    pub async fn delete_address(&self, link: &Link, net: IpNet) -> Result<(), Error> {
        let object = format!("{net} on {}", link.name);
        let message = RouteNetlinkMessage::DelAddress(message(link, net));
        self.apply(Op::DeleteAddress, object, Mode::Change, message).await
    }
}

fn message(link: &Link, net: IpNet) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = match net {
        IpNet::V4(_) => AddressFamily::Inet,
        IpNet::V6(_) => AddressFamily::Inet6,
    };
    message.header.index = link.index;
    message.header.prefix_len = net.prefix_len();
    // IFA_ADDRESS would be the other end on a point-to-point link; here both are our own.
    message.attributes.push(AddressAttribute::Address(net.addr()));
    message.attributes.push(AddressAttribute::Local(net.addr()));
    message
}

fn address_of(message: RouteNetlinkMessage) -> Option<Address> {
    match message {
        RouteNetlinkMessage::NewAddress(message) => Address::from_message(message),
        _ => None,
    }
}

impl Address {
    /// `None` for what carries no address we can read.
    pub(crate) fn from_message(message: AddressMessage) -> Option<Address> {
        let mut addr = None;
        for attribute in message.attributes {
            match attribute {
                // On a point-to-point link IFA_LOCAL is our own end, IFA_ADDRESS the other.
                AddressAttribute::Local(local) => addr = Some(local),
                AddressAttribute::Address(other) => addr = addr.or(Some(other)),
                _ => {}
            }
        }
        Some(Address {
            link: message.header.index,
            net: IpNet::new(addr?, message.header.prefix_len).ok()?,
            scope: scope(message.header.scope),
        })
    }

    /// An address that only makes sense on its link: IPv6 link-local, or scope link.
    #[must_use]
    pub fn is_link_local(&self) -> bool {
        self.scope == AddressScope::Link
    }
}

fn scope(scope: address::AddressScope) -> AddressScope {
    match scope {
        address::AddressScope::Universe => AddressScope::Global,
        address::AddressScope::Site => AddressScope::Site,
        address::AddressScope::Link => AddressScope::Link,
        address::AddressScope::Host => AddressScope::Host,
        other => AddressScope::Other(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_end_wins_whatever_the_order() {
        let local: IpAddr = "10.0.0.1".parse().unwrap();
        let remote: IpAddr = "10.0.0.2".parse().unwrap();
        let attributes = [AddressAttribute::Address(remote), AddressAttribute::Local(local)];
        for order in [[0, 1], [1, 0]] {
            let mut message = AddressMessage::default();
            message.header.prefix_len = 32;
            message.attributes = order.map(|i| attributes[i].clone()).to_vec();
            assert_eq!(Address::from_message(message).unwrap().net.addr(), local);
        }
    }

    #[test]
    fn a_prefix_longer_than_the_address_is_dropped() {
        let mut message = AddressMessage::default();
        message.header.prefix_len = 64;
        message.attributes = vec![AddressAttribute::Address("10.0.0.1".parse().unwrap())];
        assert_eq!(Address::from_message(message), None);
    }
}
