//! The page of kinds: what each descriptor of this agent is, owns and uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use anyhow::Context;
use ligato_kvs_api::{Concurrency, DynDescriptor, KeyPattern, Release, Southbound, Use};
use ligato_linux_ctx::LinuxCtx;
use ligato_vpp_api::support::RELEASES;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_ctx::{
    Settings, VppCtx,
    capability::{Capability, Level, Offer},
};

use crate::kinds::{Plugin, plugins};

const HEAD: &str = "# Kinds

Each kind of value is programmed by one descriptor. Kinds with a northbound prefix are configured; the others are
derived from those or tell what is there. `{…}` in a key stands for any text.
";

const RELEASES_HEAD: &str = "
## Kinds of VPP by release

What works on a release that has all its plugins loaded: `●` all, `◐` all but the parts named below, `·` nothing. An agent
tells the same of the VPP it is connected to: `agentctl vpp info`.
";

type Kind = Arc<dyn DynDescriptor>;

/// Every kind over contexts that are connected to nothing.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn of_an_unconnected_agent() -> anyhow::Result<Vec<Plugin>> {
    // Never polled: the client does not begin to connect.
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let _inside = runtime.enter();
    let settings = Settings { default_mtu: 0, linux_interfaces: true };
    let vpp = VppCtx::new(VppClient::start(Options::new("")), settings, Vec::new());
    let linux = LinuxCtx::builder("").build().context("the network namespace cannot be opened")?;
    Ok(plugins(&Arc::new(vpp), &Arc::new(linux)))
}

/// The page.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn page() -> anyhow::Result<String> {
    let mut southbounds: BTreeMap<&str, Vec<(&str, Kind)>> = BTreeMap::new();
    for Plugin { name, kinds } in of_an_unconnected_agent()? {
        for kind in kinds {
            southbounds.entry(kind.southbound()).or_default().push((name, kind));
        }
    }
    let mut page = HEAD.to_owned();
    for (southbound, kinds) in &southbounds {
        table(&mut page, southbound, kinds);
    }
    if let Some(kinds) = southbounds.get(VppCtx::NAME) {
        releases(&mut page, kinds);
    }
    let known: BTreeSet<&str> =
        southbounds.values().flatten().map(|(_, kind)| kind.name()).collect();
    for (_, kind) in southbounds.values().flatten() {
        section(&mut page, kind.as_ref(), &known);
    }
    Ok(page)
}

// Writing to a string cannot fail, which is why the results below are not looked at.

fn table(page: &mut String, southbound: &str, kinds: &[(&str, Kind)]) {
    let _ = writeln!(page, "\n## Kinds of southbound `{southbound}`\n");
    page.push_str("| Kind | Plugin | Configured | What it is |\n|---|---|---|---|\n");
    for (plugin, kind) in kinds {
        let (name, about) = (kind.name(), kind.about());
        let configured = if kind.nb_key_prefix().is_some() { "yes" } else { "–" };
        let _ = writeln!(page, "| [{name}](#{name}) | `{plugin}` | {configured} | {about} |");
    }
}

fn section(page: &mut String, kind: &dyn DynDescriptor, known: &BTreeSet<&str>) {
    let _ = writeln!(page, "\n## {}\n\n{}\n", kind.name(), kind.about());
    let keys: Vec<&str> = kind.keys().iter().map(KeyPattern::as_str).collect();
    let prefix = kind.nb_key_prefix().map_or_else(|| "none, not configured".to_owned(), code);
    let name = kind.name();
    let fields = match (kind.southbound(), kind.nb_key_prefix()) {
        (VppCtx::NAME, Some(_)) => format!("; [its fields](fields.md#{name})"),
        (VppCtx::NAME, None) => "; [fields it programs](fields.md#derived-kinds)".to_owned(),
        _ => String::new(),
    };
    let _ = writeln!(page, "- Value: `{}`{fields}", kind.value_type());
    let _ = writeln!(page, "- Keys: {}", codes(&keys, "chosen by the descriptor"));
    let _ = writeln!(page, "- Northbound prefix: {prefix}");
    let _ = writeln!(page, "- Changed: {}", changed(kind));
    let _ = writeln!(page, "- Read back: {}", read_back(kind, known));
    if kind.release() == Release::Keep {
        page.push_str("- Let go: what was there before stays\n");
    }
    page.push_str("- Uses: ");
    page.push_str(&used(kind.uses()));
    page.push('\n');
}

/// What the kind needs, then what its parts need.
fn used(uses: &[Use]) -> String {
    let messages = |needed: &Use| {
        let variants =
            needed.variants().map(|variants| variants.map(code).collect::<Vec<_>>().join(" or "));
        variants.collect::<Vec<_>>().join(", ")
    };
    let text: Vec<String> = uses
        .iter()
        .map(|needed| match needed.part {
            None => messages(needed),
            Some(part) => format!("for {part}: {}", messages(needed)),
        })
        .collect();
    if text.is_empty() { "nothing".to_owned() } else { text.join("; ") }
}

