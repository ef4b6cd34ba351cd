//! What is known of a value besides the value: numbers of the southbound, under the original's names.

use std::collections::HashMap;

use ligato_kvs::{DumpItem, Snapshot, StatusFilter, View};
use ligato_model::Model;
use ligato_proto::{
    linux::{interfaces::Interface as LinuxInterface, l3},
    vpp::{
        interfaces::Interface,
        l2::{BridgeDomain, FibEntry, XConnectPair},
        l3::{ArpEntry, Route},
    },
};
use serde_json::{Map, Value, json};

use super::table::{self, Dump};

/// Numbers by the names that values refer to each other with.
pub(super) struct Names {
    interfaces: HashMap<String, u64>,
    bridge_domains: HashMap<String, u64>,
    links: HashMap<String, u64>,
}

// === impl Names ===

impl Names {
    /// As the scheduler knows them.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let numbers = |prefix: String, member: &str| {
            let items = snapshot.dump(&StatusFilter::Prefix(prefix.clone()), View::Cached);
            let number = |item: &DumpItem| {
                let name = item.key.strip_prefix(prefix.as_str())?.to_owned();
                Some((name, known(item).get(member)?.as_u64()?))
            };
            items.iter().filter_map(number).collect()
        };
        Self {
            interfaces: numbers(Interface::SPEC.key_prefix(), "SwIfIndex"),
            bridge_domains: numbers(BridgeDomain::SPEC.key_prefix(), "Index"),
            links: numbers(LinuxInterface::SPEC.key_prefix(), "LinuxIfIndex"),
        }
    }

    /// The member under which an object holds the value.
    pub(super) fn id(&self, dump: &Dump, item: &DumpItem) -> Option<String> {
        match dump.model {
            table::FIB => Some(item.value.downcast_ref::<FibEntry>()?.phys_address.clone()),
            table::XCONNECT => {
                let pair = item.value.downcast_ref::<XConnectPair>()?;
                self.interfaces.get(&pair.receive_interface).map(u64::to_string)
            }
            _ => known(item).get("SwIfIndex").map(Value::to_string),
        }
    }

    /// What is known of a value; what is not known has no member.
    pub(super) fn meta(&self, dump: &Dump, item: &DumpItem) -> Value {
        let value = &item.value;
        let index = |name: &str| self.interfaces.get(name).copied();
        let members = match dump.model {
            table::INTERFACE => interface(item),
            table::BRIDGE_DOMAIN => vec![("bridge_domain_id", known(item).get("Index").cloned())],
            table::FIB => value.downcast_ref::<FibEntry>().map_or_else(Vec::new, |fib| {
                let domain = self.bridge_domains.get(&fib.bridge_domain).copied();
                let outgoing = index(&fib.outgoing_interface);
                vec![
                    ("bridge_domain_id", domain.map(Value::from)),
                    ("outgoing_interface_sw_if_idx", outgoing.map(Value::from)),
                ]
            }),
            table::XCONNECT => value.downcast_ref::<XConnectPair>().map_or_else(Vec::new, |pair| {
                let ends = [&pair.receive_interface, &pair.transmit_interface];
                let [from, to] = ends.map(|name| index(name).map(Value::from));
                vec![("receive_interface_sw_if_idx", from), ("transmit_interface_sw_if_idx", to)]
            }),
            table::ROUTE => value.downcast_ref::<Route>().map_or_else(Vec::new, |route| {
                let outgoing = index(&route.outgoing_interface).map(Value::from);
                let is_ipv6 = route.dst_network.contains(':');
                vec![("OutgoingIfIdx", outgoing), ("IsIPv6", Some(is_ipv6.into()))]
            }),
            table::ARP => {
                let arp = value.downcast_ref::<ArpEntry>();
                vec![("SwIfIndex", arp.and_then(|arp| index(&arp.interface)).map(Value::from))]
            }
            table::LINUX_INTERFACE => {
                vec![("linux_if_index", known(item).get("LinuxIfIndex").cloned())]
            }
            table::LINUX_ROUTE => {
                value.downcast_ref::<l3::Route>().map_or_else(Vec::new, |route| {
                    let link = self.links.get(&route.outgoing_interface).copied();
                    let table = known(item).get("Table").or(known(item).get("table")).cloned();
                    vec![("interface_index", link.map(Value::from)), ("table", table)]
                })
            }
            table::LINUX_ARP => {
                let arp = value.downcast_ref::<l3::ArpEntry>();
                let link = arp.and_then(|arp| self.links.get(&arp.interface)).copied();
                vec![("interface_index", link.map(Value::from))]
            }
            _ => Vec::new(),
        };
        let present =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(present.collect())
    }
}

fn interface(item: &DumpItem) -> Vec<(&'static str, Option<Value>)> {
    let meta = known(item);
    let number = meta.get("SwIfIndex").cloned();
    let value = item.value.downcast_ref::<Interface>();
    let parent = match value.and_then(|interface| interface.link.as_ref()) {
        // The index of the interface it belongs to is not among what is known.
        Some(ligato_proto::vpp::interfaces::interface::Link::Sub(_)) => None,
        _ => number.clone(),
    };
    let vrf = value.map(|interface| json!(interface.vrf));
    vec![
        ("sw_if_index", number),
        ("sub_sw_if_index", parent),
        ("internal_name", meta.get("InternalName").cloned()),
        ("dev_type", meta.get("DevType").cloned()),
        ("is_admin_state_up", value.map(|interface| json!(interface.enabled))),
        ("link_mtu", value.map(|interface| json!(interface.mtu))),
        ("tag", value.map(|interface| json!(interface.name))),
        ("dhcp", Some(Value::Null)),
        ("vrf_ipv4", vrf.clone()),
        ("vrf_ipv6", vrf),
    ]
}

/// The metadata of a value.
fn known(item: &DumpItem) -> Value {
    item.metadata.as_ref().map_or_else(|| Map::new().into(), ligato_kvs_api::Metadata::to_json)
}
