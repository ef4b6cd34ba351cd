//! What can go wrong between a kind and the Linux it lives in, and what the scheduler makes of it.

use ligato_kvs_api::OpError;

/// A failure of an operation on Linux.
#[derive(Debug, thiserror::Error)]
pub enum CtxError {
    /// The kernel refused, or could not be asked.
    #[error(transparent)]
    Netlink(#[from] ligato_netlink::Error),

    /// No running container has the label.
    #[error("microservice {label} is not available")]
    MicroserviceUnavailable { label: String },

    /// The containers have not been listed so far.
    #[error("microservices have not been listed so far")]
    MicroservicesUnknown,

    /// The agent has no interface of that name now.
    #[error("interface {name} is not in the index")]
    UnknownInterface { name: String },

    /// VPP has no TAP interface of that name now.
    #[error("VPP has no TAP interface {name}")]
    UnknownTap { name: String },

    /// There is no such allocation, or it lacks what was asked for.
    #[error("address allocation {reference} is not there")]
    UnknownAllocation { reference: String },

    /// Something a user or another program wrote on a link is not what it should be.
    #[error("the alias {alias:?} of link {link} does not name what to restore")]
    BadAlias { link: String, alias: String },

    /// The loopback of a namespace can stand for one interface only.
    #[error("loopback is already configured as {by}")]
    LoopbackTaken { by: String },

    /// A value that validation should have stopped.
    #[error("{field}: {problem}")]
    BadValue { field: &'static str, problem: String },

    /// The agent was going down in the middle of it.
    #[error("{what} was interrupted")]
    Interrupted { what: &'static str },

    /// An interface is not in the VRF in which its configuration expects it.
    #[error("link {link} is not in VRF device {vrf}")]
    NotInVrf { link: String, vrf: String },
}

impl CtxError {
    /// The namespace of the object is gone, and the object with it.
    #[must_use]
    pub fn is_namespace_gone(&self) -> bool {
        match self {
            CtxError::MicroserviceUnavailable { .. } => true,
            CtxError::Netlink(e) => e.is_namespace_gone(),
            _ => false,
        }
    }

    /// The object is not there.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, CtxError::Netlink(e) if e.is_absent())
    }
}

impl From<CtxError> for OpError {
    fn from(error: CtxError) -> OpError {
        let text = error.to_string();
        match error {
            CtxError::Netlink(e) if e.is_unsupported() => OpError::Unsupported(text),
            CtxError::Netlink(ligato_netlink::Error::Closed { .. })
            | CtxError::Interrupted { .. } => OpError::Unknown(text),
            CtxError::LoopbackTaken { .. } | CtxError::BadValue { .. } => OpError::Final(text),
            _ => OpError::Retriable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use ligato_netlink::{Errno, Error, Op};

    use super::*;

    fn kernel(errno: Errno) -> OpError {
        let error = Error::Kernel {
            op: Op::CreateLink,
            object: "vrf1".into(),
            namespace: "namespace red".into(),
            errno,
        };
        CtxError::from(error).into()
    }

    #[test]
    fn the_decision_follows_from_what_failed() {
        assert!(matches!(kernel(Errno::EBUSY), OpError::Retriable(_)));
        assert!(matches!(kernel(Errno::EOPNOTSUPP), OpError::Unsupported(_)));
        let taken: OpError = CtxError::LoopbackTaken { by: "lo1".into() }.into();
        assert!(!taken.is_retriable());
    }

    #[test]
    fn the_text_names_operation_object_namespace_and_error() {
        let OpError::Retriable(text) = kernel(Errno::EBUSY) else { panic!("not retriable") };
        assert_eq!(text, "create link vrf1 in namespace red: EBUSY: Device or resource busy");
    }
}
