//! What VPP tells about tunnels and about cards it took over, by index of the interface.

use std::collections::HashMap;

use ligato_kvs_api::OpError;
use ligato_vpp_api::msg::gre::{GreTunnel, GreTunnelDump, GreTunnelV2Dump};
use ligato_vpp_api::msg::gtpu::{GtpuTunnelDetails, GtpuTunnelDump};
use ligato_vpp_api::msg::ipip::{IpipTunnel, IpipTunnelDump};
use ligato_vpp_api::msg::ipsec::{IpsecItf, IpsecItfDump};
use ligato_vpp_api::msg::vmxnet3::{SwVmxnet3InterfaceDetails, SwVmxnet3InterfaceDump};
use ligato_vpp_api::msg::vxlan::{VxlanTunnelV2Details, VxlanTunnelV2Dump};
use ligato_vpp_api::msg::vxlan_gpe::{VxlanGpeTunnelV2Details, VxlanGpeTunnelV2Dump};
use ligato_vpp_api::msg::wireguard::{WireguardInterface, WireguardInterfaceDump};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::VppCtx;

#[derive(Debug, Default)]
pub(in super::super) struct Tunnels {
    pub(in super::super) vxlans: HashMap<InterfaceIndex, VxlanTunnelV2Details>,
    pub(in super::super) vxlan_gpes: HashMap<InterfaceIndex, VxlanGpeTunnelV2Details>,
    pub(in super::super) gres: HashMap<InterfaceIndex, GreTunnel>,
    pub(in super::super) gtpus: HashMap<InterfaceIndex, GtpuTunnelDetails>,
    pub(in super::super) ipips: HashMap<InterfaceIndex, IpipTunnel>,
    pub(in super::super) ipsecs: HashMap<InterfaceIndex, IpsecItf>,
    pub(in super::super) wireguards: HashMap<InterfaceIndex, WireguardInterface>,
    pub(in super::super) vmxnet3s: HashMap<InterfaceIndex, SwVmxnet3InterfaceDetails>,
}

impl Tunnels {
    pub(super) async fn take(ctx: &VppCtx) -> Result<Self, OpError> {
        const ALL: InterfaceIndex = InterfaceIndex::NONE;
        let (vxlans, gpes, gres, gtpus, ipips, ipsecs, wireguards, cards) = futures::try_join!(
            ctx.dump_if_any(VxlanTunnelV2Dump { sw_if_index: ALL }),
            ctx.dump_if_any(VxlanGpeTunnelV2Dump { sw_if_index: ALL }),
            gres(ctx),
            ctx.dump_if_any(GtpuTunnelDump { sw_if_index: ALL }),
            ctx.dump_if_any(IpipTunnelDump { sw_if_index: ALL }),
            ctx.dump_if_any(IpsecItfDump { sw_if_index: ALL }),
            ctx.dump_if_any(WireguardInterfaceDump { show_private_key: true, sw_if_index: ALL }),
            ctx.dump_if_any(SwVmxnet3InterfaceDump { sw_if_index: ALL }),
        )?;
        Ok(Self {
            vxlans: vxlans.into_iter().map(|d| (d.sw_if_index, d)).collect(),
            vxlan_gpes: gpes.into_iter().map(|d| (d.sw_if_index, d)).collect(),
            gres: gres.into_iter().map(|tunnel| (tunnel.sw_if_index, tunnel)).collect(),
            gtpus: gtpus.into_iter().map(|d| (d.sw_if_index, d)).collect(),
            ipips: ipips.into_iter().map(|d| (d.tunnel.sw_if_index, d.tunnel)).collect(),
            ipsecs: ipsecs.into_iter().map(|d| (d.itf.sw_if_index, d.itf)).collect(),
            wireguards: wireguards
                .into_iter()
                .map(|d| (d.interface.sw_if_index, d.interface))
                .collect(),
            vmxnet3s: cards.into_iter().map(|d| (d.sw_if_index, d)).collect(),
        })
    }
}

/// By the newer message if there is one.
async fn gres(ctx: &VppCtx) -> Result<Vec<GreTunnel>, OpError> {
    const ALL: InterfaceIndex = InterfaceIndex::NONE;
    if ctx.client().supports::<GreTunnelV2Dump>() {
        let found = ctx.dump(GreTunnelV2Dump { sw_if_index: ALL }).await?;
        return Ok(found.into_iter().map(|d| d.tunnel.into()).collect());
    }
    let found = ctx.dump_if_any(GreTunnelDump { sw_if_index: ALL }).await?;
    Ok(found.into_iter().map(|d| d.tunnel).collect())
}
