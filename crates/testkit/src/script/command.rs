//! What a line of a script says, as data: read from text, and written as the text it is read from,
//! so that whatever makes commands (a person, a property test) ends up with a script.

use std::{fmt, str::FromStr, time::Duration};

use ligato_kvs::UnregisterMode;
use ligato_kvs_api::{Origin, Policy, ResyncKind, Scope};

use crate::fake::Fault;

/// One line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Adds a wish to the next transaction.
    Put { key: String, text: String },
    /// Adds to the next transaction that a value is to go.
    Delete { key: String },
    /// Carries the collected changes out and waits for the report.
    Commit(How),
    /// Hands the collected changes over and does not wait; `settle` tells what came of it.
    Submit(How),
    /// Shows what the collected changes would do; `apply` carries out exactly that.
    Plan,
    /// Carries out the plan shown last.
    Apply,
    /// A resync, with the collected changes where it takes some.
    Resync { kind: ResyncKind, how: How },
    /// The next operation on the key meets this fault.
    Fault { key: String, fault: Fault },
    /// No more faults.
    Heal,
    /// Somebody else writes (or removes) a value, and the southbound says whose it is.
    Southbound { key: String, text: Option<String>, whose: Origin },
    /// The southbound tells about a value (`None`: it is gone).
    Notify { key: String, text: Option<String> },
    /// The southbound cannot be reached.
    Down,
    /// It can be reached again and holds what it held.
    Up,
    /// It died and is back, empty.
    Restart,
    /// A descriptor comes.
    Register { name: String },
    /// A descriptor goes.
    Unregister { name: String, mode: UnregisterMode },
    /// Time passes.
    Wait { time: Duration },
    /// Waits until nothing is queued, under way, or planned.
    Settle,
    /// Why a value is where it is.
    Explain { key: String },
    /// What happened to a value so far.
    Timeline { key: String },
    /// The record of the last transaction, as users see it.
    Record,
}

/// How a transaction is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct How {
    /// What a failure does to the rest.
    pub policy: Policy,
    /// Failed values are tried again.
    pub retry: bool,
    /// Refused as a whole if anything is invalid.
    pub reject_invalid: bool,
    /// Everything touched is read back and compared.
    pub verify: bool,
}

/// A line that is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such command: {0}")]
pub struct NoCommand(String);

const FAULTS: [(&str, Fault); 7] = [
    ("fails", Fault::Fails),
    ("fails-late", Fault::FailsAfterwards),
    ("no-answer", Fault::NoAnswer),
    ("hangs", Fault::Hangs),
    ("panics", Fault::Panics),
    ("late", Fault::Late),
    ("lies", Fault::Lies),
];

// === impl Command ===

impl FromStr for Command {
    type Err = NoCommand;

    fn from_str(line: &str) -> Result<Self, NoCommand> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let key = || first.to_owned();
        let text = || Some(more.to_owned()).filter(|text| !text.is_empty());
        let wrong = || NoCommand(line.to_owned());
        Ok(match command {
            "put" => Self::Put { key: key(), text: more.to_owned() },
            "delete" => Self::Delete { key: key() },
            "commit" => Self::Commit(rest.parse()?),
            "submit" => Self::Submit(rest.parse()?),
            "plan" => Self::Plan,
            "apply" => Self::Apply,
            "resync" => resync(rest)?,
            "fault" => {
                let known = FAULTS.iter().find(|(name, _)| *name == more);
                Self::Fault { key: key(), fault: known.ok_or_else(wrong)?.1 }
            }
            "heal" => Self::Heal,
            "southbound" => Self::Southbound { key: key(), text: text(), whose: Origin::Nb },
            "foreign" => Self::Southbound { key: key(), text: text(), whose: Origin::Sb },
            "unknown" => Self::Southbound { key: key(), text: text(), whose: Origin::Unknown },
            "notify" => Self::Notify { key: key(), text: text() },
            "down" => Self::Down,
            "up" => Self::Up,
            "restart" => Self::Restart,
            "register" => Self::Register { name: key() },
            "forget" => Self::Unregister { name: key(), mode: UnregisterMode::Forget },
            "unregister" => Self::Unregister { name: key(), mode: UnregisterMode::Remove },
            "wait" => {
                let ms = first.trim_end_matches("ms").parse().map_err(|_| wrong())?;
                Self::Wait { time: Duration::from_millis(ms) }
            }
            "settle" => Self::Settle,
            "explain" => Self::Explain { key: key() },
            "timeline" => Self::Timeline { key: key() },
            "record" => Self::Record,
            _ => return Err(wrong()),
        })
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = |text: &Option<String>| match text {
            Some(text) => format!(" {text}"),
            None => String::new(),
        };
        match self {
            Self::Put { key, text } => write!(f, "put {key} {text}"),
            Self::Delete { key } => write!(f, "delete {key}"),
            Self::Commit(how) => write!(f, "commit{how}"),
            Self::Submit(how) => write!(f, "submit{how}"),
            Self::Plan => f.write_str("plan"),
            Self::Apply => f.write_str("apply"),
            Self::Resync { kind, how } => write!(f, "resync {}{how}", Kind(kind)),
            Self::Fault { key, fault } => {
                let name = FAULTS.iter().find(|(_, known)| known == fault);
                write!(f, "fault {key} {}", name.map_or("", |(name, _)| name))
            }
            Self::Heal => f.write_str("heal"),
            Self::Southbound { key, text, whose } => {
                let word = match whose {
                    Origin::Nb => "southbound",
                    Origin::Sb => "foreign",
                    Origin::Unknown => "unknown",
                };
                write!(f, "{word} {key}{}", with(text))
            }
            Self::Notify { key, text } => write!(f, "notify {key}{}", with(text)),
            Self::Down => f.write_str("down"),
            Self::Up => f.write_str("up"),
            Self::Restart => f.write_str("restart"),
            Self::Register { name } => write!(f, "register {name}"),
            Self::Unregister { name, mode: UnregisterMode::Forget } => write!(f, "forget {name}"),
            Self::Unregister { name, .. } => write!(f, "unregister {name}"),
            Self::Wait { time } => write!(f, "wait {}ms", time.as_millis()),
            Self::Settle => f.write_str("settle"),
            Self::Explain { key } => write!(f, "explain {key}"),
            Self::Timeline { key } => write!(f, "timeline {key}"),
            Self::Record => f.write_str("record"),
        }
    }
}

