//! Everything that goes into a scheduler, on file; and a file played back to the same record.
//!
//! The core is a state machine: its inputs and the answers of the descriptors' pure halves decide
//! everything. A recording holds both, in order, so that what happened at one place can be looked at
//! again at another, without the southbound, as often as wanted: a bug report is a recording.
//!
//! A recording is JSON, one object a line ([`line`]): a heading with the settings, the descriptors
//! as data, then every input with its time, every question to a pure half with its answer, every
//! operation started, and the record of every finished transaction. Values are written once and
//! called by number; equal values have equal numbers, different ones different numbers, so secrets
//! can be masked without changing what the scheduler makes of them. The protobuf definitions of the
//! values are in it too: it can be read by a program that has never heard of their types.
//!
//! Recording: [`taped`] stands around the core and notes what it is given and gives; [`proxy`] stands
//! around each descriptor and notes what it is asked and answers; both write to a [`tape`], whose
//! [`writer`] is a thread of its own. Replay: [`play`] feeds the inputs to a new core, whose
//! descriptors ([`stand_in`]) answer from the [`script`]; their values are [`kept`] ones.

mod book;
mod data;
mod error;
mod kept;
mod line;
mod play;
mod proxy;
mod script;
mod stand_in;
mod tape;
mod taped;
mod writer;

pub(crate) use self::taped::{Parts, Taped};
pub use self::{
    error::{Difference, ReplayError},
    line::{End, FORMAT},
    play::{Replay, replay},
    tape::{Recording, RecordingError, RecordingState},
};
