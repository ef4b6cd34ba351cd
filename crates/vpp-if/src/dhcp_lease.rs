//! What the DHCP client of an interface got; reported by VPP, for others to wait for.
//!
//! The key `vpp/interface/dhcp-lease/<if>` exists while the client has an address. Derives that address under the key
//! of an address from DHCP, by which the interface has an address like any other. Read back after the interfaces; kept up to date by
//! [`DhcpLeaseWatcher`]. Messages: `dhcp_client_dump`, `dhcp_compl_event`.

mod watcher;

use std::net::Ipv4Addr;

use ligato_kvs_api::{Descriptor, KnownValues, OpError, Origin, Retrieved, Spec, Use};
use ligato_model::{Key, Value};
use ligato_proto::vpp::interfaces::DhcpLease as Lease;
use ligato_vpp_api::msg::dhcp::{self, DhcpClientDump};
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

pub use watcher::DhcpLeaseWatcher;

/// The kind `vpp-dhcp-lease`.
#[derive(Debug, Clone, Copy)]
pub struct DhcpLease;

impl Descriptor for DhcpLease {
    type Value = Lease;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&["dhcp_client_dump", "dhcp_client_details", "dhcp_compl_event"])],
        ..Spec::new(
            "vpp-dhcp-lease",
            "What the DHCP client of a VPP interface got, as VPP reports it.",
            &[keys::DHCP_LEASE],
            None,
        )
    };

    fn derive(_facts: &Facts, _key: &Key, value: &Lease) -> Vec<(Key, Value)> {
        let address = keys::leased_address(&value.interface_name, &value.host_ip_address);
        vec![(address, Value::empty())]
    }

    async fn create(_sb: &VppCtx, key: &Key, _value: &Lease) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key} is reported by VPP and cannot be set")))
    }

    async fn delete(_sb: &VppCtx, key: &Key, _value: &Lease, _meta: &()) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key} is reported by VPP and cannot be removed")))
    }

    async fn retrieve(
        sb: &VppCtx,
        _known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let clients = sb.dump_if_any(DhcpClientDump {}).await?;
        // A client of an interface without a name does not hide those behind it.
        let leases = clients.iter().filter_map(|client| {
            let name = sb.interface_name(client.lease.sw_if_index)?;
            let value = from_vpp(name, &client.lease)?;
            let key = keys::dhcp_lease(&value.interface_name);
            Some(Retrieved { key, value, meta: (), origin: Origin::Sb })
        });
        Ok(leases.collect())
    }
}

/// The address of a lease with its prefix length, if there is a lease.
pub(crate) fn leased(lease: &dhcp::DhcpLease) -> Option<(Ipv4Addr, u8)> {
    let address = lease.host_address.un.to_ip4();
    (!address.is_unspecified()).then_some((address, lease.mask_width))
}

/// `None` while there is no address.
fn from_vpp(interface_name: String, lease: &dhcp::DhcpLease) -> Option<Lease> {
    let (address, len) = leased(lease)?;
    let dhcp::DhcpLease {
        sw_if_index: _,
        state: _,
        is_ipv6,
        hostname,
        mask_width: _,
        host_address: _,
        router_address,
        host_mac,
        domain_server: _,
    } = lease;
    Some(Lease {
        interface_name,
        host_name: hostname.to_string(),
        is_ipv6: *is_ipv6,
        host_phys_address: host_mac.to_string(),
        host_ip_address: format!("{address}/{len}"),
        router_ip_address: format!("{}/{len}", router_address.un.to_ip4()),
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use ligato_vpp_api::FixedString;
    use ligato_vpp_api::msg::dhcp::{BareAddress, DhcpClientState};
    use ligato_vpp_api::types::{InterfaceIndex, MacAddress};

    use super::*;

    fn bare(text: &str) -> BareAddress {
        BareAddress { un: text.parse::<IpAddr>().unwrap().into(), ..BareAddress::default() }
    }

    #[test]
    fn a_lease_is_told_with_everything_in_it() {
        let details = dhcp::DhcpLease {
            sw_if_index: InterfaceIndex(3),
            state: DhcpClientState::BOUND,
            is_ipv6: true,
            hostname: FixedString::new("wan").unwrap(),
            mask_width: 24,
            host_address: bare("10.1.2.3"),
            router_address: bare("10.1.2.1"),
            host_mac: MacAddress([2, 0, 0, 0, 0, 7]),
            ..dhcp::DhcpLease::default()
        };
        let expected = Lease {
            interface_name: "wan1".into(),
            host_name: "wan".into(),
            is_ipv6: true,
            host_phys_address: "02:00:00:00:00:07".into(),
            host_ip_address: "10.1.2.3/24".into(),
            router_ip_address: "10.1.2.1/24".into(),
        };
        assert_eq!(from_vpp("wan1".into(), &details), Some(expected.clone()));
        let derived = DhcpLease::derive(&Facts::default(), &keys::dhcp_lease("wan1"), &expected);
        let key = "vpp/interface/wan1/address/from_dhcp/10.1.2.3/24";
        assert_eq!(derived.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [key]);
    }

    #[test]
    fn a_client_without_an_address_has_no_lease() {
        assert_eq!(from_vpp("wan".into(), &dhcp::DhcpLease::default()), None);
    }
}
