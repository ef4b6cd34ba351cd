//! The descriptors of the workloads over a southbound of maps.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use ligato_kvs_api::{
    AnyRetrieved, Availability, Capabilities, Dependency, DynDescriptor, Invalid, KeyPattern,
    Known, Metadata, NotificationSink, OpError, OpFuture, Origin, SouthboundName,
};
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::{
    interfaces::Interface,
    l2::XConnectPair,
    l3::{Route, VrfTable},
};
use rustc_hash::FxHashMap;
use tokio_util::sync::CancellationToken;

/// Which of the five descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In a and b: nothing derived, no metadata.
    PlainInterface,
    Interface,
    Address,
    Vrf,
    Route,
    CrossConnect,
}

/// Calls counted by all descriptors of a run.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) create: AtomicU64,
    pub(crate) update: AtomicU64,
    pub(crate) delete: AtomicU64,
}

/// One descriptor with its part of the southbound.
pub(crate) struct BenchKind {
    kind: Kind,
    keys: [KeyPattern; 1],
    pub(crate) values: Mutex<FxHashMap<Key, Value>>,
    calls: Arc<Calls>,
}

impl BenchKind {
    pub(crate) fn new(kind: Kind, calls: &Arc<Calls>) -> Arc<Self> {
        let pattern = match kind {
            Kind::PlainInterface | Kind::Interface => "config/vpp/v2/interfaces/{name}",
            Kind::Address => "vpp/interface/{if}/address/static/{ip}",
            Kind::Vrf => "config/vpp/v2/vrf-table/id/{id}/protocol/{protocol}",
            Kind::Route => "config/vpp/v2/route/{name}",
            Kind::CrossConnect => "config/vpp/l2/v2/xconnect/{name}",
        };
        let (keys, values) = ([KeyPattern::new(pattern)], Mutex::default());
        Arc::new(Self { kind, keys, values, calls: Arc::clone(calls) })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, FxHashMap<Key, Value>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn metadata(&self) -> Option<Metadata> {
        (self.kind == Kind::Interface).then(|| Metadata::new(self.calls.create.load(Relaxed)))
    }
}

fn ready<T: Send + 'static>(value: T) -> OpFuture<T> {
    Box::pin(std::future::ready(Ok(value)))
}

fn valid(condition: bool, field: &str) -> Result<(), Invalid> {
    if condition { Ok(()) } else { Err(Invalid::field(field, "is invalid")) }
}

fn is_cidr(text: &str) -> bool {
    text.parse::<ipnet::IpNet>().is_ok()
}

fn is_network(text: &str) -> bool {
    text.parse::<ipnet::IpNet>().is_ok_and(|net| net.addr() == net.network())
}

impl DynDescriptor for BenchKind {
    fn name(&self) -> &str {
        match self.kind {
            Kind::PlainInterface | Kind::Interface => "vpp-interface",
            Kind::Address => "vpp-interface-address",
            Kind::Vrf => "vpp-vrf-table",
            Kind::Route => "vpp-route",
            Kind::CrossConnect => "vpp-xconnect",
        }
    }

    fn keys(&self) -> &[KeyPattern] {
        &self.keys
    }

    fn nb_key_prefix(&self) -> Option<&str> {
        (self.kind != Kind::Address).then(|| self.keys[0].literal_prefix())
    }

    fn value_type(&self) -> &str {
        "ligato.vpp"
    }

