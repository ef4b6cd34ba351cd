//! How the receive queues of an interface are read; derived from the interface.
//!
//! ```yaml
//! rx_modes: [{mode: ADAPTIVE, default_mode: true}, {queue: 2, mode: POLLING}]
//! ```
//!
//! Waits for the link being up: an interface without a link, such as a memif without a peer, has no queues. Not read
//! back by itself: the interface is read back with the modes of its queues. VPP does not tell which mode is the default for
//! queues to come: if all queues are as they are wanted to be, so is that. Messages: `sw_interface_set_rx_mode`.

use std::collections::{BTreeMap, BTreeSet};

use ligato_kvs_api::{Dependency, Descriptor, Invalid, OpError, Spec, Update, Use};
use ligato_model::Key;
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::interfaces::interface::{self, Link as LinkOf, Type, rx_mode::Type as Mode};
use ligato_vpp_api::msg::interface::SwInterfaceSetRxMode;
use ligato_vpp_api::types::{InterfaceIndex, RxMode as WireMode};
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys::{self, Link};

/// The kind `vpp-interface-rx-mode`.
#[derive(Debug, Clone, Copy)]
pub struct RxMode;

impl Descriptor for RxMode {
    type Value = Interface;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrievable: false,
        uses: &[Use::kind(&["sw_interface_set_rx_mode"])],
        ..Spec::new(
            "vpp-interface-rx-mode",
            "How the receive queues of a VPP interface are read.",
            &[keys::RX_MODES],
            None,
        )
    };

    fn validate(_facts: &Facts, _key: &Key, value: &Interface) -> Result<(), Invalid> {
        let mut bad = Invalid::default();
        let (mut queues, mut defaults) = (BTreeSet::new(), 0);
        for entry in &value.rx_modes {
            let field = if entry.default_mode {
                "rx_mode[default]".to_owned()
            } else {
                format!("rx_mode[.queue={}]", entry.queue)
            };
            let first = if entry.default_mode {
                defaults += 1;
                defaults == 1
            } else {
                queues.insert(entry.queue)
            };
            if !first {
                bad.push(field.as_str(), "is given twice");
            }
            match Mode::try_from(entry.mode) {
                Ok(Mode::Unknown) | Err(_) => bad.push(field, "has no mode"),
                Ok(mode)
                    if value.r#type() == Type::Dpdk && effective(value, mode) != Mode::Polling =>
                {
                    bad.push(field, "of a DPDK interface can only be POLLING");
                }
                Ok(_) => {}
            }
        }
        bad.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &Interface, new: &Interface) -> bool {
        let (old, new) = (Modes::of(old), Modes::of(new));
        let queues: BTreeSet<u32> = old.queues.keys().chain(new.queues.keys()).copied().collect();
        old.default == new.default
            && queues.into_iter().all(|queue| old.of_queue(queue) == new.of_queue(queue))
    }

    fn dependencies(_facts: &Facts, key: &Key, _value: &Interface) -> Vec<Dependency> {
        match parse(key) {
            Ok(name) => {
                vec![Dependency::on("interface-link-is-UP", keys::link_state(name, Link::Up))]
            }
            Err(_) => Vec::new(),
        }
    }

    async fn create(sb: &VppCtx, key: &Key, value: &Interface) -> Result<(), OpError> {
        let index = sb.sw_if_index(parse(key)?)?;
        apply(sb, index, &Modes::of(value)).await
    }

    async fn delete(sb: &VppCtx, key: &Key, _value: &Interface, _meta: &()) -> Result<(), OpError> {
        revert(sb, sb.sw_if_index(parse(key)?)?).await;
        Ok(())
    }

    async fn update(sb: &VppCtx, key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        let index = sb.sw_if_index(parse(key)?)?;
        let modes = Modes::of(change.new);
        if modes.default.is_none() {
            revert(sb, index).await;
        }
        apply(sb, index, &modes).await
    }
}

/// The modes a value asks for, "default" replaced by what it stands for.
#[derive(Debug, PartialEq, Eq)]
struct Modes {
    default: Option<Mode>,
    queues: BTreeMap<u32, Mode>,
}

