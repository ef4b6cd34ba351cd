//! Shared memory interfaces. Messages: `memif_socket_filename_dump`, `memif_socket_filename_add_del_v2` (23.06 and
//! later) or `memif_socket_filename_add_del`, `memif_create_v2` (23.06 and later) or `memif_create`, `memif_delete`.
//!
//! VPP knows socket files by numbers. A file that VPP does not know gets the first free number; it is never taken back,
//! since another interface may be using it.

use std::collections::BTreeMap;

use ligato_kvs_api::{Field, Invalid, OpError, Unset};
use ligato_proto::vpp::interfaces::{MemifLink, memif_link::MemifMode as Mode};
use ligato_vpp_api::msg::memif::{
    MemifCreate, MemifCreateV2, MemifDelete, MemifDetails, MemifMode, MemifRole,
    MemifSocketFilenameAddDel, MemifSocketFilenameAddDelV2, MemifSocketFilenameDump,
};
use ligato_vpp_api::types::{InterfaceIndex, MacAddress};
use ligato_vpp_api::{FixedString, VppError as Code};
use ligato_vpp_ctx::{Facts, MemifSockets, VppCtx};

use super::Mtu;

/// What VPP takes for a buffer size of 0.
const DEFAULT_BUFFER: u32 = 2048;
/// What VPP takes for a ring size of 0.
const DEFAULT_RING: u32 = 1024;
/// Number of the socket file that is always there.
const DEFAULT_SOCKET: u32 = 0;
/// Longest secret and longest path that fit into the messages, in bytes.
const SECRET_LEN: usize = 23;
const PATH_LEN: usize = 107;

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::read("memif.socket_filename").unset(Unset::Said("the file VPP always has")),
    Field::kept("memif.secret", NOT_TOLD),
    Field::kept("memif.ring_size", WHILE_CONNECTED).unset(Unset::Number(DEFAULT_RING)),
    Field::kept("memif.buffer_size", WHILE_CONNECTED).unset(Unset::Number(DEFAULT_BUFFER)),
    Field::kept("memif.rx_queues", NOT_TOLD).unset(Unset::Number(1)),
    Field::kept("memif.tx_queues", NOT_TOLD).unset(Unset::Number(1)),
];
const NOT_TOLD: &str = "not in `memif_details`";
const WHILE_CONNECTED: &str =
    "`memif_details` tells it while the other side is connected, and then it is read back";

pub(super) fn validate(link: &MemifLink, bad: &mut Invalid) {
    let MemifLink {
        mode,
        master: _,
        id: _,
        socket_filename,
        secret,
        ring_size,
        buffer_size,
        rx_queues,
        tx_queues,
    } = link;
    if Mode::try_from(*mode).is_err() {
        bad.push("link.memif.mode", format!("{mode} is not a mode"));
    }
    if socket_filename.len() > PATH_LEN {
        bad.push("link.memif.socket_filename", format!("is longer than {PATH_LEN} bytes"));
    }
    if secret.len() > SECRET_LEN {
        bad.push("link.memif.secret", format!("is longer than {SECRET_LEN} bytes"));
    }
    if *ring_size != 0 && !ring_size.is_power_of_two() {
        bad.push("link.memif.ring_size", format!("{ring_size} is not a power of two"));
    }
    if u16::try_from(*buffer_size).is_err() {
        bad.push("link.memif.buffer_size", format!("{buffer_size} is above 65535"));
    }
    for (field, queues) in
        [("link.memif.rx_queues", rx_queues), ("link.memif.tx_queues", tx_queues)]
    {
        if u8::try_from(*queues).is_err() {
            bad.push(field, format!("{queues} is above 255"));
        }
    }
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    if facts.supports::<MemifCreateV2>() { Ok(()) } else { facts.require::<MemifCreate>() }
}

pub(super) fn same(old: &MemifLink, new: &MemifLink) -> bool {
    normal(old) == normal(new)
}

fn normal(link: &MemifLink) -> MemifLink {
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    MemifLink {
        ring_size: or(link.ring_size, DEFAULT_RING),
        buffer_size: or(link.buffer_size, DEFAULT_BUFFER),
        rx_queues: or(link.rx_queues, 1),
        tx_queues: or(link.tx_queues, 1),
        ..link.clone()
    }
}

pub(super) fn mtu(link: &MemifLink) -> Mtu {
    if link.mode() == Mode::Ethernet { Mtu::Hardware } else { Mtu::Packet }
}