    fn with_metadata(&self) -> bool {
        self.kind == Kind::Interface
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            create: true,
            update: self.kind != Kind::CrossConnect,
            delete: true,
            retrieve: self.kind != Kind::Address,
        }
    }

    fn retrieve_after(&self) -> &[&str] {
        match self.kind {
            Kind::Route => &["vpp-interface", "vpp-vrf-table"],
            Kind::CrossConnect => &["vpp-interface"],
            _ => &[],
        }
    }

    fn southbound(&self) -> SouthboundName {
        "bench"
    }

    fn availability(&self) -> Availability {
        Availability::Up { incarnation: 0, abilities: 0 }
    }

    fn validate(&self, key: &Key, value: &Value) -> Result<(), Invalid> {
        match self.kind {
            Kind::PlainInterface | Kind::Interface => {
                let Some(value) = value.downcast_ref::<Interface>() else {
                    return Err(Invalid::value("not an interface"));
                };
                valid((1..=63).contains(&value.name.len()), "name")?;
                valid(value.r#type != 0, "type")?;
                valid(value.ip_addresses.iter().all(|ip| is_cidr(ip)), "ip_addresses")
            }
            Kind::Address => {
                valid(self.keys[0].parse(key).is_some_and(|p| is_cidr(p[1])), "address")
            }
            Kind::Vrf => {
                let value = value.downcast_ref::<VrfTable>();
                valid(value.is_some_and(|v| v.label.len() <= 63), "label")
            }
            Kind::Route => {
                let Some(value) = value.downcast_ref::<Route>() else {
                    return Err(Invalid::value("not a route"));
                };
                valid(is_network(&value.dst_network), "dst_network")?;
                valid(value.next_hop_addr.parse::<std::net::IpAddr>().is_ok(), "next_hop_addr")
            }
            Kind::CrossConnect => {
                let value = value.downcast_ref::<XConnectPair>();
                valid(value.is_some_and(|v| v.receive_interface != v.transmit_interface), "pair")
            }
        }
    }

    fn supported(&self, _: &Key, _: &Value) -> Result<(), OpError> {
        Ok(())
    }

    fn equivalent(&self, _: &Key, old: &Value, new: &Value) -> bool {
        if let (Some(old), Some(new)) = (old.downcast_ref::<Route>(), new.downcast_ref::<Route>()) {
            return old.r#type == new.r#type
                && (old.vrf_id, old.via_vrf_id) == (new.vrf_id, new.via_vrf_id)
                && old.outgoing_interface == new.outgoing_interface
                && (old.weight, old.preference) == (new.weight, new.preference)
                && old.dst_network.parse::<ipnet::IpNet>() == new.dst_network.parse()
                && old.next_hop_addr.parse::<std::net::IpAddr>() == new.next_hop_addr.parse();
        }
        old == new
    }

    fn derive(&self, _: &Key, value: &Value) -> Vec<(Key, Value)> {
        let Some(value) =
            value.downcast_ref::<Interface>().filter(|_| self.kind == Kind::Interface)
        else {
            return Vec::new();
        };
        let mut derived: Vec<(Key, Value)> = value
            .ip_addresses
            .iter()
            .map(|ip| format!("vpp/interface/{}/address/static/{ip}", value.name))
            .map(|key| (Key::from(key), Value::empty()))
            .collect();
        if value.enabled {
            let key = format!("vpp/interface/{}/link-state/UP", value.name);
            derived.push((Key::from(key), Value::empty()));
        }
        derived
    }

    fn dependencies(&self, _: &Key, value: &Value) -> Vec<Dependency> {
        if let Some(route) = value.downcast_ref::<Route>() {
            let vrf = VrfTable { id: route.vrf_id, ..VrfTable::default() };
            return vec![
                Dependency::on("interface-exists", Interface::key_of(&route.outgoing_interface)),
                Dependency::on("vrf-table-exists", vrf.key()),
            ];
        }
        if let Some(pair) = value.downcast_ref::<XConnectPair>() {
            let key = Interface::key_of(&pair.receive_interface);
            return vec![Dependency::on("rx-interface-exists", key)];
        }
        Vec::new()
    }

    fn needs_recreate(&self, _: &Key, _: &Value, _: &Value, _: Option<&Metadata>) -> bool {
        false
    }

    fn create(&self, key: &Key, value: &Value) -> OpFuture<Option<Metadata>> {
        self.calls.create.fetch_add(1, Relaxed);
        if self.kind != Kind::Address {
            self.lock().insert(key.clone(), value.clone());
        }
        ready(self.metadata())
    }

    fn delete(&self, key: &Key, _: &Value, _: Option<&Metadata>) -> OpFuture<()> {
        self.calls.delete.fetch_add(1, Relaxed);
        self.lock().remove(key);
        ready(())
    }

    fn update(
        &self,
        key: &Key,
        _: &Value,
        new: &Value,
        metadata: Option<&Metadata>,
    ) -> OpFuture<Option<Metadata>> {
        self.calls.update.fetch_add(1, Relaxed);
        self.lock().insert(key.clone(), new.clone());
        ready(metadata.cloned())
    }

    fn retrieve(&self, _: Known) -> OpFuture<Vec<AnyRetrieved>> {
        let found = self
            .lock()
            .iter()
            .map(|(key, value)| AnyRetrieved {
                key: key.clone(),
                value: value.clone(),
                metadata: self.metadata(),
                origin: Origin::Nb,
            })
            .collect();
        ready(found)
    }

    fn index(&self, _: &Key, _: &Value, _: Option<&Metadata>) {}

    fn watch(
        &self,
        _: NotificationSink,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { cancel.cancelled().await })
    }
}
