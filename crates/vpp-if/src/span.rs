//! A mirror: copies the traffic of one interface of VPP to another.
//!
//! ```yaml
//! vppConfig:
//!   spans:
//!   - interfaceFrom: memif1
//!     interfaceTo: tap1
//!     direction: BOTH       # or RX, TX
//!     isL2: false           # frames of a bridge domain instead of everything that passes the device
//! ```
//!
//! Waits for both interfaces, and goes before either of them does: VPP keeps copying by the index of an interface that
//! is gone, to whoever gets that index next. Derives nothing, keeps nothing. The direction is changed in place.
//!
//! The key tells no mirror of frames from one of packets. If VPP has both for a pair, the one wanted is taken, else that
//! of packets.
//!
//! Uses `sw_interface_span_enable_disable`, `sw_interface_span_dump`.

use std::collections::BTreeMap;

use ligato_kvs_api::{
    Dependency, Descriptor, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec,
    Update, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::{Span, span::Direction};
use ligato_vpp_api::msg::span::{
    SpanState, SwInterfaceSpanDetails, SwInterfaceSpanDump, SwInterfaceSpanEnableDisable,
};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

/// The kind `vpp-span`.
#[derive(Debug, Clone, Copy)]
pub struct SpanKind;

impl Descriptor for SpanKind {
    type Value = Span;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&["sw_interface_span_enable_disable", "sw_interface_span_dump"])],
        ..Spec::new(
            "vpp-span",
            "A copy of the traffic of one VPP interface to another.",
            &[KeyPattern::new("config/vpp/v2/span/{from}/to/{to}")],
            Some("config/vpp/v2/span/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &Span) -> Result<(), Invalid> {
        let Span { interface_from, interface_to, direction, is_l2: _ } = value;
        let mut bad = Invalid::default();
        for (field, name) in [("interface_from", interface_from), ("interface_to", interface_to)] {
            if name.is_empty() {
                bad.push(field, "is empty");
            }
        }
        if !interface_from.is_empty() && interface_from == interface_to {
            bad.push("interface_to", "is the interface that is copied");
        }
        if matches!(Direction::try_from(*direction), Ok(Direction::Unknown) | Err(_)) {
            bad.push("direction", "is not given");
        }
        bad.into_result()
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &Span) -> Vec<Dependency> {
        vec![
            Dependency::on("interface-from", keys::interface(&value.interface_from)),
            Dependency::on("interface-to", keys::interface(&value.interface_to)),
        ]
    }

    fn needs_recreate(_facts: &Facts, _key: &Key, old: &Span, new: &Span, _meta: &()) -> bool {
        old.is_l2 != new.is_l2
    }

    fn supported(facts: &Facts, _key: &Key, _value: &Span) -> Result<(), OpError> {
        facts.require::<SwInterfaceSpanEnableDisable>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &Span) -> Result<(), OpError> {
        sb.request(to_vpp(sb, value, state(value.direction()))?).await.map(drop)
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &Span, _meta: &()) -> Result<(), OpError> {
        // VPP does not mind a mirror that is not there.
        sb.request(to_vpp(sb, value, SpanState::DISABLED)?).await.map(drop)
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        sb.request(to_vpp(sb, change.new, state(change.new.direction()))?).await.map(drop)
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let at = |is_l2| sb.dump_if_any(SwInterfaceSpanDump { is_l2 });
        let (packets, frames) = futures::try_join!(at(false), at(true))?;
        let mut found: BTreeMap<Key, Retrieved<Self>> = BTreeMap::new();
        for details in packets.iter().chain(&frames) {
            let Some(value) = from_vpp(details, |index| sb.interface_name(index)) else { continue };
            let (key, origin) = (value.key(), origin(&value));
            let wanted = known.get(&key).is_some_and(|known| known.value.is_l2 == value.is_l2);
            if wanted || !found.contains_key(&key) {
                found.insert(key.clone(), Retrieved { key, value, meta: (), origin });
            }
        }
        Ok(found.into_values().collect())
    }
}

