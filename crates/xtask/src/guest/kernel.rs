//! Debian's stock kernel, unpacked from its package.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::run::{output, run, say};

/// The package that depends on the current kernel.
const META_PACKAGE: &str = "linux-image-amd64";

/// Modules that the guest needs before it can see the host's files; with what they depend on.
const FIRST_MODULES: &[&str] = &["virtio_pci", "9pnet_virtio", "9p"];

/// An unpacked kernel package.
pub(super) struct Kernel {
    /// Where it was unpacked: `boot` and `lib/modules` are below.
    pub(super) root: PathBuf,
    /// The kernel itself.
    pub(super) image: PathBuf,
    modules: PathBuf,
}

/// The kernel from the cache, or downloaded into it.
pub(super) fn fetch(cache: &Path) -> Result<Kernel> {
    let package = current()?;
    let root = cache.join(&package);
    if !root.is_dir() {
        fs::create_dir_all(cache)?;
        say(&format!("downloading {package}"));
        // Beside the place where it belongs, so that what is there is whole.
        let work = tempfile::tempdir_in(cache)?;
        run(Command::new("apt-get")
            .current_dir(work.path())
            // Root would otherwise drop its rights and not be able to write here.
            .args(["-qq", "-o", "APT::Sandbox::User=root", "download", &package]))?;
        let file = only_entry(work.path())?;
        let unpacked = work.path().join("unpacked");
        run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(&unpacked))?;
        let version = only_entry(&unpacked.join("lib/modules"))?;
        let version = version.file_name().context("no kernel version")?.to_owned();
        // What the package would do when installed: which module needs which.
        run(Command::new(super::BUSYBOX).arg("depmod").arg("-b").arg(&unpacked).arg(version))?;
        fs::rename(&unpacked, &root)?;
    }
    let modules = only_entry(&root.join("lib/modules"))?;
    let version = modules.file_name().context("no kernel version")?.to_string_lossy().into_owned();
    let image = root.join("boot").join(format!("vmlinuz-{version}"));
    say(&format!("kernel {version}"));
    Ok(Kernel { root, image, modules })
}

/// Name of the package with the current kernel.
fn current() -> Result<String> {
    let query = || output(Command::new("apt-cache").args(["depends", META_PACKAGE]));
    let found = query().ok().and_then(|text| dependency(&text));
    if let Some(package) = found {
        return Ok(package);
    }
    run(Command::new("apt-get").args(["-qq", "update"]))?;
    dependency(&query()?).with_context(|| format!("{META_PACKAGE} depends on no kernel"))
}

fn dependency(text: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|package| package.starts_with("linux-image-"))
        .map(str::to_owned)
}

fn only_entry(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let first = entries.flatten().next();
    Ok(first.with_context(|| format!("{} is empty", folder.display()))?.path())
}

impl Kernel {
    /// Files of the first modules, in an order in which they can be loaded.
    pub(super) fn modules_for_9p(&self) -> Result<Vec<PathBuf>> {
        let file = self.modules.join("modules.dep");
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(in_order(&text, FIRST_MODULES).into_iter().map(|path| self.modules.join(path)).collect())
    }
}

/// Modules and what they depend on, dependencies first. `text` has lines `PATH: PATH PATH…`. A
/// module that is not in it is built in.
fn in_order<'t>(text: &'t str, names: &[&str]) -> Vec<&'t str> {
    let needs: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once(':')).collect();
    let paths: HashMap<String, &str> =
        needs.keys().map(|path| (module_name(path), *path)).collect();
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for name in names {
        if let Some(path) = paths.get(*name) {
            visit(path, &needs, &mut seen, &mut order);
        }
    }
    order
}

fn visit<'t>(
    path: &'t str,
    needs: &HashMap<&'t str, &'t str>,
    seen: &mut HashSet<&'t str>,
    order: &mut Vec<&'t str>,
) {
    if !seen.insert(path) {
        return;
    }
    for needed in needs.get(path).into_iter().flat_map(|needed| needed.split_whitespace()) {
        visit(needed, needs, seen, order);
    }
    order.push(path);
}

/// The kernel treats `-` and `_` alike.
fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_come_after_what_they_need() {
        let text = "fs/9p/9p.ko: net/9p/9pnet.ko fs/netfs.ko\n\
                    net/9p/9pnet.ko:\n\
                    net/9p/9pnet_virtio.ko: net/9p/9pnet.ko d/virtio.ko d/virtio_ring.ko\n\
                    fs/netfs.ko:\n\
                    d/virtio_ring.ko: d/virtio.ko\n\
                    d/virtio.ko:\n\
                    other/unused.ko:\n";
        assert_eq!(
            in_order(text, &["virtio_pci", "9pnet_virtio", "9p"]),
            [
                "net/9p/9pnet.ko",
                "d/virtio.ko",
                "d/virtio_ring.ko",
                "net/9p/9pnet_virtio.ko",
                "fs/netfs.ko",
                "fs/9p/9p.ko",
            ]
        );
    }

    #[test]
    fn a_cycle_ends() {
        assert_eq!(in_order("a.ko: b.ko\nb.ko: a.ko\n", &["a"]), ["b.ko", "a.ko"]);
    }

    #[test]
    fn the_current_kernel_is_what_the_meta_package_depends_on() {
        let text = "linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n";
        assert_eq!(dependency(text).as_deref(), Some("linux-image-6.1.0-56-amd64"));
        assert_eq!(dependency("linux-image-amd64\n"), None);
    }
}
