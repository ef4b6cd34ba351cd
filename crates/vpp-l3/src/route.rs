//! A route of VPP.
//!
//! ```yaml
//! vppConfig:
//!   routes:
//!   - dstNetwork: 10.1.0.0/16
//!     nextHopAddr: 192.168.1.1
//!     outgoingInterface: memif1
//!   - type: INTER_VRF        # look the destination up in another table
//!     vrfId: 1
//!     dstNetwork: 0.0.0.0/0
//!     viaVrfId: 2
//!   - type: DROP
//!     dstNetwork: 10.9.0.0/16
//! ```
//!
//! Waits for the outgoing interface, for the tables it is in and leads to, and for allocated addresses it refers to. Derives
//! nothing, keeps the index of the outgoing interface. Routes to one destination with different next hops are values of their own: VPP makes them
//! the paths of one route. A change is made by removing the path and adding another.
//!
//! VPP's tables hold routes that nobody configured (addresses of interfaces, defaults). What is found is ours only if it
//! is known to be wanted, or is in the place of what is wanted: the key does not say to which table a path leads.
//!
//! Uses `ip_route_add_del`, `ip_route_dump`, `ip_route_lookup`, `ip_table_dump`.

mod correlation;

use futures::TryStreamExt;
use ligato_kvs_api::{
    Change, Dependency, Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Retrieved,
    Spec, Unset, Use,
};
use ligato_model::{Key, Model as _};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l3::Route;
use ligato_proto::vpp::l3::route::RouteType;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::ip::{IpRouteAddDel, IpRouteDetails, IpRouteDump, IpTable, IpTableDump};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_client::DumpStream;
use ligato_vpp_ctx::{Facts, VppCtx, address::NOT_ALLOCATED, op_error};
use serde::Serialize;

use crate::allocation::AllocationRef;
use crate::path::{self, PathId, Target};
use crate::{dead_path, destination, vrf_table};

use correlation::{Correlation, Found, Known};

/// The kind `vpp-route`.
#[derive(Debug)]
pub struct RouteKind;

/// What is needed to find the path again, even when the interface is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RouteMeta {
    /// Index of the outgoing interface.
    pub sw_if_index: Option<u32>,
    /// Without one, the table that it leads to; none if it leads nowhere.
    #[serde(skip)]
    pub table: Option<u32>,
}

