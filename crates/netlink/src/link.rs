//! Links: what the kernel says about them, and changes of existing ones.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd};
use std::str::FromStr;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVlan, InfoVrf, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType,
    LinkMessage, State, Stats64,
};
use nix::errno::Errno;

use crate::error::{Error, Op};
use crate::link_spec::LinkSpec;
use crate::namespace::Namespace;
use crate::netlink::{Mode, Netlink};

/// A network interface as the kernel reports it (`RTM_NEWLINK`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Unique inside the namespace, kept over a rename.
    pub index: u32,
    pub name: String,
    pub kind: LinkKind,
    /// `IFLA_IFALIAS`, free text of up to 255 bytes; absent when empty.
    pub alias: Option<String>,
    pub mtu: u32,
    /// Absent for kinds without a hardware address of six bytes.
    pub mac: Option<Mac>,
    /// `IFF_UP`, what was asked for.
    pub admin_up: bool,
    /// What the link really is.
    pub oper: OperState,
    /// Index of the bridge, bond or VRF it belongs to.
    pub master: Option<u32>,
    /// Index of the other end (veth) or of what it is stacked on (VLAN).
    pub peer: Option<u32>,
    pub counters: LinkCounters,
}

/// What sort of link it is, as far as anyone here tells them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkKind {
    Veth,
    Dummy,
    Bridge,
    /// Kernel kind `tun`: a TUN or TAP device, the ones that VPP creates among them.
    Tun,
    Vrf {
        /// Routing table of the VRF.
        table: u32,
    },
    Vlan {
        /// VLAN identifier, 1 to 4094.
        id: u16,
    },
    Loopback,
    /// A device without a kind: hardware.
    Physical,
    /// Any other kind, by its kernel name.
    Other(String),
}

/// Operational state (RFC 2863, `IFLA_OPERSTATE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperState {
    /// The driver does not tell; loopback and TUN devices stay here.
    Unknown,
    NotPresent,
    Down,
    LowerLayerDown,
    Testing,
    Dormant,
    Up,
}

/// Counters since the link was created (`IFLA_STATS64`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkCounters {
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub rx_errors: u64,
    pub tx_errors: u64,
    pub rx_dropped: u64,
    pub tx_dropped: u64,
}

/// A hardware address of six bytes, printed as `aa:bb:cc:dd:ee:ff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The text is not a hardware address of six bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a hardware address of six bytes")]
pub struct InvalidMac {
    text: String,
}

impl FromStr for Mac {
    type Err = InvalidMac;

    /// Reads `aa:bb:cc:dd:ee:ff`, `aa-bb-…` and `aabb.ccdd.eeff`, in any case.
    fn from_str(text: &str) -> Result<Mac, InvalidMac> {
        let bad = || InvalidMac { text: text.to_owned() };
        let (separator, group) = if text.contains('.') {
            ('.', 4)
        } else if text.contains('-') {
            ('-', 2)
        } else {
            (':', 2)
        };
        let mut digits = Vec::with_capacity(12);
        for part in text.split(separator) {
            if part.len() != group {
                return Err(bad());
            }
            digits.extend(part.chars().map(|c| c.to_digit(16)));
        }
        let digits: Vec<u32> = digits.into_iter().collect::<Option<_>>().ok_or_else(bad)?;
        let mut bytes = digits.chunks_exact(2).map(|pair| match *pair {
            // Two hexadecimal digits fit one byte.
            [high, low] => u8::try_from(high * 16 + low).unwrap_or_default(),
            _ => 0,
        });
        let mut mac = [0; 6];
        for byte in &mut mac {
            *byte = bytes.next().ok_or_else(bad)?;
        }
        if bytes.next().is_some() { Err(bad()) } else { Ok(Mac(mac)) }
    }
}

impl Netlink {
    /// All links of the namespace, in the order of the kernel (by index).
    ///
    /// # Errors
    /// When the kernel refuses or the socket is closed.
    pub async fn links(&self) -> Result<Vec<Link>, Error> {
        let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
        Ok(self.dump(Op::ListLinks, request).await?.into_iter().filter_map(link_of).collect())
    }

