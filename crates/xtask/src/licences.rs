//! Licences of everything that is linked in: permissive ones only.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::run::{cargo, output};

/// Licences that may be part of an expression.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "MPL-2.0+",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Checks every package of the dependency graph.
pub(crate) fn check() -> Result<()> {
    let mut command = cargo()?;
    command.args(["metadata", "--format-version", "1", "--locked"]);
    let metadata: Metadata = serde_json::from_str(&output(&mut command)?)?;
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Package { name, version, license } in metadata.packages {
        let licence = license.unwrap_or_else(|| "no licence".into());
        if !acceptable(&licence) {
            refused.entry(licence).or_default().push(format!("{name} {version}"));
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> =
        refused.iter().map(|(l, packages)| format!("{l}: {}", packages.join(", "))).collect();
    bail!("licences that are not on the list:\n{}", lines.join("\n"))
}

/// An expression is acceptable if one alternative consists of allowed licences only.
fn acceptable(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" OR ").any(|alternative| {
        alternative.split(" AND ").all(|licence| ALLOWED.contains(&licence.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::acceptable;

    #[test]
    fn expressions() {
        assert!(acceptable("MIT"));
        assert!(acceptable("MIT/Apache-2.0"));
        assert!(acceptable("GPL-3.0-or-later OR MIT"));
        assert!(acceptable("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!acceptable("GPL-3.0-or-later"));
        assert!(!acceptable("no licence"));
    }
}
