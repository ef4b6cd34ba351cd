//! The messages, one file per API file of VPP.

pub mod af_packet;
pub mod bond;
pub mod interface;
pub mod ip;
pub mod ip_neighbor;
pub mod l2;
pub mod memclnt;
pub mod memif;
pub mod tapv2;
pub mod vlib;
pub mod vpe;

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
    ]
    .into_iter()
    .chain(interface::MESSAGES)
    .chain(ip::MESSAGES)
    .flatten()
    .copied()
}
