//! Removing the path of an interface that is not there any more.
//!
//! VPP keeps such a path, but refuses a request that names its interface. So what is left of the route is written anew.

use ligato_kvs_api::OpError;
use ligato_vpp_api::msg::ip::{IpRoute, IpRouteAddDel, IpRouteLookup};
use ligato_vpp_api::types::FibPath;
use ligato_vpp_api::{List, VppError as Code};
use ligato_vpp_ctx::VppCtx;

use crate::path::NO_LABEL;

/// Removes all paths of the route that leave by `sw_if_index`.
///
/// # Errors
/// When VPP cannot be asked, or refuses.
pub(crate) async fn remove(sb: &VppCtx, route: IpRoute, sw_if_index: u32) -> Result<(), OpError> {
    let lookup = IpRouteLookup { table_id: route.table_id, exact: 1, prefix: route.prefix };
    let gone = [Code::NO_SUCH_ENTRY, Code::NO_SUCH_FIB];
    let Some(held) = sb.request_unless(lookup, &gone).await? else { return Ok(()) };
    if let Some(message) = without(&route, &held.route.paths, sw_if_index)? {
        sb.request(message).await?;
    }
    Ok(())
}

/// The message that leaves the other paths; `None` if there is no such path.
fn without(
    route: &IpRoute,
    held: &[FibPath],
    sw_if_index: u32,
) -> Result<Option<IpRouteAddDel>, OpError> {
    let rest: Vec<_> = held
        .iter()
        .filter(|path| path.sw_if_index != sw_if_index)
        .map(|path| {
            let mut path = *path;
            // As a request spells "none"; dumps do not.
            path.nh.via_label = NO_LABEL;
            path.nh.classify_table_index = u32::MAX;
            path
        })
        .collect();
    if rest.len() == held.len() {
        return Ok(None);
    }
    let is_add = !rest.is_empty();
    let paths = List::new(rest).map_err(|error| OpError::Final(error.to_string()))?;
    let IpRoute { table_id, prefix, .. } = *route;
    let route = IpRoute { table_id, stats_index: 0, prefix, paths };
    Ok(Some(IpRouteAddDel { is_add, is_multipath: false, route }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(sw_if_index: u32) -> FibPath {
        FibPath { sw_if_index, ..FibPath::default() }
    }

    #[test]
    fn the_last_path_takes_the_route_with_it() {
        let message = without(&IpRoute::default(), &[over(3)], 3).unwrap().unwrap();
        assert!(!message.is_add && !message.is_multipath);
        assert!(message.route.paths.is_empty());
    }

    #[test]
    fn other_paths_stay() {
        let message = without(&IpRoute::default(), &[over(3), over(4)], 3).unwrap().unwrap();
        assert!(message.is_add && !message.is_multipath);
        let left: Vec<_> = message.route.paths.iter().map(|path| path.sw_if_index).collect();
        assert_eq!(left, [4]);
    }

    #[test]
    fn a_path_that_is_not_there_needs_nothing() {
        assert_eq!(without(&IpRoute::default(), &[over(4)], 3), Ok(None));
    }
}
