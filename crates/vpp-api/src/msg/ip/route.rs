//! `ip.api`: routes.

use super::IpTable;
use crate::def::MessageDef;
use crate::types::{FibPath, Prefix};
use crate::{List, Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    IpRouteAddDel::DEFINITION,
    IpRouteAddDelReply::DEFINITION,
    IpRouteAddDelV2::DEFINITION,
    IpRouteAddDelV2Reply::DEFINITION,
    IpRouteDump::DEFINITION,
    IpRouteDetails::DEFINITION,
    IpRouteV2Dump::DEFINITION,
    IpRouteV2Details::DEFINITION,
    IpRouteLookup::DEFINITION,
    IpRouteLookupReply::DEFINITION,
    IpRouteLookupV2::DEFINITION,
    IpRouteLookupV2Reply::DEFINITION,
];

/// Adds a route, or paths of it, or removes them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpRouteAddDelReply)]
pub struct IpRouteAddDel {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// Add to, or remove from, the paths there are, instead of replacing all.
    pub is_multipath: bool,
    /// The route.
    pub route: IpRoute,
}

/// Answer to [`IpRouteAddDel`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpRouteAddDelReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of its counters in the statistics segment.
    pub stats_index: u32,
}

/// Adds a route, or paths of it, or removes them, for a chosen source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpRouteAddDelV2Reply)]
pub struct IpRouteAddDelV2 {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// Add to, or remove from, the paths there are, instead of replacing all.
    pub is_multipath: bool,
    /// The route.
    pub route: IpRouteV2,
}

/// Answer to [`IpRouteAddDelV2`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpRouteAddDelV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of its counters in the statistics segment.
    pub stats_index: u32,
}

/// Lists the routes of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpRouteDetails)]
pub struct IpRouteDump {
    /// The table.
    pub table: IpTable,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpRouteDetails {
    /// The route.
    pub route: IpRoute,
}

/// Lists the routes of a table, of one source if asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpRouteV2Details)]
pub struct IpRouteV2Dump {
    /// Source of the route, 0 for any.
    pub src: u8,
    /// The table.
    pub table: IpTable,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpRouteV2Details {
    /// The route.
    pub route: IpRouteV2,
}

/// Looks up a route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpRouteLookupReply)]
pub struct IpRouteLookup {
    /// Id of the table.
    pub table_id: u32,
    /// 0 for the best match, 1 for this very prefix.
    pub exact: u8,
    /// The prefix looked up.
    pub prefix: Prefix,
}

/// The route found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpRouteLookupReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The route.
    pub route: IpRoute,
}

/// Looks up a route, with its source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpRouteLookupV2Reply)]
pub struct IpRouteLookupV2 {
    /// Id of the table.
    pub table_id: u32,
    /// 0 for the best match, 1 for this very prefix.
    pub exact: u8,
    /// The prefix looked up.
    pub prefix: Prefix,
}

/// The route found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpRouteLookupV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// The route.
    pub route: IpRouteV2,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct IpRoute {
    /// Id of the table.
    pub table_id: u32,
    /// Index of its counters in the statistics segment.
    pub stats_index: u32,
    /// Destination.
    pub prefix: Prefix,
    /// Ways to the destination.
    #[vpp(count = "n_paths")]
    pub paths: List<FibPath, u8>,
}

/// A route with its source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct IpRouteV2 {
    /// Id of the table.
    pub table_id: u32,
    /// Index of its counters in the statistics segment.
    pub stats_index: u32,
    /// Destination.
    pub prefix: Prefix,
    /// Source of the route, by priority in VPP.
    pub src: u8,
    /// Ways to the destination.
    #[vpp(count = "n_paths", before = "src")]
    pub paths: List<FibPath, u8>,
}
