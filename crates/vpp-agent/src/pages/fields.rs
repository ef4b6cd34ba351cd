//! The page of fields: how each field of each kind of VPP fares on which release.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use anyhow::Context;
use ligato_kvs_api::{Declared, DynDescriptor, Manner, Southbound, Unset, leaves};
use ligato_proto::DESCRIPTOR_POOL;
use ligato_vpp_api::support::RELEASES;
use ligato_vpp_ctx::{VppCtx, capability};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{kinds::of_an_unconnected_agent, required};

const HEAD: &str = "# Fields of VPP's kinds

How each field of each kind of VPP fares on the releases of VPP that this agent knows. The kinds declare it, and tests hold
them to it, on `vpp-sim` as such releases and on a real VPP where there is one: every field is set, read back, changed and
undone.

*If not given*: what the field comes to; **required** if a value without it is refused. *Set*: whether VPP is told.
*Read back*: whether the agent asks VPP what is there, and so sees when somebody else changes it:

- **yes**: VPP tells it.
- **kept**: VPP does not tell it. The agent takes it to be as it set it last or, after a start, as it is wanted.
- **set again**: VPP does not tell it. The agent sets it again with the first resync after a start, or with each resync where
  nothing of the kind is told.

A field that does not fare alike on all releases has a row for each run of those on which it does. `[]` stands for each entry
of a list.
";

/// The releases of a field that fares alike on all of them.
const ALL: &str = "all";

type Shared = Arc<dyn DynDescriptor>;

/// A field on some releases in a row.
struct Row {
    path: String,
    shown: String,
    releases: String,
    manner: Manner,
    remarks: Vec<String>,
    declared: Declared,
    field: FieldDescriptor,
}

