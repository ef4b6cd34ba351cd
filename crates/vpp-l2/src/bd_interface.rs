//! An interface in a bridge domain; derived from the bridge domain, see [`crate::bridge_domain`].
//!
//! Waits for the interface. Keeps nothing: index and number are looked up, and VPP itself takes an interface that is
//! deleted out of its bridge domain.
//!
//! Uses `sw_interface_set_l2_bridge`.

use ligato_kvs_api::{Change, Dependency, Descriptor, KeyPattern, OpError, Spec, Use};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface as VppInterface;
use ligato_proto::vpp::l2::bridge_domain::Interface;
use ligato_vpp_api::msg::l2::{L2PortType, SwInterfaceSetL2Bridge};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

const KEYS: KeyPattern = KeyPattern::new("vpp/bd/{bd}/interface/{if}");

/// The kind `vpp-bd-interface`.
#[derive(Debug)]
pub struct BdInterfaceKind;

/// Key of the membership of an interface in a bridge domain.
#[must_use]
pub fn key(bridge_domain: &str, interface: &str) -> Key {
    Key::from(format!("vpp/bd/{bridge_domain}/interface/{interface}"))
}

impl Descriptor for BdInterfaceKind {
    type Value = Interface;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["sw_interface_set_l2_bridge"])],
        ..Spec::new("vpp-bd-interface", "An interface of VPP in a bridge domain.", &[KEYS], None)
    };

    // === pure half ===

    fn dependencies(_facts: &Facts, _key: &Key, value: &Interface) -> Vec<Dependency> {
        vec![Dependency::on("interface-exists", VppInterface::key_of(&value.name))]
    }

    fn supported(facts: &Facts, _key: &Key, _value: &Interface) -> Result<(), OpError> {
        facts.require::<SwInterfaceSetL2Bridge>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, key: &Key, value: &Interface) -> Result<(), OpError> {
        let interface = sb.sw_if_index(&value.name)?;
        let bd_id = sb.bd_index(bridge_domain_of(key)?)?;
        sb.request(to_vpp(value, bd_id, interface, true)).await?;
        Ok(())
    }

    async fn delete(sb: &VppCtx, key: &Key, value: &Interface, _meta: &()) -> Result<(), OpError> {
        // With the interface its membership went, and a bridge domain cannot go before its members.
        let bd_id = sb.bd_index(bridge_domain_of(key)?);
        let (Ok(interface), Ok(bd_id)) = (sb.sw_if_index(&value.name), bd_id) else {
            return Ok(());
        };
        sb.request(to_vpp(value, bd_id, interface, false)).await?;
        Ok(())
    }
}

fn bridge_domain_of(key: &Key) -> Result<&str, OpError> {
    KEYS.parse(key)
        .and_then(|parts| parts.into_iter().next())
        .ok_or_else(|| OpError::Final(format!("{key} names no bridge domain")))
}

// === to VPP ===

fn to_vpp(
    value: &Interface,
    bd_id: u32,
    interface: InterfaceIndex,
    enable: bool,
) -> SwInterfaceSetL2Bridge {
    let Interface { name: _, bridged_virtual_interface, split_horizon_group } = value;
    SwInterfaceSetL2Bridge {
        rx_sw_if_index: interface,
        bd_id,
        port_type: if *bridged_virtual_interface { L2PortType::BVI } else { L2PortType::NORMAL },
        // Checked when the bridge domain was validated.
        shg: u8::try_from(*split_horizon_group).unwrap_or(u8::MAX),
        enable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_interfaces_may_contain_slashes() {
        let key = key("bd1", "GigabitEthernet0/8/0");
        assert_eq!(bridge_domain_of(&key), Ok("bd1"));
    }

    #[test]
    fn the_bridged_virtual_interface_has_its_own_port_type() {
        let value = Interface {
            name: "loop1".into(),
            bridged_virtual_interface: true,
            split_horizon_group: 1,
        };
        let message = to_vpp(&value, 3, InterfaceIndex(4), true);
        assert_eq!((message.port_type, message.shg), (L2PortType::BVI, 1));
        assert_eq!((message.bd_id, message.rx_sw_if_index.0), (3, 4));
    }
}
