//! A VPP, real or simulated, with the kinds over its socket and the least a scheduler does: derived values in the order
//! of their dependencies, metadata into the index, everything known given to a read-back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ligato_kvs_api::{AnyKnown, AnyRetrieved, DynDescriptor, Metadata, OpError, Origin};
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::interfaces::Interface;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_ctx::{InterfaceMeta, LinuxNames, Settings, VppCtx};
use ligato_vpp_if::{descriptors, watchers};
use ligato_vpp_sim::Sim;

pub(crate) struct Bench {
    pub(crate) ctx: Arc<VppCtx>,
    kinds: Vec<Arc<dyn DynDescriptor>>,
    applied: BTreeMap<Key, (Value, Option<Metadata>)>,
}

pub(crate) async fn sim() -> Sim {
    Sim::builder().host_interfaces(|name| name.starts_with("veth")).start().await.unwrap()
}

/// Interfaces of Linux whose logical names tell those in the kernel.
struct Linux;

impl LinuxNames for Linux {
    fn host_name(&self, logical_name: &str) -> Option<String> {
        logical_name.strip_prefix("linux-").map(str::to_owned)
    }
}

/// A simulator of a release.
pub(crate) async fn sim_of(release: &str) -> Sim {
    Sim::builder().release(release).start().await.unwrap()
}

impl Bench {
    /// Over the simulator.
    pub(crate) async fn over(sim: &Sim) -> Self {
        Self::connect(Options::new(sim.socket_path()), Settings::default()).await
    }

    pub(crate) async fn with(sim: &Sim, settings: Settings) -> Self {
        Self::connect(Options::new(sim.socket_path()), settings).await
    }

    pub(crate) async fn connect(options: Options, settings: Settings) -> Self {
        let client = VppClient::start(options);
        tokio::time::timeout(Duration::from_secs(10), client.connected()).await.unwrap().unwrap();
        Self::with_client(client, settings)
    }

    /// Over a client that need not be connected.
    pub(crate) fn unconnected(socket: &Path) -> Self {
        Self::with_client(VppClient::start(Options::new(socket)), Settings::default())
    }

    fn with_client(client: VppClient, settings: Settings) -> Self {
        let ctx = VppCtx::new(client, settings, watchers()).with_linux(Box::new(Linux));
        let ctx = Arc::new(ctx);
        Self { kinds: descriptors(&ctx), ctx, applied: BTreeMap::new() }
    }

    /// From now on no Linux interface is known.
    pub(crate) fn forget_linux(&mut self) {
        let ctx = VppCtx::new(self.ctx.client().clone(), Settings::default(), watchers());
        for item in self.ctx.interfaces().snapshot().iter() {
            ctx.interfaces().put(item.name, (**item.data).clone());
        }
        self.ctx = Arc::new(ctx);
        self.kinds = descriptors(&self.ctx);
    }

    /// The kind of a name.
    pub(crate) fn named(&self, name: &str) -> Arc<dyn DynDescriptor> {
        self.kinds.iter().find(|kind| kind.name() == name).unwrap().clone()
    }

    fn kind(&self, key: &str) -> Option<Arc<dyn DynDescriptor>> {
        self.kinds.iter().find(|kind| kind.selects(key)).cloned()
    }

    pub(crate) fn interfaces(&self) -> Arc<dyn DynDescriptor> {
        self.kind("config/vpp/v2/interfaces/any").unwrap()
    }

    /// Creates an interface and what is derived from it.
    pub(crate) async fn create(&mut self, value: Interface) -> Result<(), OpError> {
        let key = value.key();
        self.put(&key, Value::new(value.clone())).await?;
        for (key, value) in self.in_order(&key, &Value::new(value)) {
            self.put(&key, value).await?;
        }
        Ok(())
    }

    /// Derived values with an owner: the VRF first, addresses next, the rest behind them.
    fn in_order(&self, key: &Key, value: &Value) -> Vec<(Key, Value)> {
        let rank = |key: &Key| match () {
            () if key.contains("/vrf/") => 0,
            () if key.contains("/address/") => 1,
            () => 2,
        };
        let mut derived = self.interfaces().derive(key, value);
        derived.retain(|(key, _)| self.kind(key).is_some());
        derived.sort_by_key(|(key, _)| rank(key));
        derived
    }

    /// Creates or updates one value.
    pub(crate) async fn put(&mut self, key: &Key, value: Value) -> Result<(), OpError> {
        let kind = self.kind(key).unwrap();
        kind.validate(key, &value)?;
        kind.supported(key, &value)?;
        let meta = match self.applied.get(key) {
            None => kind.create(key, &value).await?,
            Some((old, meta)) if kind.equivalent(key, old, &value) => meta.clone(),
            Some((old, meta)) if kind.needs_recreate(key, old, &value, meta.as_ref()) => {
                kind.delete(key, old, meta.as_ref()).await?;
                kind.create(key, &value).await?
            }
            Some((old, meta)) => kind.update(key, old, &value, meta.as_ref()).await?,
        };
        kind.index(key, &value, meta.as_ref());
        self.applied.insert(key.clone(), (value, meta));
        Ok(())
    }

