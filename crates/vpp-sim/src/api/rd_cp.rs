//! `rd_cp.api`

use ligato_vpp_api::msg::rd_cp::Ip6NdAddressAutoconfig;

use crate::state::Vpp;
use crate::state::retval::Outcome;

/// There are no routers here, and VPP does not tell what is set; but it turns IPv6 on, and leaves it on.
pub(crate) fn autoconfig(vpp: &mut Vpp, m: &Ip6NdAddressAutoconfig) -> Outcome {
    let index = m.sw_if_index.0;
    vpp.interfaces.get(index)?;
    let was = vpp.take_over_from_routers(index, m.enable);
    if m.enable && !was { vpp.enable_ip6(index) } else { Ok(()) }
}
