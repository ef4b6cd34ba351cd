//! What of a kind works on one VPP, decided message by message from what VPP has.
//!
//! The same judgement serves the agent ([`Offer::of_peer`], the VPP it is connected to) and the book
//! ([`Offer::of_release`], what a release has with all its plugins loaded).

use std::collections::HashMap;
use std::sync::LazyLock;

use ligato_kvs_api::{Declared, DynDescriptor, Manner, Use};
use ligato_vpp_api::{msg, support};
use ligato_vpp_client::{MessageTable, release_number};
use serde::Serialize;

/// How much of a kind works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All of it.
    Supported,
    /// Some parts do not.
    Degraded,
    /// Nothing.
    Unsupported,
}

/// What of a kind works, and what does not for which reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capability {
    /// How much works.
    pub level: Level,
    /// What does not work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Messages used in an older variant, because the newest is not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub older: Vec<&'static str>,
}

/// A message that would be needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The part of the kind that does not work without; `None` for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<&'static str>,
    /// The newest variant of the message.
    pub message: &'static str,
    /// Why it cannot be used.
    pub reason: String,
}

/// Which of the messages known here a VPP has.
#[derive(Debug)]
pub enum Offer<'a> {
    /// What a VPP announced.
    Peer(&'a MessageTable),
    /// What a release has: position in [`support::RELEASES`].
    Release(usize),
}

// === impl Capability ===

impl Capability {
    /// Judges by what a kind uses and what there is.
    pub fn of(uses: &[Use], offer: &Offer<'_>) -> Self {
        let (mut missing, mut older) = (Vec::new(), Vec::new());
        for needed in uses {
            for mut variants in needed.variants() {
                let Some(newest) = variants.next() else { continue };
                let Err(reason) = offer.check(newest) else { continue };
                match variants.find(|variant| offer.check(variant).is_ok()) {
                    Some(variant) => older.push(variant),
                    None => missing.push(Missing { part: needed.part, message: newest, reason }),
                }
            }
        }
        let level = if missing.iter().any(|missing| missing.part.is_none()) {
            Level::Unsupported
        } else if missing.is_empty() {
            Level::Supported
        } else {
            Level::Degraded
        };
        Self { level, missing, older }
    }
}

/// How a field of a kind that is configured fares on a release with all its plugins loaded, and what users should know about
/// it: as the kind declares, unless the release lacks a message without which it cannot be so, or the kind cannot be read
/// back at all. `None` if the release is not one of those looked at.
pub fn field(kind: &dyn DynDescriptor, path: &str, release: &str) -> Option<(Manner, Vec<String>)> {
    let capability = Capability::of(kind.uses(), &Offer::of_release(release)?);
    let number = release_number(release)?;
    let declared = Declared::of(kind.fields(), path);
    let mut remarks: Vec<String> = declared.remarks_on(number).map(str::to_owned).collect();
    let mut lacks = |part: Option<&str>| {
        let missing = capability.missing.iter().find(|missing| missing.part == part);
        remarks.extend(missing.map(|missing| format!("VPP has no `{}`", missing.message)));
        missing.is_some()
    };
    let manner = match declared.on(number) {
        _ if lacks(None) => Manner::Unsupported,
        Manner::Read | Manner::Kept
            if lacks(Some(Use::READING_BACK)) || !kind.capabilities().retrieve =>
        {
            Manner::SetAgain
        }
        manner => manner,
    };
    Some((manner, remarks))
}

// === impl Offer ===

/// CRCs of the layouts known here, by name of the message.
static CRCS: LazyLock<HashMap<&str, Vec<u32>>> = LazyLock::new(|| {
    let mut crcs: HashMap<&str, Vec<u32>> = HashMap::new();
    for definition in msg::all() {
        crcs.entry(definition.name).or_default().extend(definition.crcs());
    }
    crcs
});

/// In which releases there is a layout known here, by name of the message.
static RELEASES: LazyLock<HashMap<&str, [bool; support::RELEASES.len()]>> = LazyLock::new(|| {
    let mut releases = HashMap::new();
    for row in support::matrix() {
        let known = releases.entry(row.name).or_insert([false; support::RELEASES.len()]);
        for (known, there) in known.iter_mut().zip(row.releases) {
            *known |= there;
        }
    }
    releases
});

impl<'a> Offer<'a> {
    /// What the VPP at the other end announced.
    pub fn of_peer(messages: &'a MessageTable) -> Self {
        Self::Peer(messages)
    }

    /// What a release has, such as `26.06`; `None` if it is not one of those looked at.
    pub fn of_release(release: &str) -> Option<Self> {
        support::RELEASES.iter().position(|known| *known == release).map(Self::Release)
    }

    /// Whether the message can be used; if not, why.
    fn check(&self, name: &str) -> Result<(), String> {
        match self {
            Self::Peer(table) => {
                let crcs = CRCS.get(name).map(Vec::as_slice).unwrap_or_default();
                let name_crc = |crc: &u32| format!("{name}_{crc:08x}");
                if crcs.iter().any(|crc| table.has(&name_crc(crc))) {
                    return Ok(());
                }
                Err(table.why_unavailable(&name_crc(crcs.first().unwrap_or(&0))).to_string())
            }
            Self::Release(at) => match RELEASES.get(name).and_then(|releases| releases.get(*at)) {
                Some(true) => Ok(()),
                _ => Err("not in this release, or with another layout".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USES: &[Use] = &[
        Use::kind(&["memif_create_v2 | memif_create", "memif_delete"]),
        Use::part("reading back", &["ip_neighbor_config_get"]),
    ];

    fn on(release: &str) -> Capability {
        Capability::of(USES, &Offer::of_release(release).unwrap())
    }

    #[test]
    fn a_release_with_everything_supports_the_kind() {
        let found = on("26.06");
        assert_eq!((found.level, found.missing, found.older), (Level::Supported, vec![], vec![]));
    }

    #[test]
    fn an_older_variant_serves_and_a_missing_part_degrades() {
        let found = on("22.02");
        assert_eq!((found.level, found.older), (Level::Degraded, vec!["memif_create"]));
        let missing = &found.missing[0];
        assert_eq!(
            (missing.part, missing.message),
            (Some("reading back"), "ip_neighbor_config_get")
        );
    }

    #[test]
    fn what_a_vpp_does_not_announce_is_missing_for_the_reason_it_gives() {
        let table = MessageTable::from_entries([
            ("memif_create_v2_00000001", 40),
            ("memif_delete_9dcb3e65", 41),
        ]);
        let found = Capability::of(&USES[..1], &Offer::of_peer(&table));
        assert_eq!(found.level, Level::Unsupported);
        assert!(found.missing[0].reason.contains("00000001"), "{found:?}");
    }

    #[test]
    fn a_release_is_year_and_month() {
        assert_eq!(release_number("25.10"), Some((25, 10)));
        assert_eq!(release_number("25"), None);
    }

    #[test]
    fn nobody_knows_a_release_of_tomorrow() {
        assert!(Offer::of_release("99.01").is_none());
    }
}
