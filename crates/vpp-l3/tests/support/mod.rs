//! A VPP, simulated or real, with a context connected to it, and a few interfaces.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "helpers of tests fail by panicking, and not every test uses all of them"
)]

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

/// A VPP and what the kinds need to reach it.
pub(crate) struct Bench {
    sim: Option<Sim>,
    socket: PathBuf,
    pub(crate) vpp: Arc<VppCtx>,
    kinds: BTreeMap<String, Arc<dyn DynDescriptor>>,
}

impl Bench {
    pub(crate) async fn start() -> Bench {
        let sim = Sim::builder().seed(7).start().await.unwrap();
        let socket = sim.socket_path().to_owned();
        Bench::over(Some(sim), socket).await
    }

    /// Over the real VPP of `VPP_API_SOCKET`, if there is one.
    pub(crate) async fn real() -> Option<Bench> {
        let socket = std::env::var_os("VPP_API_SOCKET")?;
        Some(Bench::over(None, socket.into()).await)
    }

    async fn over(sim: Option<Sim>, socket: PathBuf) -> Bench {
        let vpp = connect(&socket).await;
        let kinds = kinds(&vpp);
        Bench { sim, socket, vpp, kinds }
    }

    pub(crate) fn sim(&self) -> &Sim {
        self.sim.as_ref().expect("a simulated VPP")
    }

    /// As after a restart of the agent: VPP goes on, everything known is forgotten.
    pub(crate) async fn restart_agent(&mut self) {
        let interfaces = self.vpp.interfaces().snapshot();
        self.vpp = connect(&self.socket).await;
        for item in interfaces.iter() {
            self.vpp.interfaces().put(item.name, (**item.data).clone());
        }
        self.kinds = kinds(&self.vpp);
    }

    /// Makes a loopback with a name, as the kind of interfaces does.
    pub(crate) async fn interface(&self, name: &str) -> u32 {
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
    pub(crate) async fn remove_interface(&self, name: &str) {
        let sw_if_index: InterfaceIndex = self.vpp.sw_if_index(name).unwrap();
        self.vpp.client().request(DeleteLoopback { sw_if_index }).await.unwrap();
        self.vpp.interfaces().remove(name);
    }

    pub(crate) fn kind(&self, name: &str) -> &Arc<dyn DynDescriptor> {
        self.kinds.get(name).unwrap()
    }

    /// Creates a value and keeps the index, as the scheduler does.
    pub(crate) async fn create(
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
    pub(crate) async fn delete(
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
    pub(crate) async fn retrieve(
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

fn kinds(vpp: &Arc<VppCtx>) -> BTreeMap<String, Arc<dyn DynDescriptor>> {
    let all = ligato_vpp_l3::descriptors(vpp).into_iter();
    all.map(|kind| (kind.name().to_owned(), kind)).collect()
}
