//! Handles of network namespaces, and the named ones under `/run/netns`.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statfs::{FsType, fstatfs};

use crate::enter::on_thread;
use crate::error::{Error, errno_of};

/// Where `ip netns` and we keep named namespaces.
const NAMED: &str = "/run/netns";

/// `NSFS_MAGIC` of `linux/magic.h`: the file system that namespace handles live on.
const NSFS_MAGIC: FsType = FsType(0x6e73_6673);

/// How a namespace is pointed at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum NamespaceRef {
    /// The namespace in which the process was started.
    #[default]
    Default,
    /// A name under `/run/netns`.
    Name(String),
    /// A path of a namespace file.
    Path(PathBuf),
    /// The namespace of a process.
    Pid(u32),
}

impl NamespaceRef {
    fn path(&self) -> Result<PathBuf, Error> {
        Ok(match self {
            NamespaceRef::Default => PathBuf::from("/proc/thread-self/ns/net"),
            NamespaceRef::Name(name) => named_path(name)?,
            NamespaceRef::Path(path) => path.clone(),
            NamespaceRef::Pid(pid) => PathBuf::from(format!("/proc/{pid}/ns/net")),
        })
    }
}

impl fmt::Display for NamespaceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamespaceRef::Default => f.write_str("the default namespace"),
            NamespaceRef::Name(name) => write!(f, "namespace {name}"),
            NamespaceRef::Path(path) => write!(f, "namespace {}", path.display()),
            NamespaceRef::Pid(pid) => write!(f, "the namespace of process {pid}"),
        }
    }
}

/// The identity of a namespace, independent of how it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId {
    device: u64,
    inode: u64,
}

/// A held network namespace: it lives at least as long as the handle.
#[derive(Debug, Clone)]
pub struct Namespace {
    file: Arc<File>,
    id: NamespaceId,
    reference: NamespaceRef,
}

impl Namespace {
    /// Opens what the reference points at now. `Default` means the namespace of the calling
    /// thread; hold the result of the first call instead of asking again.
    ///
    /// # Errors
    /// When nothing is there, it may not be opened, or it is not a network namespace.
    pub fn open(reference: &NamespaceRef) -> Result<Namespace, Error> {
        let path = reference.path()?;
        let failed = |errno| Error::OpenNamespace { namespace: reference.to_string(), errno };
        let file = File::open(&path).map_err(|e| failed(errno_of(&e)))?;
        let fs = fstatfs(&file).map_err(failed)?;
        if fs.filesystem_type() != NSFS_MAGIC {
            return Err(Error::NotANamespace { path });
        }
        let meta = file.metadata().map_err(|e| failed(errno_of(&e)))?;
        let id = NamespaceId { device: meta.dev(), inode: meta.ino() };
        Ok(Namespace { file: Arc::new(file), id, reference: reference.clone() })
    }

    /// The namespace of the calling thread.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn current() -> Result<Namespace, Error> {
        Namespace::open(&NamespaceRef::Default)
    }

    /// Equal for two handles of the same namespace, however they were found.
    #[must_use]
    pub fn id(&self) -> NamespaceId {
        self.id
    }

    /// How it was found.
    #[must_use]
    pub fn reference(&self) -> &NamespaceRef {
        &self.reference
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference.fmt(f)
    }
}

/// Creates the named namespace `/run/netns/NAME`, as `ip netns add` does, and opens it.
/// A namespace of that name that is already there is opened instead.
///
/// # Errors
/// When the name is not one path component, the caller lacks rights, or a file of that name is
/// there that is not a namespace.
pub async fn create_named(name: &str) -> Result<Namespace, Error> {
    let reference = NamespaceRef::Name(name.to_owned());
    match Namespace::open(&reference) {
        Err(Error::OpenNamespace { errno: Errno::ENOENT, .. }) => {}
        other => return other,
    }
    let path = named_path(name)?;
    on_thread(reference.to_string(), move || make(&path)).await??;
    Namespace::open(&reference)
}

/// Creates a namespace without a name, which lives as long as handles, sockets and processes in it.
///
/// # Errors
/// When the caller lacks rights.
pub async fn create_anonymous() -> Result<Namespace, Error> {
    let label = "a new namespace";
    on_thread(label.into(), move || {
        unshare(CloneFlags::CLONE_NEWNET)
            .map_err(|errno| Error::OpenNamespace { namespace: label.into(), errno })?;
        Namespace::open(&NamespaceRef::Default)
    })
    .await?
    .map(|namespace| {
        // As a reference, "default" would mean another namespace for everyone else.
        let path = format!("/proc/{}/fd/{}", std::process::id(), namespace.as_fd().as_raw_fd());
        Namespace { reference: NamespaceRef::Path(path.into()), ..namespace }
    })
}

