//! Everything VPP tells about its interfaces, by index. All requests are sent without waiting for one another.

mod tunnels;

use std::collections::{BTreeMap, HashMap};

use futures::{StreamExt, TryStreamExt, stream};
use ipnet::IpNet;
use ligato_kvs_api::OpError;
use ligato_proto::vpp::interfaces::interface::Link;
use ligato_vpp_api::msg::bond::{
    SwBondInterfaceDetails, SwBondInterfaceDump, SwMemberInterfaceDetails, SwMemberInterfaceDump,
};
use ligato_vpp_api::msg::dhcp::{DhcpClientDetails, DhcpClientDump};
use ligato_vpp_api::msg::interface::{
    SwInterfaceDetails, SwInterfaceDump, SwInterfaceGetTable, SwInterfaceRxPlacementDetails,
    SwInterfaceRxPlacementDump,
};
use ligato_vpp_api::msg::ip::{IpAddressDump, IpUnnumberedDump};
use ligato_vpp_api::msg::memif::{MemifDetails, MemifDump, MemifSocketFilenameDump};
use ligato_vpp_api::msg::tapv2::{SwInterfaceTapV2Details, SwInterfaceTapV2Dump};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_api::{Dump, VppError as Code};
use ligato_vpp_ctx::{VppCtx, address};

pub(super) use tunnels::Tunnels;

use crate::types;

/// Interfaces asked about at once.
const AT_ONCE: usize = 256;
/// Always there, nobody's.
pub(super) const LOCAL0: InterfaceIndex = InterfaceIndex(0);

#[derive(Debug, Default)]
pub(super) struct Dumps {
    /// In order of their indexes.
    pub(super) interfaces: Vec<SwInterfaceDetails>,
    pub(super) layer3: HashMap<InterfaceIndex, Layer3>,
    /// Borrower to lender.
    pub(super) unnumbered: HashMap<InterfaceIndex, InterfaceIndex>,
    pub(super) memifs: HashMap<InterfaceIndex, MemifDetails>,
    pub(super) memif_sockets: BTreeMap<u32, String>,
    pub(super) taps: HashMap<InterfaceIndex, SwInterfaceTapV2Details>,
    pub(super) bonds: HashMap<InterfaceIndex, SwBondInterfaceDetails>,
    pub(super) members: HashMap<InterfaceIndex, Vec<SwMemberInterfaceDetails>>,
    pub(super) queues: HashMap<InterfaceIndex, Vec<SwInterfaceRxPlacementDetails>>,
    pub(super) tunnels: Tunnels,
    /// `None` if VPP cannot tell.
    pub(super) dhcp_clients: Option<HashMap<InterfaceIndex, DhcpClientDetails>>,
}

/// Addresses and tables of one interface.
#[derive(Debug, Default, Clone)]
pub(super) struct Layer3 {
    pub(super) addresses: Vec<IpNet>,
    pub(super) table_v4: u32,
    pub(super) table_v6: u32,
}

impl Layer3 {
    /// The VRF the interface counts as being in: that of the version of its addresses, or of the ends of its tunnel.
    pub(super) fn vrf(&self, link: Option<&Link>) -> u32 {
        let is_v6 = match link {
            Some(Link::Gtpu(link)) => types::gtpu_versions(link).v6(),
            _ => self.addresses.iter().any(|network| matches!(network, IpNet::V6(_))),
        };
        if is_v6 { self.table_v6 } else { self.table_v4 }
    }
}