pub(super) async fn create(ctx: &VppCtx, link: &MemifLink) -> Result<InterfaceIndex, OpError> {
    let socket_id = socket_id(ctx, &link.socket_filename).await?;
    let request = to_vpp(link, socket_id)?;
    if !ctx.client().supports::<MemifCreateV2>() {
        return ctx.request(request).await.map(|reply| reply.sw_if_index);
    }
    ctx.request(newer(&request)).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    let request = MemifDelete { sw_if_index };
    ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
}

/// Number of a socket file; makes it known to VPP if it is not. One at a time, so that two interfaces of one file do not
/// get two numbers.
async fn socket_id(ctx: &VppCtx, path: &str) -> Result<u32, OpError> {
    if path.is_empty() {
        return Ok(DEFAULT_SOCKET);
    }
    let mut sockets = ctx.memif_sockets().lock().await;
    let connection = ctx.client().peer().map_or(0, |peer| peer.connection);
    if sockets.connection != connection {
        *sockets = MemifSockets { connection, ids: sockets_of_vpp(ctx).await? };
    }
    if let Some(id) = sockets.ids.get(path) {
        return Ok(*id);
    }
    let id = first_free(sockets.ids.values().copied());
    if ctx.client().supports::<MemifSocketFilenameAddDelV2>() {
        let socket_filename = path.to_owned();
        let request = MemifSocketFilenameAddDelV2 { is_add: true, socket_id: id, socket_filename };
        ctx.request(request).await?;
    } else {
        let socket_filename = fixed("link.memif.socket_filename", path)?;
        let request = MemifSocketFilenameAddDel { is_add: true, socket_id: id, socket_filename };
        ctx.request(request).await?;
    }
    sockets.ids.insert(path.to_owned(), id);
    Ok(id)
}

/// The socket files VPP knows, by path.
async fn sockets_of_vpp(ctx: &VppCtx) -> Result<BTreeMap<String, u32>, OpError> {
    let found = ctx.dump(MemifSocketFilenameDump {}).await?;
    Ok(found.into_iter().map(|d| (d.socket_filename.to_string(), d.socket_id)).collect())
}

fn first_free(taken: impl Iterator<Item = u32>) -> u32 {
    let mut taken: Vec<u32> = taken.filter(|id| *id > DEFAULT_SOCKET).collect();
    taken.sort_unstable();
    (1..)
        .zip(&taken)
        .find(|(free, taken)| free != *taken)
        .map_or_else(|| u32::try_from(taken.len() + 1).unwrap_or(u32::MAX), |(free, _)| free)
}

fn fixed<const N: usize>(field: &str, text: &str) -> Result<FixedString<N>, Invalid> {
    FixedString::new(text).map_err(|error| Invalid::field(field, error.to_string()))
}

fn to_vpp(link: &MemifLink, socket_id: u32) -> Result<MemifCreate, Invalid> {
    let MemifLink {
        mode: _,
        master,
        id,
        socket_filename: _,
        secret,
        ring_size,
        buffer_size,
        rx_queues,
        tx_queues,
    } = link;
    let queues = |field: &str, queues: u32| {
        let too_many = |_| Invalid::field(field, format!("{queues} is above 255"));
        u8::try_from(queues.max(1)).map_err(too_many)
    };
    Ok(MemifCreate {
        role: if *master { MemifRole::MASTER } else { MemifRole::SLAVE },
        mode: match link.mode() {
            Mode::Ethernet => MemifMode::ETHERNET,
            Mode::Ip => MemifMode::IP,
            Mode::PuntInject => MemifMode::PUNT_INJECT,
        },
        rx_queues: queues("link.memif.rx_queues", *rx_queues)?,
        tx_queues: queues("link.memif.tx_queues", *tx_queues)?,
        id: *id,
        socket_id,
        ring_size: *ring_size,
        buffer_size: u16::try_from(*buffer_size).map_err(|_| {
            Invalid::field("link.memif.buffer_size", format!("{buffer_size} is above 65535"))
        })?,
        no_zero_copy: false,
        hw_addr: MacAddress::default(),
        secret: fixed("link.memif.secret", secret)?,
    })
}

