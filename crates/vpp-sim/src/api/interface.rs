//! `interface.api`, without sub-interfaces.

use ligato_vpp_api::msg::interface::{
    CreateLoopback, CreateLoopbackInstance, CreateLoopbackInstanceReply, CreateLoopbackReply,
    DeleteLoopback, HwInterfaceSetMtu, IfType, LinkDuplex, SubIfFlags, SwInterfaceAddDelAddress,
    SwInterfaceClearStats, SwInterfaceDetails, SwInterfaceDump, SwInterfaceGetMacAddress,
    SwInterfaceGetMacAddressReply, SwInterfaceGetTable, SwInterfaceGetTableReply,
    SwInterfaceRxPlacementDetails, SwInterfaceRxPlacementDump, SwInterfaceSetFlags,
    SwInterfaceSetInterfaceName, SwInterfaceSetMacAddress, SwInterfaceSetMtu,
    SwInterfaceSetPromisc, SwInterfaceSetRxMode, SwInterfaceSetRxPlacement, SwInterfaceSetTable,
    SwInterfaceSetUnnumbered, SwInterfaceTagAddDel, WantInterfaceEvents, WantInterfaceEventsReply,
};
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex, MacAddress, RxMode};

use super::{index_or, text};
use crate::machine::Machine;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::interfaces::{Device, Hardware, Interface, sub_flags};
use crate::state::prefix::{Family, bits};
use crate::state::retval::{Outcome, Retval, code};

pub(crate) fn dump(vpp: &Vpp, m: &SwInterfaceDump, details: &mut Details<'_, SwInterfaceDetails>) {
    let index = m.sw_if_index.0;
    if !m.name_filter_valid && index != 0 && index != u32::MAX {
        if let Ok(interface) = vpp.interfaces.get(index)
            && let Ok(one) = describe(vpp, interface)
        {
            details.send(&one);
        }
        return;
    }
    let wanted = m.name_filter.trim_end_matches('\0').to_ascii_lowercase();
    for interface in vpp.interfaces.iter() {
        let named = interface.name.to_ascii_lowercase();
        if (!m.name_filter_valid || named.contains(&wanted))
            && let Ok(one) = describe(vpp, interface)
        {
            details.send(&one);
        }
    }
}

/// Whether an interface is enabled and has a link.
pub(crate) fn status(interface: &Interface, hardware: &Hardware) -> IfStatusFlags {
    IfStatusFlags::EMPTY
        .with_if(IfStatusFlags::ADMIN_UP, interface.admin_up)
        .with_if(IfStatusFlags::LINK_UP, hardware.link_up)
}

fn describe(vpp: &Vpp, interface: &Interface) -> Outcome<SwInterfaceDetails> {
    let hardware = vpp.interfaces.hardware(interface.index)?;
    let own_mac = interface.hardware.as_ref().and_then(|own| own.mac);
    let sub = interface.sub.unwrap_or_default();
    let tags = match sub.flags & (sub_flags::ONE_TAG | sub_flags::TWO_TAGS) {
        0 => 0,
        sub_flags::ONE_TAG => 1,
        sub_flags::TWO_TAGS => 2,
        _ => 3,
    };
    Ok(SwInterfaceDetails {
        sw_if_index: InterfaceIndex(interface.index),
        sup_sw_if_index: interface.sup,
        l2_address: MacAddress(own_mac.unwrap_or_default()),
        flags: status(interface, hardware),
        kind: if interface.sub.is_some() { IfType::SUB } else { IfType::HARDWARE },
        link_duplex: LinkDuplex(hardware.duplex),
        link_speed: hardware.link_speed,
        // The field has 16 bits, VPP cuts what does not fit.
        link_mtu: (hardware.link_mtu() & 0xffff) as u16,
        mtu: interface.mtu,
        sub_id: sub.id,
        sub_number_of_tags: tags,
        sub_outer_vlan_id: sub.outer_vlan,
        sub_inner_vlan_id: sub.inner_vlan,
        sub_if_flags: SubIfFlags(sub.flags & sub_flags::KEPT),
        vtr_op: interface.rewrite.op,
        vtr_push_dot1q: interface.rewrite.push_dot1q,
        vtr_tag1: interface.rewrite.tag1,
        vtr_tag2: interface.rewrite.tag2,
        outer_tag: 0,
        b_dmac: MacAddress::default(),
        b_smac: MacAddress::default(),
        b_vlanid: 0,
        i_sid: 0,
        interface_name: text(&interface.name),
        interface_dev_type: text(&hardware.dev_type),
        tag: text(&interface.tag),
    })
}