impl Modes {
    fn of(value: &Interface) -> Self {
        let mode = |entry: &interface::RxMode| effective(value, entry.mode());
        let (default, queues): (Vec<&interface::RxMode>, Vec<&interface::RxMode>) =
            value.rx_modes.iter().partition(|entry| entry.default_mode);
        Self {
            default: default.first().map(|entry| mode(entry)),
            queues: queues.into_iter().map(|entry| (entry.queue, mode(entry))).collect(),
        }
    }

    fn of_queue(&self, queue: u32) -> Option<Mode> {
        self.queues.get(&queue).copied().or(self.default)
    }
}

/// What VPP makes of the mode DEFAULT depends on the driver.
fn effective(value: &Interface, mode: Mode) -> Mode {
    if mode != Mode::Default {
        return mode;
    }
    match (value.r#type(), &value.link) {
        (Type::Dpdk, _) => Mode::Polling,
        (Type::AfPacket, _) => Mode::Interrupt,
        (Type::Tap, Some(LinkOf::Tap(tap))) if tap.version == 2 => Mode::Interrupt,
        _ => Mode::Default,
    }
}

/// Sets the default first, then the queues that differ from it.
async fn apply(sb: &VppCtx, index: InterfaceIndex, modes: &Modes) -> Result<(), OpError> {
    let set = |queue: Option<u32>, mode| sb.request(request(index, queue, mode));
    let default = modes.default.map(|mode| set(None, mode));
    let special = modes.queues.iter().filter(|(_, mode)| Some(**mode) != modes.default);
    let queues = special.map(|(queue, mode)| set(Some(*queue), *mode));
    futures::future::try_join_all(default.into_iter().chain(queues)).await.map(drop)
}

/// Best effort: the driver may know no other mode than the one it is in.
async fn revert(sb: &VppCtx, index: InterfaceIndex) {
    if let Err(error) = sb.request(request(index, None, Mode::Default)).await {
        tracing::warn!(sw_if_index = index.0, %error, "receive mode is not set back");
    }
}

fn request(index: InterfaceIndex, queue: Option<u32>, mode: Mode) -> SwInterfaceSetRxMode {
    SwInterfaceSetRxMode {
        sw_if_index: index,
        queue_id_valid: queue.is_some(),
        queue_id: queue.unwrap_or(0),
        mode: to_vpp(mode),
    }
}

fn to_vpp(mode: Mode) -> WireMode {
    match mode {
        Mode::Unknown => WireMode::UNKNOWN,
        Mode::Polling => WireMode::POLLING,
        Mode::Interrupt => WireMode::INTERRUPT,
        Mode::Adaptive => WireMode::ADAPTIVE,
        Mode::Default => WireMode::DEFAULT,
    }
}

/// The modes of queues as read back, of those for which one is wanted, be it as the default of all: as they are wanted if
/// that is what they come to.
pub(crate) fn from_vpp(
    found: impl Iterator<Item = (u32, WireMode)>,
    wanted: &Interface,
) -> Vec<interface::RxMode> {
    let modes = Modes::of(wanted);
    let found: Vec<interface::RxMode> = found
        .filter(|(queue, _)| modes.of_queue(*queue).is_some())
        .map(|(queue, mode)| interface::RxMode {
            queue,
            mode: mode_from_vpp(mode).into(),
            default_mode: false,
        })
        .collect();
    let has = |queue: &u32| found.iter().any(|entry| entry.queue == *queue);
    let as_wanted = modes.queues.keys().all(has)
        && found.iter().all(|entry| modes.of_queue(entry.queue) == Some(entry.mode()));
    if as_wanted && !found.is_empty() { wanted.rx_modes.clone() } else { found }
}

fn mode_from_vpp(mode: WireMode) -> Mode {
    match mode {
        WireMode::POLLING => Mode::Polling,
        WireMode::INTERRUPT => Mode::Interrupt,
        WireMode::ADAPTIVE => Mode::Adaptive,
        WireMode::DEFAULT => Mode::Default,
        _ => Mode::Unknown,
    }
}

