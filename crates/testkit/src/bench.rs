//! A VPP, simulated or real, with a context connected to it, and a few interfaces.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ligato_kvs_api::{AnyKnown, AnyRetrieved, DynDescriptor, Metadata, OpError, Origin};
use ligato_model::{Key, Value};
use ligato_vpp_api::FixedString;
use ligato_vpp_api::msg::interface::{CreateLoopback, DeleteLoopback, SwInterfaceTagAddDel};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_ctx::{InterfaceMeta, Settings, VppCtx};
use ligato_vpp_sim::Sim;

use crate::vpp::RealVpp;

/// The kinds under test.
pub type Descriptors = fn(&Arc<VppCtx>) -> Vec<Arc<dyn DynDescriptor>>;

/// A VPP and what the kinds need to reach it.
pub struct Bench {
    sim: Option<Sim>,
    /// Kept, since it ends with this.
    _real: Option<RealVpp>,
    socket: PathBuf,
    /// The connection, and what is known of the objects in VPP.
    pub vpp: Arc<VppCtx>,
    descriptors: Descriptors,
    kinds: BTreeMap<String, Arc<dyn DynDescriptor>>,
}

impl Bench {
    /// Over a simulated VPP.
    pub async fn start(descriptors: Descriptors) -> Bench {
        let sim = Sim::builder().seed(7).start().await.unwrap();
        let socket = sim.socket_path().to_owned();
        let vpp = connect(&socket).await;
        let kinds = kinds(descriptors, &vpp);
        Bench { sim: Some(sim), _real: None, socket, vpp, descriptors, kinds }
    }

    /// Over a real VPP, if there is one.
    pub async fn real(descriptors: Descriptors) -> Option<Bench> {
        let real = RealVpp::find().unwrap()?;
        let socket = real.socket().to_owned();
        let vpp = connect(&socket).await;
        let kinds = kinds(descriptors, &vpp);
        Some(Bench { sim: None, _real: Some(real), socket, vpp, descriptors, kinds })
    }

    /// The simulated VPP.
    pub fn sim(&self) -> &Sim {
        self.sim.as_ref().expect("a simulated VPP")
    }

    /// As after a restart of the agent: VPP goes on, everything known is forgotten.
    pub async fn restart_agent(&mut self) {
        let interfaces = self.vpp.interfaces().snapshot();
        self.vpp = connect(&self.socket).await;
        for item in interfaces.iter() {
            self.vpp.interfaces().put(item.name, (**item.data).clone());
        }
        self.kinds = kinds(self.descriptors, &self.vpp);
    }

    /// Makes a loopback with a name, as the kind of interfaces does.
    pub async fn interface(&self, name: &str) -> u32 {
        let client = self.vpp.client();
        let index = client.request(CreateLoopback::default()).await.unwrap().sw_if_index;
        let tag = FixedString::new(name).unwrap();
        let tagging = SwInterfaceTagAddDel { is_add: true, sw_if_index: index, tag };
        client.request(tagging).await.unwrap();
        let meta = InterfaceMeta { sw_if_index: index.0, ..InterfaceMeta::default() };
        self.vpp.interfaces().put(name, meta);
        index.0
    }

    /// Deletes an interface, and with it its name.
    pub async fn remove_interface(&self, name: &str) {
        let sw_if_index: InterfaceIndex = self.vpp.sw_if_index(name).unwrap();
        self.vpp.client().request(DeleteLoopback { sw_if_index }).await.unwrap();
        self.vpp.interfaces().remove(name);
    }

    /// The kind with that name.
    pub fn kind(&self, name: &str) -> &Arc<dyn DynDescriptor> {
        self.kinds.get(name).unwrap()
    }

    /// Creates a value and keeps the index, as the scheduler does.
    pub async fn create(
        &self,
        kind: &str,
        key: &Key,
        value: &Value,
    ) -> Result<Option<Metadata>, OpError> {
        let kind = self.kind(kind);
        kind.validate(key, value)?;
        kind.supported(key, value)?;
        let meta = kind.create(key, value).await?;
        kind.index(key, value, meta.as_ref());
        Ok(meta)
    }

    /// Deletes a value and keeps the index, as the scheduler does.
    pub async fn delete(
        &self,
        kind: &str,
        key: &Key,
        value: &Value,
        meta: Option<&Metadata>,
    ) -> Result<(), OpError> {
        let kind = self.kind(kind);
        kind.delete(key, value, meta).await?;
        kind.index(key, value, None);
        Ok(())
    }

    /// Reads back, knowing that these values are wanted, and keeps the index, as the scheduler does.
    pub async fn retrieve(
        &self,
        kind: &str,
        wanted: &[(Key, Value)],
    ) -> BTreeMap<Key, AnyRetrieved> {
        let mut known: Vec<_> = wanted
            .iter()
            .map(|(key, value)| AnyKnown {
                key: key.clone(),
                value: value.clone(),
                metadata: None,
                origin: Origin::Nb,
                wanted: true,
            })
            .collect();
        known.sort_by(|a, b| a.key.cmp(&b.key));
        let kind = self.kind(kind);
        let found = kind.retrieve(known.into()).await.unwrap();
        for found in &found {
            kind.index(&found.key, &found.value, found.metadata.as_ref());
        }
        found.into_iter().map(|found| (found.key.clone(), found)).collect()
    }
}

async fn connect(socket: &Path) -> Arc<VppCtx> {
    let client = VppClient::start(Options::new(socket));
    client.connected().await.unwrap();
    Arc::new(VppCtx::new(client, Settings::default(), Vec::new()))
}

fn kinds(descriptors: Descriptors, vpp: &Arc<VppCtx>) -> BTreeMap<String, Arc<dyn DynDescriptor>> {
    descriptors(vpp).into_iter().map(|kind| (kind.name().to_owned(), kind)).collect()
}