pub(crate) fn set_flags(vpp: &mut Vpp, m: &SwInterfaceSetFlags) -> Outcome {
    vpp.set_flags(m.sw_if_index.0, m.flags.contains(IfStatusFlags::ADMIN_UP))
}

pub(crate) fn set_promisc(vpp: &mut Vpp, m: &SwInterfaceSetPromisc) -> Outcome {
    let hardware = vpp.interfaces.own_hardware_mut(m.sw_if_index.0)?;
    match hardware.device {
        _ if hardware.mac.is_none() => Err(Retval::INVALID_VALUE),
        // Their drivers have nothing to set.
        Device::Loopback { .. } | Device::Bond { .. } => Err(Retval::UNSPECIFIED),
        _ => Ok(()),
    }
}

pub(crate) fn set_hardware_mtu(vpp: &mut Vpp, m: &HwInterfaceSetMtu) -> Outcome {
    vpp.interfaces.set_hardware_mtu(m.sw_if_index.0, m.mtu)
}

pub(crate) fn set_mtu(vpp: &mut Vpp, m: &SwInterfaceSetMtu) -> Outcome {
    vpp.interfaces.get_mut(m.sw_if_index.0)?.mtu = m.mtu;
    Ok(())
}

pub(crate) fn add_del_address(vpp: &mut Vpp, m: &SwInterfaceAddDelAddress) -> Outcome {
    let index = m.sw_if_index.0;
    vpp.interfaces.get(index)?;
    if m.del_all {
        return vpp.clear_addresses(index);
    }
    let ip = m.prefix.0.address.0;
    let (family, address, len) = (Family::of(ip), bits(ip), m.prefix.0.len);
    if m.is_add {
        vpp.add_address(index, family, address, len)
    } else {
        vpp.remove_address(index, family, address, len)
    }
}

pub(crate) fn set_table(vpp: &mut Vpp, m: &SwInterfaceSetTable) -> Outcome {
    vpp.set_table(m.sw_if_index.0, Family::from_is_ip6(m.is_ipv6), m.vrf_id)
}

pub(crate) fn get_table(vpp: &Vpp, m: &SwInterfaceGetTable) -> SwInterfaceGetTableReply {
    let family = Family::from_is_ip6(m.is_ipv6);
    let outcome = vpp
        .interfaces
        .get(m.sw_if_index.0)
        .map(|interface| vpp.fib(family).table_id(interface.table(family)));
    SwInterfaceGetTableReply { retval: code(&outcome), vrf_id: outcome.unwrap_or(u32::MAX) }
}

/// The fields of the message are the wrong way round, VPP says so itself.
pub(crate) fn set_unnumbered(vpp: &mut Vpp, m: &SwInterfaceSetUnnumbered) -> Outcome {
    let numbered = m.is_add.then_some(m.sw_if_index.0);
    vpp.interfaces.get(m.unnumbered_sw_if_index.0)?;
    vpp.set_unnumbered(m.unnumbered_sw_if_index.0, numbered)
}

pub(crate) fn clear_stats(vpp: &mut Vpp, m: &SwInterfaceClearStats) -> Outcome {
    match m.sw_if_index.some() {
        Some(index) => vpp.interfaces.get(index.0).map(|_| ()),
        None => Ok(()),
    }
}

pub(crate) fn tag(vpp: &mut Vpp, m: &SwInterfaceTagAddDel) -> Outcome {
    let interface = vpp.interfaces.get_mut(m.sw_if_index.0)?;
    if !m.is_add {
        interface.tag.clear();
    } else if m.tag.is_empty() {
        return Err(Retval::INVALID_VALUE);
    } else {
        interface.tag = m.tag.to_str().into_owned();
    }
    Ok(())
}

pub(crate) fn set_mac(vpp: &mut Vpp, m: &SwInterfaceSetMacAddress) -> Outcome {
    vpp.set_mac(m.sw_if_index.0, m.mac_address.0)
}

