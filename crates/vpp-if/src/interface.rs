//! An interface of VPP.
//!
//! ```yaml
//! name: memif1
//! type: MEMIF
//! enabled: true
//! ip_addresses: ["192.168.1.1/24"]
//! mtu: 1500
//! memif: {id: 1, master: true, socket_filename: /run/memif.sock}
//! ```
//!
//! Waits for: the parent of a sub-interface, the interface of the host of an AF_PACKET or RDMA, the microservice of a TAP, the
//! tables of a tunnel and the interface its multicast leaves by.
//! Derives: addresses, VRF, "has an address", unnumbered, DHCP client, neighbour discovery, receive modes and placements,
//! members of a bond. Keeps as metadata: VPP's index, VRF, addresses, names in VPP and in Linux.
//!
//! The name is put into VPP as the tag of the interface: by it the interface is recognised after a restart of the agent,
//! also if Ligato's agent made it. An interface without a tag is somebody else's and left alone, as is one of a type that
//! this agent does not make.
//!
//! Messages: those of the types, and `sw_interface_tag_add_del`, `sw_interface_set_mac_address`, `hw_interface_set_mtu`,
//! `sw_interface_set_mtu`, `sw_interface_set_flags`; for reading back those listed in [`retrieve`], for deleting also those
//! of [`pair`].

mod compare;
mod derive;
mod dump;
mod effect;
mod fields;
mod pair;
mod retrieve;
mod validate;

use ligato_kvs_api::{
    Dependency, Descriptor, Invalid, KnownValues, OpError, Retrieved, Spec, Update, Use,
};
use ligato_model::{Key, Value};
use ligato_proto::vpp::interfaces::Interface;
use ligato_vpp_ctx::{Facts, InterfaceMeta, VppCtx};

use crate::keys;
use crate::types::Flavor;

/// The kind `vpp-interface`.
#[derive(Debug, Clone, Copy)]
pub struct VppInterface;

