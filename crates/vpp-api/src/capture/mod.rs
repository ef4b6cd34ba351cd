//! The conversation with a VPP as text: one JSON object a line, for people to read and programs to replay.
//!
//! ```json
//! {"at":1764456000.25,"way":"opened","fields":{"messages":["control_ping_51077d14","control_ping_reply_f6b0b8ca"]}}
//! {"at":1764456000.26,"way":"sent","message":"control_ping","crc":"51077d14","context":65537,"fields":{}}
//! {"at":1764456000.26,"way":"received","message":"control_ping_reply","crc":"f6b0b8ca","context":65537,"fields":{"retval":0}}
//! ```
//!
//! [`Scribe`] turns what went over a socket into such [`Line`]s, [`read`] reads them again, [`Line::payload`] makes bytes of
//! them. Fields that are marked as secrets in the definitions of messages are replaced by [`MASK`]; when bytes are made
//! again they are zero.

mod codec;
mod scribe;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use codec::{definition, find};
pub use scribe::Scribe;

/// Stands where a secret was.
pub const MASK: &str = "***";

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// A connection is there; `messages` are those of this VPP that are known here.
    Opened,
    /// A message went to VPP.
    Sent,
    /// A message came from VPP.
    Received,
    /// The connection is gone; `reason` says why.
    Closed,
    /// Nothing more was written; `reason` says why.
    Ended,
}

/// A line of a capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Seconds since the beginning of 1970.
    pub at: f64,
    /// What it tells.
    pub way: Way,
    /// Name of the message, empty for other lines; `#` and its number where the name is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// CRC of the message, eight hexadecimal digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub crc: String,
    /// What ties answers to requests; events have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u32>,
    /// Fields of the message, or what else there is to tell.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub fields: Value,
    /// What follows the number of a message whose fields are not known, as hexadecimal digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bytes: String,
}

/// A capture that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {source}")]
pub struct CaptureError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

/// Reads a capture.
///
/// # Errors
/// When a line is none; a last one without its end is left out, since captures are cut off where a program ended.
pub fn read(text: &str) -> Result<Vec<Line>, CaptureError> {
    let (whole, _cut_off) = text.rsplit_once('\n').unwrap_or_default();
    let lines = whole.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|source| CaptureError { line: at + 1, source })
        })
        .collect()
}

impl Line {
    /// A line that tells of no message.
    #[must_use]
    pub fn about(at: f64, way: Way, fields: Value) -> Self {
        Self {
            at,
            way,
            message: String::new(),
            crc: String::new(),
            context: None,
            fields,
            bytes: String::new(),
        }
    }

    /// Name and CRC as VPP's message table spells them.
    #[must_use]
    pub fn name_crc(&self) -> String {
        format!("{}_{}", self.message, self.crc)
    }
}

#[cfg(test)]
mod tests;
