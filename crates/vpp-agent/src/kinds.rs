//! What the agent is made of: its kinds, plugin by plugin.

use std::sync::Arc;

use ligato_kvs_api::DynDescriptor;
use ligato_linux_ctx::LinuxCtx;
use ligato_vpp_ctx::VppCtx;

/// The kinds of one plugin.
pub(crate) struct Plugin {
    /// Name of the plugin, as its configuration file has it.
    pub(crate) name: &'static str,
    /// Its kinds.
    pub(crate) kinds: Vec<Arc<dyn DynDescriptor>>,
}

/// Every plugin with kinds.
pub(crate) fn plugins(vpp: &Arc<VppCtx>, linux: &Arc<LinuxCtx>) -> Vec<Plugin> {
    vec![
        Plugin { name: "vpp-ifplugin", kinds: ligato_vpp_if::descriptors(vpp) },
        Plugin { name: "vpp-l2plugin", kinds: ligato_vpp_l2::descriptors(vpp) },
        Plugin { name: "vpp-l3plugin", kinds: ligato_vpp_l3::descriptors(vpp) },
        Plugin { name: "linux-ifplugin", kinds: ligato_linux_if::descriptors(linux) },
        Plugin { name: "linux-l3plugin", kinds: ligato_linux_l3::descriptors(linux) },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use ligato_model::Spec;

    use crate::pages::kinds;

    /// Models of the contract whose kinds this agent does not have yet. A name is removed with the commit that adds
    /// its descriptor.
    const WITHOUT_DESCRIPTOR: &[&str] = &[
        "linux.iptables.rulechain",
        "netalloc.ip",
        "vpp.abfs.abf",
        "vpp.acls.acl",
        "vpp.dns.dnscache",
        "vpp.exception",
        "vpp.ipfix.flowprobe-feature",
        "vpp.ipfix.flowprobe-params",
        "vpp.ipfix.ipfix",
        "vpp.ipredirect",
        "vpp.ipsec.sa",
        "vpp.ipsec.sp",
        "vpp.ipsec.spd",
        "vpp.ipsec.tun-protect",
        "vpp.nat.dnat44",
        "vpp.nat.nat44-global",
        "vpp.nat.nat44-interface",
        "vpp.nat.nat44-pool",
        "vpp.nat.nat44-vrf",
        "vpp.nat.nat44-vrf-route",
        "vpp.srv6.localsid",
        "vpp.srv6.policy",
        "vpp.srv6.srv6-global",
        "vpp.srv6.steering",
        "vpp.stn.rule",
        "vpp.tohost",
        "vpp.wg.peer",
    ];

    /// Descriptors that others would be read back after, and that are not there yet.
    const AWAITED: &[&str] = &["netalloc-ip-address"];

    /// NB prefix to the descriptors that have it.
    fn by_prefix() -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for plugin in kinds::of_an_unconnected_agent().unwrap() {
            for kind in plugin.kinds {
                if let Some(prefix) = kind.nb_key_prefix() {
                    found.entry(prefix.to_owned()).or_default().push(kind.name().to_owned());
                }
            }
        }
        found
    }

    #[test]
    fn every_model_has_one_descriptor_or_is_listed_as_missing() {
        let found = by_prefix();
        let mut missing = BTreeSet::new();
        for model in &ligato_proto::registry() {
            match found.get(&model.key_prefix()).map(Vec::as_slice) {
                Some([_]) => {}
                Some(several) => panic!("{} has descriptors {several:?}", model.model_name()),
                None if model.spec.class == Spec::CONFIG => {
                    missing.insert(model.model_name());
                }
                None => {}
            }
        }
        let listed: BTreeSet<String> = WITHOUT_DESCRIPTOR.iter().map(|&n| n.to_owned()).collect();
        assert_eq!(missing, listed);
    }

    #[test]
    fn every_prefix_of_the_northbound_is_that_of_a_model_with_this_message() {
        let registry = ligato_proto::registry();
        for kind in kinds::of_an_unconnected_agent().unwrap().into_iter().flat_map(|p| p.kinds) {
            let Some(prefix) = kind.nb_key_prefix() else { continue };
            let model = registry.iter().find(|model| model.key_prefix() == prefix);
            let message = model.map(|model| model.proto_name);
            assert_eq!(message, Some(kind.value_type()), "{} {prefix}", kind.name());
        }
    }

    #[test]
    fn names_of_descriptors_and_what_they_are_read_back_after_are_known() {
        let kinds = kinds::of_an_unconnected_agent().unwrap();
        let kinds: Vec<_> = kinds.into_iter().flat_map(|plugin| plugin.kinds).collect();
        let names: BTreeSet<&str> = kinds.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), kinds.len());
        let awaited: BTreeSet<&str> = kinds
            .iter()
            .flat_map(|kind| kind.retrieve_after().iter().copied())
            .filter(|earlier| !names.contains(earlier))
            .collect();
        assert_eq!(awaited, AWAITED.iter().copied().collect());
    }
}
