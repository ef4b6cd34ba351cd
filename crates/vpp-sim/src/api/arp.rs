//! `arp.api`

use ligato_vpp_api::msg::arp::{
    ProxyArp, ProxyArpAddDel, ProxyArpDetails, ProxyArpDump, ProxyArpIntfcDetails,
    ProxyArpIntfcDump, ProxyArpIntfcEnableDisable,
};
use ligato_vpp_api::types::Ip4Address;

use crate::registry::Details;
use crate::release::Release;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::proxy_arp::Range;
use crate::state::retval::Outcome;

/// From this release on the table of a range is told by its id; before, by its index.
const TELLS_TABLES: Release = Release::new(25, 10);

pub(crate) fn range(vpp: &mut Vpp, m: &ProxyArpAddDel) -> Outcome {
    let ProxyArp { table_id, low, hi } = m.proxy;
    let range = Range { table: vpp.fib(Family::V4).find(table_id)?, low: low.0, high: hi.0 };
    if m.is_add {
        vpp.proxy_arps.add(range);
        return Ok(());
    }
    vpp.proxy_arps.remove(range)
}

pub(crate) fn range_dump(vpp: &Vpp, _: &ProxyArpDump, details: &mut Details<'_, ProxyArpDetails>) {
    for range in &vpp.proxy_arps.ranges {
        let table_id = match vpp.release >= TELLS_TABLES {
            true => vpp.fib(Family::V4).table_id(range.table),
            false => range.table,
        };
        details.send(&ProxyArpDetails {
            proxy: ProxyArp { table_id, low: Ip4Address(range.low), hi: Ip4Address(range.high) },
        });
    }
}

pub(crate) fn interface(vpp: &mut Vpp, m: &ProxyArpIntfcEnableDisable) -> Outcome {
    let index = m.sw_if_index.0;
    vpp.interfaces.get(index)?;
    if m.enable {
        vpp.proxy_arps.interfaces.insert(index);
    } else {
        vpp.proxy_arps.interfaces.remove(&index);
    }
    Ok(())
}

pub(crate) fn interface_dump(
    vpp: &Vpp,
    _: &ProxyArpIntfcDump,
    details: &mut Details<'_, ProxyArpIntfcDetails>,
) {
    for index in &vpp.proxy_arps.interfaces {
        details.send(&ProxyArpIntfcDetails { sw_if_index: *index });
    }
}
