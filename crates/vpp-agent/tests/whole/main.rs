//! All kinds of VPP together, over the simulated one: what is not ours, and a VPP that dies at every moment.

#![expect(clippy::unwrap_used, reason = "in a test a failure is the answer")]

mod absence;
mod chaos;
mod field_rows;
mod fields;
mod foreign;
mod guards;
mod older;
mod poison;
mod settled;
mod takeover;

use std::{path::Path, sync::Arc, time::Duration};

use ligato_kvs::{Scheduler, StatusFilter};
use ligato_kvs_api::{DynDescriptor, ResyncKind, Transaction, ValueChange, ValueState};
use ligato_model::text;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_ctx::{Settings, VppCtx};
use ligato_vpp_sim::Sim;

/// The longest anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A scheduler with all kinds of VPP over a connection to this one.
async fn agent_over(sim: &Sim) -> Scheduler {
    agent_at(sim.socket_path()).await.0
}

/// The same with what its kinds share.
async fn agent_and_context(sim: &Sim) -> (Scheduler, Arc<VppCtx>) {
    agent_at(sim.socket_path()).await
}

/// The same at any socket.
async fn agent_at(socket: &Path) -> (Scheduler, Arc<VppCtx>) {
    let options = Options { retry_cap: Duration::from_millis(20), ..Options::new(socket) };
    let client = VppClient::start(options);
    client.connected().await.unwrap();
    let vpp = Arc::new(VppCtx::new(client, Settings::default(), ligato_vpp_if::watchers()));
    (Scheduler::builder().descriptors(kinds_of(&vpp)).start().unwrap(), vpp)
}

/// All kinds of VPP.
fn kinds_of(vpp: &Arc<VppCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    let kinds = [
        ligato_vpp_if::descriptors(vpp),
        ligato_vpp_l2::descriptors(vpp),
        ligato_vpp_l3::descriptors(vpp),
    ];
    kinds.concat()
}

/// The values of a document.
fn wishes(document: &str) -> Vec<ValueChange> {
    let entries = text::read_document(&ligato_proto::registry(), document, "wishes").unwrap();
    entries.into_iter().map(|entry| ValueChange::put(entry.key, entry.value)).collect()
}

fn full_resync(wishes: Vec<ValueChange>) -> Transaction {
    Transaction::resync(ResyncKind::Full, wishes)
}

/// Values that NB wants and that are not as wanted.
fn unfinished(agent: &Scheduler) -> Vec<String> {
    let statuses = agent.snapshot().statuses(&StatusFilter::All);
    let done = [ValueState::Configured, ValueState::Obtained, ValueState::Discovered];
    statuses
        .iter()
        .flat_map(|status| std::iter::once(&status.value).chain(&status.derived_values))
        .filter(|value| !done.contains(&value.state))
        .map(|value| format!("{} {} {}", value.state, value.key, value.error))
        .collect()
}

/// Whether a message of this name is a question.
fn asks(name: &str) -> bool {
    const OTHERS: [&str; 3] = ["control_ping", "want_interface_events", "cli_inband"];
    name.ends_with("_dump")
        || name.contains("_get")
        || name.starts_with("show_")
        || name.starts_with("sockclnt_")
        || OTHERS.contains(&name)
}

/// Names of what was sent since the mark and is no question.
fn written(sim: &Sim) -> Vec<&'static str> {
    sim.log().into_iter().filter(|name| !asks(name)).collect()
}
