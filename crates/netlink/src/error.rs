//! What can go wrong between us and the kernel.

use std::fmt;
use std::path::PathBuf;

use nix::errno::Errno;

/// A failure of a kernel operation, with what was attempted, on what, and where.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel answered a request with an error.
    #[error("{op}{} in {namespace}: {errno}", Spaced(object))]
    Kernel { op: Op, object: String, namespace: String, errno: Errno },

    /// There is no link of that name or index.
    #[error("no link {link} in {namespace}")]
    NoSuchLink { link: String, namespace: String },

    /// The reference does not lead to a network namespace (any more).
    #[error("open {namespace}: {errno}")]
    OpenNamespace { namespace: String, errno: Errno },

    /// The path exists, but what it holds is not a network namespace.
    #[error("{} is not a network namespace", path.display())]
    NotANamespace { path: PathBuf },

    /// Creating or deleting a named namespace stopped half way.
    #[error("{step} {}: {errno}", path.display())]
    NamedNamespace { step: &'static str, path: PathBuf, errno: Errno },

    /// A named namespace needs a name that is one path component.
    #[error("{name:?} cannot name a network namespace")]
    InvalidName { name: String },

    /// A thread that should have worked inside the namespace could not be started or died.
    #[error("the thread for {namespace} ended without a result")]
    Thread { namespace: String },

    /// The task that reads the socket has ended.
    #[error("{op}{} in {namespace}: the netlink socket is closed", Spaced(object))]
    Closed { op: Op, object: String, namespace: String },

    /// A dump was interrupted by changes more often than we were willing to repeat it.
    #[error("{op} in {namespace}: the table keeps changing while it is read")]
    Unstable { op: Op, namespace: String },
}

impl Error {
    /// The error number of the kernel, where there was one.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Error::Kernel { errno, .. }
            | Error::OpenNamespace { errno, .. }
            | Error::NamedNamespace { errno, .. } => Some(*errno),
            Error::NoSuchLink { .. } => Some(Errno::ENODEV),
            Error::NotANamespace { .. }
            | Error::InvalidName { .. }
            | Error::Thread { .. }
            | Error::Closed { .. }
            | Error::Unstable { .. } => None,
        }
    }

    /// The object is already there (`EEXIST`).
    #[must_use]
    pub fn is_exists(&self) -> bool {
        self.errno() == Some(Errno::EEXIST)
    }

    /// The object is not there: link, address, route or neighbour.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(
            self.errno(),
            Some(Errno::ENODEV | Errno::ENOENT | Errno::EADDRNOTAVAIL | Errno::ESRCH)
        )
    }

    /// The namespace itself is not there (any more). That it may not be entered is something else.
    #[must_use]
    pub fn is_namespace_gone(&self) -> bool {
        match self {
            Error::OpenNamespace { errno, .. } => {
                matches!(errno, Errno::ENOENT | Errno::ESRCH | Errno::ENOTDIR)
            }
            // What `ip netns del` leaves behind if it is interrupted.
            Error::NotANamespace { .. } => true,
            _ => false,
        }
    }

    /// The kernel was built without what was asked for (a link kind, for instance).
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.errno(), Some(Errno::EOPNOTSUPP | Errno::EPROTONOSUPPORT))
    }
}

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    OpenSocket,
    Subscribe,
    CreateLink,
    DeleteLink,
    SetLinkUp,
    SetLinkDown,
    Rename,
    SetAlias,
    SetMtu,
    SetMac,
    SetMaster,
    ClearMaster,
    MoveLink,
    ListLinks,
    GetLink,
    AddAddress,
    DeleteAddress,
    ListAddresses,
    AddRoute,
    ReplaceRoute,
    DeleteRoute,
    ListRoutes,
    SetNeighbour,
    DeleteNeighbour,
    ListNeighbours,
    SetOffload,
    ReadSysctl,
    WriteSysctl,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Op::OpenSocket => "open",
            Op::Subscribe => "subscribe to",
            Op::CreateLink => "create link",
            Op::DeleteLink => "delete link",
            Op::SetLinkUp => "set up link",
            Op::SetLinkDown => "set down link",
            Op::Rename => "rename link",
            Op::SetAlias => "set alias of link",
            Op::SetMtu => "set MTU of link",
            Op::SetMac => "set MAC address of link",
            Op::SetMaster => "set master of link",
            Op::ClearMaster => "clear master of link",
            Op::MoveLink => "move link",
            Op::ListLinks => "list links",
            Op::GetLink => "get link",
            Op::AddAddress => "add address",
            Op::DeleteAddress => "delete address",
            Op::ListAddresses => "list addresses",
            Op::AddRoute => "add route",
            Op::ReplaceRoute => "replace route",
            Op::DeleteRoute => "delete route",
            Op::ListRoutes => "list routes",
            Op::SetNeighbour => "set neighbour",
            Op::DeleteNeighbour => "delete neighbour",
            Op::ListNeighbours => "list neighbours",
            Op::SetOffload => "set checksum offload of link",
            Op::ReadSysctl => "read sysctl",
            Op::WriteSysctl => "write sysctl",
        })
    }
}

/// An object behind a blank, or nothing: whole tables have no name.
struct Spaced<'a>(&'a str);

impl fmt::Display for Spaced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " {}", self.0) }
    }
}

/// The error number of an I/O error; `EIO` where the standard library made it up itself.
pub(crate) fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
