//! `ip_neighbor.api`

use std::time::Instant;

use ligato_vpp_api::msg::ip_neighbor::{
    IpNeighbor, IpNeighborAddDel, IpNeighborAddDelReply, IpNeighborConfig, IpNeighborConfigGet,
    IpNeighborConfigGetReply, IpNeighborDetails, IpNeighborDump, IpNeighborFlags, IpNeighborFlush,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, MacAddress};

use super::ip::family;
use crate::registry::Details;
use crate::state::prefix::{Family, bits};
use crate::state::retval::{Outcome, code};
use crate::state::{Aging, Neighbor, Vpp};

pub(crate) fn add_del(vpp: &mut Vpp, m: &IpNeighborAddDel) -> IpNeighborAddDelReply {
    let ip = m.neighbor.ip_address.0;
    let sw_if_index = m.neighbor.sw_if_index.0;
    let outcome = if m.is_add {
        vpp.add_neighbor(Neighbor {
            sw_if_index,
            family: Family::of(ip),
            bits: bits(ip),
            mac: m.neighbor.mac_address.0,
            is_static: m.neighbor.flags.contains(IpNeighborFlags::STATIC),
            no_fib_entry: m.neighbor.flags.contains(IpNeighborFlags::NO_FIB_ENTRY),
            updated: Instant::now(),
        })
    } else {
        vpp.delete_neighbor(sw_if_index, ip)
    };
    IpNeighborAddDelReply { retval: code(&outcome), stats_index: u32::MAX }
}

pub(crate) fn dump(vpp: &Vpp, m: &IpNeighborDump, details: &mut Details<'_, IpNeighborDetails>) {
    let Ok(family) = family(m.af) else { return };
    for neighbor in vpp.neighbors.of(family, m.sw_if_index.some().map(|index| index.0)) {
        details.send(&IpNeighborDetails {
            age: neighbor.updated.elapsed().as_secs_f64(),
            neighbor: IpNeighbor {
                sw_if_index: InterfaceIndex(neighbor.sw_if_index),
                flags: IpNeighborFlags::EMPTY
                    .with_if(IpNeighborFlags::STATIC, neighbor.is_static)
                    .with_if(IpNeighborFlags::NO_FIB_ENTRY, neighbor.no_fib_entry),
                mac_address: MacAddress(neighbor.mac),
                ip_address: Address(neighbor.address()),
            },
        });
    }
}

pub(crate) fn flush(vpp: &mut Vpp, m: &IpNeighborFlush) -> Outcome {
    let family = family(m.af);
    let wanted = m.sw_if_index.some().map(|index| index.0);
    if let Some(index) = wanted {
        vpp.interfaces.get(index)?;
    }
    let family = family?;
    let indexes: Vec<u32> = vpp
        .interfaces
        .iter()
        .map(|interface| interface.index)
        .filter(|index| wanted.is_none_or(|one| one == *index))
        .collect();
    for index in indexes {
        vpp.flush_neighbors(index, |neighbor| neighbor.family == family);
    }
    Ok(())
}

pub(crate) fn config(vpp: &mut Vpp, m: &IpNeighborConfig) -> Outcome {
    let IpNeighborConfig { af, max_number, max_age, recycle } = *m;
    vpp.aging[family(af)?.index()] = Aging { max_number, max_age, recycle };
    Ok(())
}

pub(crate) fn config_get(vpp: &Vpp, m: &IpNeighborConfigGet) -> IpNeighborConfigGetReply {
    let found = family(m.af).map(|family| vpp.aging[family.index()]);
    let retval = code(&found);
    let unknown = Aging { max_number: u32::MAX, max_age: u32::MAX, recycle: false };
    let Aging { max_number, max_age, recycle } = found.unwrap_or(unknown);
    IpNeighborConfigGetReply { retval, af: m.af, max_number, max_age, recycle }
}
