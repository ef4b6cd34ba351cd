//! `span.api`

use ligato_vpp_api::msg::span::{
    SpanState, SwInterfaceSpanDetails, SwInterfaceSpanDump, SwInterfaceSpanEnableDisable,
};
use ligato_vpp_api::types::InterfaceIndex;

use crate::registry::Details;
use crate::state::Vpp;
use crate::state::retval::Outcome;
use crate::state::span::Place;

fn place(is_l2: bool) -> Place {
    if is_l2 { Place::Bridge } else { Place::Device }
}

pub(crate) fn set(vpp: &mut Vpp, m: &SwInterfaceSpanEnableDisable) -> Outcome {
    let (from, to) = (m.sw_if_index_from.0, m.sw_if_index_to.0);
    vpp.spans.set(place(m.is_l2), from, to, m.state.0)
}

pub(crate) fn dump(
    vpp: &Vpp,
    m: &SwInterfaceSpanDump,
    details: &mut Details<'_, SwInterfaceSpanDetails>,
) {
    for (from, to, state) in vpp.spans.at(place(m.is_l2)) {
        details.send(&SwInterfaceSpanDetails {
            sw_if_index_from: InterfaceIndex(from),
            sw_if_index_to: InterfaceIndex(to),
            state: SpanState(state),
            is_l2: m.is_l2,
        });
    }
}