    /// The link of that name.
    ///
    /// # Errors
    /// [`Error::NoSuchLink`] when there is none.
    pub async fn link(&self, name: &str) -> Result<Link, Error> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_owned()));
        self.one_link(name, message).await
    }

    /// The link with that index.
    ///
    /// # Errors
    /// [`Error::NoSuchLink`] when there is none.
    pub async fn link_by_index(&self, index: u32) -> Result<Link, Error> {
        self.one_link(&format!("#{index}"), message_for(index)).await
    }

    /// The link of that name, or nothing when there is none.
    ///
    /// # Errors
    /// When the question could not be answered.
    pub async fn find_link(&self, name: &str) -> Result<Option<Link>, Error> {
        match self.link(name).await {
            Ok(link) => Ok(Some(link)),
            Err(Error::NoSuchLink { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    async fn one_link(&self, what: &str, message: LinkMessage) -> Result<Link, Error> {
        let absent =
            || Error::NoSuchLink { link: what.to_owned(), namespace: self.namespace().to_string() };
        match self.get(Op::GetLink, what, RouteNetlinkMessage::GetLink(message)).await {
            Ok(messages) => messages.into_iter().find_map(link_of).ok_or_else(absent),
            // A name that is too long for the kernel names nothing, either.
            Err(e) if matches!(e.errno(), Some(Errno::ENODEV | Errno::ERANGE | Errno::EINVAL)) => {
                Err(absent())
            }
            Err(e) => Err(e),
        }
    }

    /// Creates a link.
    ///
    /// # Errors
    /// `EEXIST` when the name is taken; `EOPNOTSUPP` when the kernel lacks the kind.
    pub async fn create_link(&self, spec: &LinkSpec) -> Result<(), Error> {
        let message = RouteNetlinkMessage::NewLink(spec.message());
        self.apply(Op::CreateLink, spec.name(), Mode::Create, message).await
    }

    /// Deletes a link; a veth takes its other end along.
    ///
    /// # Errors
    /// When it is gone already or the kernel does not let it go.
    pub async fn delete_link(&self, link: &Link) -> Result<(), Error> {
        let message = RouteNetlinkMessage::DelLink(message_for(link.index));
        self.apply(Op::DeleteLink, &link.name, Mode::Change, message).await
    }

    /// Sets `IFF_UP`.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn set_up(&self, link: &Link) -> Result<(), Error> {
        let mut message = message_for(link.index);
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.change(Op::SetLinkUp, link, message).await
    }

    /// Clears `IFF_UP`; the kernel drops the routes over the link.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn set_down(&self, link: &Link) -> Result<(), Error> {
        let mut message = message_for(link.index);
        message.header.change_mask = LinkFlags::Up;
        self.change(Op::SetLinkDown, link, message).await
    }

    /// Renames a link. Kernels before 6.2 want it down for that, so it is taken down and up
    /// again if it was up.
    ///
    /// # Errors
    /// `EEXIST` when the name is taken.
    pub async fn rename(&self, link: &Link, name: &str) -> Result<(), Error> {
        if link.name == name {
            return Ok(());
        }
        if link.admin_up {
            self.set_down(link).await?;
        }
        let renamed =
            self.change(Op::Rename, link, with(link, LinkAttribute::IfName(name.to_owned()))).await;
        if link.admin_up {
            self.set_up(link).await?;
        }
        renamed
    }

    /// Sets the alias (at most 255 bytes).
    ///
    /// # Errors
    /// When it is too long.
    pub async fn set_alias(&self, link: &Link, alias: &str) -> Result<(), Error> {
        let message = with(link, LinkAttribute::IfAlias(alias.to_owned()));
        self.change(Op::SetAlias, link, message).await
    }

    /// Sets the MTU in bytes.
    ///
    /// # Errors
    /// When the device does not allow the value.
    pub async fn set_mtu(&self, link: &Link, mtu: u32) -> Result<(), Error> {
        self.change(Op::SetMtu, link, with(link, LinkAttribute::Mtu(mtu))).await
    }

    /// Sets the hardware address.
    ///
    /// # Errors
    /// When the device does not allow it.
    pub async fn set_mac(&self, link: &Link, mac: Mac) -> Result<(), Error> {
        self.change(Op::SetMac, link, with(link, LinkAttribute::Address(mac.0.to_vec()))).await
    }

    /// Puts the link under a bridge or into a VRF.
    ///
    /// # Errors
    /// When the master cannot take it.
    pub async fn set_master(&self, link: &Link, master: &Link) -> Result<(), Error> {
        let message = with(link, LinkAttribute::Controller(master.index));
        self.change(Op::SetMaster, link, message).await
    }

    /// Takes the link out of its bridge or VRF.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn clear_master(&self, link: &Link) -> Result<(), Error> {
        self.change(Op::ClearMaster, link, with(link, LinkAttribute::Controller(0))).await
    }

    /// Moves the link into another namespace. It arrives down, without addresses, and keeps its
    /// name, alias, MTU and hardware address; its index may change.
    ///
    /// # Errors
    /// `EEXIST` when a link of that name is there, `EINVAL` for links that cannot move.
    pub async fn move_link(&self, link: &Link, target: &Namespace) -> Result<(), Error> {
        let message = with(link, LinkAttribute::NetNsFd(target.as_fd().as_raw_fd()));
        let object = format!("{} to {target}", link.name);
        let message = RouteNetlinkMessage::NewLink(message);
        self.apply(Op::MoveLink, object, Mode::Change, message).await
    }

    async fn change(&self, op: Op, link: &Link, message: LinkMessage) -> Result<(), Error> {
        let message = RouteNetlinkMessage::NewLink(message);
        self.apply(op, &link.name, Mode::Change, message).await
    }
}

fn message_for(index: u32) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message
}

fn with(link: &Link, attribute: LinkAttribute) -> LinkMessage {
    let mut message = message_for(link.index);
    message.attributes.push(attribute);
    message
}

