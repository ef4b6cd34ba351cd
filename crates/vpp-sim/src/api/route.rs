//! `ip.api`: routes.

use std::net::IpAddr;

use ligato_vpp_api::List;
use ligato_vpp_api::msg::ip::{
    IpRoute, IpRouteAddDel, IpRouteAddDelReply, IpRouteAddDelV2, IpRouteAddDelV2Reply,
    IpRouteDetails, IpRouteDump, IpRouteLookup, IpRouteLookupReply, IpRouteLookupV2,
    IpRouteLookupV2Reply, IpRouteV2, IpRouteV2Details, IpRouteV2Dump, IpTable,
};
use ligato_vpp_api::types::{FibMplsLabel, FibPath, FibPathNhProto, FibPathType, Prefix};

use crate::registry::Details;
use crate::release::Release;
use crate::state::Vpp;
use crate::state::fib::{Change, Route, Source};
use crate::state::path::{Label, Path, PathKind, Proto, Reason};
use crate::state::prefix::{self, Family, address, bits};
use crate::state::retval::{Outcome, Retval, code};

/// From this release on a path that drops is of a kind of its own.
const DROPS_SPECIALLY: Release = Release::new(24, 2);

pub(crate) fn add_del(vpp: &mut Vpp, m: &IpRouteAddDel) -> IpRouteAddDelReply {
    let wish = Wish {
        is_add: m.is_add,
        change: change(m.is_multipath),
        source: Source::API,
        table: m.route.table_id,
        prefix: m.route.prefix,
        paths: &m.route.paths,
    };
    let outcome = wish.grant(vpp);
    IpRouteAddDelReply { retval: code(&outcome), stats_index: outcome.unwrap_or(u32::MAX) }
}

pub(crate) fn add_del_v2(vpp: &mut Vpp, m: &IpRouteAddDelV2) -> IpRouteAddDelV2Reply {
    let wish = Wish {
        is_add: m.is_add,
        change: change(m.is_multipath),
        source: if m.route.src == 0 { Source::API } else { Source(m.route.src) },
        table: m.route.table_id,
        prefix: m.route.prefix,
        paths: &m.route.paths,
    };
    let outcome = wish.grant(vpp);
    IpRouteAddDelV2Reply { retval: code(&outcome), stats_index: outcome.unwrap_or(u32::MAX) }
}

fn change(is_multipath: bool) -> Change {
    if is_multipath { Change::Merge } else { Change::Replace }
}

/// What both versions of the message ask for.
struct Wish<'a> {
    is_add: bool,
    change: Change,
    source: Source,
    table: u32,
    prefix: Prefix,
    paths: &'a [FibPath],
}

impl Wish<'_> {
    /// The answer is where packets of the route are counted, if it is added.
    fn grant(&self, vpp: &mut Vpp) -> Outcome<u32> {
        let ip = self.prefix.address.0;
        let family = Family::of(ip);
        let table = vpp.fib(family).find(self.table)?;
        let prefix = prefix::Prefix::new(family, bits(ip), self.prefix.len);
        let paths = self
            .paths
            .iter()
            .map(|path| decode(vpp, family, prefix, path))
            .collect::<Outcome<Vec<Path>>>()?;
        if self.prefix.len > family.width() {
            return Err(Retval::INVALID_PREFIX_LENGTH);
        }
        if paths.is_empty() && (self.is_add || self.change == Change::Merge) {
            return Err(Retval::NO_PATHS_IN_ROUTE);
        }
        let fib = vpp.fib_mut(family);
        if self.is_add {
            let is_new = !fib.has_entry(table, prefix);
            let stats_index = fib.add(table, prefix, self.source, paths, self.change);
            if is_new {
                fib.show_as(table, prefix, bits(ip));
            }
            return Ok(stats_index);
        }
        fib.remove(table, prefix, self.source, &paths, self.change);
        Ok(u32::MAX)
    }
}

/// A path as VPP understands it.
pub(crate) fn decode(
    vpp: &Vpp,
    family: Family,
    prefix: prefix::Prefix,
    m: &FibPath,
) -> Outcome<Path> {
    // A number VPP does not know is refused with a bare -1.
    let proto = Proto::from_number(m.proto.0).ok_or(Retval::UNSPECIFIED)?;
    let mut kind = decode_kind(vpp, family, prefix, proto, m)?;
    let drops = kind == PathKind::Special { reason: Reason::Drop } && vpp.release < DROPS_SPECIALLY;
    if drops {
        kind = dropping(vpp, family, prefix, m)?;
    }
    let labels = m.label_stack.iter().take(usize::from(m.n_labels));
    Ok(Path {
        kind,
        proto,
        weight: m.weight.max(1),
        preference: m.preference,
        labels: labels.map(|l| Label { value: l.label, ttl: l.ttl, exp: l.exp }).collect(),
        drops,
    })
}

