//! Checksum offload of links, by the ethtool interface of the kernel.
//!
//! `SIOCETHTOOL` with the classic commands of `linux/ethtool.h`, which every kernel has, instead
//! of the generic-netlink family, which is newer and can be left out of a kernel.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::enter::run_in;
use crate::error::{Error, Op};
use crate::namespace::Namespace;

const SIOCETHTOOL: libc::Ioctl = 0x8946;
const ETHTOOL_GRXCSUM: u32 = 0x14;
const ETHTOOL_SRXCSUM: u32 = 0x15;
const ETHTOOL_GTXCSUM: u32 = 0x16;
const ETHTOOL_STXCSUM: u32 = 0x17;

/// Whether the device (or, for a veth, nobody) computes checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offload {
    On,
    Off,
}

/// Receive and transmit checksum offload of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChecksumOffload {
    pub rx: Offload,
    pub tx: Offload,
}

/// Checksum offload of several links of a namespace, in the order of the names. Nothing for a link
/// that is gone or whose driver does not tell.
///
/// # Errors
/// When the namespace cannot be entered.
pub async fn checksum_offload(
    namespace: &Namespace,
    links: Vec<String>,
) -> Result<Vec<Option<ChecksumOffload>>, Error> {
    let read = |link: &String| {
        let rx = setting(ethtool(link, ETHTOOL_GRXCSUM, 0).ok()?);
        let tx = setting(ethtool(link, ETHTOOL_GTXCSUM, 0).ok()?);
        Some(ChecksumOffload { rx, tx })
    };
    run_in(namespace, move || links.iter().map(read).collect()).await
}

/// Sets receive checksum offload.
///
/// # Errors
/// When there is no such link or its driver does not allow it.
pub async fn set_rx_checksum(ns: &Namespace, link: &str, value: Offload) -> Result<(), Error> {
    set(ns, link, ETHTOOL_SRXCSUM, value).await
}

/// Sets transmit checksum offload.
///
/// # Errors
/// When there is no such link or its driver does not allow it.
pub async fn set_tx_checksum(ns: &Namespace, link: &str, value: Offload) -> Result<(), Error> {
    set(ns, link, ETHTOOL_STXCSUM, value).await
}

fn setting(data: u32) -> Offload {
    if data == 0 { Offload::Off } else { Offload::On }
}

fn number(value: Offload) -> u32 {
    match value {
        Offload::On => 1,
        Offload::Off => 0,
    }
}

async fn set(namespace: &Namespace, link: &str, command: u32, value: Offload) -> Result<(), Error> {
    let name = link.to_owned();
    let done = run_in(namespace, move || ethtool(&name, command, number(value))).await?;
    done.map(drop).map_err(|errno| Error::Kernel {
        op: Op::SetOffload,
        object: link.to_owned(),
        namespace: namespace.to_string(),
        errno,
    })
}

/// `struct ethtool_value` of `linux/ethtool.h`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

fn ethtool(link: &str, command: u32, data: u32) -> Result<u32, Errno> {
    // Any socket of the namespace will do.
    let socket: OwnedFd =
        socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let mut value = EthtoolValue { command, data };
    let mut request = libc::ifreq {
        ifr_name: name_field(link)?,
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_data: (&raw mut value).cast() },
    };
    #[expect(unsafe_code, reason = "the kernel has no safe interface for this old ioctl")]
    // SAFETY: `request` is a whole ifreq with a name that ends in NUL; its data pointer leads to
    // a live ethtool_value, which is all that the kernel reads and writes for these commands.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    Errno::result(result).map(|_| value.data)
}

/// The name, padded with NUL; at least one is needed at its end.
fn name_field(name: &str) -> Result<[libc::c_char; libc::IFNAMSIZ], Errno> {
    if name.len() >= libc::IFNAMSIZ || name.contains('\0') {
        return Err(Errno::ENODEV);
    }
    let mut field = [0; libc::IFNAMSIZ];
    for (to, from) in field.iter_mut().zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    Ok(field)
}
