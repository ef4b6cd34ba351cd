//! A southbound in throw-away namespaces, and what is in them as `ip` sees it.
#![expect(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "shared by several test programs, none of which uses all of it"
)]

use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::sync::Arc;

use ligato_kvs_api::{AnyKnown, AnyRetrieved, DynDescriptor, Metadata, OpError, Origin};
use ligato_linux_ctx::{LinuxCtx, LinuxCtxBuilder};
use ligato_model::{Key, Model, Value};
use ligato_netlink::{Namespace, Netlink, create_anonymous, delete_named};
use ligato_proto::linux::interfaces::interface::{Link as LinkOf, Type};
use ligato_proto::linux::interfaces::{Interface, VethLink, VrfDevLink};
use ligato_proto::linux::namespace::NetNamespace;
use ligato_proto::linux::namespace::net_namespace::ReferenceType;

/// The service label of the tests.
pub const LABEL: &str = "test1";

/// Makes the kinds under test.
pub type Kinds = fn(&Arc<LinuxCtx>) -> Vec<Arc<dyn DynDescriptor>>;

/// The smallest thing that applies values: no order, no waiting, no retries. What is applied and
/// derived is remembered, to be compared with what is read back.
pub struct Rig {
    pub ctx: Arc<LinuxCtx>,
    /// The default namespace of the southbound.
    pub home: Netlink,
    kinds: Kinds,
    descriptors: Vec<Arc<dyn DynDescriptor>>,
    applied: BTreeMap<Key, Applied>,
}

#[derive(Clone)]
struct Applied {
    value: Value,
    meta: Option<Metadata>,
    derived: Vec<Key>,
    base: bool,
}

impl Rig {
    /// Nothing, said aloud, when the test may not make namespaces.
    pub async fn new(kinds: Kinds) -> Option<Rig> {
        Rig::with(kinds, |builder| builder).await
    }

    pub async fn with(
        kinds: Kinds,
        more: impl FnOnce(LinuxCtxBuilder) -> LinuxCtxBuilder,
    ) -> Option<Rig> {
        let namespace = match create_anonymous().await {
            Ok(namespace) => namespace,
            Err(e) => {
                skip(&e.to_string());
                return None;
            }
        };
        let home = Netlink::open(&namespace).await.unwrap();
        let builder = LinuxCtx::builder(LABEL).default_namespace(namespace);
        let ctx = Arc::new(more(builder).build().unwrap());
        let descriptors = kinds(&ctx);
        Some(Rig { ctx, home, kinds, descriptors, applied: BTreeMap::new() })
    }

    /// Creates or changes a value and everything derived from it.
    pub async fn put<M: Model>(&mut self, value: M) -> Result<(), OpError> {
        let key = value.key();
        let value = Value::new(value);
        let descriptor = self.owner(&key).unwrap();
        descriptor.validate(&key, &value).map_err(OpError::Invalid)?;
        let mut old = self.applied.get(&key).cloned();
        if let Some(applied) = &old
            && !descriptor.equivalent(&key, &applied.value, &value)
            && descriptor.needs_recreate(&key, &applied.value, &value, applied.meta.as_ref())
        {
            self.remove(&key).await?;
            old = None;
        }
        let meta = match &old {
            None => descriptor.create(&key, &value).await?,
            Some(old) if descriptor.equivalent(&key, &old.value, &value) => old.meta.clone(),
            Some(old) => descriptor.update(&key, &old.value, &value, old.meta.as_ref()).await?,
        };
        descriptor.index(&key, &value, meta.as_ref());
        let wanted = descriptor.derive(&key, &value);
        let mut before = old.map(|old| old.derived).unwrap_or_default();
        if before.iter().any(|key| !wanted.iter().any(|(k, _)| k == key)) {
            // What is left may depend on what is gone.
            for key in before.drain(..).rev() {
                self.remove_one(&key).await?;
            }
        }
        let derived = wanted.iter().map(|(key, _)| key.clone()).collect();
        self.applied.insert(key, Applied { value, meta, derived, base: true });
        for (key, value) in wanted.into_iter().filter(|(key, _)| !before.contains(key)) {
            if let Some(descriptor) = self.owner(&key) {
                descriptor.validate(&key, &value).map_err(OpError::Invalid)?;
                let meta = descriptor.create(&key, &value).await?;
                let applied = Applied { value, meta, derived: Vec::new(), base: false };
                self.applied.insert(key, applied);
            }
        }
        Ok(())
    }

