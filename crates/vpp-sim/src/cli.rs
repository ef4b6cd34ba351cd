//! The few commands of VPP's command line that agents and tests use.

use std::fmt::Write;
use std::time::UNIX_EPOCH;

use crate::api::vpe::{BUILD_DATE, BUILD_DIRECTORY};
use crate::machine::Machine;
use crate::plugins;
use crate::state::Vpp;
use crate::state::fib::Source;
use crate::state::interfaces::Interface;
use crate::state::path::{Path, PathKind, Reason};
use crate::state::prefix::{Family, address};

/// Output of a command, or what VPP says to one it does not know.
pub(crate) fn run(machine: &Machine, command: &str) -> Result<String, String> {
    let vpp = &machine.vpp;
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["show" | "sh", "version" | "ver", "verbose", ..] => Ok(version_verbose(machine)),
        ["show" | "sh", "version" | "ver", "cmdline"] => Ok(command_line()),
        ["show" | "sh", "version" | "ver"] => Ok(version(machine)),
        ["show" | "sh", "interface" | "int", "address" | "addr"] => Ok(addresses(vpp)),
        ["show" | "sh", "interface" | "int"] => Ok(interfaces(vpp)),
        ["show" | "sh", "hardware-interfaces" | "hardware"] => Ok(hardware(vpp)),
        ["show" | "sh", "ip" | "ip4", "fib", ..] => Ok(fib(vpp, Family::V4)),
        ["show" | "sh", "ip6", "fib", ..] => Ok(fib(vpp, Family::V6)),
        ["show" | "sh", "ip", "table"] | ["show" | "sh", "ip", "tables"] => Ok(tables(vpp)),
        ["show" | "sh", "bridge-domain"] => Ok(bridge_domains(vpp)),
        ["show" | "sh", "ip" | "ip4", "neighbors" | "neighbor"] => Ok(neighbors(vpp, Family::V4)),
        ["show" | "sh", "ip6", "neighbors" | "neighbor"] => Ok(neighbors(vpp, Family::V6)),
        ["show" | "sh", "api", "clients"] => Ok(clients(machine)),
        ["show" | "sh", "memory", ..] | ["show" | "sh", "runtime" | "run"] => Ok(String::new()),
        ["show" | "sh", "plugins"] => {
            Ok(plugins::listed(machine.identity.release, &machine.identity.disabled))
        }
        ["show" | "sh", "clock"] => Ok(clock(machine)),
        ["show" | "sh", rest @ ..] => Err(format!("show: unknown input `{}'\n", rest.join(" "))),
        _ => Err(format!("unknown input `{command}'\n")),
    }
}

fn version(machine: &Machine) -> String {
    let release = machine.identity.release;
    format!(
        "vpp v{release}-release built by {BUILD_DIRECTORY} on {BUILD_DIRECTORY} at {BUILD_DATE}\n"
    )
}

fn version_verbose(machine: &Machine) -> String {
    let (release, pid) = (machine.identity.release, machine.identity.pid);
    format!(
        "Version:                  v{release}-release\n\
         Compiled by:              {BUILD_DIRECTORY}, a simulated VPP that forwards no packets\n\
         Compile host:             {BUILD_DIRECTORY}\n\
         Compile date:             {BUILD_DATE}\n\
         Compile location:         {BUILD_DIRECTORY}\n\
         Current PID:              {pid}\n"
    )
}

fn command_line() -> String {
    format!("Command line arguments:\n  {BUILD_DIRECTORY} (simulated, inside another program)\n")
}

fn clock(machine: &Machine) -> String {
    let started = machine.identity.started.duration_since(UNIX_EPOCH).unwrap_or_default();
    let uptime = machine.identity.booted.elapsed().as_secs_f64();
    format!("Time now {uptime:.6}, reftime {:.6}\n", started.as_secs_f64())
}

fn clients(machine: &Machine) -> String {
    machine.client_names().iter().fold(String::from("Name\n"), |text, name| text + name + "\n")
}

fn state(interface: &Interface) -> &'static str {
    if interface.admin_up { "up" } else { "down" }
}

fn interfaces(vpp: &Vpp) -> String {
    let mut text = String::from(
        "              Name               Idx    State  MTU (L3/IP4/IP6/MPLS)     \
         Counter          Count     \n",
    );
    for interface in vpp.interfaces.iter() {
        let [l3, ip4, ip6, mpls] = interface.mtu;
        let mtu = format!("{l3}/{ip4}/{ip6}/{mpls}");
        let (name, index, state) = (&interface.name, interface.index, state(interface));
        writeln!(text, "{name:<33} {index:<5} {state:>5} {mtu:>15}").ok();
    }
    text
}

