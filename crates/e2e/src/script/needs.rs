//! What a scenario needs of the machine.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{Etcd, Sandbox, VppKind, find_on_path};

/// One line `needs …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// The kernel makes links of this type.
    Kernel(String),
    /// The kernel carries the packets of a real VPP's TAPs.
    VhostNet,
    /// An etcd is installed; it is started.
    Etcd,
    /// A program that is on the `PATH`.
    Program(String),
    /// There is nothing to see on a simulated VPP.
    Real,
}

impl Need {
    pub(super) fn parse(text: &str) -> Result<Self> {
        Ok(match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["kernel", link] => Self::Kernel((*link).to_owned()),
            ["vhost-net"] => Self::VhostNet,
            ["etcd"] => Self::Etcd,
            ["program", name] => Self::Program((*name).to_owned()),
            ["real"] => Self::Real,
            _ => bail!("needs what?"),
        })
    }

    /// Why it is not met, if it is not.
    pub(super) fn missing(&self, kind: VppKind, sandbox: &Sandbox) -> Option<String> {
        match self {
            Self::Kernel(link) => {
                let options = if link == "vrf" { "table 4711" } else { "" };
                let make = format!("ip link add probe type {link} {options} && ip link del probe");
                sandbox.output(&make).is_err().then(|| format!("the kernel lacks {link}"))
            }
            Self::VhostNet => {
                let there = kind == VppKind::Simulated || Path::new("/dev/vhost-net").exists();
                (!there).then(|| "the kernel lacks vhost-net".to_owned())
            }
            Self::Etcd => (!Etcd::is_installed()).then(|| "etcd is not installed".to_owned()),
            Self::Program(name) => {
                find_on_path(name).is_none().then(|| format!("{name} is not installed"))
            }
            Self::Real => (kind != VppKind::Real).then(|| "it is about a real VPP".to_owned()),
        }
    }
}
