//! WireGuard devices. Messages: `wireguard_interface_create`, `wireguard_interface_delete`, `wireguard_interface_dump`.
//!
//! The private key is asked for when devices are read back, so that a key that was changed elsewhere is noticed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ligato_kvs_api::{Field, Invalid, OpError, Unset};
use ligato_proto::vpp::interfaces::WireguardLink;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::wireguard::{
    WireguardInterface, WireguardInterfaceCreate, WireguardInterfaceDelete,
};
use ligato_vpp_api::types::{Address, InterfaceIndex};
use ligato_vpp_ctx::{Facts, VppCtx, address};

use super::tunnel::{self, GONE};

const SRC: &str = "link.wireguard.src_addr";
const KEY: &str = "link.wireguard.key";
const PORT: &str = "link.wireguard.port";
/// Length of a key in bytes.
const KEY_LEN: usize = 32;

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[Field::read("wireguard.private_key").unset(Unset::REQUIRED)];

pub(super) fn validate(link: &WireguardLink, bad: &mut Invalid) {
    let WireguardLink { private_key, port, src_addr } = link;
    tunnel::end((SRC, src_addr), bad);
    if let Err(problem) = key(private_key) {
        bad.push(KEY, problem);
    }
    if u16::try_from(*port).is_err() {
        bad.push(PORT, format!("{port} is above 65535"));
    }
}

/// The bytes of a key. What is wrong with it is told without showing it.
fn key(text: &str) -> Result<[u8; KEY_LEN], &'static str> {
    let bytes = BASE64.decode(text).map_err(|_| "is not base64")?;
    bytes.try_into().map_err(|_| "has not 32 bytes")
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<WireguardInterfaceCreate>()
}

pub(super) fn same(old: &WireguardLink, new: &WireguardLink) -> bool {
    old.private_key == new.private_key
        && old.port == new.port
        && tunnel::same_ip(&old.src_addr, &new.src_addr)
}

pub(super) async fn create(ctx: &VppCtx, link: &WireguardLink) -> Result<InterfaceIndex, OpError> {
    let request = WireguardInterfaceCreate { interface: to_vpp(link)?, generate_key: false };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    // What VPP says of an index that was given to something else.
    let gone = [&GONE[..], &[Code::INVALID_VALUE]].concat();
    ctx.request_unless(WireguardInterfaceDelete { sw_if_index }, &gone).await.map(drop)
}

// === to and from VPP ===

fn to_vpp(link: &WireguardLink) -> Result<WireguardInterface, Invalid> {
    let WireguardLink { private_key, port, src_addr } = link;
    Ok(WireguardInterface {
        user_instance: u32::MAX,
        sw_if_index: InterfaceIndex::NONE,
        private_key: key(private_key).map_err(|problem| Invalid::field(KEY, problem))?,
        public_key: [0; KEY_LEN],
        port: u16::try_from(*port).map_err(|_| Invalid::field(PORT, "is above 65535"))?,
        src_ip: Address(
            address::parse_ip(src_addr).map_err(|error| Invalid::field(SRC, error.to_string()))?,
        ),
    })
}

/// The settings of a device read back. `wanted` are those wanted, for the spelling.
pub(crate) fn link_from_vpp(
    device: &WireguardInterface,
    wanted: Option<&WireguardLink>,
) -> WireguardLink {
    let WireguardInterface {
        user_instance: _,
        sw_if_index: _,
        private_key,
        public_key: _,
        port,
        src_ip,
    } = device;
    WireguardLink {
        private_key: BASE64.encode(private_key),
        port: (*port).into(),
        src_addr: tunnel::spelled(src_ip.0, wanted.map(|link| &*link.src_addr)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> WireguardLink {
        WireguardLink {
            private_key: "gIjXzrQfIFf80d0O8Hd3KhcfkKLRncc+8C70OjotIW8=".into(),
            port: 12312,
            src_addr: "10.0.0.1".into(),
        }
    }

    #[test]
    fn what_is_made_is_read_back() {
        let made = to_vpp(&link()).unwrap();
        assert_eq!(link_from_vpp(&made, None), link());
        assert!(!format!("{made:?}").contains("private"), "{made:?}");
    }

    #[test]
    fn bad_settings_are_named_and_no_key_is_shown() {
        let mut bad = Invalid::default();
        let short = BASE64.encode([7; 31]);
        let wrong =
            WireguardLink { private_key: short.clone(), port: 65536, ..WireguardLink::default() };
        validate(&wrong, &mut bad);
        assert_eq!(bad.field_names(), [SRC, KEY, PORT]);
        assert!(!bad.to_string().contains(&short));
        let mut good = Invalid::default();
        validate(&link(), &mut good);
        assert!(good.field_names().is_empty());
    }
}
