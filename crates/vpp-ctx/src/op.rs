//! From what the client reports to what the scheduler has to do about it.

use std::error::Error;

use ligato_kvs_api::OpError;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_client::{Unavailable, VppError};

/// The decision an error of the client stands for.
///
/// A `retval` leaves VPP as it was, so trying again may help once something else has changed; only "unimplemented" is a
/// property of this VPP.
pub fn op_error(error: &VppError) -> OpError {
    match error {
        VppError::Unavailable { message, reason } => unsupported(message, reason),
        VppError::Retval { code, .. } if *code == Code::UNIMPLEMENTED.0 => {
            OpError::Unsupported(error.to_string())
        }
        VppError::TooLarge { .. } => OpError::Final(error.to_string()),
        _ if error.outcome_unknown() => OpError::Unknown(chain(error)),
        _ => OpError::Retriable(chain(error)),
    }
}

/// This VPP lacks a message.
pub fn unsupported(message: &str, reason: &Unavailable) -> OpError {
    OpError::Unsupported(format!("message {message}: {reason}"))
}

/// An error with everything that led to it, as one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ligato_vpp_client::LostReason;

    use super::*;

    #[test]
    fn errors_carry_the_decision() {
        let refused = |code| VppError::Retval { message: "m", code, name: "N" };
        let timeout = VppError::Timeout { message: "m", after: Duration::from_secs(1) };
        let lost =
            VppError::ConnectionLost { message: "m", reason: LostReason::ProcessGone { pid: 3 } };
        let off = VppError::NotConnected { reason: LostReason::PeerClosed };
        assert_eq!(op_error(&refused(-7)), OpError::Retriable("m failed with N (-7)".into()));
        assert!(matches!(op_error(&refused(-9)), OpError::Unsupported(_)));
        assert!(op_error(&timeout).is_unknown());
        assert_eq!(
            op_error(&lost),
            OpError::Unknown(
                "connection to VPP lost before the reply to m: the VPP process 3 is gone".into()
            )
        );
        assert!(matches!(op_error(&off), OpError::Retriable(_)));
    }
}
