//! `lcp.api`

use ligato_vpp_api::msg::lcp::{
    LcpItfHostType, LcpItfPairAddDelV2, LcpItfPairAddDelV2Reply, LcpItfPairAddDelV3,
    LcpItfPairAddDelV3Reply,
};
use ligato_vpp_api::types::InterfaceIndex;

use super::index_or;
use crate::state::retval::{Outcome, code};
use crate::state::{Carries, Vpp};

/// The kernel's index of an interface: there is none here.
const VIF_INDEX: u32 = 1;

fn add_del(
    vpp: &mut Vpp,
    is_add: bool,
    shown: InterfaceIndex,
    host: (&str, &str),
    kind: LcpItfHostType,
) -> Outcome<u32> {
    vpp.interfaces.get(shown.0)?;
    if !is_add {
        return vpp.delete_pair(shown.0).map(|()| u32::MAX);
    }
    let carries = if kind == LcpItfHostType::TUN { Carries::Packets } else { Carries::Frames };
    vpp.create_pair(shown.0, host.0, host.1, carries)
}

pub(crate) fn add_del_v3(vpp: &mut Vpp, m: &LcpItfPairAddDelV3) -> LcpItfPairAddDelV3Reply {
    let host = (&*m.host_if_name.to_str(), &*m.netns.to_str());
    let outcome = add_del(vpp, m.is_add, m.sw_if_index, host, m.host_if_type);
    let is_there = m.is_add && outcome.is_ok();
    LcpItfPairAddDelV3Reply {
        retval: code(&outcome),
        vif_index: if is_there { VIF_INDEX } else { u32::MAX },
        host_sw_if_index: index_or(&outcome, u32::MAX),
    }
}

pub(crate) fn add_del_v2(vpp: &mut Vpp, m: &LcpItfPairAddDelV2) -> LcpItfPairAddDelV2Reply {
    let host = (&*m.host_if_name.to_str(), &*m.netns.to_str());
    let outcome = add_del(vpp, m.is_add, m.sw_if_index, host, m.host_if_type);
    LcpItfPairAddDelV2Reply {
        retval: code(&outcome),
        host_sw_if_index: index_or(&outcome, u32::MAX),
    }
}
