//! `vpe.api`: release and time of the running VPP.

use crate::def::MessageDef;
use crate::types::Timestamp;
use crate::{FixedString, Message, api_enum};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    ShowVersion::DEFINITION,
    ShowVersionReply::DEFINITION,
    ShowVpeSystemTime::DEFINITION,
    ShowVpeSystemTimeReply::DEFINITION,
    LogDump::DEFINITION,
    LogDetails::DEFINITION,
];

/// Asks for the release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = ShowVersionReply)]
pub struct ShowVersion {}

/// What is running.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct ShowVersionReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Name of the program, `vpe`.
    pub program: FixedString<32>,
    /// Release, such as `26.06-release`.
    pub version: FixedString<32>,
    /// When it was built.
    pub build_date: FixedString<32>,
    /// Where it was built.
    pub build_directory: FixedString<256>,
}

/// Asks for VPP's idea of the time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = ShowVpeSystemTimeReply)]
pub struct ShowVpeSystemTime {}

/// VPP's idea of the time.
#[derive(Debug, Clone, PartialEq, Default, Message)]
#[vpp(reply)]
pub struct ShowVpeSystemTimeReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Seconds since 1970.
    pub vpe_system_time: Timestamp,
}

/// Lists what VPP logged.
#[derive(Debug, Clone, PartialEq, Default, Message)]
#[vpp(dump = LogDetails)]
pub struct LogDump {
    /// Lines before this time (seconds since 1970) are left out.
    pub start_timestamp: Timestamp,
}

/// One line of VPP's log.
#[derive(Debug, Clone, PartialEq, Default, Message)]
#[vpp(details)]
pub struct LogDetails {
    /// Seconds since 1970.
    pub timestamp: Timestamp,
    /// How grave it is.
    pub level: LogLevel,
    /// Part of VPP it comes from.
    pub msg_class: FixedString<32>,
    /// The text.
    pub message: FixedString<256>,
}

api_enum! {
    /// How grave a log line is.
    LogLevel: u32 = "log_level", prefix "VPE_API_LOG_LEVEL_" {
        /// Unusable.
        EMERG = 0,
        /// Immediate action is needed.
        ALERT = 1,
        /// Critical.
        CRIT = 2,
        /// Error.
        ERR = 3,
        /// Warning.
        WARNING = 4,
        /// Worth a look.
        NOTICE = 5,
        /// Information.
        INFO = 6,
        /// For finding faults.
        DEBUG = 7,
        /// Not logged.
        DISABLED = 8,
    }
}
