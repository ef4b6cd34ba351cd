//! Links to be created.

use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, InfoVlan, InfoVrf, LinkAttribute, LinkInfo, LinkMessage,
};

/// A link to be created (`RTM_NEWLINK`), by kind with what the kind needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkSpec {
    /// Both ends of a veth pair, in the namespace of the conversation.
    Veth {
        name: String,
        peer: String,
    },
    Dummy {
        name: String,
    },
    Bridge {
        name: String,
    },
    /// A VRF device for a routing table.
    Vrf {
        name: String,
        table: u32,
    },
    /// A VLAN on top of the link with index `lower`.
    Vlan {
        name: String,
        lower: u32,
        id: u16,
    },
}

impl LinkSpec {
    /// Name of the new link; the first end of a pair.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            LinkSpec::Veth { name, .. }
            | LinkSpec::Dummy { name }
            | LinkSpec::Bridge { name }
            | LinkSpec::Vrf { name, .. }
            | LinkSpec::Vlan { name, .. } => name,
        }
    }

    pub(crate) fn message(&self) -> LinkMessage {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(self.name().to_owned()));
        let (kind, data) = match self {
            LinkSpec::Veth { peer, .. } => (InfoKind::Veth, Some(peer_data(peer))),
            LinkSpec::Dummy { .. } => (InfoKind::Dummy, None),
            LinkSpec::Bridge { .. } => (InfoKind::Bridge, None),
            LinkSpec::Vrf { table, .. } => {
                (InfoKind::Vrf, Some(InfoData::Vrf(vec![InfoVrf::TableId(*table)])))
            }
            LinkSpec::Vlan { lower, id, .. } => {
                message.attributes.push(LinkAttribute::Link(*lower));
                (InfoKind::Vlan, Some(InfoData::Vlan(vec![InfoVlan::Id(*id)])))
            }
        };
        let mut info = vec![LinkInfo::Kind(kind)];
        info.extend(data.map(LinkInfo::Data));
        message.attributes.push(LinkAttribute::LinkInfo(info));
        message
    }
}

/// The other end of a pair travels as a whole link message inside the first one.
fn peer_data(name: &str) -> InfoData {
    let mut peer = LinkMessage::default();
    peer.attributes.push(LinkAttribute::IfName(name.to_owned()));
    InfoData::Veth(InfoVeth::Peer(peer))
}
