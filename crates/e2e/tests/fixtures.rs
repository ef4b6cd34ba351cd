//! The fixtures by themselves: a broken fixture must not look like a broken agent.

use ligato_e2e::{Etcd, Stores, VppKind, World, skipped};

#[test]
fn an_empty_vpp_dumps_as_nothing() {
    for kind in VppKind::available() {
        let mut world = World::new(kind, Stores::None).unwrap();
        world.vpp.start(&world.sandbox).unwrap();
        assert_eq!(world.dump_vpp().unwrap(), "", "{kind:?}");
        // And again after a restart.
        world.vpp.kill();
        assert!(world.dump_vpp().is_err(), "{kind:?} answers after it was killed");
        world.vpp.start(&world.sandbox).unwrap();
        assert_eq!(world.dump_vpp().unwrap(), "", "{kind:?}");
    }
}

#[test]
fn the_kernel_is_read_by_namespace() {
    let world = World::new(VppKind::Simulated, Stores::None).unwrap();
    if !world.sandbox.is_isolated() {
        return skipped("the_kernel_is_read_by_namespace", "needs root");
    }
    world.sandbox.add_namespace("left").unwrap();
    world
        .sandbox
        .output(
            "ip link add va type veth peer name vb netns left && ip address add 10.0.0.1/24 dev va && \
             ip link set va up && ip -n left link set vb mtu 1400 up && \
             ip route add 10.9.0.0/16 via 10.0.0.2 dev va && \
             ip neighbour add 10.0.0.7 lladdr 02:00:00:00:00:07 dev va nud permanent",
        )
        .unwrap();
    let text = world.dump_linux(&["left".to_owned()]).unwrap();
    assert_eq!(
        text,
        "namespace host\n  address va 10.0.0.1/24\n  link va up mtu 1500\n  \
         neighbour va 10.0.0.7 02:00:00:00:00:07\n  route 10.9.0.0/16 via 10.0.0.2 dev va\n\
         namespace left\n  link vb up mtu 1400\n"
    );
}

#[test]
fn etcd_survives_a_kill() {
    if !Etcd::is_installed() {
        return skipped("etcd_survives_a_kill", "etcd is not installed");
    }
    let mut world = World::new(VppKind::Simulated, Stores::Etcd).unwrap();
    let etcd = world.etcd.as_mut().unwrap();
    etcd.kill();
    etcd.restart(&world.sandbox).unwrap();
}
