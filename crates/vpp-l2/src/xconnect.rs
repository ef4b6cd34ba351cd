//! A cross-connect: everything that comes in on one interface leaves by another. One direction per value.
//!
//! ```yaml
//! vppConfig:
//!   xconnectPairs:
//!   - receiveInterface: memif1
//!     transmitInterface: memif2
//!   - receiveInterface: memif2
//!     transmitInterface: memif1
//! ```
//!
//! Waits for both interfaces. Derives nothing, keeps nothing. A cross-connect has no tag in VPP: one between interfaces
//! that have an owner is taken to be the owner's, any other is left alone. Another transmit interface is set in place.
//!
//! Uses `sw_interface_set_l2_xconnect`, `l2_xconnect_dump`.

use ligato_kvs_api::{
    Dependency, Descriptor, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec,
    Update, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l2::XConnectPair;
use ligato_vpp_api::msg::l2::{L2XconnectDetails, L2XconnectDump, SwInterfaceSetL2Xconnect};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

/// The kind `vpp-xconnect`.
#[derive(Debug)]
pub struct XConnectKind;

impl Descriptor for XConnectKind {
    type Value = XConnectPair;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&["sw_interface_set_l2_xconnect", "l2_xconnect_dump"])],
        ..Spec::new(
            "vpp-xconnect",
            "Everything from one interface of VPP to another.",
            &[KeyPattern::new("config/vpp/l2/v2/xconnect/{if}")],
            Some("config/vpp/l2/v2/xconnect/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &XConnectPair) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if value.receive_interface.is_empty() {
            invalid.push("receive_interface", "must not be empty");
        }
        if value.transmit_interface.is_empty() {
            invalid.push("transmit_interface", "must not be empty");
        }
        invalid.into_result()
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &XConnectPair) -> Vec<Dependency> {
        vec![
            Dependency::on("rx-interface", Interface::key_of(&value.receive_interface)),
            Dependency::on("tx-interface", Interface::key_of(&value.transmit_interface)),
        ]
    }

    fn supported(facts: &Facts, _key: &Key, _value: &XConnectPair) -> Result<(), OpError> {
        facts.require::<SwInterfaceSetL2Xconnect>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &XConnectPair) -> Result<(), OpError> {
        sb.request(to_vpp(value, &Ends::of(sb, value)?, true)).await?;
        Ok(())
    }

    async fn delete(
        sb: &VppCtx,
        _key: &Key,
        value: &XConnectPair,
        _meta: &(),
    ) -> Result<(), OpError> {
        // Only the receiving end has anything to forget.
        let Ok(receive) = sb.sw_if_index(&value.receive_interface) else { return Ok(()) };
        let transmit = sb.sw_if_index(&value.transmit_interface).unwrap_or(InterfaceIndex::NONE);
        sb.request(to_vpp(value, &Ends { receive, transmit }, false)).await?;
        Ok(())
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        sb.request(to_vpp(change.new, &Ends::of(sb, change.new)?, true)).await?;
        Ok(())
    }

    async fn retrieve(
        sb: &VppCtx,
        _known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let details = sb.dump(L2XconnectDump {}).await?;
        let found = details.iter().filter_map(|details| {
            let value = from_vpp(details, |index| sb.interface_name(index))?;
            let origin = origin(&value);
            Some(Retrieved { key: value.key(), value, meta: (), origin })
        });
        Ok(found.collect())
    }
}

/// What the names of interfaces without an owner begin with.
const UNTAGGED: &str = "UNTAGGED-";

/// Ours only if both interfaces have an owner.
fn origin(value: &XConnectPair) -> Origin {
    let names = [&value.receive_interface, &value.transmit_interface];
    if names.iter().any(|name| name.starts_with(UNTAGGED)) { Origin::Sb } else { Origin::Nb }
}

// === to and from VPP ===

/// Indexes of both interfaces.
struct Ends {
    receive: InterfaceIndex,
    transmit: InterfaceIndex,
}

impl Ends {
    fn of(sb: &VppCtx, value: &XConnectPair) -> Result<Ends, OpError> {
        Ok(Ends {
            receive: sb.sw_if_index(&value.receive_interface)?,
            transmit: sb.sw_if_index(&value.transmit_interface)?,
        })
    }
}

fn to_vpp(value: &XConnectPair, ends: &Ends, enable: bool) -> SwInterfaceSetL2Xconnect {
    // Both fields are names of interfaces, looked up already.
    let XConnectPair { receive_interface: _, transmit_interface: _ } = value;
    SwInterfaceSetL2Xconnect { rx_sw_if_index: ends.receive, tx_sw_if_index: ends.transmit, enable }
}

/// `None` if an interface has no name.
fn from_vpp(
    details: &L2XconnectDetails,
    name: impl Fn(InterfaceIndex) -> Option<String>,
) -> Option<XConnectPair> {
    let L2XconnectDetails { rx_sw_if_index, tx_sw_if_index } = details;
    Some(XConnectPair {
        receive_interface: name(*rx_sw_if_index)?,
        transmit_interface: name(*tx_sw_if_index)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(receive: &str, transmit: &str) -> XConnectPair {
        XConnectPair { receive_interface: receive.into(), transmit_interface: transmit.into() }
    }

    #[test]
    fn both_interfaces_are_needed() {
        let invalid = XConnectKind::validate(&Facts::default(), &Key::from("x"), &pair("", ""));
        let fields = invalid.unwrap_err().field_names();
        assert_eq!(fields, ["receive_interface", "transmit_interface"]);
        let dependencies =
            XConnectKind::dependencies(&Facts::default(), &Key::from("x"), &pair("a", "b"));
        let labels: Vec<_> = dependencies.iter().map(|d| &*d.label).collect();
        assert_eq!(labels, ["rx-interface", "tx-interface"]);
    }

    #[test]
    fn a_cross_connect_of_interfaces_without_owner_is_nobodys() {
        assert_eq!(origin(&pair("a", "b")), Origin::Nb);
        assert_eq!(origin(&pair("a", "UNTAGGED-tap3")), Origin::Sb);
    }
}
