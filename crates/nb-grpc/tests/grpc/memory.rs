//! A southbound in memory, under the real scheduler: interfaces, of which some wait for others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ligato_kvs::Scheduler;
use ligato_kvs_api::{
    Availability, Dependency, Descriptor, KeyPattern, KnownValues, Notification, NotificationSink,
    OpError, Origin, Retrieved, Southbound, SouthboundName, Spec, Update, erase,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface;
use tokio_util::sync::CancellationToken;

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<BTreeMap<Key, Interface>>);

/// Interfaces; one that takes the address of another waits for it, one called `bad` cannot be made.
#[derive(Debug)]
struct MemoryInterface;

/// A scheduler over an empty memory.
pub(crate) fn scheduler() -> Scheduler {
    let memory = Arc::new(Memory::default());
    Scheduler::builder().descriptor(erase::<MemoryInterface>(memory)).start().unwrap()
}

impl Southbound for Memory {
    type Facts = ();
    const NAME: SouthboundName = "memory";

    fn facts(&self) -> Arc<()> {
        Arc::new(())
    }

    fn availability(&self) -> Availability {
        Availability::Up { incarnation: 1, abilities: 0 }
    }

    async fn watch(self: Arc<Self>, sink: NotificationSink, cancel: CancellationToken) {
        let now = self.availability();
        sink.send(vec![Notification::Availability { southbound: Self::NAME, now }]);
        cancel.cancelled().await;
    }
}

impl Descriptor for MemoryInterface {
    type Value = Interface;
    type Meta = serde_json::Value;
    type Sb = Memory;

    const SPEC: Spec = Spec::new(
        "memory-interface",
        "An interface in memory.",
        &[KeyPattern::new("config/vpp/v2/interfaces/{name}")],
        Some("config/vpp/v2/interfaces/"),
    );

    fn dependencies(_facts: &(), _key: &Key, value: &Interface) -> Vec<Dependency> {
        let lender = value.unnumbered.as_ref().map(|unnumbered| {
            Dependency::on("lender-exists", Interface::key_of(&unnumbered.interface_with_ip))
        });
        lender.into_iter().collect()
    }

    async fn create(
        sb: &Memory,
        key: &Key,
        value: &Interface,
    ) -> Result<serde_json::Value, OpError> {
        if value.name == "bad" {
            return Err(OpError::Final("refused".into()));
        }
        sb.0.lock().unwrap().insert(key.clone(), value.clone());
        Ok(metadata(value))
    }

    async fn delete(
        sb: &Memory,
        key: &Key,
        _value: &Interface,
        _meta: &serde_json::Value,
    ) -> Result<(), OpError> {
        sb.0.lock().unwrap().remove(key);
        Ok(())
    }

    async fn update(
        sb: &Memory,
        key: &Key,
        change: Update<'_, Self>,
    ) -> Result<serde_json::Value, OpError> {
        sb.0.lock().unwrap().insert(key.clone(), change.new.clone());
        Ok(metadata(change.new))
    }

    async fn retrieve(
        sb: &Memory,
        _known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let found = sb.0.lock().unwrap().clone();
        let found = found.into_iter().map(|(key, value)| Retrieved {
            key,
            meta: metadata(&value),
            value,
            origin: Origin::Nb,
        });
        Ok(found.collect())
    }
}

fn metadata(value: &Interface) -> serde_json::Value {
    serde_json::json!({"index": value.name.len(), "internal": format!("mem-{}", value.name)})
}
