//! The direction of dependencies between the crates of the workspace.
//!
//! Layers are ordered; an edge goes from a crate to one named *earlier* in [`ORDER`]. The northern
//! and the southern half do not meet. Development dependencies are free.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::run::{cargo, output};

/// Layers from the bottom up, each with its crates, lowest first.
const ORDER: &[(&str, &[&str])] = &[
    ("base", &["infra", "idxmap"]),
    ("model", &["model", "proto"]),
    ("contract", &["kvs-api"]),
    ("engine", &["kvs", "orchestrator"]),
    (
        "clients",
        &[
            "vpp-api-macros",
            "vpp-api",
            "vpp-client",
            "vpp-stats",
            "netlink",
            "keyval",
            "keyval-etcd",
            "keyval-redb",
            "keyval-file",
        ],
    ),
    ("south-ctx", &["vpp-ctx", "linux-ctx"]),
    ("south", &["vpp-if", "vpp-l2", "vpp-l3", "linux-if", "linux-l3"]),
    ("north", &["nb-kv", "nb-file", "nb-grpc", "nb-rest", "client"]),
    ("dev", &["vpp-sim", "testkit", "e2e", "fuzz"]),
    ("app", &["vpp-agent", "agentctl"]),
    ("tool", &["xtask"]),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    metadata: Option<Marks>,
    dependencies: Vec<Edge>,
}

#[derive(Deserialize)]
struct Marks {
    ligato: Option<Mark>,
}

#[derive(Deserialize)]
struct Mark {
    layer: String,
    side: Option<String>,
}

#[derive(Deserialize)]
struct Edge {
    name: String,
    kind: Option<String>,
}

/// Checks the workspace as cargo sees it.
pub(crate) fn check() -> Result<()> {
    let mut command = cargo()?;
    command.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let metadata: Metadata = serde_json::from_str(&output(&mut command)?)?;
    let problems = problems(&metadata);
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{}", problems.join("\n"))
}

fn problems(metadata: &Metadata) -> Vec<String> {
    let ranks = ranks();
    let sides: BTreeMap<&str, &str> = metadata
        .packages
        .iter()
        .filter_map(|p| Some((short(&p.name)?, mark(p)?.side.as_deref()?)))
        .collect();
    metadata
        .packages
        .iter()
        .flat_map(|package| {
            problems_of(package, &ranks, &sides).unwrap_or_else(|e| vec![format!("{e:#}")])
        })
        .collect()
}

type Ranks = BTreeMap<&'static str, (usize, &'static str)>;

fn ranks() -> Ranks {
    ORDER
        .iter()
        .flat_map(|(layer, crates)| crates.iter().map(move |name| (*name, *layer)))
        .enumerate()
        .map(|(rank, (name, layer))| (name, (rank, layer)))
        .collect()
}

fn problems_of(
    package: &Package,
    ranks: &Ranks,
    sides: &BTreeMap<&str, &str>,
) -> Result<Vec<String>> {
    let name = short(&package.name)
        .with_context(|| format!("{}: package names start with `ligato-`", package.name))?;
    let (rank, layer) =
        ranks.get(name).with_context(|| format!("{name}: not in the order of layers"))?;
    let mark = mark(package)
        .with_context(|| format!("{name}: its manifest has no [package.metadata.ligato]"))?;
    let mut problems = Vec::new();
    if mark.layer != *layer {
        problems.push(format!("{name}: its manifest says layer {}, the order {layer}", mark.layer));
    }
    for edge in package.dependencies.iter().filter(|e| e.kind.as_deref() != Some("dev")) {
        let Some(to) = short(&edge.name) else { continue };
        let Some((to_rank, to_layer)) = ranks.get(to) else { continue };
        if to_rank >= rank {
            problems.push(format!("`{name}` ({layer}) may not depend on `{to}` ({to_layer})"));
        }
        if let (Some(from), Some(other)) = (mark.side.as_deref(), sides.get(to))
            && from != *other
        {
            problems.push(format!("`{name}` ({from}) and `{to}` ({other}) may not meet"));
        }
    }
    Ok(problems)
}

fn short(name: &str) -> Option<&str> {
    name.strip_prefix("ligato-")
}

fn mark(package: &Package) -> Option<&Mark> {
    package.metadata.as_ref()?.ligato.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_in(json: serde_json::Value) -> Vec<String> {
        problems(&serde_json::from_value(json).unwrap())
    }

    fn package(name: &str, layer: &str, side: Option<&str>, on: &[&str]) -> serde_json::Value {
        let edges: Vec<_> =
            on.iter().map(|n| serde_json::json!({"name": n, "kind": null})).collect();
        serde_json::json!({
            "name": name,
            "metadata": {"ligato": {"layer": layer, "side": side}},
            "dependencies": edges,
        })
    }

    #[test]
    fn upward_edges_are_found() {
        let up = package("ligato-vpp-l2", "south", Some("south"), &["ligato-vpp-agent"]);
        let found = problems_in(serde_json::json!({ "packages": [up] }));
        assert_eq!(found, ["`vpp-l2` (south) may not depend on `vpp-agent` (app)"]);
    }

    #[test]
    fn halves_may_not_meet() {
        let south = package("ligato-vpp-l2", "south", Some("south"), &[]);
        let north = package("ligato-nb-grpc", "north", Some("north"), &["ligato-vpp-l2"]);
        let found = problems_in(serde_json::json!({ "packages": [south, north] }));
        assert_eq!(found, ["`nb-grpc` (north) and `vpp-l2` (south) may not meet"]);
    }

    #[test]
    fn strangers_and_wrong_marks_are_found() {
        let odd = package("ligato-odd", "base", None, &[]);
        let wrong = package("ligato-kvs", "base", None, &[]);
        let found = problems_in(serde_json::json!({ "packages": [odd, wrong] }));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn downward_edges_are_fine() {
        let fine = package("ligato-kvs", "engine", None, &["ligato-kvs-api", "tokio"]);
        assert!(problems_in(serde_json::json!({ "packages": [fine] })).is_empty());
    }
}