    /// Changes an interface; what is derived no more goes first, what is derived anew comes last.
    pub(crate) async fn update(&mut self, value: Interface) -> Result<(), OpError> {
        let key = value.key();
        let (old, meta) = self.applied.get(&key).unwrap().clone();
        let new = Value::new(value.clone());
        let kind = self.interfaces();
        if !kind.equivalent(&key, &old, &new)
            && kind.needs_recreate(&key, &old, &new, meta.as_ref())
        {
            // With it goes what is derived from it.
            self.delete(&value.name).await?;
            return self.create(value).await;
        }
        let wanted = self.in_order(&key, &new);
        let derived = self.in_order(&key, &old);
        let kept = |key: &Key| wanted.iter().any(|(wanted, _)| wanted == key);
        // Addresses depend on the VRF.
        let moved = derived.iter().any(|(key, _)| key.contains("/vrf/") && !kept(key));
        for (key, _) in derived.iter().rev() {
            if !kept(key) || (moved && key.contains("/address/")) {
                self.remove(key).await?;
            }
        }
        self.put(&key, new).await?;
        for (key, value) in wanted {
            self.put(&key, value).await?;
        }
        Ok(())
    }

    /// Deletes an interface and what is derived from it.
    pub(crate) async fn delete(&mut self, name: &str) -> Result<(), OpError> {
        let key = Interface::key_of(name);
        let value = self.applied.get(&key).unwrap().0.clone();
        for (key, _) in self.in_order(&key, &value).iter().rev() {
            self.remove(key).await?;
        }
        self.remove(&key).await
    }

    pub(crate) async fn remove(&mut self, key: &Key) -> Result<(), OpError> {
        let kind = self.kind(key).unwrap();
        let Some((value, meta)) = self.applied.remove(key) else { return Ok(()) };
        kind.delete(key, &value, meta.as_ref()).await?;
        kind.index(key, &value, None);
        Ok(())
    }

    /// Reads the interfaces back, with those wanted as the correlation.
    pub(crate) async fn read_back(&self, wanted: &[Interface]) -> Vec<AnyRetrieved> {
        let mut known: Vec<AnyKnown> = wanted
            .iter()
            .map(|value| AnyKnown {
                key: value.key(),
                value: Value::new(value.clone()),
                metadata: self.applied.get(&value.key()).and_then(|(_, meta)| meta.clone()),
                origin: Origin::Nb,
                wanted: true,
            })
            .collect();
        known.sort_by(|a, b| a.key.cmp(&b.key));
        self.interfaces().retrieve(known.into()).await.unwrap()
    }

    /// Reads the links back.
    pub(crate) async fn links(&self) -> Vec<AnyRetrieved> {
        self.retrieve("vpp/interface/any/link-state/UP").await
    }

    /// Reads back the kind that owns a key.
    pub(crate) async fn retrieve(&self, key: &str) -> Vec<AnyRetrieved> {
        self.kind(key).unwrap().retrieve(Vec::new().into()).await.unwrap()
    }

    /// Forgets everything, as a read-back of a VPP that lost its state makes the scheduler do.
    pub(crate) fn forget(&mut self) {
        for (key, (value, _)) in std::mem::take(&mut self.applied) {
            if let Some(kind) = self.kind(&key) {
                kind.index(&key, &value, None);
            }
        }
    }

    /// Whether the interfaces found are those wanted and nothing is left to do.
    pub(crate) async fn assert_in_place(&self, wanted: &[Interface]) {
        let found = self.read_back(wanted).await;
        let kind = self.interfaces();
        let mut ours: Vec<&AnyRetrieved> =
            found.iter().filter(|found| found.origin == Origin::Nb).collect();
        for value in wanted {
            let (key, new) = (value.key(), Value::new(value.clone()));
            let at = ours.iter().position(|found| found.key == key);
            let old = ours.remove(at.unwrap_or_else(|| panic!("{key} is not in VPP: {found:#?}")));
            assert!(
                kind.equivalent(&key, &old.value, &new),
                "found  {:?}\nwanted {value:?}",
                old.value
            );
            let derived = |value| {
                let mut derived = self.in_order(&key, value);
                derived.sort_by(|a, b| a.0.cmp(&b.0));
                derived
            };
            let (found, wanted) = (derived(&old.value), derived(&new));
            assert_eq!(
                found.iter().map(|(key, _)| key).collect::<Vec<_>>(),
                wanted.iter().map(|(key, _)| key).collect::<Vec<_>>()
            );
            for ((key, old), (_, new)) in found.iter().zip(&wanted) {
                let kind = self.kind(key).unwrap();
                assert!(kind.equivalent(key, old, new), "{key}: {old:?} / {new:?}");
            }
        }
        assert!(ours.is_empty(), "left in VPP: {ours:#?}");
    }

    /// Whether the last of these is found as it is wanted, and so is what is derived from it.
    pub(crate) async fn is_in_place(&self, wanted: &[Interface]) -> bool {
        let value = wanted.last().unwrap();
        let (key, new) = (value.key(), Value::new(value.clone()));
        let found = self.read_back(wanted).await;
        let Some(found) = found.iter().find(|found| found.key == key) else { return false };
        let kind = self.interfaces();
        let derived = |value| -> BTreeMap<Key, Value> {
            let derived = kind.derive(&key, value).into_iter();
            derived.filter(|(key, _)| self.kind(key).is_some()).collect()
        };
        let (old, wanted) = (derived(&found.value), derived(&new));
        kind.equivalent(&key, &found.value, &new)
            && old.len() == wanted.len()
            && wanted.iter().all(|(key, new)| {
                let kind = self.kind(key).unwrap();
                old.get(key).is_some_and(|old| kind.equivalent(key, old, new))
            })
    }

    pub(crate) fn meta(&self, name: &str) -> Arc<InterfaceMeta> {
        self.ctx.interface(name).unwrap()
    }
}