/// The page.
///
/// # Errors
/// When `/proc` cannot be read, or a kind has a message that is not published.
pub(crate) fn page() -> anyhow::Result<String> {
    let plugins = of_an_unconnected_agent()?;
    let kinds: Vec<Shared> = plugins
        .into_iter()
        .flat_map(|plugin| plugin.kinds)
        .filter(|kind| kind.southbound() == VppCtx::NAME)
        .collect();
    let (configured, derived): (Vec<Shared>, Vec<Shared>) =
        kinds.into_iter().partition(|kind| kind.nb_key_prefix().is_some());
    let tables = configured
        .iter()
        .map(|kind| Ok((kind, rows(kind.as_ref())?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut page = format!("{HEAD}\nReleases: {}.\n", RELEASES.join(", "));
    exceptions(&mut page, &tables);
    for (kind, rows) in &tables {
        table(&mut page, kind.as_ref(), rows)?;
    }
    programmers(&mut page, &derived, &tables);
    Ok(page)
}

/// The fields of a kind, oldest releases first.
fn rows(kind: &dyn DynDescriptor) -> anyhow::Result<Vec<Row>> {
    let message = DESCRIPTOR_POOL.get_message_by_name(kind.value_type());
    let message = message.with_context(|| format!("{} is not published", kind.value_type()))?;
    let mut rows = Vec::new();
    for (path, field) in leaves(&message) {
        let shown = with_lists(&message, &path);
        for (releases, manner, remarks) in by_release(kind, &path) {
            let declared = Declared::of(kind.fields(), &path);
            let (path, shown, field) = (path.clone(), shown.clone(), field.clone());
            rows.push(Row { path, shown, releases, manner, remarks, declared, field });
        }
    }
    Ok(rows)
}

/// How a field fares on some releases, and what users should know.
type Fate = (Manner, Vec<String>);

/// How a field fares, for each run of releases on which it fares alike.
fn by_release(kind: &dyn DynDescriptor, path: &str) -> Vec<(String, Manner, Vec<String>)> {
    let mut runs: Vec<(Vec<&str>, Fate)> = Vec::new();
    for release in RELEASES {
        let Some(found) = capability::field(kind, path, release) else { continue };
        match runs.last_mut() {
            Some((releases, same)) if *same == found => releases.push(release),
            _ => runs.push((vec![release], found)),
        }
    }
    let named = |releases: &[&str]| match (releases.first(), releases.last()) {
        _ if releases.len() == RELEASES.len() => ALL.to_owned(),
        (Some(first), Some(last)) if Some(last) == RELEASES.last() => format!("since {first}"),
        (Some(first), Some(last)) if first == last => (*first).to_owned(),
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => String::new(),
    };
    runs.into_iter().map(|(on, (manner, remarks))| (named(&on), manner, remarks)).collect()
}

/// The path with a mark at each list of messages.
fn with_lists(message: &MessageDescriptor, path: &str) -> String {
    let mut around = Some(message.clone());
    let parts = path.split('.').map(|part| {
        let field = around.as_ref().and_then(|message| message.get_field_by_name(part));
        around = field.as_ref().and_then(|field| field.kind().as_message().cloned());
        let is_list = around.is_some() && field.is_some_and(|field| field.is_list());
        if is_list { format!("{part}[]") } else { part.to_owned() }
    });
    parts.collect::<Vec<_>>().join(".")
}

// Writing to a string cannot fail, which is why the results below are not looked at.

/// The fields that VPP does not tell, or does not take, before all else.
fn exceptions(page: &mut String, tables: &[(&Shared, Vec<Row>)]) {
    for (manner, title) in [
        (Manner::Kept, "Kept by the agent, for VPP does not tell"),
        (Manner::SetAgain, "Set again, for VPP does not tell"),
        (Manner::AtCreation, "Counts when the value is made; a change of it alone changes nothing"),
        (Manner::WithoutEffect, "Accepted, without effect"),
        (Manner::Unsupported, "Refused as unsupported"),
    ] {
        let _ = writeln!(page, "\n## {title}\n");
        for (kind, rows) in tables {
            let name = kind.name();
            let rows = rows.iter().filter(|row| row.manner == manner);
            let fields: Vec<String> = rows.map(exception).collect();
            if !fields.is_empty() {
                let _ = writeln!(page, "- [{name}](#{name}): {}", fields.join(", "));
            }
        }
    }
}

/// A field, the releases if they are not all, and the reason for a refusal.
fn exception(row: &Row) -> String {
    let mut details = Vec::new();
    if row.releases != ALL {
        details.push(row.releases.clone());
    }
    if row.manner == Manner::Unsupported {
        details.extend(row.remarks.iter().cloned());
    }
    if details.is_empty() {
        return format!("`{}`", row.shown);
    }
    format!("`{}` ({})", row.shown, details.join(": "))
}

fn table(page: &mut String, kind: &dyn DynDescriptor, rows: &[Row]) -> anyhow::Result<()> {
    let name = kind.name();
    let registry = ligato_proto::registry();
    let model = registry.by_proto_name(kind.value_type());
    let model = model.with_context(|| format!("{name} has no model"))?;
    let required = required::fields(kind, model, rows.iter().map(|row| row.path.clone()));
    let _ =
        writeln!(page, "\n## {name}\n\n{} Its keys: [{name}](kinds.md#{name}).\n", kind.about());
    page.push_str("| Field | Type | If not given | Set | Read back | Releases | Remarks |\n");
    page.push_str("|---|---|---|---|---|---|---|\n");
    for row in rows {
        let Row { path, shown, releases, manner, remarks, declared, field } = row;
        let (set, read_back) = words(*manner);
        let unset = if_not_given(field, declared.unset, required.contains(path));
        let by = declared.by.map(|by| format!("programmed by [{by}](#derived-kinds)"));
        let remarks: Vec<String> = remarks.iter().cloned().chain(by).collect();
        let _ = writeln!(
            page,
            "| `{shown}` | {} | {unset} | {set} | {read_back} | {releases} | {} |",
            form(field),
            remarks.join("; "),
        );
    }
    Ok(())
}

fn words(manner: Manner) -> (&'static str, &'static str) {
    match manner {
        Manner::Read => ("yes", "yes"),
        Manner::Kept => ("yes", "kept"),
        Manner::SetAgain => ("yes", "set again"),
        Manner::AtCreation => ("when it is made", "no"),
        Manner::WithoutEffect => ("no effect", "–"),
        Manner::Unsupported => ("refused", "–"),
    }
}

/// What may be in a field.
fn form(field: &FieldDescriptor) -> String {
    let one = match field.kind() {
        Kind::Enum(choices) => {
            let names: Vec<String> =
                choices.values().map(|choice| format!("`{}`", choice.name())).collect();
            names.join(", ")
        }
        Kind::String => address(field).unwrap_or("text").to_owned(),
        Kind::Bool => "yes or no".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        _ => match range(field) {
            Some((least, most)) => format!("number from {least} to {most}"),
            None => "number".to_owned(),
        },
    };
    if field.is_list() { format!("list: {one}") } else { one }
}

/// What a text is an address of, as the contract annotates it.
fn address(field: &FieldDescriptor) -> Option<&'static str> {
    let form = annotated(field, "type")?.as_enum_number()?;
    Some(match form {
        1 => "IP address",
        2 => "IPv4 address",
        3 => "IPv6 address",
        4 => "IP address with mask",
        5 => "IPv4 address with mask",
        6 => "IPv6 address with mask",
        7 => "IP address, with or without mask",
        8 => "IPv4 address, with or without mask",
        9 => "IPv6 address, with or without mask",
        _ => return None,
    })
}

/// The least and the greatest number.
fn range(field: &FieldDescriptor) -> Option<(i64, u64)> {
    let range = annotated(field, "int_range")?;
    let range = range.as_message()?;
    let of = |name: &str| range.get_field_by_name(name);
    Some((of("minimum")?.as_i64()?, of("maximum")?.as_u64()?))
}

/// A part of what the contract says about a field beyond its type.
fn annotated(field: &FieldDescriptor, part: &str) -> Option<prost_reflect::Value> {
    let annotation = DESCRIPTOR_POOL.get_extension_by_name("ligato.ligato_options")?;
    let options = field.options();
    let annotation = options.has_extension(&annotation).then(|| options.get_extension(&annotation));
    let annotation = annotation?;
    let message = annotation.as_message()?;
    message
        .has_field_by_name(part)
        .then(|| message.get_field_by_name(part))?
        .map(std::borrow::Cow::into_owned)
}

fn if_not_given(field: &FieldDescriptor, said: Option<Unset>, is_required: bool) -> String {
    match said {
        _ if is_required || said == Some(Unset::REQUIRED) => "**required**".to_owned(),
        Some(Unset::Number(number)) => number.to_string(),
        Some(Unset::Said(words)) => words.to_owned(),
        None if field.is_list() => "none".to_owned(),
        None => match field.kind() {
            Kind::Enum(choices) => format!("`{}`", choices.default_value().name()),
            Kind::Bool => "no".to_owned(),
            Kind::String | Kind::Bytes => "none".to_owned(),
            _ => "0".to_owned(),
        },
    }
}

/// Kinds that are not configured themselves, and the fields they program.
fn programmers(page: &mut String, derived: &[Shared], tables: &[(&Shared, Vec<Row>)]) {
    page.push_str("\n## Derived kinds\n\nThese kinds are not configured themselves. They program ");
    page.push_str("fields of others, or tell what is there.\n\n");
    page.push_str("| Kind | What it is | Programs |\n|---|---|---|\n");
    for kind in derived {
        let name = kind.name();
        let mut programs = Vec::new();
        for (base, rows) in tables {
            let rows = rows.iter().filter(|row| row.declared.by == Some(name));
            // Several releases are several rows.
            let paths: BTreeSet<&str> = rows.map(|row| row.shown.as_str()).collect();
            if !paths.is_empty() {
                let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
                let base = base.name();
                programs.push(format!("{} of [{base}](#{base})", paths.join(", ")));
            }
        }
        let programs = if programs.is_empty() { "–".to_owned() } else { programs.join("; ") };
        let about = kind.about();
        let _ = writeln!(page, "| [{name}](kinds.md#{name}) | {about} | {programs} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(page: &str, section: &str, field: &str) -> Vec<String> {
        let sections = page.split("\n## ").find(|text| text.starts_with(&format!("{section}\n")));
        let start = format!("| `{field}` |");
        let rows = sections.unwrap().lines().filter(|line| line.starts_with(&start));
        rows.map(str::to_owned).collect()
    }

    #[test]
    fn a_field_has_a_row_for_each_run_of_releases() {
        let page = page().unwrap();
        let rows = row(&page, "vpp-proxy-arp", "ranges[].vrf_id");
        assert!(
            rows[0].contains("| 0 | yes | kept | 22.02 to 25.06 | `proxy_arp_details`"),
            "{rows:?}"
        );
        assert_eq!(rows[1..], ["| `ranges[].vrf_id` | number | 0 | yes | yes | since 25.10 |  |"]);
        let rows = row(&page, "vpp-ip-scan-neighbor", "max_update");
        let reason = "VPP has no `ip_neighbor_config_get`";
        let old = format!(
            "| `max_update` | number | 50000 | yes | set again | 22.02 to 23.06 | {reason} |"
        );
        assert_eq!(rows[0], old);
        assert!(page.contains("`ranges[].vrf_id` (22.02 to 25.06)"), "{page}");
    }

    #[test]
    fn what_has_to_be_given_is_found_out() {
        let page = page().unwrap();
        let is_required = |kind: &str, field: &str| {
            let rows = row(&page, kind, field);
            assert!(!rows.is_empty(), "{kind}.{field}");
            rows.iter().all(|row| row.contains("| **required** |"))
        };
        for (kind, field) in [
            ("vpp-interface", "name"),
            ("vpp-interface", "type"),
            ("vpp-interface", "sub.parent_name"),
            ("vpp-interface", "tap.version"),
            ("vpp-interface", "gre.tunnel_type"),
            ("vpp-interface", "vxlan.gpe.protocol"),
            ("vpp-interface", "wireguard.private_key"),
            ("vpp-interface", "vxlan.src_address"),
            ("vpp-l2-fib", "phys_address"),
            ("vpp-bridge-domain", "arp_termination_table[].ip_address"),
            ("vrrp", "ip_addresses"),
        ] {
            assert!(is_required(kind, field), "{kind}.{field}");
        }
        for (kind, field) in [
            ("vpp-interface", "phys_address"),
            ("vpp-interface", "afpacket.host_if_name"),
            ("vpp-interface", "memif.id"),
            ("vpp-interface", "ipip.tunnel_mode"),
            ("vpp-l2-fib", "outgoing_interface"),
            ("vpp-l2-fib", "action"),
            ("vpp-route", "vrf_id"),
        ] {
            assert!(!is_required(kind, field), "{kind}.{field}");
        }
    }

    #[test]
    fn derived_kinds_say_what_they_program() {
        let page = page().unwrap();
        let row = page.lines().find(|line| line.starts_with("| [vpp-ip6nd]")).unwrap();
        let expected = "| `ip6_nd.address_autoconfig`, `ip6_nd.install_default_routes` of [vpp-interface](#vpp-interface) |";
        assert!(row.ends_with(expected), "{row}");
    }
}
