//! The pair of an interface that somebody shows to the kernel by VPP's plugin linux-cp.
//!
//! The pair is not ours and never touched while the interface is there. It cannot outlive the interface: left to VPP, it
//! is taken down within the deletion, of which VPP has died. Messages: `lcp_itf_pair_add_del_v3`,
//! `lcp_itf_pair_add_del_v2`.

use ligato_kvs_api::OpError;
use ligato_vpp_api::msg::lcp::{LcpItfPairAddDelV2, LcpItfPairAddDelV3};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_api::{Request, VppError as Code};
use ligato_vpp_ctx::VppCtx;

/// Ends the pair of an interface that is about to be deleted. Without the plugin nothing is sent.
pub(super) async fn end(
    ctx: &VppCtx,
    sw_if_index: InterfaceIndex,
    name: &str,
) -> Result<(), OpError> {
    let client = ctx.client();
    let there_was_one = if client.supports::<LcpItfPairAddDelV3>() {
        tried(ctx, LcpItfPairAddDelV3 { sw_if_index, ..Default::default() }).await?
    } else if client.supports::<LcpItfPairAddDelV2>() {
        tried(ctx, LcpItfPairAddDelV2 { sw_if_index, ..Default::default() }).await?
    } else {
        false
    };
    if there_was_one {
        tracing::info!(interface = name, "the pair with the kernel went before its interface");
    }
    Ok(())
}

/// Whether there was something to delete.
async fn tried<M: Request>(ctx: &VppCtx, request: M) -> Result<bool, OpError> {
    let no_pair = [Code::INVALID_SW_IF_INDEX];
    Ok(ctx.request_unless(request, &no_pair).await?.is_some())
}
