//! Playing a recording back.

use std::{
    io::BufRead,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use ligato_kvs_api::{DynDescriptor, RecordedTxn};
use ligato_model::Value;
use serde_json::Value as Json;

use crate::{
    core::{Core, Effect, Input},
    recording::{
        data,
        error::{Difference, ReplayError},
        kept::id_of,
        line::{About, End, Given, Started, What},
        proxy::panic_text,
        script::{At, Outcome, Prompter, Script, json, undefined},
        stand_in::StandIn,
    },
};

/// What was replayed, the same as recorded.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Program and version that recorded.
    pub agent: String,
    /// Finished transactions in the order of their numbers. Their values have the content that was
    /// recorded, with secrets masked.
    pub transactions: Vec<Arc<RecordedTxn>>,
    /// Inputs given to the scheduler.
    pub inputs: u64,
    /// Where the recording ends.
    pub end: End,
}

/// Plays a recording back: gives its inputs to a new scheduler whose descriptors answer as they did
/// then, and compares every operation it starts and every record it makes. Nothing is done anywhere.
///
/// # Errors
/// The recording is damaged, of another format, or the replay goes another way.
pub fn replay(reader: impl BufRead) -> Result<Replay, ReplayError> {
    let script = Script::read(reader)?;
    let torn = script.torn;
    let replay = Player::start(script)?.play()?;
    match torn {
        Some(line) => Err(ReplayError::Torn { line, before: Box::new(replay) }),
        None => Ok(replay),
    }
}

struct Player {
    core: Core,
    script: Script,
    values: Arc<[Value]>,
    prompter: Prompter,
    turns: u64,
    replay: Replay,
    /// Line of the input under way.
    line: u64,
}

/// Why the playing stops.
enum Stop {
    /// The recording ends in the middle of what happened.
    RanOut,
    Differs(Difference),
    Panicked(String),
}

// === impl Player ===

impl Player {
    fn start(mut script: Script) -> Result<Self, ReplayError> {
        let Some((line, first)) = script.inputs.pop_front() else {
            return Err(ReplayError::Start { line: 2 });
        };
        if !matches!(first.what, What::Start) {
            return Err(ReplayError::Start { line });
        }
        let prompter = Prompter::new(&mut script);
        prompter.until(script.inputs.front().map(|(line, _)| *line));
        let values: Arc<[Value]> = std::mem::take(&mut script.values).into();
        let descriptors = script
            .descriptors
            .iter()
            .filter(|(at, _)| *at < line)
            .map(|(_, about)| stand_in(about, &values, &prompter));
        let mut core = Core::new(
            script.heading.settings.clone(),
            descriptors.collect(),
            Arc::default(),
            Arc::default(),
            Box::new(|| Duration::ZERO),
            first.now.into(),
        )?;
        core.history.tap = Some(Vec::new());
        let replay = Replay {
            agent: script.heading.agent.clone(),
            transactions: Vec::new(),
            inputs: 1,
            end: script.end,
        };
        Ok(Self { core, script, values, prompter, turns: 0, replay, line })
    }

    fn play(mut self) -> Result<Replay, ReplayError> {
        loop {
            let target = self.script.inputs.front().map(|(_, given)| given.turns);
            let played = self.go_on(target).and_then(|()| self.close_input());
            if let Err(stop) = played {
                return self.stop(stop);
            }
            let Some((line, given)) = self.script.inputs.pop_front() else { break };
            self.line = line;
            self.prompter.until(self.script.inputs.front().map(|(line, _)| *line));
            if let Err(stop) = self.give(line, given)? {
                return self.stop(stop);
            }
        }
        match self.left_over() {
            Some(difference) => self.stop(Stop::Differs(difference)),
            None => Ok(self.replay),
        }
    }

