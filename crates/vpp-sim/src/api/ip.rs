//! `ip.api`, without routes.

use ligato_vpp_api::msg::ip::{
    IpAddressDetails, IpAddressDump, IpDetails, IpDump, IpTable, IpTableAddDel, IpTableAddDelV2,
    IpTableAllocate, IpTableAllocateReply, IpTableDetails, IpTableDump, IpUnnumberedDetails,
    IpUnnumberedDump, SetIpFlowHash, SetIpFlowHashV2, SetIpFlowHashV3,
    SwInterfaceIp6GetLinkLocalAddress, SwInterfaceIp6GetLinkLocalAddressReply,
};
use ligato_vpp_api::types::{AddressFamily, AddressWithPrefix, InterfaceIndex, Ip6Address, Prefix};

use super::text;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::{Family, address};
use crate::state::retval::{Outcome, Retval, code};

pub(crate) fn table(vpp: &mut Vpp, m: &IpTableAddDel) -> Outcome {
    set_table(vpp, m.is_add, &m.table);
    Ok(())
}

pub(crate) fn table_v2(vpp: &mut Vpp, m: &IpTableAddDelV2) -> Outcome {
    set_table(vpp, m.is_add, &m.table);
    Ok(())
}

fn set_table(vpp: &mut Vpp, is_add: bool, table: &IpTable) {
    let fib = vpp.fib_mut(Family::from_is_ip6(table.is_ip6));
    if is_add {
        fib.add_table(table.table_id, &table.name.to_str());
    } else {
        fib.delete_table(table.table_id);
    }
}

pub(crate) fn get_link_local(
    vpp: &Vpp,
    m: &SwInterfaceIp6GetLinkLocalAddress,
) -> SwInterfaceIp6GetLinkLocalAddressReply {
    let interface = vpp.interfaces.get(m.sw_if_index.0);
    let outcome: Outcome<u128> = interface.and_then(|interface| {
        let own = interface.link_local.ok_or(Retval::IP6_NOT_ENABLED)?;
        Ok(own.address)
    });
    SwInterfaceIp6GetLinkLocalAddressReply {
        retval: code(&outcome),
        ip: Ip6Address(outcome.unwrap_or_default().into()),
    }
}

pub(crate) fn table_allocate(vpp: &mut Vpp, m: &IpTableAllocate) -> IpTableAllocateReply {
    let family = Family::from_is_ip6(m.table.is_ip6);
    let mut id = m.table.table_id;
    while id == u32::MAX || (m.table.table_id == u32::MAX && vpp.fib(family).find(id).is_ok()) {
        id = vpp.random_id(u32::MAX - 1);
    }
    let table = IpTable { table_id: id, is_ip6: m.table.is_ip6, name: m.table.name };
    set_table(vpp, true, &table);
    IpTableAllocateReply { retval: 0, table }
}

pub(crate) fn table_dump(vpp: &Vpp, _: &IpTableDump, details: &mut Details<'_, IpTableDetails>) {
    for family in Family::BOTH {
        for table in vpp.fib(family).tables() {
            details.send(&IpTableDetails {
                table: IpTable {
                    table_id: table.id,
                    is_ip6: family == Family::V6,
                    name: text(&table.name),
                },
            });
        }
    }
}

pub(crate) fn flow_hash(vpp: &mut Vpp, m: &SetIpFlowHash) -> Outcome {
    vpp.fib(Family::from_is_ip6(m.is_ipv6)).find(m.vrf_id).map(|_| ())
}

pub(crate) fn flow_hash_v2(vpp: &mut Vpp, m: &SetIpFlowHashV2) -> Outcome {
    vpp.fib(family(m.af)?).find(m.table_id).map(|_| ())
}

pub(crate) fn flow_hash_v3(vpp: &mut Vpp, m: &SetIpFlowHashV3) -> Outcome {
    vpp.fib(family(m.af)?).find(m.table_id).map(|_| ())
}

/// The family a client names.
pub(crate) fn family(af: AddressFamily) -> Outcome<Family> {
    match af {
        AddressFamily::IP4 => Ok(Family::V4),
        AddressFamily::IP6 => Ok(Family::V6),
        _ => Err(Retval::INVALID_ADDRESS_FAMILY),
    }
}

pub(crate) fn address_dump(
    vpp: &Vpp,
    m: &IpAddressDump,
    details: &mut Details<'_, IpAddressDetails>,
) {
    let Ok(interface) = vpp.interfaces.get(m.sw_if_index.0) else { return };
    let family = Family::from_is_ip6(m.is_ipv6);
    // An unnumbered interface has no address of its own as long as it is one.
    if interface.unnumbered.is_some() {
        return;
    }
    for (bits, len) in interface.addresses(family) {
        details.send(&IpAddressDetails {
            sw_if_index: m.sw_if_index,
            prefix: AddressWithPrefix(Prefix::new(address(family, *bits), *len)),
        });
    }
}

pub(crate) fn unnumbered_dump(
    vpp: &Vpp,
    m: &IpUnnumberedDump,
    details: &mut Details<'_, IpUnnumberedDetails>,
) {
    let wanted = m.sw_if_index.some();
    for interface in vpp.interfaces.iter() {
        if let Some(numbered) = interface.unnumbered
            && wanted.is_none_or(|index| index.0 == interface.index)
        {
            details.send(&IpUnnumberedDetails {
                sw_if_index: InterfaceIndex(interface.index),
                ip_sw_if_index: InterfaceIndex(numbered),
            });
        }
    }
}

pub(crate) fn dump(vpp: &Vpp, m: &IpDump, details: &mut Details<'_, IpDetails>) {
    for interface in vpp.interfaces.iter() {
        details
            .send(&IpDetails { sw_if_index: InterfaceIndex(interface.index), is_ipv6: m.is_ipv6 });
    }
}
