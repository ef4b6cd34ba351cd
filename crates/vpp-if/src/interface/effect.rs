//! Making, changing and deleting interfaces.
//!
//! After the one request that gives the index, everything else is sent at once: VPP executes it in this order anyway.

use ligato_kvs_api::{Invalid, OpError, Southbound};
use ligato_proto::vpp::interfaces::Interface;
use ligato_vpp_api::msg::interface::{
    HwInterfaceSetMtu, SwInterfaceSetFlags, SwInterfaceSetMacAddress, SwInterfaceSetMtu,
    SwInterfaceTagAddDel,
};
use ligato_vpp_api::msg::l2::L2InterfaceVlanTagRewrite;
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex};
use ligato_vpp_api::{FixedString, Request, VppError as Code};
use ligato_vpp_ctx::{Facts, InterfaceMeta, VppCtx, address};

use super::compare::{effective_mtu, same_mac};
use super::pair;
use crate::types::{self, Flavor, Mtu};

pub(super) async fn create(ctx: &VppCtx, value: &Interface) -> Result<InterfaceMeta, OpError> {
    let flavor = Flavor::of(value);
    let settings = Settings::all(&ctx.facts(), value)?;
    let index = flavor.create(ctx, value).await?;
    if let Err(error) = settings.apply(ctx, index).await {
        // Half an interface would stand in the way of the next attempt. If VPP is silent it is read back anyway.
        if !error.is_unknown()
            && let Err(second) = flavor.delete(ctx, index, value.vrf).await
        {
            tracing::warn!(interface = value.name, error = %second, "half an interface stays in VPP");
        }
        return Err(error);
    }
    // What is derived is not there yet.
    ctx.remember_interface(index, Interface { ip6_nd: None, ..value.clone() });
    Ok(meta(value, index))
}

pub(super) async fn delete(
    ctx: &VppCtx,
    value: &Interface,
    meta: &InterfaceMeta,
) -> Result<(), OpError> {
    let (flavor, index) = (Flavor::of(value), InterfaceIndex(meta.sw_if_index));
    let down = async {
        if matches!(flavor, Flavor::AfPacket(_)) {
            return Ok(());
        }
        let request = SwInterfaceSetFlags { sw_if_index: index, flags: IfStatusFlags(0) };
        ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
    };
    let left_behind = async {
        if !flavor.is_used_again() {
            return Ok(());
        }
        let untag =
            SwInterfaceTagAddDel { is_add: false, sw_if_index: index, ..Default::default() };
        let mtu = SwInterfaceSetMtu { sw_if_index: index, mtu: [0; 4] };
        let gone = [Code::INVALID_SW_IF_INDEX];
        let (untag, mtu) =
            futures::join!(ctx.request_unless(untag, &gone), ctx.request_unless(mtu, &gone));
        untag.and(mtu).map(drop)
    };
    // Otherwise tag and MTU go with the interface. Disabled first: VPP has died of deleting what was enabled.
    let deleted = flavor.delete(ctx, index, value.vrf);
    let unpaired = pair::end(ctx, index, &value.name);
    let (unpaired, down, left_behind, deleted) =
        futures::join!(unpaired, down, left_behind, deleted);
    ctx.forget_interface(index);
    unpaired.and(down).and(left_behind).and(deleted)
}

pub(super) async fn update(
    ctx: &VppCtx,
    old: &Interface,
    new: &Interface,
    before: &InterfaceMeta,
) -> Result<InterfaceMeta, OpError> {
    let index = InterfaceIndex(before.sw_if_index);
    Settings::differing(&ctx.facts(), old, new)?.apply(ctx, index).await?;
    let ip6_nd = ctx.remembered_interface(index, &new.name).and_then(|known| known.ip6_nd);
    ctx.remember_interface(index, Interface { ip6_nd, ..new.clone() });
    Ok(InterfaceMeta {
        internal_name: before.internal_name.clone(),
        dev_type: before.dev_type.clone(),
        ..meta(new, index)
    })
}

fn meta(value: &Interface, index: InterfaceIndex) -> InterfaceMeta {
    let tap_host_if_name = match Flavor::of(value) {
        Flavor::Tap(link) if link.host_if_name.is_empty() => types::default_host_name(&value.name),
        Flavor::Tap(link) => link.host_if_name.clone(),
        _ => String::new(),
    };
    InterfaceMeta {
        sw_if_index: index.0,
        vrf: value.vrf,
        ip_addresses: value.ip_addresses.clone(),
        tap_host_if_name,
        internal_name: String::new(),
        dev_type: String::new(),
    }
}

/// The requests that follow the creation or make up a change, with the index still to be filled in.
#[derive(Debug, Default, PartialEq)]
struct Settings {
    tag: Option<SwInterfaceTagAddDel>,
    mac: Option<SwInterfaceSetMacAddress>,
    frame_mtu: Option<HwInterfaceSetMtu>,
    packet_mtu: Option<SwInterfaceSetMtu>,
    rewrite: Option<L2InterfaceVlanTagRewrite>,
    flags: Option<SwInterfaceSetFlags>,
}

