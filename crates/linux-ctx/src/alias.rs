//! The mark of ownership: the alias of a link (`IFLA_IFALIAS`).
//!
//! `/vnf-agent/LABEL/` followed by what the agent has to remember about the link:
//!
//! | link | after the prefix |
//! | --- | --- |
//! | veth | `NAME/PEER` |
//! | host side of a VPP TAP | `NAME/VPP-TAP/ORIGINAL-HOST-NAME` |
//! | loopback, VRF device, dummy | `NAME` |
//!
//! A link without the prefix is not ours. In the forms with several parts a `/` inside a name is
//! written `%2F` (and `%` as `%25`), since such a name could not be told from two; what has been
//! written without that reads the same as long as there is no `/` in a name.

/// What a link is called once the agent lets it go: the original cannot remove an alias.
pub const UNCONFIGURED: &str = "unconfigured";

/// Longest alias the kernel keeps (`IFALIASZ`, with the NUL at its end).
pub const MAX_LENGTH: usize = 255;

/// The prefix of the aliases of one agent.
#[must_use]
pub fn prefix(service_label: &str) -> String {
    format!("{}{service_label}/", ligato_model::AGENT_PREFIX)
}

/// The alias of one end of a veth pair.
#[must_use]
pub fn veth(prefix: &str, name: &str, peer: &str) -> String {
    format!("{prefix}{}/{}", escape(name), escape(peer))
}

/// The alias of the host side of a TAP; `host_name` is what VPP has called it.
#[must_use]
pub fn tap(prefix: &str, name: &str, vpp_tap: &str, host_name: &str) -> String {
    format!("{prefix}{}/{}/{}", escape(name), escape(vpp_tap), escape(host_name))
}

/// The alias of a link of which only the logical name has to be remembered.
#[must_use]
pub fn plain(prefix: &str, name: &str) -> String {
    format!("{prefix}{name}")
}

/// Logical name and peer from the alias of a veth, if it is ours.
#[must_use]
pub fn parse_veth(prefix: &str, alias: &str) -> Option<(String, String)> {
    let (name, peer) = alias.strip_prefix(prefix)?.split_once('/')?;
    Some((named(name)?, unescape(peer)))
}

/// Logical name, VPP TAP and original host name from the alias of a TAP, if it is ours.
#[must_use]
pub fn parse_tap(prefix: &str, alias: &str) -> Option<(String, String, String)> {
    let (name, rest) = alias.strip_prefix(prefix)?.split_once('/')?;
    let (vpp_tap, host_name) = rest.split_once('/')?;
    Some((named(name)?, unescape(vpp_tap), unescape(host_name)))
}

/// Logical name from the alias of any other link, if it is ours.
#[must_use]
pub fn parse_plain(prefix: &str, alias: &str) -> Option<String> {
    let name = alias.strip_prefix(prefix)?;
    (!name.is_empty() && name != UNCONFIGURED).then(|| name.to_owned())
}

fn named(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| unescape(text))
}

fn escape(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

fn unescape(text: &str) -> String {
    text.replace("%2F", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "/vnf-agent/vpp1/";

    #[test]
    fn aliases_of_the_original_are_written_and_read() {
        assert_eq!(prefix("vpp1"), PREFIX);
        assert_eq!(veth(PREFIX, "a", "b"), "/vnf-agent/vpp1/a/b");
        assert_eq!(parse_veth(PREFIX, "/vnf-agent/vpp1/a/b"), Some(("a".into(), "b".into())));
        assert_eq!(tap(PREFIX, "t", "vpp-t", "tap-1"), "/vnf-agent/vpp1/t/vpp-t/tap-1");
        assert_eq!(
            parse_tap(PREFIX, "/vnf-agent/vpp1/t/vpp-t/tap-1"),
            Some(("t".into(), "vpp-t".into(), "tap-1".into()))
        );
        assert_eq!(parse_plain(PREFIX, "/vnf-agent/vpp1/vrf/1"), Some("vrf/1".into()));
    }

    #[test]
    fn names_with_slashes_and_percents_survive() {
        for name in ["a/b", "50%", "%2F", "/", "a%/b%25"] {
            let alias = veth(PREFIX, name, "peer/of it");
            assert_eq!(parse_veth(PREFIX, &alias), Some((name.into(), "peer/of it".into())));
        }
    }

    #[test]
    fn nothing_of_others_is_recognised() {
        for alias in ["", "eth0", "/vnf-agent/vpp10/a/b", "/vnf-agent/vpp1", UNCONFIGURED] {
            assert_eq!(parse_veth(PREFIX, alias), None, "{alias}");
            assert_eq!(parse_plain(PREFIX, alias), None, "{alias}");
        }
        assert_eq!(parse_plain(PREFIX, PREFIX), None);
        assert_eq!(parse_plain(PREFIX, "/vnf-agent/vpp1/unconfigured"), None);
        assert_eq!(parse_tap(PREFIX, "/vnf-agent/vpp1/a/b"), None);
    }
}
