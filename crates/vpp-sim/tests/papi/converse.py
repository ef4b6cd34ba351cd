"""FD.io's own client for Python speaks with a VPP, real or simulated, and checks what it gets back.

Usage: converse.py SOCKET STATS_SOCKET. The definitions of messages come from the VPP itself.
"""

import ipaddress
import sys
import threading

from vpp_papi import VPPApiClient
from vpp_papi.vpp_stats import VPPStats

NONE = 0xFFFFFFFF


def interfaces(api):
    return {i.interface_name: i for i in api.sw_interface_dump(sw_if_index=NONE)}


def converse(vpp):
    api = vpp.api
    version = api.show_version()
    assert version.program == "vpe" and version.version, version
    assert api.control_ping().retval == 0

    # Interfaces, and the event that tells of one.
    heard = threading.Event()
    events = []

    def listen(name, event):
        events.append((name, event))
        heard.set()

    vpp.register_event_callback(listen)
    assert api.want_interface_events(enable_disable=1, pid=1).retval == 0
    loop = api.create_loopback().sw_if_index
    assert api.sw_interface_set_flags(sw_if_index=loop, flags=1).retval == 0
    assert heard.wait(10), "no event"
    name, event = events[0]
    assert (name, event.sw_if_index) == ("sw_interface_event", loop), events

    tagged = api.sw_interface_tag_add_del(is_add=1, sw_if_index=loop, tag="from python")
    assert tagged.retval == 0
    found = interfaces(api)["loop0"]
    assert (found.sw_if_index, found.tag, int(found.flags) & 1) == (loop, "from python", 1), found

    # Addresses and prefixes in the client's own types.
    for address in "10.1.0.1/24", "2001:db8::1/64":
        added = api.sw_interface_add_del_address(sw_if_index=loop, is_add=1, prefix=address)
        assert added.retval == 0, added
    dumped = api.ip_address_dump(sw_if_index=loop, is_ipv6=True)
    assert ipaddress.ip_interface("2001:db8::1/64") in [d.prefix for d in dumped], dumped

    # Unions and nested arrays: a route with two paths.
    def path(hop):
        return {
            "weight": 1,
            "proto": 0,
            "sw_if_index": loop,
            "nh": {"address": {"ip4": hop}},
            "n_labels": 0,
            "label_stack": [{}] * 16,
        }

    route = {
        "table_id": 0,
        "prefix": "10.2.0.0/16",
        "n_paths": 2,
        "paths": [path("10.1.0.2"), path("10.1.0.3")],
    }
    assert api.ip_route_add_del(is_add=1, is_multipath=0, route=route).retval == 0
    table = {"table_id": 0, "is_ip6": False}
    routes = [d.route for d in api.ip_route_dump(table=table)]
    ours = [r for r in routes if str(r.prefix) == "10.2.0.0/16"]
    assert len(ours) == 1 and ours[0].n_paths == 2, routes
    hops = sorted(str(p.nh.address.ip4) for p in ours[0].paths)
    assert hops == ["10.1.0.2", "10.1.0.3"], hops

    # What VPP refuses is refused with its number, and bridge domains and MAC addresses come back as they went.
    assert api.delete_loopback(sw_if_index=999).retval == -2
    assert api.bridge_domain_add_del_v2(bd_id=7, learn=1, bd_tag="seven", is_add=1).retval == 0
    bridges = [b for b in api.bridge_domain_dump(bd_id=NONE, sw_if_index=NONE)]
    assert [(b.bd_id, b.bd_tag) for b in bridges] == [(7, "seven")], bridges
    arp = {"sw_if_index": loop, "flags": 1, "mac_address": "02:00:00:00:00:07", "ip_address": "10.1.0.9"}
    assert api.ip_neighbor_add_del(is_add=1, neighbor=arp).retval == 0
    neighbors = api.ip_neighbor_dump(sw_if_index=loop, af=0)
    assert [str(n.neighbor.mac_address) for n in neighbors] == ["02:00:00:00:00:07"], neighbors

    # Many at once, answered in order.
    for _ in range(200):
        assert api.control_ping().retval == 0
    assert api.delete_loopback(sw_if_index=loop).retval == 0
    assert "loop0" not in interfaces(api)


def statistics(path):
    stats = VPPStats(socketname=path, timeout=10)
    stats.connect()
    names = stats.ls(["^/sys/", "^/if/"])
    assert "/sys/heartbeat" in names and "/if/names" in names, names
    assert stats["/if/names"][0] == "local0", stats["/if/names"]
    assert stats["/sys/heartbeat"] >= 0
    assert stats["/if/rx"][:, 0].sum_packets() >= 0
    stats.disconnect()


def main():
    socket, stats_socket = sys.argv[1:3]
    vpp = VPPApiClient(server_address=socket, bootstrapapi=True, use_socket=True)
    vpp.connect("papi")
    try:
        converse(vpp)
    finally:
        vpp.disconnect()
    if len(sys.argv) > 3 and sys.argv[3] == "stats":
        statistics(stats_socket)
    print("everything as expected")


main()