fn parse(key: &Key) -> Result<&str, Invalid> {
    match keys::RX_MODES.parse(key).as_deref() {
        Some(&[name]) => Ok(name),
        _ => Err(Invalid::value(format!("{key} is not the key of receive modes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ligato_proto::vpp::interfaces::TapLink;

    fn value(modes: &[(Option<u32>, Mode)]) -> Interface {
        let entry = |(queue, mode): &(Option<u32>, Mode)| interface::RxMode {
            queue: queue.unwrap_or(0),
            mode: (*mode).into(),
            default_mode: queue.is_none(),
        };
        Interface {
            name: "tap1".into(),
            r#type: Type::Tap.into(),
            rx_modes: modes.iter().map(entry).collect(),
            link: Some(LinkOf::Tap(TapLink { version: 2, ..TapLink::default() })),
            ..Interface::default()
        }
    }

    fn same(old: &[(Option<u32>, Mode)], new: &[(Option<u32>, Mode)]) -> bool {
        let key = keys::rx_modes("tap1");
        RxMode::equivalent(&Facts::default(), &key, &value(old), &value(new))
    }

    #[test]
    fn what_makes_a_difference() {
        assert!(!same(&[(Some(0), Mode::Polling)], &[(None, Mode::Polling)]));
        let both = [(Some(0), Mode::Polling), (None, Mode::Polling)];
        assert!(same(&both, &[(None, Mode::Polling)]));
        assert!(!same(&[(None, Mode::Polling)], &[(None, Mode::Adaptive)]));
        assert!(!same(&[(Some(0), Mode::Polling)], &[(Some(1), Mode::Polling)]));
    }

    #[test]
    fn the_default_of_a_tap_is_interrupt() {
        assert!(same(&[(Some(0), Mode::Interrupt)], &[(Some(0), Mode::Default)]));
    }

    #[test]
    fn modes_are_read_back_as_they_are_wanted_if_they_come_to_that() {
        let found = |wanted: &[(Option<u32>, Mode)], modes: &[WireMode]| {
            from_vpp((0..).zip(modes.iter().copied()), &value(wanted))
        };
        let (polling, interrupt) = (WireMode::POLLING, WireMode::INTERRUPT);
        let default = [(None, Mode::Polling)];
        assert_eq!(found(&default, &[polling, polling]), value(&default).rx_modes);
        let each = [(Some(0), Mode::Polling), (Some(1), Mode::Interrupt)];
        assert_eq!(found(&default, &[polling, interrupt]), value(&each).rx_modes);
        // Of other queues nothing is wanted.
        let first = [(Some(0), Mode::Polling)];
        assert_eq!(found(&first, &[polling, interrupt]), value(&first).rx_modes);
        // A queue is missing, or all are.
        assert_eq!(found(&each, &[polling]), value(&first).rx_modes);
        assert_eq!(found(&each, &[]), Vec::new());
    }

    #[test]
    fn bad_entries_are_named() {
        let fields = |modes: &[(Option<u32>, Mode)], kind: Type| {
            let value = Interface { r#type: kind.into(), ..value(modes) };
            match RxMode::validate(&Facts::default(), &keys::rx_modes("tap1"), &value) {
                Ok(()) => Vec::new(),
                Err(invalid) => invalid.field_names(),
            }
        };
        assert!(fields(&[(None, Mode::Polling), (Some(0), Mode::Adaptive)], Type::Tap).is_empty());
        assert_eq!(fields(&[(Some(1), Mode::Unknown)], Type::Tap), ["rx_mode[.queue=1]"]);
        assert_eq!(
            fields(&[(None, Mode::Polling), (None, Mode::Polling)], Type::Tap),
            ["rx_mode[default]"]
        );
        assert_eq!(fields(&[(Some(2), Mode::Adaptive)], Type::Dpdk), ["rx_mode[.queue=2]"]);
        assert!(fields(&[(None, Mode::Default)], Type::Dpdk).is_empty());
    }
}
