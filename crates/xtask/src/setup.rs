//! What the machine needs beyond Rust: Debian packages, installed when missing.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use crate::run::{run, say};

/// A package and a file that tells whether it is there.
struct Package {
    name: &'static str,
    proof: &'static str,
    why: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "protobuf-compiler",
        proof: "/usr/bin/protoc",
        why: "to build the etcd client",
    },
    Package { name: "etcd-server", proof: "/usr/bin/etcd", why: "tests against a real etcd" },
    Package {
        name: "etcd-client",
        proof: "/usr/bin/etcdctl",
        why: "scenarios write to etcd with it",
    },
    Package { name: "iproute2", proof: "/usr/sbin/ip", why: "tests look at the kernel through it" },
    Package { name: "iputils-ping", proof: "/usr/bin/ping", why: "traffic checks" },
];

/// Installs what is missing. As an ordinary user it only says what is missing; the tests that need
/// it skip themselves.
pub(crate) fn install_missing() -> Result<()> {
    let missing: Vec<&Package> = PACKAGES.iter().filter(|p| !Path::new(p.proof).exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        say(&format!("missing: {} ({})", package.name, package.why));
    }
    let names: Vec<&str> = missing.iter().map(|p| p.name).collect();
    if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        say(&format!("as root: apt-get install {}", names.join(" ")));
        return Ok(());
    }
    say(&format!("installing {}", names.join(" ")));
    let mut update = Command::new("apt-get");
    run(update.args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    run(install.args(["-qq", "-y", "--no-install-recommends", "install"]).args(names))
}

/// FD.io's client for Python, and its version.
const PAPI: &str = "vpp_papi==2.4.2";

/// Installs FD.io's client for Python under the target folder, where a test looks for it. Without Python, or when its index
/// cannot be reached, that test is skipped.
pub(crate) fn install_papi() -> Result<()> {
    let me = std::env::current_exe()?;
    let target = me.parent().and_then(Path::parent).context("xtask is in a target folder")?;
    let folder = target.join("papi");
    let python = folder.join("bin/python");
    let has_it = |python: &Path| {
        let asked = Command::new(python).args(["-c", "import vpp_papi"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    if has_it(&python) {
        return Ok(());
    }
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).and_then(|()| {
        let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", PAPI];
        run(Command::new(&python).args(pip))
    });
    if let Err(error) = made {
        say(&format!("no {PAPI}, its test is skipped: {error:#}"));
        // What is there by half would not be made again.
        let _gone = std::fs::remove_dir_all(&folder);
    }
    Ok(())
}

/// Do we run as root?
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| {
        use std::os::unix::fs::MetadataExt;
        m.uid() == 0
    })
}