impl Dumps {
    pub(super) async fn take(ctx: &VppCtx) -> Result<Self, OpError> {
        const ALL: InterfaceIndex = InterfaceIndex::NONE;
        let all = SwInterfaceDump {
            sw_if_index: ALL,
            name_filter_valid: false,
            name_filter: String::new(),
        };
        let tells_clients = ctx.client().supports::<DhcpClientDetails>();
        let (interfaces, unnumbered, memifs, sockets, taps, bonds, queues, clients, tunnels) = futures::try_join!(
            ctx.dump(all),
            ctx.dump_if_any(IpUnnumberedDump { sw_if_index: ALL }),
            ctx.dump_if_any(MemifDump {}),
            ctx.dump_if_any(MemifSocketFilenameDump {}),
            ctx.dump_if_any(SwInterfaceTapV2Dump { sw_if_index: ALL }),
            ctx.dump_if_any(SwBondInterfaceDump { sw_if_index: ALL }),
            ctx.dump_if_any(SwInterfaceRxPlacementDump { sw_if_index: ALL }),
            ctx.dump_if_any(DhcpClientDump {}),
            Tunnels::take(ctx),
        )?;
        let indexes = interfaces.iter().map(|d| d.sw_if_index).filter(|index| *index != LOCAL0);
        let layer3 = each(indexes, |index| layer3(ctx, index)).await?;
        let members = each(bonds.iter().map(|bond| bond.sw_if_index), |index| {
            ctx.dump(SwMemberInterfaceDump { sw_if_index: index })
        });
        Ok(Self {
            layer3,
            members: members.await?,
            interfaces,
            unnumbered: unnumbered.iter().map(|d| (d.sw_if_index, d.ip_sw_if_index)).collect(),
            memifs: by_index::<MemifDump>(memifs, |d| d.sw_if_index),
            memif_sockets: sockets
                .into_iter()
                .map(|d| (d.socket_id, d.socket_filename.to_string()))
                .collect(),
            taps: by_index::<SwInterfaceTapV2Dump>(taps, |d| d.sw_if_index.into()),
            bonds: by_index::<SwBondInterfaceDump>(bonds, |d| d.sw_if_index),
            queues: grouped(queues),
            tunnels,
            dhcp_clients: tells_clients
                .then(|| by_index::<DhcpClientDump>(clients, |d| d.client.sw_if_index)),
        })
    }
}

fn by_index<M: Dump>(
    found: Vec<M::Details>,
    index: impl Fn(&M::Details) -> InterfaceIndex,
) -> HashMap<InterfaceIndex, M::Details> {
    found.into_iter().map(|details| (index(&details), details)).collect()
}

fn grouped(
    queues: Vec<SwInterfaceRxPlacementDetails>,
) -> HashMap<InterfaceIndex, Vec<SwInterfaceRxPlacementDetails>> {
    let mut grouped: HashMap<_, Vec<_>> = HashMap::new();
    for queue in queues {
        grouped.entry(queue.sw_if_index).or_default().push(queue);
    }
    grouped
}

/// Asks about many interfaces, many at once.
async fn each<T, F: Future<Output = Result<T, OpError>>>(
    indexes: impl Iterator<Item = InterfaceIndex>,
    ask: impl Fn(InterfaceIndex) -> F,
) -> Result<HashMap<InterfaceIndex, T>, OpError> {
    let asked = indexes.map(|index| {
        let answer = ask(index);
        async move { Ok((index, answer.await?)) }
    });
    stream::iter(asked.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
}

async fn layer3(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<Layer3, OpError> {
    let addresses = |is_ipv6| ctx.dump(IpAddressDump { sw_if_index, is_ipv6 });
    let table = async |is_ipv6| {
        let request = SwInterfaceGetTable { sw_if_index, is_ipv6 };
        // An interface that went away in the meantime is in no table.
        let reply = ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await?;
        Ok::<_, OpError>(reply.map_or(0, |reply| reply.vrf_id))
    };
    let (v4, v6, table_v4, table_v6) =
        futures::try_join!(addresses(false), addresses(true), table(false), table(true))?;
    let addresses = v4.into_iter().chain(v6).map(|d| address::from_prefix(d.prefix.0));
    Ok(Layer3 { addresses: addresses.collect(), table_v4, table_v6 })
}
