//! The configuration that is measured: one interface, and routes over it.

use std::net::Ipv4Addr;

use ligato_client::Change;
use ligato_model::{Model, Value};
use ligato_proto::vpp::{
    interfaces::{Interface, interface},
    l3::Route,
};
use ligato_vpp_api::{
    List,
    msg::ip::{IpRoute, IpRouteAddDel},
    types::{AddressUnion, FibPath, FibPathNh, FibPathNhProto, Prefix},
};

/// "No label", as the agent writes it.
const NO_LABEL: u32 = 0x10_0000;
/// Name of the interface.
const INTERFACE: &str = "loop1";
/// Values besides the routes: the interface; what is derived from it is not counted.
pub(crate) const OTHERS: usize = 1;

/// The interface.
pub(crate) fn interface() -> (ligato_model::Key, Value) {
    let value = Interface {
        name: INTERFACE.to_owned(),
        r#type: interface::Type::SoftwareLoopback.into(),
        enabled: true,
        ip_addresses: vec!["10.10.0.1/16".to_owned()],
        ..Interface::default()
    };
    (value.key(), Value::new(value))
}

/// Route `n` over its `path`-th next hop.
fn route(n: u32, path: u32) -> Route {
    Route {
        dst_network: format!("{}/32", destination(n)),
        next_hop_addr: next_hop(path).to_string(),
        outgoing_interface: INTERFACE.to_owned(),
        weight: 1,
        ..Route::default()
    }
}

fn destination(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x1400_0000 + n)
}

fn next_hop(path: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a0a_0002 + path)
}

/// So many routes with so many paths each, as values.
pub(crate) fn routes(count: u32, paths: u32) -> impl Iterator<Item = (ligato_model::Key, Value)> {
    let pairs = (0..count).flat_map(move |n| (0..paths).map(move |path| (n, path)));
    pairs.map(|(n, path)| {
        let route = route(n, path);
        (route.key(), Value::new(route))
    })
}

/// The `n`-th of the routes that are changed one by one.
pub(crate) fn change(n: u32) -> (ligato_model::Key, Value) {
    let route = route(0x0100_0000 + n, 0);
    (route.key(), Value::new(route))
}

/// As a change of what is wanted.
pub(crate) fn put((key, value): (ligato_model::Key, Value)) -> Change {
    Change::put(key, value)
}

/// The messages by which the agent adds the same routes, for the interface of this index.
pub(crate) fn messages(count: u32, paths: u32, sw_if_index: u32) -> Vec<IpRouteAddDel> {
    let pairs = (0..count).flat_map(move |n| (0..paths).map(move |path| (n, path)));
    let message = |(n, path): (u32, u32)| {
        let path = FibPath {
            sw_if_index,
            weight: 1,
            proto: FibPathNhProto::IP4,
            nh: FibPathNh {
                address: AddressUnion::from(std::net::IpAddr::V4(next_hop(path))),
                via_label: NO_LABEL,
                classify_table_index: u32::MAX,
                ..FibPathNh::default()
            },
            ..FibPath::default()
        };
        IpRouteAddDel {
            is_add: true,
            is_multipath: true,
            route: IpRoute {
                prefix: Prefix::new(std::net::IpAddr::V4(destination(n)), 32),
                paths: List::new(vec![path]).unwrap(),
                ..IpRoute::default()
            },
        }
    };
    pairs.map(message).collect()
}