    fn stop(self, stop: Stop) -> Result<Replay, ReplayError> {
        // A panic after a wrong answer, or without one, says nothing.
        let stop = self.check_answers().err().unwrap_or(stop);
        let before = Box::new(self.replay);
        match stop {
            Stop::RanOut => Ok(*before),
            Stop::Differs(difference) => Err(ReplayError::Diverged { difference, before }),
            Stop::Panicked(text) => Err(ReplayError::Panicked { line: self.line, text, before }),
        }
    }

    /// Gives an input to the core.
    fn give(&mut self, line: u64, given: Given) -> Result<Result<(), Stop>, ReplayError> {
        let (now, what) = (given.now.into(), given.what);
        let input = self.input(line, what)?;
        self.turns = 0;
        self.replay.inputs += 1;
        Ok(calm(|| self.core.input(now, input)).and_then(|()| self.compare_records()))
    }

    fn input(&self, line: u64, what: What) -> Result<Input, ReplayError> {
        let values: data::Values<'_> = &|id| self.values.get(usize::try_from(id).ok()?).cloned();
        let missing = |id| undefined(line, format!("value {id}"));
        Ok(match what {
            What::Start => return Err(ReplayError::Start { line }),
            What::Commit { token, waited, txn } => Input::Commit {
                txn: data::transaction(txn, values).map_err(missing)?,
                waited: Duration::from_nanos(waited),
                token,
            },
            What::Plan { token, txn } => {
                Input::Plan { txn: data::transaction(txn, values).map_err(missing)?, token }
            }
            What::Notify(batch) => {
                let batch = batch.into_iter().map(|told| data::notification(told, values));
                Input::Notify(batch.collect::<Result<_, _>>().map_err(missing)?)
            }
            What::Operated { call, took, result } => {
                let result = result.map(|metadata| metadata.map(ligato_kvs_api::Metadata::new));
                Input::Operated { call, result, took: Duration::from_nanos(took) }
            }
            What::Retrieved { call, took, result } => {
                let items = |list: Vec<_>| list.into_iter().map(|f| data::retrieved(f, values));
                let result = match result {
                    Ok(list) => Ok(items(list).collect::<Result<_, _>>().map_err(missing)?),
                    Err(error) => Err(error),
                };
                Input::Retrieved { call, result, took: Duration::from_nanos(took) }
            }
            What::Register { token, descriptor } => {
                let about = self.script.descriptors.get(descriptor as usize);
                let about = about.filter(|(at, _)| *at < line).map(|(_, about)| about);
                let about =
                    about.ok_or_else(|| undefined(line, format!("descriptor {descriptor}")))?;
                Input::Register { new: stand_in(about, &self.values, &self.prompter), token }
            }
            What::Unregister { token, name, mode } => Input::Unregister { name, mode, token },
            What::Quiescent { token } => Input::Quiescent { token },
            What::Audit { token } => Input::Audit { token },
            What::Tick => Input::Tick,
            What::Close { token } => Input::Close { token },
        })
    }

    /// Lets the core go on as often as it did then; without a number, as far as it can.
    fn go_on(&mut self, turns: Option<u64>) -> Result<(), Stop> {
        while turns.is_none_or(|turns| self.turns < turns) {
            self.turns += 1;
            let effect = calm(|| self.core.next())?;
            self.compare_records()?;
            match effect {
                Some(effect) => self.compare_effect(&effect)?,
                None if turns.is_none() => return Ok(()),
                None => {}
            }
        }
        self.check_answers()
    }

    fn close_input(&self) -> Result<(), Stop> {
        self.prompter.close_input();
        self.check_answers()
    }

    fn check_answers(&self) -> Result<(), Stop> {
        match self.prompter.outcome() {
            Outcome::Same => Ok(()),
            Outcome::RanOut => Err(Stop::RanOut),
            Outcome::Differs(difference) => Err(Stop::Differs(difference)),
        }
    }

    /// What comes next in the recording may be missing because it ends early.
    fn may_run_out(&self) -> bool {
        self.replay.end != End::Closed && self.script.inputs.is_empty()
    }

