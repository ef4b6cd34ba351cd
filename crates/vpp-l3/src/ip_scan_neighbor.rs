//! Limits and ageing of learned neighbours. There is one such value.
//!
//! ```yaml
//! vppConfig:
//!   ipscanNeighbor:
//!     mode: BOTH             # or IPV4, IPV6, DISABLED; the other families are as VPP starts
//!     maxUpdate: 10000       # most neighbours, 50000 if not given
//!     staleThreshold: 5      # minutes after which a neighbour is asked whether it is still there; 0 for never
//! ```
//!
//! VPP no longer scans: of the fields only `max_update` (as the greatest number of neighbours) and one of `stale_threshold` and
//! `scan_interval` (as their age) have a meaning for it; a value that sets another one is unsupported and says so.
//!
//! Waits for nothing, derives nothing, keeps nothing. Settings have no owner: they are ours only if they are known to be
//! wanted. VPP before 23.10 does not tell them; there they are set again with every resync.
//!
//! Uses `ip_neighbor_config`, `ip_neighbor_config_get`.

use ligato_kvs_api::{
    Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved, Southbound,
    Spec, Unset, Update, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::l3::IpScanNeighbor;
use ligato_proto::vpp::l3::ip_scan_neighbor::Mode;
use ligato_vpp_api::msg::ip_neighbor::{IpNeighborConfig, IpNeighborConfigGet};
use ligato_vpp_api::types::AddressFamily;
use ligato_vpp_ctx::{Facts, VppCtx};

/// Most neighbours of a family where nothing else is set.
const MAX_NUMBER: u32 = 50_000;
const MINUTE: u32 = 60;

/// The kind `vpp-ip-scan-neighbor`.
#[derive(Debug)]
pub struct IpScanNeighborKind;

impl Descriptor for IpScanNeighborKind {
    type Value = IpScanNeighbor;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        uses: &[
            Use::kind(&["ip_neighbor_config"]),
            Use::part(Use::READING_BACK, &["ip_neighbor_config_get"]),
        ],
        fields: &[&[
            Field::read("scan_interval")
                .remark("the same as `stale_threshold`; not together with it"),
            Field::unsupported("max_proc_time", "VPP has nothing for it"),
            Field::read("max_update").unset(Unset::Number(MAX_NUMBER)),
            Field::unsupported("scan_int_delay", "VPP has nothing for it"),
        ]],
        ..Spec::new(
            "vpp-ip-scan-neighbor",
            "Limits and ageing of the neighbours VPP learns.",
            &[KeyPattern::new("config/vpp/v2/ipscanneigh-global")],
            Some("config/vpp/v2/ipscanneigh-global"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &IpScanNeighbor) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if Mode::try_from(value.mode).is_err() {
            invalid.push("mode", "is none of DISABLED, IPV4, IPV6, BOTH");
        }
        for (field, minutes) in
            [("scan_interval", value.scan_interval), ("stale_threshold", value.stale_threshold)]
        {
            if minutes > u32::MAX / MINUTE {
                invalid.push(field, "is too long");
            }
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &IpScanNeighbor, new: &IpScanNeighbor) -> bool {
        configs(old) == configs(new)
    }

    fn supported(facts: &Facts, _key: &Key, value: &IpScanNeighbor) -> Result<(), OpError> {
        facts.require::<IpNeighborConfig>()?;
        let without_meaning = [
            ("max_proc_time", value.max_proc_time),
            ("scan_int_delay", value.scan_int_delay),
            (
                "scan_interval besides stale_threshold",
                match value.stale_threshold {
                    0 => 0,
                    _ => value.scan_interval,
                },
            ),
        ];
        match without_meaning.iter().find(|(_, number)| *number != 0) {
            Some((field, _)) => Err(OpError::Unsupported(format!("VPP has nothing for {field}"))),
            None => Ok(()),
        }
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &IpScanNeighbor) -> Result<(), OpError> {
        set(sb, configs(value)).await
    }

    async fn delete(
        sb: &VppCtx,
        _key: &Key,
        _value: &IpScanNeighbor,
        _meta: &(),
    ) -> Result<(), OpError> {
        set(sb, configs(&IpScanNeighbor::default())).await
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        set(sb, configs(change.new)).await
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        if !sb.facts().supports::<IpNeighborConfigGet>() {
            return Ok(Vec::new());
        }
        let get = |af| async move {
            let found = sb.request(IpNeighborConfigGet { af }).await?;
            let (max_number, max_age, recycle) = (found.max_number, found.max_age, found.recycle);
            Ok::<_, OpError>(IpNeighborConfig { af, max_number, max_age, recycle })
        };
        let (ip4, ip6) = tokio::try_join!(get(AddressFamily::IP4), get(AddressFamily::IP6))?;
        let wanted = known.iter().map(|known| known.value).next();
        let found = from_vpp(&[ip4, ip6], wanted).map(|value| Retrieved {
            key: value.key(),
            value,
            meta: (),
            origin: Origin::Unknown,
        });
        Ok(found.into_iter().collect())
    }
}

async fn set(sb: &VppCtx, [ip4, ip6]: [IpNeighborConfig; 2]) -> Result<(), OpError> {
    tokio::try_join!(sb.request(ip4), sb.request(ip6)).map(drop)
}

// === to and from VPP ===

/// The settings of both families.
fn configs(value: &IpScanNeighbor) -> [IpNeighborConfig; 2] {
    let IpScanNeighbor {
        mode: _,
        scan_interval,
        max_proc_time: _, // without meaning
        max_update,
        scan_int_delay: _, // without meaning
        stale_threshold,
    } = value;
    let minutes = if *stale_threshold == 0 { *scan_interval } else { *stale_threshold };
    let config = |af, on| IpNeighborConfig {
        af,
        max_number: if on && *max_update != 0 { *max_update } else { MAX_NUMBER },
        max_age: if on { minutes.saturating_mul(MINUTE) } else { 0 },
        recycle: false,
    };
    let mode = value.mode();
    [
        config(AddressFamily::IP4, matches!(mode, Mode::Ipv4 | Mode::Both)),
        config(AddressFamily::IP6, matches!(mode, Mode::Ipv6 | Mode::Both)),
    ]
}

/// What is wanted if that is what is set; nothing if nothing is; else what comes closest.
fn from_vpp(
    found: &[IpNeighborConfig; 2],
    wanted: Option<&IpScanNeighbor>,
) -> Option<IpScanNeighbor> {
    if let Some(wanted) = wanted
        && configs(wanted) == *found
    {
        return Some(*wanted);
    }
    let start = configs(&IpScanNeighbor::default());
    let [ip4, ip6] = [0, 1].map(|at| found.get(at) != start.get(at));
    let [first, second] = found;
    let (mode, shown) = match (ip4, ip6) {
        (false, false) => return None,
        (true, false) => (Mode::Ipv4, first),
        (false, true) => (Mode::Ipv6, second),
        (true, true) => (Mode::Both, first),
    };
    let value = IpScanNeighbor {
        mode: mode.into(),
        max_update: shown.max_number,
        stale_threshold: shown.max_age / MINUTE,
        ..IpScanNeighbor::default()
    };
    // What cannot be said as a value must not pass for what is wanted.
    let is_wanted = wanted.is_some_and(|wanted| configs(wanted) == configs(&value));
    (!is_wanted).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(mode: Mode, max_update: u32, stale_threshold: u32) -> IpScanNeighbor {
        let mode = mode.into();
        IpScanNeighbor { mode, max_update, stale_threshold, ..IpScanNeighbor::default() }
    }

    #[test]
    fn families_that_are_not_meant_are_as_vpp_starts() {
        let [ip4, ip6] = configs(&value(Mode::Ipv6, 100, 5));
        assert_eq!((ip4.max_number, ip4.max_age), (50_000, 0));
        assert_eq!((ip6.max_number, ip6.max_age), (100, 300));
    }

    #[test]
    fn fields_without_meaning_are_unsupported_by_name() {
        let supported =
            |value| IpScanNeighborKind::supported(&Facts::default(), &Key::from("x"), &value);
        assert!(supported(value(Mode::Both, 1, 1)).is_ok());
        let only_interval = IpScanNeighbor { scan_interval: 3, ..value(Mode::Both, 1, 0) };
        assert_eq!(configs(&only_interval)[0].max_age, 180);
        assert!(supported(only_interval).is_ok());
        for (wrong, field) in [
            (IpScanNeighbor { max_proc_time: 1, ..value(Mode::Both, 1, 1) }, "max_proc_time"),
            (IpScanNeighbor { scan_int_delay: 1, ..value(Mode::Both, 1, 1) }, "scan_int_delay"),
            (IpScanNeighbor { scan_interval: 1, ..value(Mode::Both, 1, 1) }, "scan_interval"),
        ] {
            let error = supported(wrong).unwrap_err();
            assert!(matches!(&error, OpError::Unsupported(why) if why.contains(field)), "{error}");
        }
    }

    #[test]
    fn what_is_set_reads_back_the_same() {
        for value in [value(Mode::Ipv4, 100, 5), value(Mode::Ipv6, 7, 0), value(Mode::Both, 8, 1)] {
            assert_eq!(from_vpp(&configs(&value), None), Some(value));
        }
        let disabled = value(Mode::Disabled, 3, 4);
        assert_eq!(from_vpp(&configs(&disabled), None), None);
        assert_eq!(from_vpp(&configs(&disabled), Some(&disabled)), Some(disabled));
    }

    #[test]
    fn what_others_set_does_not_pass_for_what_is_wanted() {
        let wanted = value(Mode::Ipv4, 100, 5);
        let [mut ip4, ip6] = configs(&wanted);
        ip4.max_age += 1;
        assert_eq!(from_vpp(&[ip4, ip6], Some(&wanted)), None);
    }
}