/// The same request in the newer layout.
fn newer(v1: &MemifCreate) -> MemifCreateV2 {
    let MemifCreate {
        role,
        mode,
        rx_queues,
        tx_queues,
        id,
        socket_id,
        ring_size,
        buffer_size,
        no_zero_copy,
        hw_addr,
        secret,
    } = *v1;
    MemifCreateV2 {
        role,
        mode,
        rx_queues,
        tx_queues,
        id,
        socket_id,
        ring_size,
        buffer_size,
        no_zero_copy,
        use_dma: false,
        hw_addr,
        secret,
    }
}

/// The settings of a memif read back. `known` are those wanted: VPP tells neither secret nor numbers of queues, and
/// sizes only while the interface is connected.
pub(crate) fn link_from_vpp(
    details: &MemifDetails,
    sockets: &BTreeMap<u32, String>,
    known: Option<&MemifLink>,
) -> MemifLink {
    let size = |found: u32, default: u32, unknown: u32, wanted: u32| {
        let is_default = found == default && wanted == 0;
        if found == unknown || is_default { wanted } else { found }
    };
    let default = MemifLink::default();
    let known = known.unwrap_or(&default);
    let unnamed = details.socket_id == DEFAULT_SOCKET && known.socket_filename.is_empty();
    let path = sockets.get(&details.socket_id).filter(|_| !unnamed);
    let mode = match details.mode {
        MemifMode::IP => Mode::Ip,
        MemifMode::PUNT_INJECT => Mode::PuntInject,
        _ => Mode::Ethernet,
    };
    MemifLink {
        mode: mode.into(),
        master: details.role == MemifRole::MASTER,
        id: details.id,
        socket_filename: path.cloned().unwrap_or_default(),
        secret: known.secret.clone(),
        ring_size: size(details.ring_size, DEFAULT_RING, 1, known.ring_size),
        buffer_size: size(details.buffer_size.into(), DEFAULT_BUFFER, 0, known.buffer_size),
        rx_queues: known.rx_queues,
        tx_queues: known.tx_queues,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> MemifLink {
        MemifLink {
            mode: Mode::Ip.into(),
            master: true,
            id: 7,
            socket_filename: "/tmp/memif.sock".into(),
            secret: "s".into(),
            ring_size: 512,
            buffer_size: 4096,
            rx_queues: 2,
            tx_queues: 3,
        }
    }

    fn details(made: &MemifCreate) -> MemifDetails {
        MemifDetails {
            id: made.id,
            role: made.role,
            mode: made.mode,
            socket_id: made.socket_id,
            ring_size: made.ring_size,
            buffer_size: made.buffer_size,
            ..MemifDetails::default()
        }
    }

    #[test]
    fn what_is_made_is_read_back() {
        let sockets = BTreeMap::from([(3, "/tmp/memif.sock".to_owned())]);
        let made = to_vpp(&link(), 3).unwrap();
        assert_eq!(link_from_vpp(&details(&made), &sockets, Some(&link())), link());
    }

    #[test]
    fn defaults_stay_defaults() {
        let plain = MemifLink { id: 1, ..MemifLink::default() };
        let sockets = BTreeMap::from([(0, "/run/vpp/memif.sock".to_owned())]);
        let mut found = details(&to_vpp(&plain, 0).unwrap());
        for (ring_size, buffer_size) in [(1024, 2048), (1, 0)] {
            found.ring_size = ring_size;
            found.buffer_size = buffer_size;
            assert_eq!(link_from_vpp(&found, &sockets, Some(&plain)), plain);
        }
        let explicit = MemifLink { socket_filename: "/run/vpp/memif.sock".into(), ..plain };
        assert_eq!(link_from_vpp(&found, &sockets, Some(&explicit)), explicit);
    }

    #[test]
    fn the_first_free_number_is_taken() {
        assert_eq!(first_free([0].into_iter()), 1);
        assert_eq!(first_free([0, 2, 1].into_iter()), 3);
        assert_eq!(first_free([0, 3, 1].into_iter()), 2);
    }

    #[test]
    fn bad_settings_are_named() {
        let link = MemifLink {
            mode: 9,
            socket_filename: "x".repeat(108),
            secret: "x".repeat(24),
            ring_size: 1000,
            buffer_size: 65536,
            rx_queues: 256,
            ..MemifLink::default()
        };
        let mut bad = Invalid::default();
        validate(&link, &mut bad);
        let fields = ["mode", "socket_filename", "secret", "ring_size", "buffer_size", "rx_queues"];
        assert_eq!(bad.field_names(), fields.map(|field| format!("link.memif.{field}")));
    }
}
