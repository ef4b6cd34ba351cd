//! The owner task.

use std::sync::{Arc, Weak};

use ligato_kvs_api::{
    DynDescriptor, Plan, PlanError, RegistrationError, Revision, Transaction, TxnReport,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    config::SchedulerConfig,
    handle::{DumpError, Reader, UnregisterMode},
    inbox::Inbox,
    snapshot::DumpItem,
    stats::StatsCells,
    subscribe::Queue,
};

/// What handles ask the owner for.
pub(crate) enum Command {
    Commit { txn: Transaction, submitted: tokio::time::Instant, reply: oneshot::Sender<TxnReport> },
    Plan { txn: Transaction, reply: oneshot::Sender<Result<Plan, PlanError>> },
    DumpSouthbound { descriptor: String, reply: oneshot::Sender<Result<Vec<DumpItem>, DumpError>> },
    Subscribe(Weak<Queue>),
    Register { new: Arc<dyn DynDescriptor>, reply: oneshot::Sender<Result<(), RegistrationError>> },
    Unregister { name: String, mode: UnregisterMode, reply: oneshot::Sender<Option<TxnReport>> },
    Quiescent { reply: oneshot::Sender<Revision> },
    Close { reply: oneshot::Sender<()> },
}

/// What the owner shares with the handles.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) reader: Reader,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) stats: Arc<StatsCells>,
}

pub(crate) fn start(
    config: SchedulerConfig,
    descriptors: Vec<Arc<dyn DynDescriptor>>,
    shared: Shared,
    mut commands: mpsc::UnboundedReceiver<Command>,
) -> Result<(), RegistrationError> {
    let _ = (config, descriptors, shared);
    tokio::spawn(async move { while commands.recv().await.is_some() {} });
    Ok(())
}