/// Which kind works on which release.
fn releases(page: &mut String, kinds: &[(&str, Kind)]) {
    page.push_str(RELEASES_HEAD);
    let _ = writeln!(page, "\n| Kind | {} |", RELEASES.join(" | "));
    let _ = writeln!(page, "|---|{}", ":-:|".repeat(RELEASES.len()));
    let mut remarks = Vec::new();
    for (_, kind) in kinds {
        let name = kind.name();
        let of = |release: &&str| {
            let offer = Offer::of_release(release)?;
            Some(Capability::of(kind.uses(), &offer))
        };
        let found: Vec<Capability> = RELEASES.iter().filter_map(of).collect();
        let cells: Vec<&str> = found.iter().map(|on| mark(on.level)).collect();
        let _ = writeln!(page, "| [{name}](#{name}) | {} |", cells.join(" | "));
        remarks.extend(remark(name, &found));
    }
    page.push('\n');
    for remark in remarks {
        let _ = writeln!(page, "- {remark}");
    }
}

fn mark(level: Level) -> &'static str {
    match level {
        Level::Supported => "●",
        Level::Degraded => "◐",
        Level::Unsupported => "·",
    }
}

/// What of a kind needs a later release than the oldest, in the order in which the kind lists it.
fn remark(name: &str, found: &[Capability]) -> Vec<String> {
    let mut since: Vec<(String, &str)> = Vec::new();
    for (capability, release) in found.iter().zip(RELEASES) {
        for missing in &capability.missing {
            let what = missing.part.unwrap_or("all of it");
            let text = format!("{name}: {what} needs {}", code(missing.message));
            match since.iter_mut().find(|(known, _)| *known == text) {
                Some((_, last)) => *last = release,
                None => since.push((text, release)),
            }
        }
    }
    let text = |(text, last): (String, &str)| format!("{text}, which {last} does not have yet");
    since.into_iter().map(text).collect()
}

fn changed(kind: &dyn DynDescriptor) -> String {
    let how = if kind.capabilities().update {
        "in place where possible"
    } else {
        "by deleting and creating it"
    };
    match kind.concurrency() {
        Concurrency::Parallel => how.to_owned(),
        Concurrency::Serial => format!("{how}, one value after the other"),
    }
}

/// Descriptors that this agent does not have are left out, as they are when the scheduler reads back.
fn read_back(kind: &dyn DynDescriptor, known: &BTreeSet<&str>) -> String {
    if !kind.capabilities().retrieve {
        return "not by itself".to_owned();
    }
    let earlier = kind.retrieve_after().iter().filter(|name| known.contains(*name));
    let links: Vec<String> = earlier.map(|name| format!("[{name}](#{name})")).collect();
    if links.is_empty() { "yes".to_owned() } else { format!("after {}", links.join(", ")) }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn codes(texts: &[&str], none: &str) -> String {
    if texts.is_empty() {
        return none.to_owned();
    }
    texts.iter().map(|text| code(text)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_kind_says_what_it_owns_and_uses() {
        let page = page().unwrap();
        let section = page.split("\n## ").find(|s| s.starts_with("vpp-xconnect\n")).unwrap();
        let expected = "vpp-xconnect\n\nEverything from one interface of VPP to another.\n\n\
                        - Value: `ligato.vpp.l2.XConnectPair`; [its fields](fields.md#vpp-xconnect)\n\
                        - Keys: `config/vpp/l2/v2/xconnect/{if}`\n\
                        - Northbound prefix: `config/vpp/l2/v2/xconnect/`\n\
                        - Changed: in place where possible\n\
                        - Read back: after [vpp-interface](#vpp-interface)\n\
                        - Uses: `sw_interface_set_l2_xconnect`, `l2_xconnect_dump`\n";
        assert_eq!(section.trim_end(), expected.trim_end());
    }

    #[test]
    fn every_message_that_a_kind_of_vpp_uses_is_one_of_the_client() {
        let known: HashSet<&str> =
            ligato_vpp_api::support::matrix().into_iter().map(|row| row.name).collect();
        for kind in of_an_unconnected_agent().unwrap().into_iter().flat_map(|p| p.kinds) {
            assert!(!kind.about().is_empty(), "{}", kind.name());
            if kind.southbound() == "vpp" {
                for message in kind.uses().iter().flat_map(Use::variants).flatten() {
                    assert!(known.contains(message), "{}: {message}", kind.name());
                }
            }
        }
    }
}
