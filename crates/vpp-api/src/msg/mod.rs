//! The messages, one file per API file of VPP.

pub mod memclnt;

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
    [memclnt::MESSAGES].into_iter().flatten().copied()
}
