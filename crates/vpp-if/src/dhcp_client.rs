//! The DHCP client of an interface; derived from it.
//!
//! ```yaml
//! set_dhcp_client: true
//! ```
//!
//! What the client gets is a value of its own, see [`crate::dhcp_lease`]. The client calls itself as the interface is
//! called. Not read back by itself: the interface is read back with its client. VPP before 22.06 dies of what it refuses (a
//! second client, the removal of none): it is asked before whether there is one. Messages: `dhcp_client_config`,
//! `dhcp_client_dump`.

use ligato_kvs_api::{Change, Descriptor, Invalid, OpError, Southbound, Spec, Use};
use ligato_model::Key;
use ligato_vpp_api::msg::dhcp::{DhcpClient as Client, DhcpClientConfig, DhcpClientDump};
use ligato_vpp_api::{FixedString, VppError as Code};
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

/// From this release on VPP survives what it refuses.
const SURVIVES_REFUSALS: (u8, u8) = (22, 6);

/// The kind `vpp-dhcp`.
#[derive(Debug, Clone, Copy)]
pub struct DhcpClient;

impl Descriptor for DhcpClient {
    type Value = ();
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["dhcp_client_config", "dhcp_client_dump"])],
        ..Spec::new("vpp-dhcp", "The DHCP client of a VPP interface.", &[keys::DHCP_CLIENT], None)
    };

    fn supported(facts: &Facts, _key: &Key, _value: &()) -> Result<(), OpError> {
        facts.require::<DhcpClientConfig>()
    }

    async fn create(sb: &VppCtx, key: &Key, _value: &()) -> Result<(), OpError> {
        let request = to_vpp(sb, key, Op::Add)?;
        if would_kill(sb, &request).await? {
            return Err(OpError::Final("VPP has a DHCP client for it already".to_owned()));
        }
        sb.request(request).await?;
        sb.dhcp_clients_changed().notify_one();
        Ok(())
    }

    async fn delete(sb: &VppCtx, key: &Key, _value: &(), _meta: &()) -> Result<(), OpError> {
        let request = to_vpp(sb, key, Op::Remove)?;
        if would_kill(sb, &request).await? {
            return Ok(());
        }
        // What VPP says to a client that is not there.
        let gone = [Code::INVALID_VALUE, Code::INVALID_SW_IF_INDEX];
        sb.request_unless(request, &gone).await?;
        sb.dhcp_clients_changed().notify_one();
        Ok(())
    }
}

/// Whether this VPP would refuse the request and die of it.
async fn would_kill(sb: &VppCtx, request: &DhcpClientConfig) -> Result<bool, OpError> {
    if !sb.facts().is_before(SURVIVES_REFUSALS) {
        return Ok(false);
    }
    let clients = sb.dump(DhcpClientDump {}).await?;
    let is_there =
        clients.iter().any(|details| details.client.sw_if_index == request.client.sw_if_index);
    Ok(is_there == request.is_add)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Remove,
}

fn to_vpp(sb: &VppCtx, key: &Key, op: Op) -> Result<DhcpClientConfig, OpError> {
    let name = parse(key)?;
    let hostname =
        FixedString::new(name).map_err(|error| Invalid::field("name", error.to_string()))?;
    let client = Client {
        sw_if_index: sb.sw_if_index(name)?,
        hostname,
        want_dhcp_event: true,
        pid: std::process::id(),
        ..Client::default()
    };
    Ok(DhcpClientConfig { is_add: op == Op::Add, client })
}

fn parse(key: &Key) -> Result<&str, Invalid> {
    match keys::DHCP_CLIENT.parse(key).as_deref() {
        Some(&[name]) => Ok(name),
        _ => Err(Invalid::value(format!("{key} is not the key of a DHCP client"))),
    }
}
