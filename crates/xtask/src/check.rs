//! `cargo xtask check`: house rules. Everything is checked before the first failure is reported, so
//! that one run shows all that is to be mended.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{
    generate, layers, licences,
    run::{self, output, root},
    setup,
};

/// Runs every check.
pub(crate) fn run() -> Result<()> {
    setup::install_missing()?;
    type Check = fn() -> Result<()>;
    let checks: [(&str, Check); 7] = [
        ("format", format),
        ("layers and halves", layers::check),
        ("module docs", module_docs),
        ("licences of dependencies", licences::check),
        ("clippy", clippy),
        ("docs", docs),
        ("generated files", generate::check),
    ];
    let failed: Vec<String> = checks
        .into_iter()
        .filter_map(|(name, check)| run::step(name, check).err().map(|e| format!("{e:#}")))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    bail!("{} of the checks failed:\n{}", failed.len(), failed.join("\n"))
}

fn format() -> Result<()> {
    run::run(run::cargo()?.args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    run::run(run::cargo()?.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ]))
}

fn docs() -> Result<()> {
    run::run(run::cargo()?.env("RUSTDOCFLAGS", "--deny warnings").args([
        "doc",
        "--workspace",
        "--no-deps",
        "--locked",
    ]))
}

/// Every source file says in its first line what it is.
fn module_docs() -> Result<()> {
    let root = root()?;
    let silent: Vec<String> = source_files(&root)?
        .into_iter()
        .filter(|file| !opens_with_doc(file))
        .map(|file| file.strip_prefix(&root).unwrap_or(&file).display().to_string())
        .collect();
    if silent.is_empty() {
        return Ok(());
    }
    bail!("files that do not open with a `//!` line:\n{}", silent.join("\n"))
}

fn opens_with_doc(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| {
        text.lines()
            .find(|line| !line.starts_with("#!") && !line.trim().is_empty())
            .is_some_and(|line| line.starts_with("//!"))
    })
}

/// All Rust files under version control.
pub(crate) fn source_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]);
    let listing = output(&mut git).context("listing the source files")?;
    Ok(listing.lines().map(|line| root.join(line)).filter(|f| f.exists()).collect())
}