    /// Deletes a value, what is derived from it first.
    pub async fn remove(&mut self, key: &Key) -> Result<(), OpError> {
        let derived = self.applied.get(key).unwrap().derived.clone();
        for derived in derived.iter().rev() {
            self.remove_one(derived).await?;
        }
        self.remove_one(key).await
    }

    /// Deletes the one derived value whose key ends like that.
    pub async fn remove_derived(&mut self, base: &Key, end: &str) -> Result<(), OpError> {
        let derived = self.applied.get(base).unwrap().derived.clone();
        let key = derived.iter().find(|key| key.ends_with(end)).unwrap();
        self.remove_one(key).await
    }

    async fn remove_one(&mut self, key: &Key) -> Result<(), OpError> {
        let Some(descriptor) = self.owner(key) else { return Ok(()) };
        let Some(Applied { value, meta, .. }) = self.applied.get(key).cloned() else {
            return Ok(());
        };
        descriptor.delete(key, &value, meta.as_ref()).await?;
        descriptor.index(key, &value, None);
        self.applied.remove(key);
        Ok(())
    }

    /// What the descriptor finds.
    pub async fn read_back(&self, name: &str) -> Vec<AnyRetrieved> {
        let descriptor = self.descriptors.iter().find(|d| d.name() == name).unwrap();
        let known: Vec<AnyKnown> = self
            .applied
            .iter()
            .filter(|(key, applied)| applied.base && descriptor.selects(key))
            .map(|(key, applied)| AnyKnown {
                key: key.clone(),
                value: applied.value.clone(),
                metadata: applied.meta.clone(),
                origin: Origin::Nb,
                wanted: true,
            })
            .collect();
        descriptor.retrieve(known.into()).await.unwrap()
    }

    /// The differences between what is applied and what is read back: what a resync would do.
    pub async fn differences(&self, name: &str) -> Vec<String> {
        let descriptor = self.descriptors.iter().find(|d| d.name() == name).unwrap();
        let found = self.read_back(name).await;
        let mut differences = Vec::new();
        let wanted = self.applied.iter().filter(|(key, a)| a.base && descriptor.selects(key));
        for (key, applied) in wanted {
            let Some(found) = found.iter().find(|f| f.key == *key) else {
                differences.push(format!("missing {key}"));
                continue;
            };
            if !descriptor.equivalent(key, &found.value, &applied.value) {
                differences.push(format!("differs {key}: {:?}", found.value));
            }
            let mut derived: Vec<Key> =
                descriptor.derive(key, &found.value).into_iter().map(|(key, _)| key).collect();
            derived.sort();
            let mut expected = applied.derived.clone();
            expected.sort();
            if derived != expected {
                differences.push(format!("derived {derived:?} instead of {expected:?}"));
            }
        }
        let extra = found.iter().filter(|f| f.origin == Origin::Nb);
        for found in extra.filter(|f| !self.applied.contains_key(&f.key)) {
            differences.push(format!("extra {}", found.key));
        }
        differences
    }

    /// A resync of the interfaces would write nothing.
    pub async fn in_sync(&self) {
        let differences = self.differences("linux-interface").await;
        assert!(differences.is_empty(), "{differences:#?}");
    }

    /// A new agent over the same kernel: it knows what is wanted, and reads back what is there.
    pub async fn restart(&mut self) {
        let namespace = self.home.namespace().clone();
        let ctx = LinuxCtx::builder(LABEL).default_namespace(namespace).build().unwrap();
        self.ctx = Arc::new(ctx);
        self.descriptors = (self.kinds)(&self.ctx);
        for found in self.read_back("linux-interface").await {
            let descriptor = self.owner(&found.key).unwrap();
            descriptor.index(&found.key, &found.value, found.metadata.as_ref());
            if let Some(applied) = self.applied.get_mut(&found.key) {
                applied.meta = found.metadata;
            }
        }
    }

