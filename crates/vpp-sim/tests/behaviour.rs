//! What the simulated VPP does with requests, seen over its socket.

#![cfg(test)]

mod support;
#[path = "behaviour/tunnels.rs"]
mod tunnels;

use std::time::{Duration, Instant};

use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::ip::*;
use ligato_vpp_api::msg::memclnt::{ControlPing, ControlPingReply};
use ligato_vpp_api::msg::memif::{MemifCreate, MemifDump, MemifRole, MemifSocketFilenameAddDel};
use ligato_vpp_api::msg::memif::{MemifCreateV2, MemifSocketFilenameAddDelV2};
use ligato_vpp_api::msg::vlib::CliInband;
use ligato_vpp_api::types::{
    AddressWithPrefix, FibPath, FibPathNh, IfStatusFlags, InterfaceIndex, Prefix,
};
use ligato_vpp_api::{FixedString, List, Message, peek_id};
use ligato_vpp_sim::{Action, Fault, Link, Sim};
use support::Client;

/// Runs a client, which blocks, beside the simulation.
async fn with_client<T: Send + 'static>(
    sim: &Sim,
    f: impl FnOnce(&mut Client) -> T + Send + 'static,
) -> T {
    let path = sim.socket_path().to_owned();
    tokio::task::spawn_blocking(move || f(&mut Client::connect(&path))).await.unwrap()
}

fn loopback(client: &mut Client) -> InterfaceIndex {
    client.call(&CreateLoopback::default()).sw_if_index
}

fn enable(client: &mut Client, sw_if_index: InterfaceIndex) {
    let reply = client.call(&SwInterfaceSetFlags { sw_if_index, flags: IfStatusFlags::ADMIN_UP });
    assert_eq!(reply.retval, 0);
}

fn add_address(client: &mut Client, sw_if_index: InterfaceIndex, address: &str, len: u8) -> i32 {
    let prefix = AddressWithPrefix(Prefix::new(address.parse().unwrap(), len));
    client
        .call(&SwInterfaceAddDelAddress { sw_if_index, is_add: true, del_all: false, prefix })
        .retval
}

fn all_interfaces() -> SwInterfaceDump {
    SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..SwInterfaceDump::default() }
}