/// `full`, `upstream`, `downstream`, `read-back`; the last two may name a part: `of base`,
/// `below b/`, `b/1 b/2`.
fn resync(rest: &str) -> Result<Command, NoCommand> {
    let (kind, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let options = words.iter().position(|w| How::default().add(w)).unwrap_or(words.len());
    let how = words.split_off(options).join(" ").parse()?;
    let scope = match words.as_slice() {
        [] => Scope::All,
        ["of", names @ ..] => Scope::Descriptors(names.iter().map(|n| (*n).to_owned()).collect()),
        ["below", prefix] => Scope::Prefix((*prefix).into()),
        keys => Scope::Keys(keys.iter().map(|key| (*key).into()).collect()),
    };
    let kind = match kind {
        "full" => ResyncKind::Full,
        "upstream" => ResyncKind::Upstream,
        "downstream" => ResyncKind::Downstream(scope),
        "read-back" => ResyncKind::ReadBack(scope),
        other => return Err(NoCommand(format!("resync {other}"))),
    };
    Ok(Command::Resync { kind, how })
}

struct Kind<'a>(&'a ResyncKind);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, scope) = match self.0 {
            ResyncKind::Full => ("full", &Scope::All),
            ResyncKind::Upstream => ("upstream", &Scope::All),
            ResyncKind::Downstream(scope) => ("downstream", scope),
            ResyncKind::ReadBack(scope) => ("read-back", scope),
        };
        f.write_str(word)?;
        match scope {
            Scope::All | Scope::Southbound(_) => Ok(()),
            Scope::Descriptors(names) => write!(f, " of {}", names.join(" ")),
            Scope::Prefix(prefix) => write!(f, " below {prefix}"),
            Scope::Keys(keys) => keys.iter().try_for_each(|key| write!(f, " {key}")),
        }
    }
}

// === impl How ===

impl How {
    /// Takes one word in; says whether it is an option.
    fn add(mut self, word: &str) -> bool {
        self.take(word)
    }

    fn take(&mut self, word: &str) -> bool {
        match word {
            "all-or-nothing" => self.policy = Policy::AllOrNothing,
            "stop" => self.policy = Policy::StopAtFirstFailure,
            "retry" => self.retry = true,
            "reject-invalid" => self.reject_invalid = true,
            "verify" => self.verify = true,
            _ => return false,
        }
        true
    }
}

impl FromStr for How {
    type Err = NoCommand;

    fn from_str(words: &str) -> Result<Self, NoCommand> {
        let mut how = Self::default();
        match words.split_whitespace().find(|word| !how.take(word)) {
            Some(wrong) => Err(NoCommand(wrong.to_owned())),
            None => Ok(how),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.policy {
            Policy::BestEffort => {}
            Policy::StopAtFirstFailure => f.write_str(" stop")?,
            Policy::AllOrNothing => f.write_str(" all-or-nothing")?,
        }
        let marks = [
            (self.retry, " retry"),
            (self.reject_invalid, " reject-invalid"),
            (self.verify, " verify"),
        ];
        marks.iter().filter(|(on, _)| *on).try_for_each(|(_, word)| f.write_str(word))
    }
}
