//! Values of the workloads, as the peer's figures define them.

use ligato_kvs_api::ValueChange;
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::{
    interfaces::{Interface, interface},
    l2::XConnectPair,
    l3::{Route, VrfTable},
};

/// What a graph of `base` values consists of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) interfaces: usize,
    pub(crate) vrfs: usize,
    pub(crate) routes: usize,
}

impl Shape {
    /// For c: a tenth as many interfaces and VRFs as routes.
    pub(crate) fn of_routes(routes: usize) -> Self {
        Self { interfaces: routes / 10, vrfs: routes / 10, routes }
    }

    /// For d, e, f: a twelfth interfaces, a twelfth VRFs, the rest routes.
    pub(crate) fn of_base(base: usize) -> Self {
        let (interfaces, vrfs) = (base / 12, base / 12);
        Self { interfaces, vrfs, routes: base - interfaces - vrfs }
    }
}

fn ip(b: u8, i: usize) -> String {
    format!("{b}.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255)
}

fn change<M: Model>(message: M) -> ValueChange {
    ValueChange::put(message.key(), Value::new(message))
}

pub(crate) fn interface_name(i: usize) -> String {
    format!("if{i:06}")
}

pub(crate) fn interface_key(i: usize) -> Key {
    Interface::key_of(&interface_name(i))
}

pub(crate) fn interface(i: usize) -> ValueChange {
    change(Interface {
        name: interface_name(i),
        r#type: interface::Type::SoftwareLoopback.into(),
        enabled: true,
        phys_address: format!(
            "02:00:{:02x}:{:02x}:{:02x}:{:02x}",
            i >> 24 & 255,
            i >> 16 & 255,
            i >> 8 & 255,
            i & 255
        ),
        ip_addresses: vec![format!("{}/32", ip(10, i))],
        mtu: 1500,
        ..Interface::default()
    })
}

/// From 1.
pub(crate) fn vrf(v: usize) -> ValueChange {
    change(VrfTable { id: v as u32, label: format!("vrf-{v}"), ..VrfTable::default() })
}

pub(crate) fn route(i: usize, shape: Shape, preference: u32) -> ValueChange {
    let on = i % shape.interfaces.max(1);
    change(Route {
        vrf_id: (i % shape.vrfs.max(1)) as u32 + 1,
        dst_network: format!("{}/32", ip(20, i)),
        next_hop_addr: ip(10, on),
        outgoing_interface: interface_name(on),
        weight: 1,
        preference,
        ..Route::default()
    })
}

pub(crate) fn cross_connect(i: usize) -> ValueChange {
    change(XConnectPair {
        receive_interface: interface_name(i),
        transmit_interface: interface_name(i + 1),
    })
}

pub(crate) fn base(shape: Shape) -> Vec<ValueChange> {
    (0..shape.interfaces).map(interface).chain((1..=shape.vrfs).map(vrf)).collect()
}

pub(crate) fn routes(shape: Shape) -> Vec<ValueChange> {
    (0..shape.routes).map(|i| route(i, shape, 0)).collect()
}

/// Interfaces, VRFs and routes, made one by one.
pub(crate) fn all(shape: Shape) -> impl Iterator<Item = ValueChange> {
    let base = (0..shape.interfaces).map(interface).chain((1..=shape.vrfs).map(vrf));
    base.chain((0..shape.routes).map(move |i| route(i, shape, 0)))
}
