//! What an interface takes over from the advertisements of IPv6 routers; derived from it.
//!
//! ```yaml
//! ip6_nd: {address_autoconfig: true, install_default_routes: true}
//! ```
//!
//! VPP does not tell what is set: it is read back with the interface, as it was set last or, after a start of the agent, as
//! it is wanted, unless IPv6 is off there, which setting it turns on. Addresses that VPP made of advertised prefixes are
//! nobody's. Messages: `ip6_nd_address_autoconfig`.

use ligato_kvs_api::{Descriptor, Invalid, OpError, Spec, Update, Use};
use ligato_model::Key;
use ligato_proto::vpp::interfaces::interface;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::rd_cp::Ip6NdAddressAutoconfig;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

/// The kind `vpp-ip6nd`.
#[derive(Debug, Clone, Copy)]
pub struct Ip6Nd;

impl Descriptor for Ip6Nd {
    type Value = interface::Ip6nd;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrievable: false,
        uses: &[Use::kind(&["ip6_nd_address_autoconfig"])],
        ..Spec::new(
            "vpp-ip6nd",
            "What a VPP interface takes over from the advertisements of IPv6 routers.",
            &[keys::IP6ND],
            None,
        )
    };

    fn supported(facts: &Facts, _key: &Key, _value: &interface::Ip6nd) -> Result<(), OpError> {
        facts.require::<Ip6NdAddressAutoconfig>()
    }

    async fn create(sb: &VppCtx, key: &Key, value: &interface::Ip6nd) -> Result<(), OpError> {
        set(sb, key, value).await
    }

    async fn delete(
        sb: &VppCtx,
        key: &Key,
        _value: &interface::Ip6nd,
        _meta: &(),
    ) -> Result<(), OpError> {
        let request = to_vpp(sb, key, &interface::Ip6nd::default())?;
        let index = request.sw_if_index;
        sb.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await?;
        sb.remember_change(index, |interface| interface.ip6_nd = None);
        Ok(())
    }

    async fn update(sb: &VppCtx, key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        set(sb, key, change.new).await
    }
}

async fn set(sb: &VppCtx, key: &Key, value: &interface::Ip6nd) -> Result<(), OpError> {
    let request = to_vpp(sb, key, value)?;
    let index = request.sw_if_index;
    sb.request(request).await?;
    sb.remember_change(index, |interface| interface.ip6_nd = Some(*value));
    Ok(())
}

fn to_vpp(
    sb: &VppCtx,
    key: &Key,
    value: &interface::Ip6nd,
) -> Result<Ip6NdAddressAutoconfig, OpError> {
    let interface::Ip6nd { address_autoconfig, install_default_routes } = value;
    Ok(Ip6NdAddressAutoconfig {
        sw_if_index: sb.sw_if_index(parse(key)?)?,
        enable: *address_autoconfig,
        install_default_routes: *install_default_routes,
    })
}

fn parse(key: &Key) -> Result<&str, Invalid> {
    match keys::IP6ND.parse(key).as_deref() {
        Some(&[name]) => Ok(name),
        _ => Err(Invalid::value(format!("{key} is not the key of neighbour discovery"))),
    }
}