pub(crate) fn get_mac(vpp: &Vpp, m: &SwInterfaceGetMacAddress) -> SwInterfaceGetMacAddressReply {
    let outcome = vpp.interfaces.hardware(m.sw_if_index.0).map(|hardware| hardware.mac);
    SwInterfaceGetMacAddressReply {
        retval: code(&outcome),
        mac_address: MacAddress(outcome.ok().flatten().unwrap_or_default()),
    }
}

pub(crate) fn rename(vpp: &mut Vpp, m: &SwInterfaceSetInterfaceName) -> Outcome {
    let interface = vpp.interfaces.get_mut(m.sw_if_index.0)?;
    if m.name.is_empty() {
        return Err(Retval::INVALID_VALUE);
    }
    // VPP does not mind that another one has it.
    interface.name = m.name.to_str().into_owned();
    Ok(())
}

pub(crate) fn set_rx_mode(vpp: &mut Vpp, m: &SwInterfaceSetRxMode) -> Outcome {
    let hardware = vpp.interfaces.own_hardware_mut(m.sw_if_index.0)?;
    let mode = if m.mode == RxMode::DEFAULT { RxMode::POLLING } else { m.mode };
    if !m.queue_id_valid {
        for queue in &mut hardware.rx_queues {
            queue.mode = mode.0;
        }
        return Ok(());
    }
    let queue = hardware.rx_queues.get_mut(m.queue_id as usize).ok_or(Retval::UNIMPLEMENTED)?;
    queue.mode = mode.0;
    Ok(())
}

pub(crate) fn set_rx_placement(vpp: &mut Vpp, m: &SwInterfaceSetRxPlacement) -> Outcome {
    let hardware = vpp.interfaces.own_hardware_mut(m.sw_if_index.0)?;
    let thread = if m.is_main { Some(0) } else { vpp.threads.of_worker(m.worker_id) };
    let queue = hardware.rx_queues.get_mut(m.queue_id as usize);
    let (Some(queue), Some(thread)) = (queue, thread) else { return Err(Retval::UNIMPLEMENTED) };
    queue.thread = thread;
    Ok(())
}

pub(crate) fn rx_placement_dump(
    vpp: &Vpp,
    m: &SwInterfaceRxPlacementDump,
    details: &mut Details<'_, SwInterfaceRxPlacementDetails>,
) {
    let wanted = m.sw_if_index.some();
    for interface in vpp.interfaces.iter() {
        if wanted.is_some_and(|index| index.0 != interface.index) {
            continue;
        }
        let queues = interface.hardware.iter().flat_map(|hardware| &hardware.rx_queues);
        for (queue_id, queue) in (0..).zip(queues) {
            details.send(&SwInterfaceRxPlacementDetails {
                sw_if_index: InterfaceIndex(interface.index),
                queue_id,
                worker_id: queue.thread,
                mode: RxMode(queue.mode),
            });
        }
    }
}

pub(crate) fn want_events(
    machine: &mut Machine,
    m: &WantInterfaceEvents,
    client: u32,
) -> WantInterfaceEventsReply {
    let subscribers = &mut machine.vpp.interface_subscribers;
    let known = subscribers.contains_key(&client);
    let retval = match (m.enable_disable != 0, known) {
        (true, false) => {
            subscribers.insert(client, m.pid);
            0
        }
        (false, true) => {
            subscribers.remove(&client);
            0
        }
        _ => Retval::INVALID_REGISTRATION.0,
    };
    WantInterfaceEventsReply { retval }
}

pub(crate) fn create_loopback(vpp: &mut Vpp, m: &CreateLoopback) -> CreateLoopbackReply {
    let outcome = vpp.create_loopback(m.mac_address.0, None);
    CreateLoopbackReply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

pub(crate) fn create_loopback_instance(
    vpp: &mut Vpp,
    m: &CreateLoopbackInstance,
) -> CreateLoopbackInstanceReply {
    let instance = m.is_specified.then_some(m.user_instance);
    let outcome = vpp.create_loopback(m.mac_address.0, instance);
    CreateLoopbackInstanceReply {
        retval: code(&outcome),
        sw_if_index: index_or(&outcome, u32::MAX),
    }
}

pub(crate) fn delete_loopback(vpp: &mut Vpp, m: &DeleteLoopback) -> Outcome {
    vpp.delete_loopback(m.sw_if_index.0)
}