    fn owner(&self, key: &Key) -> Option<Arc<dyn DynDescriptor>> {
        self.descriptors
            .iter()
            .filter(|d| d.selects(key))
            .max_by_key(|d| d.keys().iter().map(|k| k.literal_prefix().len()).max())
            .cloned()
    }
}

/// A name for a namespace of this test; the namespace is deleted at the end.
pub struct Named(pub String);

impl Named {
    pub fn new(what: &str) -> Named {
        Named(format!("t{}-{what}", std::process::id()))
    }

    pub fn reference(&self) -> Option<NetNamespace> {
        Some(NetNamespace { r#type: ReferenceType::Nsid.into(), reference: self.0.clone() })
    }

    pub async fn open(&self) -> Netlink {
        let reference = ligato_netlink::NamespaceRef::Name(self.0.clone());
        Netlink::open(&Namespace::open(&reference).unwrap()).await.unwrap()
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        // It was not made if the test ended early.
        let _ = delete_named(&self.0);
    }
}

pub fn interface(name: &str, kind: Type) -> Interface {
    Interface { name: name.into(), r#type: kind.into(), enabled: true, ..Interface::default() }
}

pub fn veth(name: &str, peer: &str) -> Interface {
    let link = VethLink { peer_if_name: peer.into(), ..VethLink::default() };
    Interface { link: Some(LinkOf::Veth(link)), ..interface(name, Type::Veth) }
}

pub fn vrf(name: &str, table: u32) -> Interface {
    let link = VrfDevLink { routing_table: table };
    Interface { link: Some(LinkOf::VrfDev(link)), ..interface(name, Type::VrfDevice) }
}

/// What `ip -j -d ARGS` prints inside the namespace.
pub fn ip(netlink: &Netlink, args: &str) -> serde_json::Value {
    let fd = netlink.namespace().as_fd().as_raw_fd();
    let out = Command::new("nsenter")
        .arg(format!("--net=/proc/{}/fd/{fd}", std::process::id()))
        .args(["ip", "-j", "-d"])
        .args(args.split_whitespace())
        .output()
        .unwrap();
    assert!(out.status.success(), "ip {args}: {}", String::from_utf8_lossy(&out.stderr));
    if out.stdout.is_empty() {
        return serde_json::Value::Null;
    }
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Names of the links in the namespace, sorted; without the tunnels that some kernels put into every
/// new namespace.
pub fn link_names(netlink: &Netlink) -> Vec<String> {
    let kinds = ["veth", "dummy", "vrf", "tun"];
    let ours = |link: &&serde_json::Value| {
        link["link_type"] == "loopback"
            || kinds.iter().any(|kind| link["linkinfo"]["info_kind"] == *kind)
    };
    let links = ip(netlink, "link show");
    let links = links.as_array().unwrap().iter().filter(ours);
    let mut names: Vec<String> = links.map(|l| l["ifname"].as_str().unwrap().into()).collect();
    names.sort();
    names
}

/// Global addresses of a link with their masks, in the order of `ip`.
pub fn addresses(netlink: &Netlink, link: &str) -> Vec<String> {
    let seen = ip(netlink, &format!("addr show dev {link}"));
    let infos = seen[0]["addr_info"].as_array().unwrap().clone();
    infos
        .iter()
        .filter(|info| info["scope"] != "link")
        .map(|info| format!("{}/{}", info["local"].as_str().unwrap(), info["prefixlen"]))
        .collect()
}

/// Says why a test is left out.
pub fn skip(reason: &str) {
    println!("skipped: {reason}");
}

/// Did the kernel lack what was asked for? Says so.
pub fn lacks(result: &Result<(), OpError>) -> bool {
    if let Err(OpError::Unsupported(reason)) = result {
        skip(reason);
        return true;
    }
    false
}