fn decode_kind(
    vpp: &Vpp,
    family: Family,
    prefix: prefix::Prefix,
    proto: Proto,
    m: &FibPath,
) -> Outcome<PathKind> {
    let sw_if_index = m.sw_if_index;
    Ok(match m.kind {
        FibPathType::DVR => PathKind::Dvr { sw_if_index },
        FibPathType::INTERFACE_RX => PathKind::InterfaceRx { sw_if_index },
        FibPathType::DROP => PathKind::Special { reason: Reason::Drop },
        FibPathType::LOCAL => PathKind::Receive { sw_if_index, address: 0 },
        FibPathType::ICMP_UNREACH => PathKind::Special { reason: Reason::Unreachable },
        FibPathType::ICMP_PROHIBIT => PathKind::Special { reason: Reason::Prohibited },
        // There are no classify tables.
        FibPathType::CLASSIFY => return Err(Retval::NO_SUCH_TABLE),
        FibPathType::UDP_ENCAP => PathKind::UdpEncap { id: m.nh.obj_id },
        FibPathType::BIER_IMP => PathKind::BierImposition { id: m.nh.obj_id },
        FibPathType::NORMAL | FibPathType::SOURCE_LOOKUP => {
            return forwarding(vpp, family, prefix, proto, m);
        }
        // A type VPP does not know leaves everything zero, and interface 0 is one.
        _ => attached(family, prefix, 0),
    })
}

/// A path that drops, before there was a kind for it: one out of the interface 0, or one that leads back to itself.
fn dropping(vpp: &Vpp, family: Family, prefix: prefix::Prefix, m: &FibPath) -> Outcome<PathKind> {
    if m.kind == FibPathType::DROP {
        return Ok(attached(family, prefix, 0));
    }
    let table = vpp.fib(family).find(m.table_id)?;
    Ok(PathKind::Recursive { next_hop: prefix.network, table })
}

/// Out of an interface: to the destination itself if the route is to one host.
fn attached(family: Family, prefix: prefix::Prefix, sw_if_index: u32) -> PathKind {
    if prefix.is_host(family) {
        PathKind::AttachedNextHop { next_hop: prefix.network, sw_if_index }
    } else {
        PathKind::Attached { sw_if_index }
    }
}

/// A path that sends packets on: to a neighbour, out of an interface, or into a table.
fn forwarding(
    vpp: &Vpp,
    family: Family,
    prefix: prefix::Prefix,
    proto: Proto,
    m: &FibPath,
) -> Outcome<PathKind> {
    let nh_family = match proto {
        Proto::Ip4 => Family::V4,
        Proto::Ip6 => Family::V6,
        Proto::Ethernet => return Ok(PathKind::Attached { sw_if_index: m.sw_if_index }),
        Proto::Mpls | Proto::Bier => return Ok(PathKind::Special { reason: Reason::None }),
    };
    let next_hop = match nh_family {
        Family::V4 => bits(IpAddr::V4(m.nh.address.to_ip4())),
        Family::V6 => bits(IpAddr::V6(m.nh.address.to_ip6())),
    };
    let sw_if_index = m.sw_if_index;
    if sw_if_index == u32::MAX {
        let table = vpp.fib(nh_family).find(m.table_id)?;
        return Ok(if next_hop == 0 {
            PathKind::Deag { table, rpf_id: u32::MAX }
        } else if next_hop == prefix.network && family == nh_family {
            // A route through itself leads nowhere.
            PathKind::Special { reason: Reason::Drop }
        } else {
            PathKind::Recursive { next_hop, table }
        });
    }
    if !vpp.interfaces.exists(sw_if_index) {
        return Err(Retval::NO_MATCHING_INTERFACE);
    }
    Ok(if next_hop != 0 {
        PathKind::AttachedNextHop { next_hop, sw_if_index }
    } else {
        attached(family, prefix, sw_if_index)
    })
}

pub(crate) fn dump(vpp: &Vpp, m: &IpRouteDump, details: &mut Details<'_, IpRouteDetails>) {
    let (family, Ok(table)) = table(vpp, &m.table) else { return };
    for route in vpp.fib(family).routes(table) {
        details.send(&IpRouteDetails { route: describe(vpp, family, m.table.table_id, &route) });
    }
}

pub(crate) fn dump_v2(vpp: &Vpp, m: &IpRouteV2Dump, details: &mut Details<'_, IpRouteV2Details>) {
    let (family, Ok(table)) = table(vpp, &m.table) else { return };
    let mut send = |route: Route<'_>| {
        let route = describe_v2(vpp, family, m.table.table_id, &route);
        details.send(&IpRouteV2Details { route });
    };
    if m.src == 0 {
        vpp.fib(family).routes(table).for_each(&mut send);
    } else {
        vpp.fib(family).routes_by(table, Source(m.src)).for_each(&mut send);
    }
}

fn table(vpp: &Vpp, table: &IpTable) -> (Family, Outcome<u32>) {
    let family = Family::from_is_ip6(table.is_ip6);
    (family, vpp.fib(family).find(table.table_id))
}

