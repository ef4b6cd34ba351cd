//! The assignment of an interface to a VRF, or to that of another interface; derived from the interface.
//!
//! ```yaml
//! vrf: 10
//! ip_addresses: ["192.168.1.1/24"]     # IPv4 only: the IPv4 table of VRF 10
//! ```
//!
//! Waits for the tables of the VRF, an inherited one for the other interface's assignment. Addresses wait for it in
//! turn, so VPP is never asked to move an interface that has some. Not read back by itself. Messages:
//! `sw_interface_set_table`.

use ligato_kvs_api::{Change, Dependency, Descriptor, Invalid, OpError, Spec, Use};
use ligato_model::{Key, Model};
use ligato_proto::vpp::l3::{VrfTable, vrf_table::Protocol};
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::interface::SwInterfaceSetTable;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys::{self, IpVersions};

/// The kind `vpp-interface-vrf`.
#[derive(Debug, Clone, Copy)]
pub struct InterfaceVrf;

impl Descriptor for InterfaceVrf {
    type Value = ();
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["sw_interface_set_table"])],
        ..Spec::new(
            "vpp-interface-vrf",
            "The VRF of a VPP interface.",
            &[keys::VRF, keys::INHERITED_VRF],
            None,
        )
    };

    fn dependencies(_facts: &Facts, key: &Key, _value: &()) -> Vec<Dependency> {
        match Assignment::parse(key) {
            Ok(Assignment { source: Source::Vrf { id, versions }, .. }) if id > 0 => {
                let table = |wanted: bool, label, protocol: Protocol| {
                    let table = VrfTable { id, protocol: protocol.into(), ..VrfTable::default() };
                    wanted.then(|| Dependency::on(label, table.key()))
                };
                let v4 = table(versions.v4(), "vrf-table-v4-exists", Protocol::Ipv4);
                let v6 = table(versions.v6(), "vrf-table-v6-exists", Protocol::Ipv6);
                v4.into_iter().chain(v6).collect()
            }
            Ok(Assignment { source: Source::Interface(other), .. }) => vec![Dependency::on_any(
                "numbered-interface-assigned-to-VRF",
                [keys::vrf_prefix(other)],
            )],
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    async fn create(sb: &VppCtx, key: &Key, _value: &()) -> Result<(), OpError> {
        let Assignment { interface, source } = Assignment::parse(key)?;
        match source {
            Source::Vrf { id, versions } => set_tables(sb, interface, id, versions).await,
            Source::Interface(other) => {
                let other = sb.interface(other)?;
                match IpVersions::of(other.ip_addresses.iter().map(String::as_str)) {
                    Some(versions) if other.vrf > 0 => {
                        set_tables(sb, interface, other.vrf, versions).await
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    async fn delete(sb: &VppCtx, key: &Key, _value: &(), _meta: &()) -> Result<(), OpError> {
        match Assignment::parse(key)? {
            Assignment { interface, source: Source::Vrf { id, versions } } if id > 0 => {
                set_tables(sb, interface, 0, versions).await
            }
            _ => Ok(()),
        }
    }
}

struct Assignment<'a> {
    interface: &'a str,
    source: Source<'a>,
}

enum Source<'a> {
    Vrf { id: u32, versions: IpVersions },
    Interface(&'a str),
}

impl<'a> Assignment<'a> {
    fn parse(key: &'a Key) -> Result<Self, Invalid> {
        if let Some(&[interface, vrf, versions]) = keys::VRF.parse(key).as_deref()
            && let (Ok(id), Some(versions)) = (vrf.parse(), IpVersions::parse(versions))
        {
            return Ok(Self { interface, source: Source::Vrf { id, versions } });
        }
        if let Some(&[interface, other]) = keys::INHERITED_VRF.parse(key).as_deref() {
            return Ok(Self { interface, source: Source::Interface(other) });
        }
        Err(Invalid::value(format!("{key} is not the key of an assignment to a VRF")))
    }
}

async fn set_tables(
    sb: &VppCtx,
    interface: &str,
    vrf_id: u32,
    versions: IpVersions,
) -> Result<(), OpError> {
    let sw_if_index = sb.sw_if_index(interface)?;
    let set = async |wanted: bool, is_ipv6: bool| -> Result<(), OpError> {
        if wanted {
            let request = SwInterfaceSetTable { sw_if_index, is_ipv6, vrf_id };
            sb.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await?;
        }
        Ok(())
    };
    let (v4, v6) = futures::join!(set(versions.v4(), false), set(versions.v6(), true));
    v4.and(v6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_waits_for_its_tables() {
        let needs = |key: &Key| {
            InterfaceVrf::dependencies(&Facts::default(), key, &())
                .iter()
                .map(|need| format!("{}: {}", need.label, need.target))
                .collect::<Vec<_>>()
        };
        assert!(needs(&keys::vrf("if1", 0, IpVersions::Both)).is_empty());
        assert_eq!(
            needs(&keys::vrf("if1", 4, IpVersions::Both)),
            [
                "vrf-table-v4-exists: config/vpp/v2/vrf-table/id/4/protocol/IPV4",
                "vrf-table-v6-exists: config/vpp/v2/vrf-table/id/4/protocol/IPV6"
            ]
        );
        assert_eq!(
            needs(&keys::inherited_vrf("u1", "if1")),
            ["numbered-interface-assigned-to-VRF: vpp/interface/if1/vrf/*"]
        );
    }
}
