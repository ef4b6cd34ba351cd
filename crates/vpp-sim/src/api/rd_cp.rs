//! `rd_cp.api`

use ligato_vpp_api::msg::rd_cp::Ip6NdAddressAutoconfig;

use crate::state::Vpp;
use crate::state::retval::Outcome;

/// There are no routers here, and VPP does not tell what is set.
pub(crate) fn autoconfig(vpp: &mut Vpp, m: &Ip6NdAddressAutoconfig) -> Outcome {
    vpp.interfaces.get(m.sw_if_index.0)?;
    Ok(())
}
