//! The plugins of VPP whose messages are simulated, as `show plugins` lists them.

use std::fmt::Write as _;

use crate::api::vpe::BUILD_DIRECTORY;
use crate::release::Release;

/// A plugin of VPP.
struct Plugin {
    name: &'static str,
    description: &'static str,
    /// The first release that has it; before that, it was a part of VPP itself.
    since: Release,
    /// What the names of its messages begin with.
    messages: &'static [&'static str],
    /// Whether it is loaded without having been asked for.
    by_default: bool,
}

/// The oldest release there is here.
const EVER: Release = Release::new(22, 2);
/// From this release on, plugins are listed in the order in which they were loaded, and the heading says so.
const IN_ORDER: Release = Release::new(26, 2);

const fn plugin(
    name: &'static str,
    description: &'static str,
    since: Release,
    messages: &'static [&'static str],
) -> Plugin {
    Plugin { name, description, since, messages, by_default: true }
}

/// By name, which is the order in which VPP loads them.
const PLUGINS: [Plugin; 15] = [
    plugin("af_packet", "af-packet", Release::new(23, 2), &["af_packet_"]),
    plugin("dhcp", "Dynamic Host Configuration Protocol (DHCP)", EVER, &["dhcp_"]),
    plugin(
        "gre",
        "Generic Routing Encapsulation (GRE) plugin",
        Release::new(23, 6),
        &["gre_tunnel_"],
    ),
    plugin("gtpu", "GPRS Tunnelling Protocol, User Data (GTPv1-U)", EVER, &["gtpu_"]),
    plugin("l3xc", "L3 Cross-Connect (L3XC)", EVER, &["l3xc_"]),
    plugin("lacp", "Link Aggregation Control Protocol (LACP)", EVER, &[]),
    Plugin {
        by_default: false,
        ..plugin("linux_cp", "Linux Control Plane - Interface Mirror", EVER, &["lcp_"])
    },
    plugin("memif", "Packet Memory Interface (memif) -- Experimental", EVER, &["memif_"]),
    plugin("rdma", "RDMA IBverbs Device Driver", EVER, &["rdma_"]),
    plugin(
        "tap",
        "TAP/TUN device (virtio backend)",
        Release::new(26, 2),
        &["tap_", "sw_interface_tap_v2_"],
    ),
    plugin("vmxnet3", "VMWare Vmxnet3 Device Driver", EVER, &["vmxnet3_", "sw_vmxnet3_"]),
    plugin("vrrp", "VRRP v3 (RFC 5798)", EVER, &["vrrp_"]),
    plugin("vxlan-gpe", "VxLan GPE Tunnels", Release::new(25, 6), &["vxlan_gpe_"]),
    plugin("vxlan", "VxLan Tunnels", Release::new(23, 6), &["vxlan_add_del_", "vxlan_tunnel_"]),
    plugin("wireguard", "Wireguard Protocol", EVER, &["wireguard_"]),
];

impl Plugin {
    fn is_loaded(&self, release: Release, disabled: &[String]) -> bool {
        self.since <= release && disabled.iter().all(|name| name != self.name)
    }
}

/// The plugins that are loaded only if VPP is told to.
pub(crate) fn off_by_default() -> impl Iterator<Item = &'static str> {
    PLUGINS.iter().filter(|plugin| !plugin.by_default).map(|plugin| plugin.name)
}

/// Whether a message is one of a plugin that the release has and that is disabled.
pub(crate) fn is_of_one(message: &str, release: Release, disabled: &[String]) -> bool {
    let not_loaded = PLUGINS
        .iter()
        .filter(|plugin| plugin.since <= release && !plugin.is_loaded(release, disabled));
    not_loaded.flat_map(|plugin| plugin.messages).any(|start| message.starts_with(start))
}

/// What `show plugins` prints.
pub(crate) fn listed(release: Release, disabled: &[String]) -> String {
    let order = if release >= IN_ORDER { ", plugins shown in load order" } else { "" };
    let mut text = format!(" Plugin path is: {BUILD_DIRECTORY}/vpp_plugins{order}\n\n");
    let line = |text: &mut String, start: &str, columns: [&str; 3]| {
        let [name, version, description] = columns;
        // Nothing is written to that could fail.
        writeln!(text, "{start} {name:<40} {version:<32} {description}").ok();
    };
    line(&mut text, "    ", ["Plugin", "Version", "Description"]);
    let version = format!("{release}-release");
    let there = PLUGINS.iter().filter(|plugin| plugin.is_loaded(release, disabled));
    for (number, plugin) in (1..).zip(there) {
        let name = format!("{}_plugin.so", plugin.name);
        line(&mut text, &format!("{number:>3}."), [&name, &version, plugin.description]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Vec<String> {
        off_by_default().map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_those_of_vpp() {
        let text = listed(Release::NEWEST, &usual());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("/vpp_plugins, plugins shown in load order"));
        assert_eq!(
            lines[1..5],
            [
                "",
                "     Plugin                                   Version                          Description",
                "  1. af_packet_plugin.so                      26.06-release                    af-packet",
                "  2. dhcp_plugin.so                           26.06-release                    Dynamic Host Configuration Protocol (DHCP)",
            ]
        );
        assert_eq!(
            lines[16],
            " 14. wireguard_plugin.so                      26.06-release                    Wireguard Protocol"
        );
        assert_eq!(lines.len(), 17);
        assert!(!listed(Release::NEWEST, &["dhcp".to_owned()]).contains("dhcp"));
        assert!(listed(Release::NEWEST, &[]).contains(" 7. linux_cp_plugin.so "));
    }

    #[test]
    fn a_release_has_the_plugins_that_it_had() {
        let text = listed(EVER, &usual());
        assert!(!text.contains("af_packet") && !text.contains("load order"), "{text}");
        assert!(text.contains("  4. lacp_plugin.so"), "{text}");
        assert!(text.contains(" 22.02-release "), "{text}");
    }
}
