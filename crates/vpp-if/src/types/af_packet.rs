//! Interfaces of the host, read by raw sockets. Messages: `af_packet_create_v3` (22.06 and later),
//! `af_packet_create_v2`, `af_packet_delete`, `af_packet_dump`, `sw_interface_set_rx_mode`.

use ligato_kvs_api::{Dependency, Field, Invalid, OpError};
use ligato_model::Model;
use ligato_proto::linux::interfaces::Interface as LinuxInterface;
use ligato_proto::vpp::interfaces::{AfpacketLink, Interface};
use ligato_vpp_api::msg::af_packet::{
    AfPacketCreateV2, AfPacketCreateV3, AfPacketDelete, AfPacketDump, AfPacketFlags, AfPacketMode,
};
use ligato_vpp_api::msg::interface::SwInterfaceSetRxMode;
use ligato_vpp_api::types::{InterfaceIndex, MacAddress, RxMode};
use ligato_vpp_api::{FixedString, VppError as Code};
use ligato_vpp_ctx::{Facts, VppCtx, address};

use crate::keys;

/// How an AF_PACKET interface names the interface of the host it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinuxSide<'a> {
    /// By its name in the kernel.
    Host(&'a str),
    /// By its logical name in the configuration.
    Logical(&'a str),
}

impl<'a> LinuxSide<'a> {
    pub(crate) fn of(link: &'a AfpacketLink) -> Self {
        let AfpacketLink { host_if_name, linux_interface } = link;
        if linux_interface.is_empty() {
            Self::Host(host_if_name)
        } else {
            Self::Logical(linux_interface)
        }
    }

    /// Name in the kernel.
    pub(crate) fn host_name(self, ctx: &VppCtx) -> Option<String> {
        match self {
            Self::Host(name) => Some(name.to_owned()),
            Self::Logical(name) => ctx.linux_host_name(name),
        }
    }
}

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::read("afpacket").remark("one of the two names has to be given"),
    Field::read("afpacket.linux_interface").remark("goes before `host_if_name`"),
];

pub(super) fn validate(link: &AfpacketLink, bad: &mut Invalid) {
    if LinuxSide::of(link) == LinuxSide::Host("") {
        for field in ["link.afpacket.host_if_name", "link.afpacket.linux_interface"] {
            bad.push(field, "one of the two is needed");
        }
    }
    if FixedString::<64>::new(&link.host_if_name).is_err() {
        bad.push("link.afpacket.host_if_name", "is longer than 63 bytes");
    }
}

pub(super) fn dependencies(facts: &Facts, link: &AfpacketLink) -> Vec<Dependency> {
    const LABEL: &str = "afpacket-host-interface-exists";
    if !facts.settings.linux_interfaces {
        return Vec::new();
    }
    vec![match LinuxSide::of(link) {
        LinuxSide::Logical(name) => Dependency::on(LABEL, LinuxInterface::key_of(name)),
        LinuxSide::Host(name) => Dependency::on(LABEL, keys::linux_host_name(name)),
    }]
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    if facts.supports::<AfPacketCreateV3>() {
        return Ok(());
    }
    facts.require::<AfPacketCreateV2>()
}

pub(super) fn same(old: &AfpacketLink, new: &AfpacketLink) -> bool {
    old == new
}

pub(super) async fn create(
    ctx: &VppCtx,
    interface: &Interface,
    link: &AfpacketLink,
) -> Result<InterfaceIndex, OpError> {
    let host_if_name = host_name(ctx, link)?;
    let hw_addr = match interface.phys_address.as_str() {
        "" => MacAddress::default(),
        text => address::parse_mac(text)
            .map_err(|error| Invalid::field("phys_address", error.to_string()))?,
    };
    let use_random_hw_addr = interface.phys_address.is_empty();
    if ctx.client().supports::<AfPacketCreateV3>() {
        let request = AfPacketCreateV3 {
            mode: AfPacketMode::ETHERNET,
            hw_addr,
            use_random_hw_addr,
            host_if_name,
            rx_frame_size: 0,
            tx_frame_size: 0,
            rx_frames_per_block: 0,
            tx_frames_per_block: 0,
            flags: AfPacketFlags(0),
            num_rx_queues: 1,
            num_tx_queues: 1,
        };
        return ctx.request(request).await.map(|reply| reply.sw_if_index);
    }
    let request = AfPacketCreateV2 {
        hw_addr,
        use_random_hw_addr,
        host_if_name,
        rx_frame_size: 0,
        tx_frame_size: 0,
        rx_frames_per_block: 0,
        tx_frames_per_block: 0,
        flags: 0,
        num_rx_queues: 0,
    };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

/// VPP deletes by the name in the kernel. A Linux interface that is not known any more has left it in VPP.
pub(super) async fn delete(
    ctx: &VppCtx,
    link: &AfpacketLink,
    sw_if_index: InterfaceIndex,
) -> Result<(), OpError> {
    let host_if_name = match host_name(ctx, link) {
        Ok(name) => name,
        Err(_) => match name_in_vpp(ctx, sw_if_index).await? {
            Some(name) => name,
            None => return Ok(()),
        },
    };
    // VPP before 23.02 dies of an interrupt of a queue that is gone: none is left once the queues are polled.
    let mode = RxMode::POLLING;
    let polled = SwInterfaceSetRxMode { sw_if_index, queue_id_valid: false, queue_id: 0, mode };
    let no_queues = [Code::INVALID_SW_IF_INDEX, Code::INVALID_INTERFACE, Code::UNSUPPORTED];
    let polled = ctx.request_unless(polled, &no_queues);
    let deleted = AfPacketDelete { host_if_name };
    let deleted = ctx.request_unless(deleted, &[Code::INVALID_SW_IF_INDEX]);
    let (polled, deleted) = futures::join!(polled, deleted);
    polled.map(drop).and(deleted.map(drop))
}

async fn name_in_vpp(
    ctx: &VppCtx,
    sw_if_index: InterfaceIndex,
) -> Result<Option<FixedString<64>>, OpError> {
    let found = ctx.dump(AfPacketDump {}).await?;
    Ok(found.into_iter().find(|d| d.sw_if_index == sw_if_index).map(|d| d.host_if_name))
}

fn host_name(ctx: &VppCtx, link: &AfpacketLink) -> Result<FixedString<64>, OpError> {
    let side = LinuxSide::of(link);
    let name = side.host_name(ctx).ok_or_else(|| {
        OpError::Retriable(format!("Linux interface {} is not known", link.linux_interface))
    })?;
    let too_long = |error: ligato_vpp_api::TextTooLong| {
        Invalid::field("link.afpacket.host_if_name", error.to_string())
    };
    Ok(FixedString::new(&name).map_err(too_long)?)
}