fn route(destination: &str, len: u8, next_hop: &str, sw_if_index: u32) -> IpRouteAddDel {
    let nh = FibPathNh {
        address: next_hop.parse::<std::net::IpAddr>().unwrap().into(),
        ..FibPathNh::default()
    };
    IpRouteAddDel {
        is_add: true,
        is_multipath: true,
        route: IpRoute {
            prefix: Prefix::new(destination.parse().unwrap(), len),
            paths: List::new(vec![FibPath { sw_if_index, nh, ..FibPath::default() }]).unwrap(),
            ..IpRoute::default()
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_keeps_what_was_set_and_its_index_is_reused() {
    let sim = Sim::builder().start().await.unwrap();
    with_client(&sim, |client| {
        let first = loopback(client);
        let second = loopback(client);
        assert_eq!((first.0, second.0), (1, 2));
        let tag = FixedString::new("one").unwrap();
        client.call(&SwInterfaceTagAddDel { is_add: true, sw_if_index: first, tag });
        enable(client, first);
        let details = client.dump(&all_interfaces());
        let names: Vec<_> = details.iter().map(|d| d.interface_name.to_string()).collect();
        assert_eq!(names, ["local0", "loop0", "loop1"]);
        let one = &details[1];
        assert_eq!(one.tag, "one");
        assert_eq!(one.flags, IfStatusFlags::ADMIN_UP | IfStatusFlags::LINK_UP);
        assert_eq!((one.link_mtu, one.mtu), (9000, [9000, 0, 0, 0]));

        assert_eq!(client.call(&DeleteLoopback { sw_if_index: first }).retval, 0);
        assert_eq!(client.call(&DeleteLoopback { sw_if_index: first }).retval, -2);
        assert_eq!(loopback(client), first);
    })
    .await;
    assert_eq!(sim.state().interfaces.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_bring_routes_while_the_interface_is_up() {
    let sim = Sim::builder().start().await.unwrap();
    with_client(&sim, |client| {
        let index = loopback(client);
        assert_eq!(add_address(client, index, "10.1.0.1", 24), 0);
        assert_eq!(add_address(client, index, "10.1.0.1", 24), -105);
        assert_eq!(add_address(client, InterfaceIndex(0), "10.9.0.1", 24), -126);
        let table = || IpRouteDump { table: IpTable::default() };
        assert_eq!(client.dump(&table()).len(), 5);
        enable(client, index);
        let routes = client.dump(&table());
        let destinations: Vec<_> = routes.iter().map(|d| d.route.prefix.to_string()).collect();
        // VPP shows the connected network with the address it was made of.
        for expected in ["10.1.0.1/24", "10.1.0.1/32", "10.1.0.0/32", "10.1.0.255/32"] {
            assert!(destinations.iter().any(|d| d == expected), "{expected} in {destinations:?}");
        }
        assert_eq!(routes.len(), 9);
        let table = SwInterfaceSetTable { sw_if_index: index, is_ipv6: false, vrf_id: 7 };
        assert_eq!(client.call(&table).retval, -3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_routes_are_quick() {
    const ROUTES: u32 = 100_000;
    let sim = Sim::builder().start().await.unwrap();
    let (added, dumped) = with_client(&sim, |client| {
        let index = loopback(client);
        for n in 0..ROUTES {
            let destination = std::net::Ipv4Addr::from(0x1400_0000 + n);
            client.send(&route(&destination.to_string(), 32, "10.0.0.2", index.0));
        }
        let mut added = 0;
        for _ in 0..ROUTES {
            added += u32::from(client.expect::<IpRouteAddDelReply>().unwrap().retval == 0);
        }
        (added, client.dump(&IpRouteDump { table: IpTable::default() }).len())
    })
    .await;
    assert_eq!((added, dumped), (ROUTES, ROUTES as usize + 5));
    assert_eq!(sim.state().routes.len(), ROUTES as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_memifs_on_one_socket_file_find_each_other() {
    let sim = Sim::builder().start().await.unwrap();
    with_client(&sim, |client| {
        for socket_id in [1, 2] {
            let socket_filename = FixedString::new("/tmp/m.sock").unwrap();
            let add = MemifSocketFilenameAddDel { is_add: true, socket_id, socket_filename };
            assert_eq!(client.call(&add).retval, 0);
        }
        for (socket_id, role) in [(1, MemifRole::MASTER), (2, MemifRole::SLAVE)] {
            let create = MemifCreate { socket_id, role, id: 5, ..MemifCreate::default() };
            let reply = client.call(&create);
            assert_eq!(reply.retval, 0);
            assert!(client.dump(&MemifDump {}).iter().all(|d| d.ring_size == 1));
            enable(client, reply.sw_if_index);
        }
        for details in client.dump(&MemifDump {}) {
            assert!(details.flags.contains(IfStatusFlags::LINK_UP));
            let is_slave = details.role == MemifRole::SLAVE;
            assert_eq!(details.ring_size, if is_slave { 1024 } else { 1 });
        }
        let twice = MemifCreate { socket_id: 1, id: 5, ..MemifCreate::default() };
        assert_eq!(client.call(&twice).retval, -68);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_hear_of_interfaces_coming_up_and_going() {
    let sim = Sim::builder().start().await.unwrap();
    let path = sim.socket_path().to_owned();
    let (mut client, index) = tokio::task::spawn_blocking(move || {
        let mut client = Client::connect(&path);
        let subscribe = WantInterfaceEvents { enable_disable: 1, pid: 42 };
        assert_eq!(client.call(&subscribe).retval, 0);
        assert_eq!(client.call(&subscribe).retval, -31);
        let index = loopback(&mut client);
        assert_eq!(client.events::<SwInterfaceEvent>().len(), 1);
        enable(&mut client, index);
        let events = client.events::<SwInterfaceEvent>();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].pid, events[0].sw_if_index), (42, index));
        assert_eq!(events[0].flags, IfStatusFlags::ADMIN_UP | IfStatusFlags::LINK_UP);
        (client, index)
    })
    .await
    .unwrap();
    assert!(sim.set_link(index.0, Link::Down));
    assert!(sim.remove_interface(index.0));
    let events = tokio::task::spawn_blocking(move || client.events::<SwInterfaceEvent>());
    let events = events.await.unwrap();
    assert_eq!(events[0].flags, IfStatusFlags::EMPTY);
    assert!(events.last().unwrap().deleted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_everything_and_shows() {
    let sim = Sim::builder().start().await.unwrap();
    let ping =
        |client: &mut Client| (client.call(&ControlPing {}).vpe_pid, client.id::<CreateLoopback>());
    let before = with_client(&sim, move |client| {
        loopback(client);
        ping(client)
    })
    .await;
    sim.crash();
    assert!(std::os::unix::net::UnixStream::connect(sim.socket_path()).is_err());
    assert!(sim.state().interfaces.is_empty());
    sim.restart().await.unwrap();
    let after = with_client(&sim, ping).await;
    assert_ne!(before.0, after.0);
    assert_ne!(before.1, after.1, "message ids are new");
    assert_eq!(sim.state().interfaces.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_hit_what_they_are_meant_for() {
    let sim = Sim::builder().seed(3).start().await.unwrap();
    let once = |action| sim.faults().inject(Fault::new(action).on("create_loopback").once());
    once(Action::Refuse(-77));
    once(Action::DuplicateReply);
    once(Action::LoseReply);
    once(Action::DelayReply(Duration::from_millis(30)));
    once(Action::Stall(Duration::from_millis(30)));
    once(Action::Close);
    with_client(&sim, |client| {
        let request = CreateLoopback::default();
        assert_eq!(client.call(&request).retval, -77);

        client.send(&request);
        let twice: Vec<CreateLoopbackReply> = (0..2).map(|_| client.expect().unwrap()).collect();
        assert_eq!(twice[0], twice[1]);

        client.send(&request);
        client.call(&ControlPing {});
        assert!(client.events.is_empty(), "the reply is lost");

        client.send(&request);
        client.send(&ControlPing {});
        let first = client.receive().unwrap();
        assert_eq!(peek_id(&first), Ok(client.id::<ControlPingReply>()));
        assert!(client.expect::<CreateLoopbackReply>().is_some());

        let start = Instant::now();
        assert_eq!(client.call(&request).retval, 0);
        assert!(start.elapsed() >= Duration::from_millis(30));

        client.send(&request);
        assert_eq!(client.receive(), None);
    })
    .await;
    assert_eq!(sim.state().interfaces.len(), 5, "local0 and four that were executed");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_is_not_writing() {
    let sim = Sim::builder().start().await.unwrap();
    with_client(&sim, loopback).await;
    assert_eq!(sim.writes(), 1);
    sim.mark();
    with_client(&sim, |client| client.dump(&all_interfaces())).await;
    assert_eq!(sim.writes(), 0);
    assert_eq!(sim.log(), ["sockclnt_create", "sw_interface_dump", "control_ping"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_release_has_no_new_messages() {
    let sim = Sim::builder().release("22.10").start().await.unwrap();
    with_client(&sim, |client| {
        assert!(!client.ids.contains_key(MemifCreateV2::NAME_CRC));
        assert!(!client.ids.contains_key(MemifSocketFilenameAddDelV2::NAME_CRC));
        assert!(client.ids.contains_key(MemifCreate::NAME_CRC));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_what_it_is() {
    let sim = Sim::builder().start().await.unwrap();
    with_client(&sim, |client| {
        let run = |client: &mut Client, cmd: &str| client.call(&CliInband { cmd: cmd.to_owned() });
        let version = run(client, "show version");
        assert!(
            version.reply.starts_with("vpp v26.06-release built by vpp-sim"),
            "{}",
            version.reply
        );
        loopback(client);
        assert!(run(client, "show interface").reply.contains("loop0"));
        assert!(run(client, "make coffee").reply.starts_with("unknown input"));
    })
    .await;
}
