//! What is said of the fields that interfaces of several types have. Those of one type are said with the type.

use ligato_kvs_api::{Field, Unset};
use ligato_vpp_ctx::address::NOT_ALLOCATED;

use crate::types::fields;

/// All of them.
pub(super) const FIELDS: &[&[Field]] = &[
    COMMON,
    QUEUES,
    fields::MEMIF,
    fields::AF_PACKET,
    fields::TAP,
    fields::BOND,
    fields::VXLAN,
    fields::GRE,
    fields::GTPU,
    fields::IPIP,
    fields::IPSEC,
    fields::WIREGUARD,
    fields::VMXNET3,
    fields::RDMA,
];

const COMMON: &[Field] = &[
    Field::read("phys_address").unset(Unset::Said("as VPP chooses")),
    Field::read("ip_addresses").remark(NOT_ALLOCATED).by("vpp-interface-address"),
    Field::read("vrf")
        .remark("takes effect with an address; for VXLAN and IPIP also the table of the tunnel's own packets")
        .by("vpp-interface-vrf"),
    Field::read("set_dhcp_client").by("vpp-dhcp"),
    Field::kept("ip6_nd", "no message of VPP tells it but that IPv6 is off, where nothing can be set").by("vpp-ip6nd"),
    Field::read("mtu").unset(Unset::Said("`default-mtu` of the agent, else as VPP chooses")),
    Field::read("unnumbered").by("vpp-unnumbered-interface"),
];

const QUEUES: &[Field] = &[
    Field::read("rx_modes").by("vpp-interface-rx-mode"),
    Field::read("rx_modes.mode").unset(Unset::REQUIRED),
    Field::read("rx_modes.default_mode").remark("read back by the modes of the queues there are"),
    Field::read("rx_placements").by("vpp-interface-rx-placement"),
    Field::read("rx_placements.worker").remark(
        "unsupported if VPP was not started with as many; without workers 0 is the main thread",
    ),
];