    fn compare_effect(&mut self, effect: &Effect) -> Result<(), Stop> {
        let started = data::started(effect, &mut |value| id_of(value));
        if !started.is_empty() {
            self.check_answers()?;
        }
        started.iter().try_for_each(|started| self.compare_started(started))
    }

    fn compare_started(&mut self, started: &Started) -> Result<(), Stop> {
        let text = |started: &Started| format!("{} is started", json(started));
        match self.script.started.pop_front() {
            Some((_, recorded)) if recorded == *started => Ok(()),
            None if self.may_run_out() => Err(Stop::RanOut),
            recorded => Err(Stop::Differs(Difference {
                line: recorded.as_ref().map_or(self.line, |(line, _)| *line),
                replayed: text(started),
                recorded: recorded
                    .map_or("that nothing is started".to_owned(), |(_, recorded)| text(&recorded)),
            })),
        }
    }

    /// Compares the records of transactions that have ended.
    fn compare_records(&mut self) -> Result<(), Stop> {
        let records = self.core.history.tap.as_mut().map(std::mem::take).unwrap_or_default();
        // What was made from wrong answers is not worth comparing.
        self.check_answers()?;
        for record in records {
            let mut ids = |value: &Value| id_of(value);
            let replayed = serde_json::to_value(data::finished(&record, &mut ids));
            let replayed = replayed.unwrap_or_default();
            match self.script.finished.pop_front() {
                Some((_, recorded)) if recorded == replayed => {}
                None if self.may_run_out() => return Err(Stop::RanOut),
                recorded => {
                    return Err(Stop::Differs(record_difference(self.line, recorded, &replayed)));
                }
            }
            let all = &mut self.replay.transactions;
            // One that stepped aside may end after younger ones.
            let younger = all.iter().rev().take_while(|r| r.seq > record.seq).count();
            all.insert(all.len() - younger, record);
        }
        Ok(())
    }

    /// Something recorded that the replay did not do.
    fn left_over(&self) -> Option<Difference> {
        let started = self.script.started.front().map(|(line, started)| (*line, json(started)));
        let finished =
            self.script.finished.front().map(|(line, record)| {
                (*line, format!("the record of transaction {}", record["seq"]))
            });
        let (line, recorded) = started.or(finished)?;
        Some(Difference { line, replayed: "nothing more is done".to_owned(), recorded })
    }
}

fn stand_in(about: &About, values: &Arc<[Value]>, prompter: &Prompter) -> Arc<dyn DynDescriptor> {
    Arc::new(StandIn::new(about, values, prompter))
}

/// Lets the core work; a panic of it stops the playing.
fn calm<T>(work: impl FnOnce() -> T) -> Result<T, Stop> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Stop::Panicked(panic_text(&*panic)))
}

fn record_difference(line: u64, recorded: Option<At<Json>>, replayed: &Json) -> Difference {
    let seq = &replayed["seq"];
    let Some((line, recorded)) = recorded else {
        let replayed = format!("transaction {seq} ends");
        return Difference { line, replayed, recorded: "that it does not".to_owned() };
    };
    let (place, was, is) = first_difference(&recorded, replayed, String::new());
    Difference {
        line,
        replayed: format!("transaction {seq} has {place} = {is}"),
        recorded: was.to_string(),
    }
}

/// The first place where two documents differ, and what is there.
fn first_difference<'j>(
    was: &'j Json,
    is: &'j Json,
    place: String,
) -> (String, &'j Json, &'j Json) {
    match (was, is) {
        (Json::Object(a), Json::Object(b)) => {
            for (name, was) in a {
                let is = b.get(name).unwrap_or(&Json::Null);
                if was != is {
                    return first_difference(was, is, format!("{place}/{name}"));
                }
            }
            (place, was, is)
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            match a.iter().zip(b).enumerate().find(|(_, (was, is))| was != is) {
                Some((at, (was, is))) => first_difference(was, is, format!("{place}/{at}")),
                None => (place, was, is),
            }
        }
        _ => (place, was, is),
    }
}
