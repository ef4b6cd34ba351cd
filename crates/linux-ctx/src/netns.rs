//! A network namespace as a configuration names it.

use std::fmt;
use std::path::PathBuf;

use ligato_netlink::NamespaceRef;
use ligato_proto::linux::namespace::NetNamespace;
use ligato_proto::linux::namespace::net_namespace::ReferenceType;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A network namespace as a configuration names it. Resolved anew for every operation, so that a
/// restarted container is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum NetNs {
    /// The one the agent runs in.
    #[default]
    Default,
    /// A name under `/run/netns`; made on demand.
    Named(String),
    /// That of a process.
    Process(u32),
    /// A file that is a namespace.
    File(PathBuf),
    /// That of the container with this label.
    Microservice(String),
}

/// A reference to a namespace that leads nowhere, whatever happens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetNsError {
    /// The type is not set.
    #[error("namespace of unknown type")]
    UnknownType,
    /// The reference is empty.
    #[error("namespace without reference")]
    NoReference,
    /// A process is named by a number.
    #[error("{0:?} is not a process number")]
    NotAProcess(String),
    /// A name is one path component.
    #[error("{0:?} cannot name a namespace")]
    BadName(String),
}

impl NetNs {
    /// Reads the message; an absent one means the default namespace.
    ///
    /// # Errors
    /// When the message can never lead to a namespace.
    pub fn from_proto(message: Option<&NetNamespace>) -> Result<NetNs, NetNsError> {
        let Some(NetNamespace { r#type, reference }) = message else {
            return Ok(NetNs::Default);
        };
        let reference = reference.clone();
        let kind = ReferenceType::try_from(*r#type).unwrap_or_default();
        if kind == ReferenceType::Undefined {
            return Err(NetNsError::UnknownType);
        }
        if reference.is_empty() {
            return Err(NetNsError::NoReference);
        }
        Ok(match kind {
            ReferenceType::Undefined => return Err(NetNsError::UnknownType),
            ReferenceType::Nsid if reference == "." || reference == ".." => {
                return Err(NetNsError::BadName(reference));
            }
            ReferenceType::Nsid if reference.contains(['/', '\0']) => {
                return Err(NetNsError::BadName(reference));
            }
            ReferenceType::Nsid => NetNs::Named(reference),
            ReferenceType::Pid => match reference.parse() {
                Ok(pid) if pid > 0 => NetNs::Process(pid),
                _ => return Err(NetNsError::NotAProcess(reference)),
            },
            ReferenceType::Fd => NetNs::File(reference.into()),
            ReferenceType::Microservice => NetNs::Microservice(reference),
        })
    }

    /// The message for it.
    #[must_use]
    pub fn to_proto(&self) -> Option<NetNamespace> {
        let (kind, reference) = self.parts()?;
        Some(NetNamespace { r#type: kind.into(), reference })
    }

    /// What netlink needs to find it; `None` for a microservice, which has to be looked up.
    pub(crate) fn to_ref(&self) -> Option<NamespaceRef> {
        Some(match self {
            NetNs::Default => NamespaceRef::Default,
            NetNs::Named(name) => NamespaceRef::Name(name.clone()),
            NetNs::Process(pid) => NamespaceRef::Pid(*pid),
            NetNs::File(path) => NamespaceRef::Path(path.clone()),
            NetNs::Microservice(_) => return None,
        })
    }

    fn parts(&self) -> Option<(ReferenceType, String)> {
        Some(match self {
            NetNs::Default => return None,
            NetNs::Named(name) => (ReferenceType::Nsid, name.clone()),
            NetNs::Process(pid) => (ReferenceType::Pid, pid.to_string()),
            NetNs::File(path) => (ReferenceType::Fd, path.display().to_string()),
            NetNs::Microservice(label) => (ReferenceType::Microservice, label.clone()),
        })
    }
}

impl fmt::Display for NetNs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetNs::Microservice(label) => write!(f, "microservice {label}"),
            other => other.to_ref().unwrap_or_default().fmt(f),
        }
    }
}

/// As the original shows it in dumps: number of the type and reference, or nothing.
impl Serialize for NetNs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((kind, reference)) = self.parts() else { return serializer.serialize_none() };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", &i32::from(kind))?;
        map.serialize_entry("reference", &reference)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: ReferenceType, reference: &str) -> Result<NetNs, NetNsError> {
        let message = NetNamespace { r#type: kind.into(), reference: reference.into() };
        NetNs::from_proto(Some(&message))
    }

    #[test]
    fn messages_and_back() {
        for (kind, reference) in [
            (ReferenceType::Nsid, "red"),
            (ReferenceType::Pid, "17"),
            (ReferenceType::Fd, "/run/netns/x"),
            (ReferenceType::Microservice, "ms1"),
        ] {
            let netns = read(kind, reference).unwrap();
            let back = netns.to_proto().unwrap();
            assert_eq!((back.r#type(), back.reference.as_str()), (kind, reference));
        }
        assert_eq!(NetNs::from_proto(None), Ok(NetNs::Default));
        assert_eq!(NetNs::Default.to_proto(), None);
    }

    #[test]
    fn what_can_never_work_is_refused() {
        use NetNsError::{BadName, NoReference, NotAProcess, UnknownType};
        for (kind, reference, problem) in [
            (ReferenceType::Undefined, "x", UnknownType),
            (ReferenceType::Nsid, "", NoReference),
            (ReferenceType::Pid, "x", NotAProcess("x".into())),
            (ReferenceType::Pid, "0", NotAProcess("0".into())),
            (ReferenceType::Nsid, "../x", BadName("../x".into())),
        ] {
            assert_eq!(read(kind, reference), Err(problem), "{kind:?} {reference}");
        }
    }

    #[test]
    fn dumps_show_the_numbers_of_the_original() {
        let json = serde_json::to_value(NetNs::Microservice("ms1".into())).unwrap();
        assert_eq!(json, serde_json::json!({"type": 4, "reference": "ms1"}));
        assert_eq!(serde_json::to_value(NetNs::Default).unwrap(), serde_json::Value::Null);
    }
}