/// Deletes the named namespace; the namespace itself goes with its last user.
///
/// # Errors
/// When there is none of that name or the caller lacks rights.
pub fn delete_named(name: &str) -> Result<(), Error> {
    let path = named_path(name)?;
    let failed = |step| move |errno| Error::NamedNamespace { step, path: named(name), errno };
    match umount2(&path, MntFlags::MNT_DETACH) {
        // A file that nothing is mounted on is a left-over, removed as well.
        Ok(()) | Err(Errno::EINVAL) => {}
        Err(errno) => return Err(failed("unmount")(errno)),
    }
    fs::remove_file(&path).map_err(|e| failed("remove")(errno_of(&e)))
}

/// The names under `/run/netns`, sorted.
///
/// # Errors
/// When the directory is there and cannot be read.
pub fn list_named() -> Result<Vec<String>, Error> {
    let failed = |e: &std::io::Error| Error::NamedNamespace {
        step: "list",
        path: PathBuf::from(NAMED),
        errno: errno_of(e),
    };
    let entries = match fs::read_dir(NAMED) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(&e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| failed(&e))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn named(name: &str) -> PathBuf {
    Path::new(NAMED).join(name)
}

fn named_path(name: &str) -> Result<PathBuf, Error> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(Error::InvalidName { name: name.to_owned() });
    }
    Ok(named(name))
}

/// Runs on a thread of its own, which is in the new namespace when it ends.
fn make(path: &Path) -> Result<(), Error> {
    share_directory()?;
    let failed = |step| move |errno| Error::NamedNamespace { step, path: path.into(), errno };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o444)
        .open(path)
        .map_err(|e| failed("create")(errno_of(&e)))?;
    let mounted = unshare(CloneFlags::CLONE_NEWNET)
        .and_then(|()| bind(Path::new("/proc/thread-self/ns/net"), path));
    if mounted.is_err() {
        // The empty file would make every later attempt fail.
        let _ = fs::remove_file(path);
    }
    mounted.map_err(failed("mount a new namespace on"))
}

/// The directory is a shared mount, so that namespaces created here are seen in other mount
/// namespaces, too.
fn share_directory() -> Result<(), Error> {
    let dir = Path::new(NAMED);
    let failed = |step| move |errno| Error::NamedNamespace { step, path: dir.into(), errno };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(dir)
        .map_err(|e| failed("create")(errno_of(&e)))?;
    let share = || {
        mount(None::<&str>, dir, None::<&str>, MsFlags::MS_SHARED | MsFlags::MS_REC, None::<&str>)
    };
    match share() {
        // Not a mount point yet.
        Err(Errno::EINVAL) => {
            bind(dir, dir).and_then(|()| share()).map_err(failed("make a shared mount of"))
        }
        other => other.map_err(failed("share")),
    }
}

fn bind(from: &Path, to: &Path) -> Result<(), Errno> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_path_component() {
        for bad in ["", ".", "..", "a/b", "a\0b"] {
            assert!(matches!(named_path(bad), Err(Error::InvalidName { .. })), "{bad:?}");
        }
        assert_eq!(named_path("red").unwrap(), Path::new("/run/netns/red"));
    }

    #[test]
    fn the_same_namespace_has_one_identity() {
        let current = Namespace::current().unwrap();
        let by_pid = Namespace::open(&NamespaceRef::Pid(std::process::id())).unwrap();
        assert_eq!(current.id(), by_pid.id());
    }

    #[test]
    fn an_ordinary_file_is_refused() {
        let path = PathBuf::from("/proc/self/status");
        let err = Namespace::open(&NamespaceRef::Path(path)).unwrap_err();
        assert_eq!(err.to_string(), "/proc/self/status is not a network namespace");
    }

    #[test]
    fn a_missing_one_says_so() {
        let err = Namespace::open(&NamespaceRef::Name("no-such-ns".into())).unwrap_err();
        assert!(err.is_namespace_gone());
        assert_eq!(err.to_string(), "open namespace no-such-ns: ENOENT: No such file or directory");
    }
}
