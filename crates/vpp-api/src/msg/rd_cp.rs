//! `rd_cp.api`: configuring interfaces from what IPv6 routers advertise.

use super::retval_replies;
use crate::Message;
use crate::def::MessageDef;
use crate::types::InterfaceIndex;

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] =
    &[Ip6NdAddressAutoconfig::DEFINITION, Ip6NdAddressAutoconfigReply::DEFINITION];

/// Sets what an interface takes over from advertisements.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = Ip6NdAddressAutoconfigReply)]
pub struct Ip6NdAddressAutoconfig {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Makes addresses of advertised prefixes.
    pub enable: bool,
    /// Makes routes to advertised routers.
    pub install_default_routes: bool,
}

retval_replies! {
    Ip6NdAddressAutoconfigReply,
}
