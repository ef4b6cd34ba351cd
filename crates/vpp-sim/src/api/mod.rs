//! The messages, one file per API file of VPP: what is asked is taken apart, the state asked or
//! changed, and the answer put together.

pub(crate) mod af_packet;
pub(crate) mod arp;
pub(crate) mod bond;
pub(crate) mod dhcp;
pub(crate) mod gre;
pub(crate) mod gtpu;
pub(crate) mod interface;
pub(crate) mod ip;
pub(crate) mod ip_neighbor;
pub(crate) mod ipip;
pub(crate) mod ipsec;
pub(crate) mod l2;
pub(crate) mod l3xc;
pub(crate) mod lcp;
pub(crate) mod memclnt;
pub(crate) mod memif;
pub(crate) mod rd_cp;
pub(crate) mod rdma;
pub(crate) mod route;
pub(crate) mod span;
pub(crate) mod subif;
pub(crate) mod tap;
pub(crate) mod teib;
pub(crate) mod vmxnet3;
pub(crate) mod vpe;
pub(crate) mod vrrp;
pub(crate) mod vxlan;
pub(crate) mod vxlan_gpe;
pub(crate) mod wireguard;

use ligato_vpp_api::FixedString;
use ligato_vpp_api::types::{InterfaceIndex, MacAddress};

use crate::state::retval::Outcome;

/// Text for a field of fixed size, cut as VPP cuts it.
pub(crate) fn text<const N: usize>(text: &str) -> FixedString<N> {
    let mut end = text.len().min(N.saturating_sub(1));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).and_then(|cut| FixedString::new(cut).ok()).unwrap_or_default()
}

/// An address given, unless it is the zero one that leaves the choice to VPP.
fn given_mac(mac: MacAddress) -> Option<[u8; 6]> {
    (!mac.is_zero()).then_some(mac.0)
}

/// An index for a reply; where VPP leaves the field alone when it refuses, it has `otherwise`.
fn index_or(outcome: &Outcome<u32>, otherwise: u32) -> InterfaceIndex {
    InterfaceIndex(outcome.unwrap_or(otherwise))
}
