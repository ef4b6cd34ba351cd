//! `l3xc.api`

use ligato_vpp_api::List;
use ligato_vpp_api::msg::l3xc::{
    L3xc, L3xcDel, L3xcDetails, L3xcDump, L3xcUpdate, L3xcUpdateReply,
};
use ligato_vpp_api::types::InterfaceIndex;

use super::route;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::l3xc;
use crate::state::prefix::{Family, Prefix};
use crate::state::retval::{Outcome, Retval, code};

pub(crate) fn update(vpp: &mut Vpp, m: &L3xcUpdate) -> L3xcUpdateReply {
    L3xcUpdateReply { retval: code(&set(vpp, &m.l3xc)), stats_index: 0 }
}

fn set(vpp: &mut Vpp, m: &L3xc) -> Outcome {
    vpp.interfaces.get(m.sw_if_index.0)?;
    if m.paths.is_empty() {
        return Err(Retval::INVALID_VALUE);
    }
    let family = Family::from_is_ip6(m.is_ip6);
    // The packets have no destination that a path could lead to directly.
    let anywhere = Prefix::new(family, 0, 0);
    let paths = m.paths.iter().map(|path| route::decode(vpp, family, anywhere, path));
    let paths = paths.collect::<Outcome<Vec<_>>>()?;
    vpp.set_l3xc(m.sw_if_index.0, family, paths);
    Ok(())
}

pub(crate) fn delete(vpp: &mut Vpp, m: &L3xcDel) -> Outcome {
    vpp.interfaces.get(m.sw_if_index.0)?;
    vpp.delete_l3xc(m.sw_if_index.0, Family::from_is_ip6(m.is_ip6))
}

pub(crate) fn dump(vpp: &Vpp, m: &L3xcDump, details: &mut Details<'_, L3xcDetails>) {
    let mut send = |l3xc: &l3xc::L3xc| {
        let paths = l3xc.paths.iter().map(|path| route::encode(vpp, path)).collect();
        details.send(&L3xcDetails {
            l3xc: L3xc {
                sw_if_index: InterfaceIndex(l3xc.sw_if_index),
                // VPP does not fill this in.
                is_ip6: false,
                paths: List::new(paths).unwrap_or_default(),
            },
        });
    };
    match m.sw_if_index.some() {
        Some(index) => vpp.l3xcs.of(index.0).for_each(&mut send),
        None => vpp.l3xcs.iter().for_each(&mut send),
    }
}
