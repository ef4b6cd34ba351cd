//! The messages, one file per API file of VPP.

pub mod af_packet;
pub mod arp;
pub mod bond;
pub mod dhcp;
pub mod gre;
pub mod gtpu;
pub mod interface;
pub mod ip;
pub mod ip_neighbor;
pub mod ipip;
pub mod ipsec;
pub mod l2;
pub mod l3xc;
pub mod lcp;
pub mod memclnt;
pub mod memif;
pub mod rd_cp;
pub mod rdma;
pub mod span;
pub mod tapv2;
pub mod teib;
pub mod vlib;
pub mod vmxnet3;
pub mod vpe;
pub mod vrrp;
pub mod vxlan;
pub mod vxlan_gpe;
pub mod wireguard;

use crate::def::MessageDef;

/// Defines replies that hold nothing but `retval`.
macro_rules! retval_replies {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[doc = "Answer without content."]
        #[derive(Debug, Clone, PartialEq, Eq, Default, $crate::Message)]
        #[vpp(reply)]
        pub struct $name {
            /// 0 or an error number.
            pub retval: i32,
        }
    )*};
}

pub(crate) use retval_replies;

/// The definitions of all messages of this crate.
pub fn all() -> impl Iterator<Item = &'static MessageDef> {
    [
        memclnt::MESSAGES,
        vpe::MESSAGES,
        vlib::MESSAGES,
        ip_neighbor::MESSAGES,
        l2::MESSAGES,
        tapv2::MESSAGES,
        memif::MESSAGES,
        af_packet::MESSAGES,
        bond::MESSAGES,
        l3xc::MESSAGES,
        lcp::MESSAGES,
        arp::MESSAGES,
        teib::MESSAGES,
        vrrp::MESSAGES,
        span::MESSAGES,
        rd_cp::MESSAGES,
        vxlan::MESSAGES,
        vxlan_gpe::MESSAGES,
        gre::MESSAGES,
        gtpu::MESSAGES,
        ipip::MESSAGES,
        wireguard::MESSAGES,
        vmxnet3::MESSAGES,
        rdma::MESSAGES,
    ]
    .into_iter()
    .chain(interface::MESSAGES)
    .chain(ip::MESSAGES)
    .chain(dhcp::MESSAGES)
    .chain(ipsec::MESSAGES)
    .flatten()
    .copied()
}
