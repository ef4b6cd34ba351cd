//! `af_packet.api`

use ligato_vpp_api::msg::af_packet::{
    AfPacketCreate, AfPacketCreateReply, AfPacketCreateV2, AfPacketCreateV2Reply, AfPacketCreateV3,
    AfPacketCreateV3Reply, AfPacketDelete, AfPacketDetails, AfPacketDump,
};
use ligato_vpp_api::types::InterfaceIndex;

use super::{index_or, text};
use crate::registry::Details;
use crate::state::retval::{Outcome, Retval, code};
use crate::state::{AfPacketMode, Vpp};

pub(crate) fn create(vpp: &mut Vpp, m: &AfPacketCreate) -> AfPacketCreateReply {
    let mac = (!m.use_random_hw_addr).then_some(m.hw_addr.0);
    let name = m.host_if_name.to_str();
    let outcome = vpp.create_af_packet(&name, mac, AfPacketMode::Ethernet, 1);
    AfPacketCreateReply { retval: code(&outcome), sw_if_index: index(vpp, &name, &outcome) }
}

pub(crate) fn create_v2(vpp: &mut Vpp, m: &AfPacketCreateV2) -> AfPacketCreateV2Reply {
    let mac = (!m.use_random_hw_addr).then_some(m.hw_addr.0);
    let name = m.host_if_name.to_str();
    let outcome = vpp.create_af_packet(&name, mac, AfPacketMode::Ethernet, m.num_rx_queues);
    AfPacketCreateV2Reply { retval: code(&outcome), sw_if_index: index(vpp, &name, &outcome) }
}

pub(crate) fn create_v3(vpp: &mut Vpp, m: &AfPacketCreateV3) -> AfPacketCreateV3Reply {
    let mac = (!m.use_random_hw_addr).then_some(m.hw_addr.0);
    let name = m.host_if_name.to_str();
    let Ok(mode) = AfPacketMode::from_number(m.mode.0) else {
        let retval = Retval::INVALID_VALUE.0;
        return AfPacketCreateV3Reply { retval, sw_if_index: InterfaceIndex::NONE };
    };
    let outcome = vpp.create_af_packet(&name, mac, mode, m.num_rx_queues);
    AfPacketCreateV3Reply { retval: code(&outcome), sw_if_index: index(vpp, &name, &outcome) }
}

/// A refusal because the interface is there already tells which one it is.
fn index(vpp: &Vpp, host_name: &str, outcome: &Outcome<u32>) -> InterfaceIndex {
    match outcome {
        Err(Retval::IF_ALREADY_EXISTS) => {
            InterfaceIndex(vpp.af_packets.existing(host_name).unwrap_or_default())
        }
        _ => index_or(outcome, 0),
    }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &AfPacketDelete) -> Outcome {
    vpp.delete_af_packet(&m.host_if_name.to_str())
}

pub(crate) fn dump(vpp: &Vpp, _: &AfPacketDump, details: &mut Details<'_, AfPacketDetails>) {
    for one in vpp.af_packets.iter() {
        details.send(&AfPacketDetails {
            sw_if_index: InterfaceIndex(one.sw_if_index),
            host_if_name: text(&one.host_name),
        });
    }
}