fn addresses(vpp: &Vpp) -> String {
    let mut text = String::new();
    for interface in vpp.interfaces.iter() {
        writeln!(text, "{} ({}):", interface.name, if interface.admin_up { "up" } else { "dn" })
            .ok();
        for family in Family::BOTH {
            let table = vpp.fib(family).table_id(interface.table(family));
            for (bits, len) in interface.addresses(family) {
                write!(text, "  L3 {}/{len}", address(family, *bits)).ok();
                if table != 0 {
                    write!(
                        text,
                        " {}-table-id {table}",
                        if family == Family::V4 { "ip4" } else { "ip6" }
                    )
                    .ok();
                }
                text.push('\n');
            }
        }
    }
    text
}

fn hardware(vpp: &Vpp) -> String {
    let mut text = String::from("              Name                Idx   Link  Hardware\n");
    for interface in vpp.interfaces.iter() {
        let Some(hardware) = &interface.hardware else { continue };
        let link = if hardware.link_up { "up" } else { "down" };
        let (name, index) = (&interface.name, interface.index);
        writeln!(text, "{name:<35}{index:<6}{link:>5}  {name}").ok();
        writeln!(text, "  {}", hardware.dev_type).ok();
    }
    text
}

fn tables(vpp: &Vpp) -> String {
    let mut text = String::new();
    for family in Family::BOTH {
        for table in vpp.fib(family).tables() {
            writeln!(text, "{family} table_id:{} {}", table.id, table.name).ok();
        }
    }
    text
}

fn fib(vpp: &Vpp, family: Family) -> String {
    let mut text = String::new();
    let fib = vpp.fib(family);
    for table in fib.tables() {
        let Ok(index) = fib.find(table.id) else { continue };
        writeln!(
            text,
            "{}, fib_index:{index}, flow hash:[src dst sport dport proto flowlabel ]",
            table.name
        )
        .ok();
        for route in fib.routes(index) {
            writeln!(text, "{}/{}", address(family, route.address), route.prefix.len).ok();
            for path in route.paths.as_slice() {
                writeln!(text, "  {}", describe(vpp, family, path)).ok();
            }
            if route.source == Source::DEFAULT {
                writeln!(text, "  default-route").ok();
            }
        }
    }
    text
}

fn describe(vpp: &Vpp, family: Family, path: &Path) -> String {
    let name = |index: u32| {
        vpp.interfaces.get(index).map_or_else(|_| "DELETED".to_owned(), |i| i.name.clone())
    };
    match path.kind {
        PathKind::AttachedNextHop { next_hop, sw_if_index } => {
            format!("via {} {}", address(family, next_hop), name(sw_if_index))
        }
        PathKind::Attached { sw_if_index } => format!("attached {}", name(sw_if_index)),
        PathKind::Recursive { next_hop, table } => format!(
            "via {} in table {}",
            address(family, next_hop),
            vpp.fib(family).table_id(table)
        ),
        PathKind::Deag { table, .. } => {
            format!("lookup in table {}", vpp.fib(family).table_id(table))
        }
        PathKind::Receive { sw_if_index, .. } => format!("receive {}", name(sw_if_index)),
        PathKind::Special { reason: Reason::Unreachable } => "unreachable".to_owned(),
        PathKind::Special { reason: Reason::Prohibited } => "prohibited".to_owned(),
        PathKind::Special { .. } => "drop".to_owned(),
        other => format!("{other:?}"),
    }
}

fn bridge_domains(vpp: &Vpp) -> String {
    let mut text = String::from(
        "  BD-ID   Index   BSN  Age(min)  Learning  U-Forwrd   UU-Flood   Flooding  ARP-Term   BVI-Intf\n",
    );
    let on = |set| if set { "on" } else { "off" };
    for domain in vpp.bridges.iter() {
        let bvi = domain.bvi.and_then(|index| vpp.interfaces.get(index).ok());
        let bvi = bvi.map_or("N/A", |interface| interface.name.as_str());
        let flags = domain.flags;
        writeln!(
            text,
            "{:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {bvi:>9}",
            domain.id,
            domain.mac_age,
            on(flags.learn),
            on(flags.forward),
            on(flags.uu_flood),
            on(flags.flood),
            on(flags.arp_term),
        )
        .ok();
    }
    text
}

fn neighbors(vpp: &Vpp, family: Family) -> String {
    let mut text = String::from(
        "    Age                       IP                    Flags      Ethernet              Interface       \n",
    );
    for neighbor in vpp.neighbors.of(family, None) {
        let name = vpp.interfaces.get(neighbor.sw_if_index).map(|i| i.name.as_str());
        let [a, b, c, d, e, f] = neighbor.mac;
        writeln!(
            text,
            "{:>10.4} {:>39} {:>5} {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x} {}",
            neighbor.updated.elapsed().as_secs_f64(),
            neighbor.address(),
            if neighbor.is_static { "S" } else { "D" },
            name.unwrap_or_default(),
        )
        .ok();
    }
    text
}
