//! What the schema calls a secret is in no record, no text, no explanation and no log.

use std::sync::Arc;

use ligato_kvs::{
    Scheduler, StatusFilter,
    record::{self, Detail},
};
use ligato_kvs_api::{
    Availability, Descriptor, Invalid, KeyPattern, NotificationSink, OpError, Southbound, Spec,
    Transaction, TxnOptions, ValueChange, erase,
};
use ligato_model::{Key, Value};
use ligato_proto::vpp::interfaces::{Interface, MemifLink, interface};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "h4rd-to-guess";
const KEY: &str = "config/vpp/v2/interfaces/memif1";

/// A southbound where everything works.
struct Nowhere;

impl Southbound for Nowhere {
    type Facts = ();
    const NAME: &'static str = "nowhere";

    fn facts(&self) -> Arc<()> {
        Arc::new(())
    }

    fn availability(&self) -> Availability {
        Availability::Up { incarnation: 1, abilities: 0 }
    }

    async fn watch(self: Arc<Self>, _: NotificationSink, cancel: CancellationToken) {
        cancel.cancelled().await;
    }
}

/// An MTU of 1 is invalid, one of 2 is refused with an error that quotes the value.
struct InterfaceKind;

impl Descriptor for InterfaceKind {
    type Value = Interface;
    type Meta = ();
    type Sb = Nowhere;
    const SPEC: Spec = Spec {
        retrievable: false,
        ..Spec::new(
            "interface",
            "An interface.",
            &[KeyPattern::new("config/vpp/v2/interfaces/{name}")],
            Some("config/vpp/v2/interfaces/"),
        )
    };

    fn validate((): &(), _: &Key, value: &Interface) -> Result<(), Invalid> {
        if value.mtu == 1 { Err(Invalid::field("mtu", "is too small")) } else { Ok(()) }
    }

    async fn create(_: &Nowhere, _: &Key, value: &Interface) -> Result<(), OpError> {
        if value.mtu == 2 {
            return Err(OpError::Final(format!("{:?} is refused", Value::new(value.clone()))));
        }
        Ok(())
    }

    async fn delete(_: &Nowhere, _: &Key, _: &Interface, (): &()) -> Result<(), OpError> {
        Ok(())
    }
}

fn memif(mtu: u32) -> ValueChange {
    let memif = MemifLink { secret: SECRET.to_owned(), ..MemifLink::default() };
    let link = Some(interface::Link::Memif(memif));
    let value = Interface { name: "memif1".to_owned(), mtu, link, ..Interface::default() };
    ValueChange::put(KEY, Value::new(value))
}

#[tokio::test]
async fn a_secret_is_shown_nowhere() {
    let scheduler =
        Scheduler::builder().descriptor(erase::<InterfaceKind>(Arc::new(Nowhere))).start().unwrap();
    let mut shown = String::new();
    for mtu in [1, 2, 1500] {
        let txn = Transaction::change(vec![memif(mtu)])
            .with(TxnOptions { simulate: true, ..TxnOptions::default() });
        let plan = scheduler.plan(txn.clone()).await.unwrap();
        let report = scheduler.commit(txn).await;
        shown += &format!("{plan:?}{report:?}{}", scheduler.explain(KEY));
    }
    let snapshot = scheduler.snapshot();
    shown += &format!("{:?}{:?}", snapshot.node(KEY), snapshot.statuses(&StatusFilter::All));
    let records = scheduler.history(None, None);
    assert_eq!(records.len(), 3);
    for record in &records {
        shown += &record::to_text(record, Detail::Verbose);
        shown += &record::to_json(record).to_string();
        shown += &format!("{record:?}");
    }
    assert!(shown.contains("memif1") && shown.contains("1500"), "something is shown: {shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    // The value itself is what was wanted.
    let bytes = snapshot.node(KEY).unwrap().desired.unwrap().encode_to_vec();
    assert!(bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
}
