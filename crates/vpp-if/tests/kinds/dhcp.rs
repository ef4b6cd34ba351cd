//! DHCP clients, and leases as they are reported and read back.

use std::net::Ipv4Addr;

use ligato_kvs_api::Origin;
use ligato_model::{Key, Value};
use ligato_proto::vpp::interfaces::{DhcpLease, Interface, MemifLink};
use ligato_vpp_sim::Sim;

use crate::bench::{Bench, sim, sim_of};
use crate::samples::memif;
use crate::watch::Watch;

const HOST: Ipv4Addr = Ipv4Addr::new(10, 1, 2, 3);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 1, 2, 1);

fn wan() -> Interface {
    Interface { set_dhcp_client: true, ..memif("wan", MemifLink::default()) }
}

#[tokio::test]
async fn a_lease_is_reported_when_it_comes_and_when_it_goes() {
    // The messages of leases have the same layout in all releases, in the oldest with other CRCs.
    for release in ["22.02", "26.06"] {
        follow_a_lease(&sim_of(release).await).await;
    }
}

async fn follow_a_lease(sim: &Sim) {
    let mut bench = Bench::over(sim).await;
    let mut watch = Watch::start(&bench.ctx);
    bench.create(wan()).await.unwrap();
    let index = bench.meta("wan").sw_if_index;
    assert!(sim.grant_lease(index, (HOST, 24), ROUTER));
    watch.expect(&["+ vpp/interface/dhcp-lease/wan"]).await;
    // Of this VPP says nothing: it is seen when clients are looked at.
    assert!(sim.end_lease(index));
    bench.ctx.dhcp_clients_changed().notify_one();
    watch.expect(&["- vpp/interface/dhcp-lease/wan"]).await;
    assert!(sim.grant_lease(index, (HOST, 24), ROUTER));
    watch.expect(&["+ vpp/interface/dhcp-lease/wan"]).await;
    bench.update(Interface { set_dhcp_client: false, ..wan() }).await.unwrap();
    watch.expect(&["- vpp/interface/dhcp-lease/wan"]).await;
    assert!(!sim.grant_lease(index, (HOST, 24), ROUTER), "there is no client any more");
}

#[tokio::test]
async fn a_restarted_agent_finds_client_and_lease_and_keeps_both() {
    for release in ["22.02", "26.06"] {
        find_a_lease(&sim_of(release).await).await;
    }
}

async fn find_a_lease(sim: &Sim) {
    let mut before = Bench::over(sim).await;
    before.create(wan()).await.unwrap();
    let index = before.meta("wan").sw_if_index;
    assert!(sim.grant_lease(index, (HOST, 24), ROUTER));
    sim.mark();
    let after = Bench::over(sim).await;
    // The address is the server's, not the configuration's.
    after.assert_in_place(&[wan()]).await;
    after.ctx.interfaces().put("wan", (*before.meta("wan")).clone());
    let leases = after.retrieve("vpp/interface/dhcp-lease/any").await;
    let [lease] = leases.as_slice() else { panic!("{leases:?}") };
    assert_eq!((&*lease.key, lease.origin), ("vpp/interface/dhcp-lease/wan", Origin::Sb));
    let value: &DhcpLease = lease.value.downcast_ref().unwrap();
    let expected = DhcpLease {
        interface_name: "wan".into(),
        host_name: "wan".into(),
        is_ipv6: false,
        host_phys_address: value.host_phys_address.clone(),
        host_ip_address: "10.1.2.3/24".into(),
        router_ip_address: "10.1.2.1/24".into(),
    };
    assert_eq!(value, &expected);
    assert_eq!(sim.writes(), 0, "{:?}", sim.log());
    // Events of this client go to the connection that is gone; a new lease is seen all the same.
    let mut watch = Watch::start(&after.ctx);
    watch.expect(&["+ vpp/interface/dhcp-lease/wan"]).await;
}

#[tokio::test]
async fn a_client_goes_before_its_interface() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(wan()).await.unwrap();
    sim.mark();
    bench.delete("wan").await.unwrap();
    let log = sim.log();
    let at = |name| log.iter().position(|sent| *sent == name).unwrap();
    assert!(at("dhcp_client_config") < at("memif_delete"), "{log:?}");
}

#[tokio::test]
async fn removing_a_client_that_is_gone_is_no_failure() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(wan()).await.unwrap();
    assert!(sim.remove_interface(bench.meta("wan").sw_if_index));
    bench.delete("wan").await.unwrap();
}

/// VPP before 22.06 dies of it, later ones refuse it.
#[tokio::test]
async fn a_second_client_is_not_asked_for_where_vpp_dies_of_it() {
    for (release, is_sent) in [("22.02", false), ("22.06", true), ("26.06", true)] {
        let sim = sim_of(release).await;
        let mut bench = Bench::over(&sim).await;
        bench.create(wan()).await.unwrap();
        let mut other = Bench::over(&sim).await;
        other.ctx.interfaces().put("wan", (*bench.meta("wan")).clone());
        sim.mark();
        let key = Key::from("vpp/interface/dhcp-client/wan");
        let refused = other.put(&key, Value::empty()).await;
        assert!(refused.is_err(), "{release}");
        assert_eq!(sim.log().contains(&"dhcp_client_config"), is_sent, "{release}");
    }
}

#[tokio::test]
async fn a_client_of_nobodys_interface_hides_no_other() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let nobodys = memif("nobodys", MemifLink { id: 7, ..MemifLink::default() });
    bench.create(Interface { set_dhcp_client: true, ..nobodys }).await.unwrap();
    bench.create(wan()).await.unwrap();
    for (name, host) in [("nobodys", Ipv4Addr::new(10, 9, 9, 9)), ("wan", HOST)] {
        assert!(sim.grant_lease(bench.meta(name).sw_if_index, (host, 24), ROUTER));
    }
    let after = Bench::over(&sim).await;
    after.ctx.interfaces().put("wan", (*bench.meta("wan")).clone());
    let leases = after.retrieve("vpp/interface/dhcp-lease/any").await;
    let keys: Vec<&str> = leases.iter().map(|lease| lease.key.as_str()).collect();
    assert_eq!(keys, ["vpp/interface/dhcp-lease/wan"]);
}
