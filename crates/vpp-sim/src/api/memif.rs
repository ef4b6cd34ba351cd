//! `memif.api`

use ligato_vpp_api::msg::memif::{
    MemifCreate, MemifCreateReply, MemifCreateV2, MemifCreateV2Reply, MemifDelete, MemifDetails,
    MemifDump, MemifMode, MemifRole, MemifSocketFilenameAddDel, MemifSocketFilenameAddDelV2,
    MemifSocketFilenameAddDelV2Reply, MemifSocketFilenameDetails, MemifSocketFilenameDump,
};
use ligato_vpp_api::types::{InterfaceIndex, MacAddress};

use super::{given_mac, index_or, interface, text};
use crate::registry::Details;
use crate::state::retval::{Outcome, Retval, code};
use crate::state::{Memif, MemifSpec, Vpp};

pub(crate) fn socket(vpp: &mut Vpp, m: &MemifSocketFilenameAddDel) -> Outcome {
    if m.socket_id == 0 || m.socket_id == u32::MAX {
        return Err(Retval::INVALID_ARGUMENT);
    }
    set_socket(vpp, m.is_add, m.socket_id, &m.socket_filename.to_str())
}

pub(crate) fn socket_v2(
    vpp: &mut Vpp,
    m: &MemifSocketFilenameAddDelV2,
) -> MemifSocketFilenameAddDelV2Reply {
    let mut socket_id = m.socket_id;
    let outcome = if socket_id == 0 {
        Err(Retval::INVALID_ARGUMENT)
    } else {
        if m.is_add && socket_id == u32::MAX {
            socket_id = unused_socket(vpp);
        }
        set_socket(vpp, m.is_add, socket_id, &m.socket_filename)
    };
    MemifSocketFilenameAddDelV2Reply { retval: code(&outcome), socket_id }
}

fn set_socket(vpp: &mut Vpp, is_add: bool, id: u32, filename: &str) -> Outcome {
    if is_add { vpp.memifs.add_socket(id, filename) } else { vpp.memifs.delete_socket(id) }
}

fn unused_socket(vpp: &mut Vpp) -> u32 {
    loop {
        let id = vpp.random_id(u32::MAX - 1);
        if !vpp.memifs.socket_exists(id) {
            return id;
        }
    }
}

pub(crate) fn socket_dump(
    vpp: &Vpp,
    _: &MemifSocketFilenameDump,
    details: &mut Details<'_, MemifSocketFilenameDetails>,
) {
    for (socket_id, filename) in vpp.memifs.sockets() {
        details.send(&MemifSocketFilenameDetails { socket_id, socket_filename: text(filename) });
    }
}

pub(crate) fn create(vpp: &mut Vpp, m: &MemifCreate) -> MemifCreateReply {
    let outcome = vpp.create_memif(MemifSpec {
        id: m.id,
        socket_id: m.socket_id,
        is_master: m.role == MemifRole::MASTER,
        mode: m.mode.0,
        secret: m.secret.as_bytes().to_vec(),
        ring_size: m.ring_size,
        buffer_size: m.buffer_size,
        zero_copy: !m.no_zero_copy,
        rx_queues: m.rx_queues,
        tx_queues: m.tx_queues,
        mac: given_mac(m.hw_addr),
    });
    MemifCreateReply { retval: code(&outcome), sw_if_index: index_or(&outcome, 0) }
}

pub(crate) fn create_v2(vpp: &mut Vpp, m: &MemifCreateV2) -> MemifCreateV2Reply {
    let outcome = vpp.create_memif(MemifSpec {
        id: m.id,
        socket_id: m.socket_id,
        is_master: m.role == MemifRole::MASTER,
        mode: m.mode.0,
        secret: m.secret.as_bytes().to_vec(),
        ring_size: m.ring_size,
        buffer_size: m.buffer_size,
        zero_copy: !m.no_zero_copy,
        rx_queues: m.rx_queues,
        tx_queues: m.tx_queues,
        mac: given_mac(m.hw_addr),
    });
    MemifCreateV2Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, 0) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &MemifDelete) -> Outcome {
    vpp.delete_memif(m.sw_if_index.0)
}

pub(crate) fn dump(vpp: &Vpp, _: &MemifDump, details: &mut Details<'_, MemifDetails>) {
    for memif in vpp.memifs.iter() {
        if let Ok(one) = describe(vpp, memif) {
            details.send(&one);
        }
    }
}

fn describe(vpp: &Vpp, memif: &Memif) -> Outcome<MemifDetails> {
    let interface = vpp.interfaces.get(memif.sw_if_index)?;
    let hardware = vpp.interfaces.hardware(memif.sw_if_index)?;
    Ok(MemifDetails {
        sw_if_index: InterfaceIndex(memif.sw_if_index),
        hw_addr: MacAddress(hardware.mac.unwrap_or_default()),
        id: memif.spec.id,
        role: if memif.spec.is_master { MemifRole::MASTER } else { MemifRole::SLAVE },
        mode: MemifMode(memif.spec.mode),
        zero_copy: memif.zero_copy(),
        socket_id: memif.spec.socket_id,
        ring_size: memif.running_ring_size(),
        buffer_size: memif.running_buffer_size(),
        flags: interface::status(interface, hardware),
        if_name: text(&interface.name),
    })
}
