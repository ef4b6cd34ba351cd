//! Lines into steps.

use anyhow::{Context, Result, bail, ensure};

use super::{Expectations, needs::Need};
use crate::VppKind;

/// One step with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Line number of the file, from 1.
    pub(super) line: usize,
    /// Only for this VPP.
    only: Option<VppKind>,
    /// What to do.
    pub(super) command: Command,
    text: String,
}

/// What a step does; see the table of [`script`](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Needs(Need),
    File { name: String, body: String },
    Define { name: String, body: String },
    Node(String),
    Start(Program, Vec<String>),
    Kill(Program),
    Namespace(String),
    EtcdPut { key: String, value: String },
    EtcdDelete(String),
    Config { how: Change, what: What },
    Configured,
    State { state: String, keys: Vec<String> },
    Sync(Sync),
    Run { at: String, command: String, expect: Expectations },
    Agentctl { arguments: Vec<String>, expect: Expectations },
    Vppctl { command: String, expect: Expectations },
    Vpp(Expectations),
    Ping { at: Place, to: String, from: Option<String>, answer: Answer },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    Vpp,
    Agent,
    Microservice(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Update,
    Replace,
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Defined(String),
    Here(String),
}

/// What a resync does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    Nothing,
    Something,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Vpp,
    Linux(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Comes,
    FailsToCome,
}

impl Step {
    pub(super) fn need(&self) -> Option<&Need> {
        match &self.command {
            Command::Needs(need) => Some(need),
            _ => None,
        }
    }

    pub(super) fn is_for(&self, kind: VppKind) -> bool {
        self.only.is_none_or(|only| only == kind)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Reads a script.
pub(super) fn steps(text: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut body = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with("  ")) {
            body.push(line.get(2..).unwrap_or_default());
        }
        let at = || format!("line {}: {line}", number + 1);
        steps.push(step(number + 1, line.trim(), &body).with_context(at)?);
    }
    Ok(steps)
}

fn step(line: usize, text: &str, body: &[&str]) -> Result<Step> {
    let (only, rest) = match text.split_once(' ') {
        Some(("real", rest)) => (Some(VppKind::Real), rest),
        Some(("simulated", rest)) => (Some(VppKind::Simulated), rest),
        _ => (None, text),
    };
    let command = command(rest, body)?;
    let takes_body = !matches!(
        command,
        Command::Node(_) | Command::Start(..) | Command::Kill(_) | Command::Configured
    );
    ensure!(takes_body || body.is_empty(), "nothing may follow it");
    Ok(Step { line, only, command, text: text.to_owned() })
}

