//! Kernel parameters that each namespace has for itself (`/proc/sys/net`).

use std::fs;
use std::path::PathBuf;

use crate::enter::run_in;
use crate::error::{Error, Op, errno_of};
use crate::namespace::Namespace;

/// Reads a parameter, for instance `["net", "ipv4", "tcp_l3mdev_accept"]`; white space around it is
/// removed. The name comes in parts since the name of an interface may contain dots.
///
/// # Errors
/// When it is not there or the namespace cannot be entered.
pub async fn read_sysctl(namespace: &Namespace, name: &[&str]) -> Result<String, Error> {
    let path = path(name);
    let read = run_in(namespace, move || fs::read_to_string(path)).await?;
    read.map(|text| text.trim().to_owned()).map_err(|e| failed(Op::ReadSysctl, namespace, name, &e))
}

/// Writes a parameter.
///
/// # Errors
/// When it is not there, the value is refused, or the namespace cannot be entered.
pub async fn write_sysctl(namespace: &Namespace, name: &[&str], value: &str) -> Result<(), Error> {
    let path = path(name);
    let value = value.to_owned();
    let written = run_in(namespace, move || fs::write(path, value)).await?;
    written.map_err(|e| failed(Op::WriteSysctl, namespace, name, &e))
}

fn path(name: &[&str]) -> PathBuf {
    let mut path = PathBuf::from("/proc/sys");
    path.extend(name);
    path
}

fn failed(op: Op, namespace: &Namespace, name: &[&str], error: &std::io::Error) -> Error {
    Error::Kernel {
        op,
        object: name.join("/"),
        namespace: namespace.to_string(),
        errno: errno_of(error),
    }
}
