//! An interface on which ARP requests are answered for others; derived from the value with the addresses.
//!
//! Waits for the interface. Not read back by itself. Uses `proxy_arp_intfc_enable_disable`.

use ligato_kvs_api::{Change, Dependency, Descriptor, KeyPattern, OpError, Spec, Use};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces;
use ligato_proto::vpp::l3::proxy_arp::Interface;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::arp::ProxyArpIntfcEnableDisable;
use ligato_vpp_ctx::{Facts, VppCtx};

/// The kind `vpp-proxy-arp-interface`.
#[derive(Debug)]
pub struct ProxyArpInterfaceKind;

/// Key of an interface on which requests are answered.
#[must_use]
pub fn key(interface: &str) -> Key {
    format!("vpp/proxyarp/interface/{interface}").into()
}

impl Descriptor for ProxyArpInterfaceKind {
    type Value = Interface;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["proxy_arp_intfc_enable_disable"])],
        ..Spec::new(
            "vpp-proxy-arp-interface",
            "An interface of VPP on which ARP requests are answered for others.",
            &[KeyPattern::new("vpp/proxyarp/interface/{if}")],
            None,
        )
    };

    fn dependencies(_facts: &Facts, _key: &Key, value: &Interface) -> Vec<Dependency> {
        let interface = interfaces::Interface::key_of(&value.name);
        vec![Dependency::on("interface-exists", interface)]
    }

    async fn create(sb: &VppCtx, _key: &Key, value: &Interface) -> Result<(), OpError> {
        let Interface { name } = value;
        let sw_if_index = sb.sw_if_index(name)?;
        sb.request(ProxyArpIntfcEnableDisable { sw_if_index, enable: true }).await.map(drop)
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &Interface, _meta: &()) -> Result<(), OpError> {
        // Nobody asks an interface that is gone.
        let Ok(sw_if_index) = sb.sw_if_index(&value.name) else { return Ok(()) };
        let message = ProxyArpIntfcEnableDisable { sw_if_index, enable: false };
        sb.request_unless(message, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
    }
}
