//! Software loopbacks. Messages: `create_loopback`, `delete_loopback`.

use ligato_kvs_api::OpError;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::interface::{CreateLoopback, DeleteLoopback};
use ligato_vpp_api::types::{InterfaceIndex, MacAddress};
use ligato_vpp_ctx::{Facts, VppCtx};

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<CreateLoopback>()
}

pub(super) async fn create(ctx: &VppCtx) -> Result<InterfaceIndex, OpError> {
    let request = CreateLoopback { mac_address: MacAddress::default() };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    let request = DeleteLoopback { sw_if_index };
    ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
}