fn link_of(message: RouteNetlinkMessage) -> Option<Link> {
    match message {
        RouteNetlinkMessage::NewLink(message) => Some(Link::from(message)),
        _ => None,
    }
}

impl From<LinkMessage> for Link {
    fn from(message: LinkMessage) -> Link {
        let loopback = message.header.link_layer_type == LinkLayerType::Loopback;
        let mut link = Link {
            index: message.header.index,
            name: String::new(),
            kind: if loopback { LinkKind::Loopback } else { LinkKind::Physical },
            alias: None,
            mtu: 0,
            mac: None,
            admin_up: message.header.flags.contains(LinkFlags::Up),
            oper: OperState::Unknown,
            master: None,
            peer: None,
            counters: LinkCounters::default(),
        };
        for attribute in message.attributes {
            match attribute {
                LinkAttribute::IfName(name) => link.name = name,
                LinkAttribute::IfAlias(alias) if !alias.is_empty() => link.alias = Some(alias),
                LinkAttribute::Mtu(mtu) => link.mtu = mtu,
                LinkAttribute::Address(bytes) => link.mac = bytes.try_into().ok().map(Mac),
                LinkAttribute::OperState(state) => link.oper = oper_state(state),
                LinkAttribute::Controller(index) if index != 0 => link.master = Some(index),
                LinkAttribute::Link(index) if index != 0 => link.peer = Some(index),
                LinkAttribute::Stats64(stats) => link.counters = counters(&stats),
                LinkAttribute::LinkInfo(infos) => link.kind = kind(infos).unwrap_or(link.kind),
                _ => {}
            }
        }
        link
    }
}

/// The kind, with what distinguishes it, from `IFLA_LINKINFO`.
fn kind(infos: Vec<LinkInfo>) -> Option<LinkKind> {
    let mut kind = None;
    let mut data = None;
    for info in infos {
        match info {
            LinkInfo::Kind(k) => kind = Some(k),
            LinkInfo::Data(d) => data = Some(d),
            _ => {}
        }
    }
    Some(match kind? {
        InfoKind::Veth => LinkKind::Veth,
        InfoKind::Dummy => LinkKind::Dummy,
        InfoKind::Bridge => LinkKind::Bridge,
        InfoKind::Tun => LinkKind::Tun,
        InfoKind::Vrf => LinkKind::Vrf { table: vrf_table(data) },
        InfoKind::Vlan => LinkKind::Vlan { id: vlan_id(data) },
        other => LinkKind::Other(other.to_string()),
    })
}

fn vrf_table(data: Option<InfoData>) -> u32 {
    let Some(InfoData::Vrf(items)) = data else { return 0 };
    items
        .into_iter()
        .find_map(|item| match item {
            InfoVrf::TableId(table) => Some(table),
            _ => None,
        })
        .unwrap_or_default()
}

fn vlan_id(data: Option<InfoData>) -> u16 {
    let Some(InfoData::Vlan(items)) = data else { return 0 };
    items
        .into_iter()
        .find_map(|item| match item {
            InfoVlan::Id(id) => Some(id),
            _ => None,
        })
        .unwrap_or_default()
}

fn oper_state(state: State) -> OperState {
    match state {
        State::NotPresent => OperState::NotPresent,
        State::Down => OperState::Down,
        State::LowerLayerDown => OperState::LowerLayerDown,
        State::Testing => OperState::Testing,
        State::Dormant => OperState::Dormant,
        State::Up => OperState::Up,
        _ => OperState::Unknown,
    }
}

fn counters(stats: &Stats64) -> LinkCounters {
    LinkCounters {
        rx_packets: stats.rx_packets,
        tx_packets: stats.tx_packets,
        rx_bytes: stats.rx_bytes,
        tx_bytes: stats.tx_bytes,
        rx_errors: stats.rx_errors,
        tx_errors: stats.tx_errors,
        rx_dropped: stats.rx_dropped,
        tx_dropped: stats.tx_dropped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_are_read_in_three_notations() {
        let mac = Mac([0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x0f]);
        for text in ["aa:bb:cc:dd:ee:0f", "AA-BB-CC-DD-EE-0F", "aabb.ccdd.ee0f"] {
            assert_eq!(text.parse(), Ok(mac), "{text}");
        }
        assert_eq!(mac.to_string(), "aa:bb:cc:dd:ee:0f");
    }

    #[test]
    fn what_is_no_hardware_address_is_refused() {
        for text in [
            "",
            "aa:bb:cc:dd:ee",
            "aa:bb:cc:dd:ee:ff:00",
            "aa:bb:cc:dd:ee:gg",
            "aabbccddeeff",
            "a:b:c:d:e:f",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }

    #[test]
    fn counters_are_not_swapped() {
        let mut stats = Stats64::default();
        stats.rx_dropped = 1;
        stats.tx_dropped = 2;
        let counters = counters(&stats);
        assert_eq!((counters.rx_dropped, counters.tx_dropped), (1, 2));
    }
}
