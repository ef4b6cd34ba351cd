//! Where the programs under test are.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result, ensure};

/// Packages whose programs are under test.
const PACKAGES: [&str; 3] = ["ligato-vpp-agent", "ligato-agentctl", "ligato-vpp-sim"];

/// Path of one of the project's programs, built if it is not there.
pub fn binary(name: &str) -> Result<PathBuf> {
    static BUILT: OnceLock<bool> = OnceLock::new();
    let folder = profile_folder()?;
    let path = folder.join(name);
    if !path.is_file() || std::env::var_os("CARGO_BIN_EXE_BUILD").is_some() {
        BUILT.get_or_init(|| build(&folder).is_ok());
    }
    ensure!(
        path.is_file(),
        "{} is not there: build it with `cargo build --workspace`",
        path.display()
    );
    Ok(path)
}

/// `target/<profile>`: test programs run in its `deps`, other programs in itself.
fn profile_folder() -> Result<PathBuf> {
    let me = std::env::current_exe().context("where am I")?;
    let folder = me.parent().context("a program has a folder")?;
    Ok(if folder.ends_with("deps") || folder.ends_with("examples") {
        folder.parent().context("deps is inside target/<profile>")?.to_owned()
    } else {
        folder.to_owned()
    })
}

fn build(folder: &Path) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).arg("build");
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    if let Some(target) = folder.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    let status = cargo.status()?;
    ensure!(status.success(), "building the programs under test ended with {status}");
    Ok(())
}

/// A program on the `PATH`.
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
