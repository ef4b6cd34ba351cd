//! From what is desired to VPP, through the agent's parts: orchestrator, scheduler, descriptors, client.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ligato_client::{Client, LocalClient, Options};
use ligato_infra::clock::RealClock;
use ligato_kvs::Scheduler;
use ligato_orchestrator::{Orchestrator, OrchestratorConfig};
use ligato_vpp_api::msg::{
    interface::{CreateLoopback, SwInterfaceAddDelAddress, SwInterfaceSetFlags},
    ip::{IpRouteDump, IpTable},
};
use ligato_vpp_api::types::{AddressWithPrefix, IfStatusFlags, Prefix};
use ligato_vpp_client::VppClient;
use ligato_vpp_ctx::{Settings, VppCtx};

use crate::{
    config,
    figures::{Figure, Goal},
    raw::Raw,
    runtime,
    stage::Stage,
};

/// Adds so many routes with so many paths to a fresh VPP, and to another one through the agent's parts.
pub(crate) fn load(stage: &mut Stage, count: u32, paths: u32) -> Vec<Figure> {
    let alone = alone(stage, count, paths);
    let (ours, with) = ours(stage, count, paths);
    let what = format!("{} routes, {paths} path(s), desired to done", short(count));
    let rate = |time: Duration| f64::from(count) * f64::from(paths) / time.as_secs_f64();
    vec![
        Figure::new(what.clone(), "s", ours.as_secs_f64()).alone(alone.as_secs_f64()),
        Figure::new(format!("{what}, paths"), "/s", rate(ours))
            .alone(rate(alone))
            .goal(Goal::ShareOfAlone(0.9)),
        Figure::new(format!("{what}, this program's peak"), "MB", with),
    ]
}

/// `100k`.
pub(crate) fn short(count: u32) -> String {
    match count {
        n if n >= 1_000_000 && n % 1_000_000 == 0 => format!("{}M", n / 1_000_000),
        n if n >= 1_000 && n % 1_000 == 0 => format!("{}k", n / 1_000),
        n => n.to_string(),
    }
}

/// What VPP needs for the messages that the agent sends.
pub(crate) fn alone(stage: &mut Stage, count: u32, paths: u32) -> Duration {
    stage.fresh_vpp();
    let sw_if_index = with_interface(&stage.socket());
    Raw::connect(&stage.socket()).all(&config::messages(count, paths, sw_if_index))
}

/// The interface of the configuration, without an agent.
fn with_interface(socket: &Path) -> u32 {
    runtime().block_on(async {
        let client = VppClient::start(ligato_vpp_client::Options::new(socket));
        client.connected().await.unwrap();
        let made = client.request(CreateLoopback::default()).await.unwrap();
        let sw_if_index = made.sw_if_index;
        let flags = IfStatusFlags::ADMIN_UP;
        client.request(SwInterfaceSetFlags { sw_if_index, flags }).await.unwrap();
        let address = SwInterfaceAddDelAddress {
            sw_if_index,
            is_add: true,
            del_all: false,
            prefix: AddressWithPrefix(Prefix::new([10, 10, 0, 1].into(), 16)),
        };
        client.request(address).await.unwrap();
        client.shutdown().await;
        sw_if_index.0
    })
}

fn ours(stage: &mut Stage, count: u32, paths: u32) -> (Duration, f64) {
    stage.fresh_vpp();
    let time = runtime().block_on(async {
        let vpp = VppClient::start(ligato_vpp_client::Options::new(stage.socket()));
        vpp.connected().await.unwrap();
        let watchers = ligato_vpp_if::watchers();
        let ctx = Arc::new(VppCtx::new(vpp.clone(), Settings::default(), watchers));
        let mut kinds = ligato_vpp_if::descriptors(&ctx);
        kinds.extend(ligato_vpp_l3::descriptors(&ctx));
        let scheduler = Scheduler::builder().descriptors(kinds).start().unwrap();
        let (registry, clock) = (ligato_proto::registry(), RealClock::shared());
        let engine = Arc::new(scheduler.clone());
        let orchestrator =
            Orchestrator::start(OrchestratorConfig::default(), registry.clone(), engine, clock);
        orchestrator.handle().begin().unwrap();
        let agent = LocalClient::new(orchestrator.handle(), scheduler.clone(), registry);
        agent.change(vec![config::put(config::interface())], Options::default()).await.unwrap();
        let routes: Vec<_> = config::routes(count, paths).map(config::put).collect();

        let start = Instant::now();
        let outcome = agent.change(routes, Options::default()).await.unwrap();
        let time = start.elapsed();

        drop(outcome);
        let found = vpp.dump(IpRouteDump { table: IpTable::default() }).await.unwrap();
        assert!(found.len() > count as usize, "VPP has {} routes", found.len());
        scheduler.close().await;
        vpp.shutdown().await;
        time
    });
    (time, crate::stage::memory("self", "VmHWM:"))
}
