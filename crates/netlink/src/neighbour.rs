//! Neighbours: the ARP table and its IPv6 counterpart.

use std::net::IpAddr;

use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState as KernelState,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::error::{Error, Op};
use crate::link::{Link, Mac};
use crate::netlink::{Mode, Netlink};

/// An entry of a neighbour table (`RTM_NEWNEIGH`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbour {
    /// Index of the link.
    pub link: u32,
    pub ip: IpAddr,
    /// Absent while unresolved.
    pub mac: Option<Mac>,
    pub state: NeighbourState,
}

/// How the kernel came to the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeighbourState {
    /// Configured by somebody, never expires.
    Permanent,
    /// Needs no resolution: multicast, loopback.
    NoArp,
    /// Learnt, being learnt, or failed.
    Dynamic,
}

impl Netlink {
    /// All neighbours of the namespace, both families.
    ///
    /// # Errors
    /// When the kernel refuses or the socket is closed.
    pub async fn neighbours(&self) -> Result<Vec<Neighbour>, Error> {
        let request = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
        let messages = self.dump(Op::ListNeighbours, request).await?;
        Ok(messages.into_iter().filter_map(neighbour_of).collect())
    }

    /// Adds or overwrites a permanent neighbour.
    ///
    /// # Errors
    /// When the kernel refuses, for instance since the link is down.
    pub async fn set_neighbour(&self, link: &Link, ip: IpAddr, mac: Mac) -> Result<(), Error> {
        let mut message = message(link, ip);
        message.header.state = KernelState::Permanent;
        message.attributes.push(NeighbourAttribute::LinkLayerAddress(mac.0.to_vec()));
        let message = RouteNetlinkMessage::NewNeighbour(message);
        self.apply(Op::SetNeighbour, object(link, ip), Mode::Replace, message).await
    }

    /// Removes a neighbour.
    ///
    /// # Errors
    /// `ENOENT` when it is not there.
    pub async fn delete_neighbour(&self, link: &Link, ip: IpAddr) -> Result<(), Error> {
        let message = RouteNetlinkMessage::DelNeighbour(message(link, ip));
        self.apply(Op::DeleteNeighbour, object(link, ip), Mode::Change, message).await
    }
}

fn object(link: &Link, ip: IpAddr) -> String {
    format!("{ip} on {}", link.name)
}

fn message(link: &Link, ip: IpAddr) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    let (family, destination) = match ip {
        IpAddr::V4(ip) => (AddressFamily::Inet, NeighbourAddress::Inet(ip)),
        IpAddr::V6(ip) => (AddressFamily::Inet6, NeighbourAddress::Inet6(ip)),
    };
    message.header.family = family;
    message.header.ifindex = link.index;
    message.attributes.push(NeighbourAttribute::Destination(destination));
    message
}

fn neighbour_of(message: RouteNetlinkMessage) -> Option<Neighbour> {
    let RouteNetlinkMessage::NewNeighbour(message) = message else { return None };
    let mut ip = None;
    let mut mac = None;
    for attribute in message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => ip = Some(v4.into()),
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => ip = Some(v6.into()),
            NeighbourAttribute::LinkLayerAddress(bytes) => mac = bytes.try_into().ok().map(Mac),
            _ => {}
        }
    }
    let state = match message.header.state {
        KernelState::Permanent => NeighbourState::Permanent,
        KernelState::Noarp => NeighbourState::NoArp,
        _ => NeighbourState::Dynamic,
    };
    Some(Neighbour { link: message.header.ifindex, ip: ip?, mac, state })
}