impl Descriptor for VppInterface {
    type Value = Interface;
    type Meta = InterfaceMeta;
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["netalloc-ip-address", "linux-interface"],
        fields: fields::FIELDS,
        uses: &[
            Use::kind(&[
                "sw_interface_dump",
                "sw_interface_tag_add_del",
                "sw_interface_set_flags",
                "ip_address_dump",
                "sw_interface_get_table",
            ]),
            Use::part("`phys_address`", &["sw_interface_set_mac_address"]),
            Use::part("`mtu`", &["hw_interface_set_mtu", "sw_interface_set_mtu"]),
            Use::part("type SOFTWARE_LOOPBACK", &["create_loopback", "delete_loopback"]),
            Use::part(
                "type MEMIF",
                &[
                    "memif_create_v2 | memif_create",
                    "memif_socket_filename_add_del_v2 | memif_socket_filename_add_del",
                    "memif_delete",
                    "memif_dump",
                    "memif_socket_filename_dump",
                ],
            ),
            Use::part(
                "type AF_PACKET",
                &[
                    "af_packet_create_v3 | af_packet_create_v2",
                    "af_packet_delete",
                    "sw_interface_set_rx_mode",
                ],
            ),
            Use::part(
                "type TAP",
                &["tap_create_v3 | tap_create_v2", "tap_delete_v2", "sw_interface_tap_v2_dump"],
            ),
            Use::part(
                "type SUB_INTERFACE",
                &["create_vlan_subif", "delete_subif", "l2_interface_vlan_tag_rewrite"],
            ),
            Use::part(
                "type BOND_INTERFACE",
                &[
                    "bond_create2",
                    "bond_delete",
                    "sw_bond_interface_dump",
                    "sw_member_interface_dump",
                ],
            ),
            Use::part("type VXLAN_TUNNEL", &["vxlan_add_del_tunnel_v3", "vxlan_tunnel_v2_dump"]),
            Use::part(
                "type VXLAN_TUNNEL with `gpe`",
                &["vxlan_gpe_add_del_tunnel_v2", "vxlan_gpe_tunnel_v2_dump"],
            ),
            Use::part(
                "type GRE_TUNNEL",
                &[
                    "gre_tunnel_add_del_v2 | gre_tunnel_add_del",
                    "gre_tunnel_v2_dump | gre_tunnel_dump",
                ],
            ),
            Use::part("type GTPU_TUNNEL", &["gtpu_add_del_tunnel", "gtpu_tunnel_dump"]),
            Use::part(
                "type IPIP_TUNNEL",
                &["ipip_add_tunnel", "ipip_del_tunnel", "ipip_tunnel_dump"],
            ),
            Use::part(
                "type IPSEC_TUNNEL",
                &["ipsec_itf_create", "ipsec_itf_delete", "ipsec_itf_dump"],
            ),
            Use::part(
                "type WIREGUARD_TUNNEL",
                &[
                    "wireguard_interface_create",
                    "wireguard_interface_delete",
                    "wireguard_interface_dump",
                ],
            ),
            Use::part(
                "type VMXNET3_INTERFACE",
                &["vmxnet3_create", "vmxnet3_delete", "sw_vmxnet3_interface_dump"],
            ),
            Use::part("type RDMA", &["rdma_create_v4 | rdma_create_v3", "rdma_delete"]),
            Use::part("reading `unnumbered` back", &["ip_unnumbered_dump"]),
            Use::part("reading `rx_placements` back", &["sw_interface_rx_placement_dump"]),
            Use::part(
                "reading `set_dhcp_client` back",
                &["dhcp_client_dump", "dhcp_client_details"],
            ),
        ],
        ..Spec::new(
            "vpp-interface",
            "An interface of VPP.",
            &[keys::INTERFACE],
            Some("config/vpp/v2/interfaces/"),
        )
    };

    fn validate(_facts: &Facts, _key: &Key, value: &Interface) -> Result<(), Invalid> {
        validate::check(value)
    }

    fn equivalent(facts: &Facts, _key: &Key, old: &Interface, new: &Interface) -> bool {
        compare::equivalent(facts, old, new)
    }

    fn derive(_facts: &Facts, _key: &Key, value: &Interface) -> Vec<(Key, Value)> {
        derive::derived(value)
    }

    fn dependencies(facts: &Facts, _key: &Key, value: &Interface) -> Vec<Dependency> {
        Flavor::of(value).dependencies(facts, value.vrf)
    }

    fn needs_recreate(
        _facts: &Facts,
        _key: &Key,
        old: &Interface,
        new: &Interface,
        _meta: &InterfaceMeta,
    ) -> bool {
        compare::needs_recreate(old, new)
    }

    fn supported(facts: &Facts, _key: &Key, value: &Interface) -> Result<(), OpError> {
        Flavor::of(value).supported(facts, value.vrf)
    }

    async fn create(sb: &VppCtx, _key: &Key, value: &Interface) -> Result<InterfaceMeta, OpError> {
        effect::create(sb, value).await
    }

    async fn delete(
        sb: &VppCtx,
        _key: &Key,
        value: &Interface,
        meta: &InterfaceMeta,
    ) -> Result<(), OpError> {
        effect::delete(sb, value, meta).await
    }

    async fn update(
        sb: &VppCtx,
        _key: &Key,
        change: Update<'_, Self>,
    ) -> Result<InterfaceMeta, OpError> {
        effect::update(sb, change.old, change.new, change.meta).await
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        retrieve::retrieve(sb, known).await
    }

    fn index(sb: &VppCtx, _key: &Key, value: &Interface, meta: Option<&InterfaceMeta>) {
        match meta {
            Some(meta) => sb.interfaces().put(value.name.as_str(), meta.clone()),
            None => sb.interfaces().remove(&value.name),
        };
    }
}