const LATER: InterfaceIndex = InterfaceIndex::NONE;

impl Settings {
    /// All that makes a new interface what it is to be.
    fn all(facts: &Facts, value: &Interface) -> Result<Self, Invalid> {
        let flavor = Flavor::of(value);
        let mut all = Self::default();
        if flavor.has_tag() {
            all.tag = Some(tag(&value.name)?);
        }
        if !value.phys_address.is_empty() && flavor.mac_is_set_later() {
            all.mac = Some(mac(&value.phys_address)?);
        }
        all.mtu(facts, value)?;
        if let Flavor::Sub(link) = flavor
            && link.tag_rw_option != 0
        {
            all.rewrite = Some(types::rewrite(LATER, link));
        }
        // A device may be as somebody left it.
        let unsure = matches!(flavor, Flavor::Device);
        all.flags = (unsure || value.enabled != flavor.comes_up_by_itself()).then(|| flags(value));
        Ok(all)
    }

    /// What changes from `old` to `new`.
    fn differing(facts: &Facts, old: &Interface, new: &Interface) -> Result<Self, Invalid> {
        let mut changes = Self::default();
        if !same_mac(old, new) && Flavor::of(new).mac_is_set_later() {
            changes.mac = Some(mac(&new.phys_address)?);
        }
        if effective_mtu(facts, old) != effective_mtu(facts, new) {
            changes.mtu(facts, new)?;
        }
        if let (Flavor::Sub(old), Flavor::Sub(new)) = (Flavor::of(old), Flavor::of(new)) {
            let wanted = types::rewrite(LATER, new);
            changes.rewrite = (types::rewrite(LATER, old) != wanted).then_some(wanted);
        }
        changes.flags = (old.enabled != new.enabled).then(|| flags(new));
        Ok(changes)
    }

    fn mtu(&mut self, facts: &Facts, value: &Interface) -> Result<(), Invalid> {
        let mtu = effective_mtu(facts, value);
        if mtu == 0 {
            return Ok(());
        }
        match Flavor::of(value).mtu() {
            Mtu::Hardware => {
                let too_large = |_| Invalid::field("mtu", format!("{mtu} is too large"));
                let mtu = u16::try_from(mtu).map_err(too_large)?;
                self.frame_mtu = Some(HwInterfaceSetMtu { sw_if_index: LATER, mtu });
            }
            // 0 leaves the MTU of IPv4, IPv6 and MPLS at that of layer 3.
            Mtu::Packet => {
                let request = SwInterfaceSetMtu { sw_if_index: LATER, mtu: [mtu, 0, 0, 0] };
                self.packet_mtu = Some(request);
            }
            Mtu::None => {}
        }
        Ok(())
    }

    /// Sends all of it; the first failure in the order of execution is reported.
    async fn apply(self, ctx: &VppCtx, index: InterfaceIndex) -> Result<(), OpError> {
        let Self { tag, mac, frame_mtu, packet_mtu, rewrite, flags } = self;
        let results = futures::join!(
            send(ctx, tag.map(|m| SwInterfaceTagAddDel { sw_if_index: index, ..m })),
            send(ctx, mac.map(|m| SwInterfaceSetMacAddress { sw_if_index: index, ..m })),
            send(ctx, frame_mtu.map(|m| HwInterfaceSetMtu { sw_if_index: index, ..m })),
            send(ctx, packet_mtu.map(|m| SwInterfaceSetMtu { sw_if_index: index, ..m })),
            send(ctx, rewrite.map(|m| L2InterfaceVlanTagRewrite { sw_if_index: index, ..m })),
            send(ctx, flags.map(|m| SwInterfaceSetFlags { sw_if_index: index, ..m })),
        );
        let (tag, mac, frame_mtu, packet_mtu, rewrite, flags) = results;
        tag.and(mac).and(frame_mtu).and(packet_mtu).and(rewrite).and(flags)
    }
}

async fn send<M: Request>(ctx: &VppCtx, request: Option<M>) -> Result<(), OpError> {
    match request {
        Some(request) => ctx.request(request).await.map(drop),
        None => Ok(()),
    }
}

fn tag(name: &str) -> Result<SwInterfaceTagAddDel, Invalid> {
    let tag = FixedString::new(name).map_err(|error| Invalid::field("name", error.to_string()))?;
    Ok(SwInterfaceTagAddDel { is_add: true, sw_if_index: LATER, tag })
}

fn mac(text: &str) -> Result<SwInterfaceSetMacAddress, Invalid> {
    let mac_address = address::parse_mac(text)
        .map_err(|error| Invalid::field("phys_address", error.to_string()))?;
    Ok(SwInterfaceSetMacAddress { sw_if_index: LATER, mac_address })
}

fn flags(value: &Interface) -> SwInterfaceSetFlags {
    let flags = IfStatusFlags(0).with_if(IfStatusFlags::ADMIN_UP, value.enabled);
    SwInterfaceSetFlags { sw_if_index: LATER, flags }
}