fn command(text: &str, body: &[&str]) -> Result<Command> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let here = || body.iter().map(|line| format!("{line}\n")).collect::<String>();
    Ok(match (first, words.as_slice()) {
        ("needs", _) => Command::Needs(Need::parse(rest)?),
        ("file", [name]) => Command::File { name: (*name).to_owned(), body: here() },
        ("define", [name]) => Command::Define { name: (*name).to_owned(), body: here() },
        ("node", [name]) => Command::Node((*name).to_owned()),
        ("vpp", ["start"]) => Command::Start(Program::Vpp, Vec::new()),
        ("vpp", ["kill"]) => Command::Kill(Program::Vpp),
        ("agent", ["start", arguments @ ..]) => Command::Start(Program::Agent, owned(arguments)),
        ("agent", ["kill"]) => Command::Kill(Program::Agent),
        ("namespace", [name]) => Command::Namespace((*name).to_owned()),
        ("microservice", ["start", name]) => {
            Command::Start(Program::Microservice((*name).to_owned()), Vec::new())
        }
        ("microservice", ["kill", name]) => {
            Command::Kill(Program::Microservice((*name).to_owned()))
        }
        ("etcd", ["put", key, value @ ..]) => {
            Command::EtcdPut { key: (*key).to_owned(), value: value.join(" ") }
        }
        ("etcd", ["delete", key]) => Command::EtcdDelete((*key).to_owned()),
        ("config", [how, name @ ..]) => config(how, name, here())?,
        ("configured", []) => Command::Configured,
        ("state", [state, keys @ ..]) => {
            let more = body.iter().flat_map(|line| line.split_whitespace());
            let keys: Vec<&str> = keys.iter().copied().chain(more).collect();
            ensure!(!keys.is_empty(), "names no key");
            Command::State { state: (*state).to_owned(), keys: owned(&keys) }
        }
        ("in", ["sync"]) => Command::Sync(Sync::Nothing),
        ("not", ["in", "sync"]) => Command::Sync(Sync::Something),
        ("run", [at, _, ..]) => {
            let command = rest.strip_prefix(at).unwrap_or_default().trim().to_owned();
            Command::Run { at: (*at).to_owned(), command, expect: Expectations::parse(body)? }
        }
        ("agentctl", arguments) => {
            Command::Agentctl { arguments: owned(arguments), expect: Expectations::parse(body)? }
        }
        ("vppctl", [_, ..]) => {
            Command::Vppctl { command: rest.to_owned(), expect: Expectations::parse(body)? }
        }
        ("vpp", []) => Command::Vpp(Expectations::parse(body)?),
        ("ping", [at, to, rest @ ..]) => ping(Place::Linux((*at).to_owned()), to, rest)?,
        ("vpp-ping", [to, rest @ ..]) => ping(Place::Vpp, to, rest)?,
        _ => bail!("no such step"),
    })
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn config(how: &str, name: &[&str], here: String) -> Result<Command> {
    let how = match how {
        "update" => Change::Update,
        "replace" => Change::Replace,
        "delete" => Change::Delete,
        other => bail!("{other} is no way to change a configuration"),
    };
    let what = match name {
        [] => What::Here(here),
        [name] if here.is_empty() => What::Defined((*name).to_owned()),
        _ => bail!("one name, or the text"),
    };
    Ok(Command::Config { how, what })
}

fn ping(at: Place, to: &str, rest: &[&str]) -> Result<Command> {
    let (answer, rest) = match rest {
        ["ok", rest @ ..] => (Answer::Comes, rest),
        ["fails", rest @ ..] => (Answer::FailsToCome, rest),
        _ => bail!("says neither ok nor fails"),
    };
    let from = match rest {
        [] => None,
        ["from", interface] => Some((*interface).to_owned()),
        _ => bail!("ends with something else than from INTERFACE"),
    };
    Ok(Command::Ping { at, to: to.to_owned(), from, answer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_lines_belong_to_the_step_above() {
        let steps = steps("# a story\n\nconfig update\n  a:\n    b: 1\nconfigured\n").unwrap();
        let what = What::Here("a:\n  b: 1\n".into());
        assert_eq!(steps[0].command, Command::Config { how: Change::Update, what });
        assert_eq!((steps[0].line, steps[1].line), (3, 6));
        assert_eq!(steps[1].command, Command::Configured);
    }

    #[test]
    fn a_step_may_be_for_one_vpp_only() {
        let steps = steps("real ping ms1 10.0.0.1 fails from tap\nin sync\n").unwrap();
        let is_for = |step: &Step| (step.is_for(VppKind::Real), step.is_for(VppKind::Simulated));
        assert_eq!((is_for(&steps[0]), is_for(&steps[1])), ((true, false), (true, true)));
        let ping = Command::Ping {
            at: Place::Linux("ms1".into()),
            to: "10.0.0.1".into(),
            from: Some("tap".into()),
            answer: Answer::FailsToCome,
        };
        assert_eq!(steps[0].command, ping);
    }

    #[test]
    fn what_is_no_step_is_named_by_its_line() {
        for (text, line) in [
            ("configured\nsing\n", "line 2: sing"),
            ("ping ms1 10.0.0.1\n", "line 1"),
            ("configured\n  what\n", "line 1"),
            ("state PENDING\n", "line 1"),
            ("needs luck\n", "line 1"),
            ("run host true\n  sings a song\n", "line 1"),
            ("config update a b\n", "line 1"),
        ] {
            let error = format!("{:#}", steps(text).unwrap_err());
            assert!(error.starts_with(line), "{text:?}: {error}");
        }
    }
}
