//! `teib.api`

use ligato_vpp_api::msg::teib::{TeibDetails, TeibDump, TeibEntry, TeibEntryAddDel};
use ligato_vpp_api::types::{Address, InterfaceIndex};

use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::Outcome;

pub(crate) fn add_del(vpp: &mut Vpp, m: &TeibEntryAddDel) -> Outcome {
    let TeibEntry { sw_if_index, peer, nh, nh_table_id } = m.entry;
    vpp.interfaces.get(sw_if_index.0)?;
    if m.is_add == 0 {
        return vpp.delete_teib(sw_if_index.0, peer.0);
    }
    vpp.add_teib(sw_if_index.0, peer.0, nh.0, nh_table_id)
}

pub(crate) fn dump(vpp: &Vpp, _: &TeibDump, details: &mut Details<'_, TeibDetails>) {
    for entry in vpp.teibs.iter() {
        details.send(&TeibDetails {
            entry: TeibEntry {
                sw_if_index: InterfaceIndex(entry.sw_if_index),
                peer: Address(entry.peer),
                nh: Address(entry.next_hop),
                nh_table_id: vpp.fib(Family::of(entry.next_hop)).table_id(entry.table),
            },
        });
    }
}