impl Descriptor for RouteKind {
    type Value = Route;
    type Meta = RouteMeta;
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        batch: 256,
        retrieve_after: &["vpp-interface", "vpp-vrf-table"],
        fields: &[&[
            Field::read("dst_network").remark(NOT_ALLOCATED),
            Field::read("next_hop_addr").remark(NOT_ALLOCATED),
            Field::read("weight").unset(Unset::Number(1)),
        ]],
        uses: &[Use::kind(&[
            "ip_route_add_del",
            "ip_route_dump",
            "ip_route_lookup",
            "ip_table_dump",
        ])],
        ..Spec::new(
            "vpp-route",
            "A route of VPP.",
            &[KeyPattern::new("config/vpp/v2/route/{route}")],
            Some("config/vpp/v2/route/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &Route) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if RouteType::try_from(value.r#type).is_err() {
            invalid.push("type", "is no type of route");
        }
        destination::validate(value, &mut invalid);
        if value.weight > u32::from(u8::MAX) {
            invalid.push("weight", "VPP takes at most 255");
        }
        if value.preference > u32::from(u8::MAX) {
            invalid.push("preference", "VPP takes at most 255");
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &Route, new: &Route) -> bool {
        let plain =
            |route: &Route| (route.r#type, route.vrf_id, route.via_vrf_id, route.preference);
        plain(old) == plain(new)
            && old.outgoing_interface == new.outgoing_interface
            && weight(old) == weight(new)
            && destination::same_network(old, new)
            && destination::same_next_hop(old, new)
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &Route) -> Vec<Dependency> {
        let mut needs = Vec::new();
        if !value.outgoing_interface.is_empty() {
            let key = Interface::key_of(&value.outgoing_interface);
            needs.push(Dependency::on("interface-exists", key));
        }
        let is_ip6 = destination::is_ip6(value);
        if value.vrf_id != 0 {
            let key = vrf_table::key(value.vrf_id, is_ip6);
            needs.push(Dependency::on("vrf-table-exists", key));
        }
        if value.r#type() == RouteType::InterVrf && value.via_vrf_id != 0 {
            let key = vrf_table::key(value.via_vrf_id, is_ip6);
            needs.push(Dependency::on("via-vrf-table-exists", key));
        }
        for (field, text) in
            [("dst_network", &value.dst_network), ("gw_addr", &value.next_hop_addr)]
        {
            if let Some(Ok(reference)) = AllocationRef::parse(text)
                && let Ok(interface) = reference.interface(&value.outgoing_interface)
            {
                needs.push(Dependency::on(format!("{field}-{text}"), reference.key(interface)));
            }
        }
        needs
    }

    fn supported(facts: &Facts, _key: &Key, _value: &Route) -> Result<(), OpError> {
        facts.require::<IpRouteAddDel>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &Route) -> Result<RouteMeta, OpError> {
        let interface = outgoing(sb, value)?;
        sb.request(path::to_vpp(value, interface, true)?).await?;
        let id = path::path_id(value, interface.map(|interface| interface.0))?;
        Ok(RouteMeta::of(id.target))
    }

    async fn delete(
        sb: &VppCtx,
        _key: &Key,
        value: &Route,
        meta: &RouteMeta,
    ) -> Result<(), OpError> {
        let interface = meta.sw_if_index.map(InterfaceIndex);
        let message = path::to_vpp(value, interface, false)?;
        let Some(InterfaceIndex(index)) = interface else {
            return sb.request(message).await.map(|_| ());
        };
        let route = message.route.clone();
        match sb.request_unless(message, &[Code::NO_MATCHING_INTERFACE]).await? {
            Some(_) => Ok(()),
            None => dead_path::remove(sb, route, index).await,
        }
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let tables = sb.dump(IpTableDump {}).await?;
        let interfaces = sb.interfaces().snapshot();
        let mut tables = tables.into_iter().map(|details| details.table);
        // VPP answers while what is known is laid out.
        let mut next = dump_next(sb, &mut tables).await;
        let known = Correlation::new(
            interfaces.iter().map(|item| (item.data.sw_if_index, item.name)),
            known.iter().map(|known| Known {
                key: known.key,
                value: known.value,
                applied: known.meta.copied(),
                origin: known.origin,
            }),
        );
        // One after the other: behind a large table the next one would wait beyond its deadline.
        let mut found = Found::new(&known);
        while let Some(details) = next {
            read_table(details, &mut found).await?;
            next = dump_next(sb, &mut tables).await;
        }
        Ok(found.finish())
    }
}

// === impl RouteMeta ===

impl RouteMeta {
    fn of(target: Target) -> Self {
        match target {
            Target::Drop => Self { sw_if_index: None, table: None },
            Target::Interface { sw_if_index, .. } => {
                Self { sw_if_index: Some(sw_if_index), table: None }
            }
            Target::Table { table, .. } => Self { sw_if_index: None, table: Some(table) },
        }
    }

    /// The path that is there in place of the wanted one, if it is another. Over an interface, the key says which.
    fn instead_of(self, wanted: PathId) -> Option<PathId> {
        let next_hop = match wanted.target {
            Target::Interface { .. } => return None,
            Target::Table { next_hop, .. } => next_hop,
            Target::Drop => destination::unspecified(wanted.destination),
        };
        let target = match self {
            Self { sw_if_index: Some(_), .. } => return None,
            Self { table: Some(table), .. } => Target::Table { table, next_hop },
            Self { table: None, .. } => Target::Drop,
        };
        (target != wanted.target).then_some(PathId { target, ..wanted })
    }
}

fn weight(route: &Route) -> u32 {
    route.weight.max(1)
}

fn outgoing(sb: &VppCtx, route: &Route) -> Result<Option<InterfaceIndex>, OpError> {
    for text in [&route.dst_network, &route.next_hop_addr] {
        if AllocationRef::parse(text).is_some() {
            return Err(OpError::Unsupported(format!("{text}: addresses are not allocated here")));
        }
    }
    if route.outgoing_interface.is_empty() || route.r#type() == RouteType::Drop {
        return Ok(None);
    }
    sb.sw_if_index(&route.outgoing_interface).map(Some)
}

/// Asks for the routes of the next table.
async fn dump_next(
    sb: &VppCtx,
    tables: &mut impl Iterator<Item = IpTable>,
) -> Option<DumpStream<IpRouteDetails>> {
    let table = tables.next()?;
    Some(sb.client().dump_stream(IpRouteDump { table }).await)
}

/// Reads the routes of one table as they arrive.
async fn read_table(
    mut details: DumpStream<IpRouteDetails>,
    found: &mut Found<'_, '_>,
) -> Result<(), OpError> {
    while let Some(details) = details.try_next().await.map_err(|error| op_error(&error))? {
        found.route(path::from_vpp(&details.route));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