pub(crate) fn lookup(vpp: &Vpp, m: &IpRouteLookup) -> IpRouteLookupReply {
    let outcome = find(vpp, m.table_id, m.prefix, m.exact != 0);
    let family = Family::of(m.prefix.address.0);
    IpRouteLookupReply {
        retval: code(&outcome),
        route: outcome.map(|route| describe(vpp, family, m.table_id, &route)).unwrap_or_default(),
    }
}

pub(crate) fn lookup_v2(vpp: &Vpp, m: &IpRouteLookupV2) -> IpRouteLookupV2Reply {
    let outcome = find(vpp, m.table_id, m.prefix, m.exact != 0);
    let family = Family::of(m.prefix.address.0);
    IpRouteLookupV2Reply {
        retval: code(&outcome),
        route: outcome
            .map(|route| describe_v2(vpp, family, m.table_id, &route))
            .unwrap_or_default(),
    }
}

fn find(vpp: &Vpp, table_id: u32, wanted: Prefix, exact: bool) -> Outcome<Route<'_>> {
    let family = Family::of(wanted.address.0);
    let fib = vpp.fib(family);
    let table = fib.find(table_id)?;
    let prefix = prefix::Prefix::new(family, bits(wanted.address.0), wanted.len);
    fib.lookup(table, prefix, exact).ok_or(Retval::NO_SUCH_ENTRY)
}

fn describe(vpp: &Vpp, family: Family, table_id: u32, route: &Route<'_>) -> IpRoute {
    IpRoute {
        table_id,
        stats_index: route.stats_index,
        prefix: Prefix::new(address(family, route.address), route.prefix.len),
        paths: encode_all(vpp, route),
    }
}

fn describe_v2(vpp: &Vpp, family: Family, table_id: u32, route: &Route<'_>) -> IpRouteV2 {
    IpRouteV2 {
        table_id,
        stats_index: route.stats_index,
        prefix: Prefix::new(address(family, route.address), route.prefix.len),
        src: route.source.0,
        paths: encode_all(vpp, route),
    }
}

fn encode_all(vpp: &Vpp, route: &Route<'_>) -> List<FibPath, u8> {
    let paths = route.paths.as_slice().iter().take(usize::from(u8::MAX));
    List::new(paths.map(|path| encode(vpp, path)).collect()).unwrap_or_default()
}

/// A path as dumps show it, which is less than was asked for: the flags are not there.
pub(crate) fn encode(vpp: &Vpp, path: &Path) -> FibPath {
    let mut m = FibPath {
        sw_if_index: u32::MAX,
        weight: path.weight,
        preference: path.preference,
        proto: FibPathNhProto(path.proto as u32),
        ..FibPath::default()
    };
    let family = if path.proto == Proto::Ip6 { Family::V6 } else { Family::V4 };
    let table_id = |table: u32| if table == 0 { 0 } else { vpp.fib(family).table_id(table) };
    match path.kind {
        PathKind::AttachedNextHop { next_hop, sw_if_index } => {
            m.sw_if_index = sw_if_index;
            m.nh.address = address(family, next_hop).into();
        }
        PathKind::Attached { sw_if_index } => m.sw_if_index = sw_if_index,
        PathKind::Recursive { next_hop, table } => {
            m.nh.address = address(family, next_hop).into();
            m.table_id = table_id(table);
        }
        PathKind::Special { reason } => m.kind = special(reason),
        PathKind::Exclusive => {}
        PathKind::Deag { table, .. } => m.table_id = table_id(table),
        PathKind::InterfaceRx { sw_if_index } => {
            m.sw_if_index = sw_if_index;
            m.kind = FibPathType::INTERFACE_RX;
        }
        PathKind::UdpEncap { id } => {
            m.kind = FibPathType::UDP_ENCAP;
            m.nh.obj_id = id;
        }
        PathKind::Receive { sw_if_index, address: own } => {
            m.sw_if_index = sw_if_index;
            m.nh.address = address(family, own).into();
            m.kind = FibPathType::LOCAL;
        }
        PathKind::BierImposition { id } => {
            m.kind = FibPathType::BIER_IMP;
            m.nh.obj_id = id;
        }
        PathKind::Dvr { sw_if_index } => {
            m.sw_if_index = sw_if_index;
            m.kind = FibPathType::DVR;
        }
    }
    if path.drops {
        m.kind = FibPathType::DROP;
    }
    encode_labels(path, &mut m);
    m
}

fn special(reason: Reason) -> FibPathType {
    match reason {
        Reason::Drop => FibPathType::DROP,
        Reason::Unreachable => FibPathType::ICMP_UNREACH,
        Reason::Prohibited => FibPathType::ICMP_PROHIBIT,
        Reason::None => FibPathType::NORMAL,
    }
}

fn encode_labels(path: &Path, m: &mut FibPath) {
    for (slot, label) in m.label_stack.iter_mut().zip(&path.labels) {
        *slot = FibMplsLabel { is_uniform: 0, label: label.value, ttl: label.ttl, exp: label.exp };
        m.n_labels += 1;
    }
}
