//! The orchestrator on the real scheduler, with a southbound in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ligato_infra::clock::{ManualClock, RealClock, SharedClock};
use ligato_kvs::Scheduler;
use ligato_kvs_api::{
    Acknowledgement, Availability, Descriptor, KeyPattern, KnownValues, Notification,
    NotificationSink, OpError, Origin, Policy, Retrieved, Southbound, SouthboundName, Spec, Update,
    ValueState, erase,
};
use ligato_model::{Key, Model};
use ligato_orchestrator::{
    Orchestrator, OrchestratorConfig, OrchestratorHandle, PushOptions, PushOutcome, ResyncDepth,
};
use ligato_proto::vpp::interfaces::Interface;
use tokio_util::sync::CancellationToken;

use crate::fake::{delete, entry, key, put};

// Interfaces in memory, and what was done to them. One with an MTU of 13 cannot be made.
#[derive(Default)]
struct Memory(Mutex<(BTreeMap<Key, Interface>, Vec<String>)>);

struct Kind;

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
        let (southbound, now) = (Self::NAME, self.availability());
        sink.send(vec![Notification::Availability { southbound, now }]);
        cancel.cancelled().await;
    }
}

impl Descriptor for Kind {
    type Value = Interface;
    type Meta = ();
    type Sb = Memory;
    const SPEC: Spec = Spec::new(
        "interface",
        "An interface.",
        &[KeyPattern::new("config/vpp/v2/interfaces/{name}")],
        Some("config/vpp/v2/interfaces/"),
    );

    async fn create(sb: &Memory, key: &Key, value: &Interface) -> Result<(), OpError> {
        if value.mtu == 13 {
            return Err(OpError::Final("13 brings bad luck".into()));
        }
        let mut memory = sb.0.lock().unwrap();
        memory.1.push(format!("+{}={}", value.name, value.mtu));
        memory.0.insert(key.clone(), value.clone());
        Ok(())
    }

    async fn delete(sb: &Memory, key: &Key, value: &Interface, (): &()) -> Result<(), OpError> {
        let mut memory = sb.0.lock().unwrap();
        memory.1.push(format!("-{}", value.name));
        memory.0.remove(key);
        Ok(())
    }

    async fn update(sb: &Memory, key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        let mut memory = sb.0.lock().unwrap();
        memory.1.push(format!("{}={}", change.new.name, change.new.mtu));
        memory.0.insert(key.clone(), change.new.clone());
        Ok(())
    }

    async fn retrieve(
        sb: &Memory,
        _: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let retrieved = |(key, value): (&Key, &Interface)| Retrieved {
            key: key.clone(),
            value: value.clone(),
            meta: (),
            origin: Origin::Nb,
        };
        Ok(sb.0.lock().unwrap().0.iter().map(retrieved).collect())
    }
}

struct Rig {
    memory: Arc<Memory>,
    handle: OrchestratorHandle,
    _orchestrator: Orchestrator,
}

impl Rig {
    // With what an earlier life of the agent left behind.
    fn start(left_behind: &[(&str, u32)], expected: &[&str], clock: SharedClock) -> Self {
        let memory = Arc::new(Memory::default());
        for (name, mtu) in left_behind {
            let interface = Interface { name: (*name).into(), mtu: *mtu, ..Default::default() };
            memory.0.lock().unwrap().0.insert(interface.key(), interface);
        }
        let scheduler =
            Scheduler::builder().descriptor(erase::<Kind>(memory.clone())).start().unwrap();
        let config = OrchestratorConfig {
            expected: expected.iter().map(|name| (*name).into()).collect(),
            ..OrchestratorConfig::default()
        };
        let registry = ligato_proto::registry();
        let orchestrator = Orchestrator::start(config, registry, Arc::new(scheduler), clock);
        let handle = orchestrator.handle();
        handle.begin().unwrap();
        Self { memory, handle, _orchestrator: orchestrator }
    }

    fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.memory.0.lock().unwrap().1)
    }

    async fn deliver(&self, source: &str, entries: &[(&str, u32)]) {
        let entries = entries.iter().map(|(name, mtu)| entry(name, *mtu)).collect();
        let options = PushOptions::default();
        let depth = ResyncDepth::Difference;
        let result = self.handle.resync(source, entries, depth, options).await.unwrap();
        assert_eq!(result.outcome, PushOutcome::Done);
    }
}

#[tokio::test]
async fn a_restarted_agent_writes_nothing_that_is_there() {
    let left = [("a", 1), ("b", 2), ("old", 3)];
    let rig = Rig::start(&left, &["datasync"], RealClock::shared());
    rig.deliver("datasync", &[("a", 1), ("b", 2)]).await;
    assert_eq!(rig.writes(), ["-old"]);
    rig.deliver("datasync", &[("a", 1), ("b", 2)]).await;
    assert_eq!(rig.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_late_store_finds_its_values_untouched() {
    let clock = Arc::new(ManualClock::default());
    let left = [("of-store", 1), ("old", 3)];
    let rig = Rig::start(&left, &["initfile", "datasync"], clock.clone());
    let handle = rig.handle.clone();
    let file = tokio::spawn(async move {
        let options = PushOptions::default();
        handle.resync("initfile", vec![entry("f", 1)], ResyncDepth::Difference, options).await
    });
    while clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(10));
    file.await.unwrap().unwrap();
    assert_eq!(rig.writes(), ["+f=1"]);
    rig.deliver("datasync", &[("of-store", 1)]).await;
    assert_eq!(rig.writes(), ["-old"]);
}

#[tokio::test]
async fn sources_are_merged_into_the_southbound() {
    let rig = Rig::start(&[], &[], RealClock::shared());
    let push = async |source: &str, changes| {
        rig.handle.push(source, changes, PushOptions::default()).await.unwrap()
    };
    let result = push("datasync", vec![put("a", 1)]).await;
    assert_eq!(result.keys[0].status.as_ref().unwrap().value.state, ValueState::Configured);
    push("grpc", vec![put("a", 2)]).await;
    push("datasync", vec![put("a", 3)]).await;
    push("grpc", vec![delete("a")]).await;
    push("datasync", vec![delete("a")]).await;
    assert_eq!(rig.writes(), ["+a=1", "a=2", "a=3", "-a"]);
}

#[tokio::test]
async fn all_or_nothing_holds_here_too() {
    let rig = Rig::start(&[], &[], RealClock::shared());
    let options = PushOptions {
        policy: Policy::AllOrNothing,
        ack: Acknowledgement::Verified,
        retry: None,
        ..PushOptions::default()
    };
    let changes = vec![put("good", 1), put("bad", 13)];
    let result = rig.handle.push("grpc", changes, options).await.unwrap();
    assert_eq!(result.outcome, PushOutcome::Undone);
    let text = result.error_text().unwrap();
    assert!(text.contains(key("bad").as_str()) && text.contains("bad luck"), "{text}");
    let mut changed = rig.handle.subscribe();
    while !rig.handle.view().is_empty() {
        changed.changed().await.unwrap();
    }
    assert!(rig.memory.0.lock().unwrap().0.is_empty());
}