/// What the names of interfaces without an owner begin with.
const UNTAGGED: &str = "UNTAGGED-";

/// Ours only if both interfaces have an owner.
fn origin(value: &Span) -> Origin {
    let names = [&value.interface_from, &value.interface_to];
    if names.iter().any(|name| name.starts_with(UNTAGGED)) { Origin::Sb } else { Origin::Nb }
}

// === to and from VPP ===

fn state(direction: Direction) -> SpanState {
    match direction {
        Direction::Unknown => SpanState::DISABLED,
        Direction::Rx => SpanState::RX,
        Direction::Tx => SpanState::TX,
        Direction::Both => SpanState::RX_TX,
    }
}

fn to_vpp(
    sb: &VppCtx,
    value: &Span,
    state: SpanState,
) -> Result<SwInterfaceSpanEnableDisable, OpError> {
    let Span { interface_from, interface_to, direction: _, is_l2 } = value;
    Ok(SwInterfaceSpanEnableDisable {
        sw_if_index_from: sb.sw_if_index(interface_from)?,
        sw_if_index_to: sb.sw_if_index(interface_to)?,
        state,
        is_l2: *is_l2,
    })
}

/// `None` if an interface has no name.
fn from_vpp(
    details: &SwInterfaceSpanDetails,
    name: impl Fn(InterfaceIndex) -> Option<String>,
) -> Option<Span> {
    let SwInterfaceSpanDetails { sw_if_index_from, sw_if_index_to, state, is_l2 } = details;
    let direction = match *state {
        SpanState::RX => Direction::Rx,
        SpanState::TX => Direction::Tx,
        SpanState::RX_TX => Direction::Both,
        _ => Direction::Unknown,
    };
    Some(Span {
        interface_from: name(*sw_if_index_from)?,
        interface_to: name(*sw_if_index_to)?,
        direction: direction.into(),
        is_l2: *is_l2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str, direction: Direction) -> Span {
        Span {
            interface_from: from.into(),
            interface_to: to.into(),
            direction: direction.into(),
            is_l2: false,
        }
    }

    fn fields(value: &Span) -> Vec<String> {
        SpanKind::validate(&Facts::default(), &value.key(), value)
            .map_or_else(|invalid| invalid.field_names(), |()| Vec::new())
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert!(fields(&span("a", "b", Direction::Both)).is_empty());
        let all = ["interface_from", "interface_to", "direction"];
        assert_eq!(fields(&span("", "", Direction::Unknown)), all);
        assert_eq!(fields(&span("a", "a", Direction::Rx)), ["interface_to"]);
        assert_eq!(fields(&Span { direction: 9, ..span("a", "b", Direction::Rx) }), ["direction"]);
    }

    #[test]
    fn it_waits_for_both_interfaces() {
        let value = span("a", "b", Direction::Rx);
        let found = SpanKind::dependencies(&Facts::default(), &value.key(), &value);
        let found: Vec<_> = found.iter().map(|d| d.target.to_string()).collect();
        assert_eq!(found, ["config/vpp/v2/interfaces/a", "config/vpp/v2/interfaces/b"]);
    }

    #[test]
    fn directions_are_read_back() {
        for direction in [Direction::Rx, Direction::Tx, Direction::Both] {
            let details = SwInterfaceSpanDetails {
                sw_if_index_from: InterfaceIndex(1),
                sw_if_index_to: InterfaceIndex(2),
                state: state(direction),
                is_l2: true,
            };
            let name = |index: InterfaceIndex| Some(["a", "b"][index.0 as usize - 1].to_owned());
            let expected = Span { is_l2: true, ..span("a", "b", direction) };
            assert_eq!(from_vpp(&details, name), Some(expected));
        }
    }

    #[test]
    fn a_mirror_of_an_interface_without_owner_is_nobodys() {
        assert_eq!(origin(&span("a", "b", Direction::Rx)), Origin::Nb);
        assert_eq!(origin(&span("a", "UNTAGGED-tap3", Direction::Rx)), Origin::Sb);
    }
}
