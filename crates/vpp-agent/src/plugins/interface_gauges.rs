//! The states of VPP's interfaces as metrics, under the original's names: the number of the state, by VPP's name of the
//! interface.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ligato_proto::vpp::interfaces::interface_state::Status;
use ligato_vpp_api::msg::interface::{SwInterfaceDetails, SwInterfaceEvent};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};

use super::interfaces::states;

/// The interfaces of VPP. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct InterfaceGauges(Arc<Mutex<Interfaces>>);

/// By index.
type Interfaces = BTreeMap<u32, Interface>;

#[derive(Clone, Debug)]
struct Interface {
    name: String,
    admin: Status,
    oper: Status,
}

// === impl InterfaceGauges ===

impl InterfaceGauges {
    /// VPP tells of a change. False if the interface was not known, and there is more to be read of it.
    pub(crate) fn changed(&self, event: &SwInterfaceEvent) -> bool {
        let mut interfaces = self.interfaces();
        let index = event.sw_if_index.0;
        if event.deleted {
            interfaces.remove(&index);
            return true;
        }
        let known = interfaces.get_mut(&index);
        known.map(|known| (known.admin, known.oper) = states(event.flags)).is_some()
    }

    /// These are all there are.
    pub(crate) fn replace(&self, found: &[SwInterfaceDetails]) {
        let of = |details: &SwInterfaceDetails| {
            let (admin, oper) = states(details.flags);
            let name = details.interface_name.to_string();
            (details.sw_if_index.0, Interface { name, admin, oper })
        };
        *self.interfaces() = found.iter().map(of).collect();
    }

    /// For the scrape.
    pub(crate) fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("ligato_ifplugin");
        registry.register_collector(Box::new(self.clone()));
        registry
    }

    fn interfaces(&self) -> MutexGuard<'_, Interfaces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for InterfaceGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let interfaces = self.interfaces().clone();
        if interfaces.is_empty() {
            return Ok(());
        }
        for (name, help) in [
            ("operational_state", "Operational state of the interface"),
            ("admin_state", "Administrative state of the interface"),
        ] {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for Interface { name: interface, admin, oper } in interfaces.values() {
                let state = if name == "admin_state" { admin } else { oper };
                let gauge = ConstGauge::new(i64::from(i32::from(*state)));
                gauge.encode(family.encode_family(&[("name", interface.clone())])?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ligato_infra::Metrics;
    use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex};

    use super::*;

    fn interface(index: u32, name: &str, flags: IfStatusFlags) -> SwInterfaceDetails {
        SwInterfaceDetails {
            sw_if_index: InterfaceIndex(index),
            interface_name: ligato_vpp_api::FixedString::new(name).unwrap(),
            flags,
            ..SwInterfaceDetails::default()
        }
    }

    fn event(index: u32, flags: IfStatusFlags, deleted: bool) -> SwInterfaceEvent {
        let sw_if_index = InterfaceIndex(index);
        SwInterfaceEvent { sw_if_index, flags, deleted, ..SwInterfaceEvent::default() }
    }

    #[test]
    fn states_are_numbers_and_go_with_their_interface() {
        let (gauges, metrics) = (InterfaceGauges::default(), Metrics::new());
        let _part = metrics.add(gauges.registry());
        let (none, up) = (IfStatusFlags::default(), IfStatusFlags::ADMIN_UP);
        gauges.replace(&[interface(1, "loop0", none), interface(2, "tap0", up)]);
        assert!(gauges.changed(&event(1, up, false)));
        assert!(gauges.changed(&event(2, none, true)));
        assert!(!gauges.changed(&event(3, up, false)), "its name is not known");
        let text = metrics.encode().unwrap();
        let series: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            series,
            [
                r#"ligato_ifplugin_operational_state{name="loop0"} 2"#,
                r#"ligato_ifplugin_admin_state{name="loop0"} 1"#,
            ]
        );
        gauges.replace(&[]);
        assert_eq!(metrics.encode().unwrap(), "# EOF\n");
    }
}
