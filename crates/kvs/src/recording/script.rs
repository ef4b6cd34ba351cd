//! A recording in memory: what is to be fed, answered and compared.

use std::{
    collections::VecDeque,
    io::BufRead,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ligato_model::Value;
use serde_json::Value as Json;

use crate::recording::{
    error::{Difference, ReplayError},
    kept::Types,
    line::{
        About, Answer, Asked, Content, End, FORMAT, Given, Heading, Index, Line, Question, Started,
        ValueId,
    },
    tape::Checksum,
};

/// Something with the number of its line.
pub(super) type At<T> = (u64, T);

/// A recording, taken apart.
pub(super) struct Script {
    pub(super) heading: Heading,
    pub(super) descriptors: Vec<At<About>>,
    pub(super) values: Vec<Value>,
    pub(super) inputs: VecDeque<At<Given>>,
    pub(super) asked: VecDeque<At<Asked>>,
    pub(super) started: VecDeque<At<Started>>,
    pub(super) finished: VecDeque<At<Json>>,
    pub(super) end: End,
    /// The last line, if it is cut off.
    pub(super) torn: Option<u64>,
}

/// Answers questions in the order in which they were asked. Shared by all stand-ins.
#[derive(Clone)]
pub(super) struct Prompter(Arc<Mutex<Prompt>>);

struct Prompt {
    asked: VecDeque<At<Asked>>,
    names: Vec<String>,
    /// Questions from this line on belong to the next input.
    until: u64,
    /// The recording ends here, and it need not be at the end of what happened.
    open: bool,
    outcome: Outcome,
}

/// How far the answers went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All questions so far were those of the recording.
    Same,
    /// The recording has no more answers.
    RanOut,
    /// Another question was asked.
    Differs(Difference),
}

// === impl Script ===

impl Script {
    /// Reads a recording and checks that it is whole and unchanged.
    pub(super) fn read(mut reader: impl BufRead) -> Result<Self, ReplayError> {
        let mut text = Vec::new();
        reader.read_until(b'\n', &mut text).map_err(ReplayError::Read)?;
        let mut loading = Loading::new(heading(&text)?);
        loading.sum.add(&text);
        loop {
            text.clear();
            if reader.read_until(b'\n', &mut text).map_err(ReplayError::Read)? == 0 {
                break;
            }
            loading.at += 1;
            if text.last() != Some(&b'\n') {
                loading.script.torn = Some(loading.at);
                break;
            }
            let line = serde_json::from_slice(&text)
                .map_err(|source| ReplayError::Malformed { line: loading.at, source })?;
            loading.take(line)?;
            loading.sum.add(&text);
        }
        Ok(loading.script)
    }
}

fn heading(text: &[u8]) -> Result<Heading, ReplayError> {
    let json: Json = serde_json::from_slice(text).map_err(|_| ReplayError::NotARecording)?;
    let found = json.pointer("/recording/format").and_then(Json::as_u64);
    match found {
        None => Err(ReplayError::NotARecording),
        Some(found) if found != u64::from(FORMAT) => Err(ReplayError::Format { found }),
        Some(_) => match serde_json::from_value(json) {
            Ok(Line::Recording(heading)) => Ok(heading),
            Ok(_) => Err(ReplayError::NotARecording),
            Err(source) => Err(ReplayError::Malformed { line: 1, source }),
        },
    }
}

struct Loading {
    script: Script,
    types: Types,
    sum: Checksum,
    /// Number of the line.
    at: u64,
    /// All lines before this one are as they were written.
    checked: u64,
}

impl Loading {
    fn new(heading: Heading) -> Self {
        let script = Script {
            heading,
            descriptors: Vec::new(),
            values: Vec::new(),
            inputs: VecDeque::new(),
            asked: VecDeque::new(),
            started: VecDeque::new(),
            finished: VecDeque::new(),
            end: End::Open,
            torn: None,
        };
        Self { script, types: Types::default(), sum: Checksum::default(), at: 1, checked: 1 }
    }

    fn take(&mut self, line: Line) -> Result<(), ReplayError> {
        let at = self.at;
        match line {
            Line::Recording(_) => return Err(ReplayError::Start { line: at }),
            Line::Proto(file) => self.types.add(&file),
            Line::Value(content) => self.value(&content)?,
            Line::Descriptor(about) => {
                if about.id as usize != self.script.descriptors.len() {
                    return Err(undefined(at, format!("descriptor {}", about.id)));
                }
                self.script.descriptors.push((at, *about));
            }
            Line::Input(given) => {
                self.check(given.sum)?;
                self.script.inputs.push_back((at, *given));
            }
            Line::Asked(asked) => self.script.asked.push_back((at, *asked)),
            Line::Started(started) => self.script.started.push_back((at, *started)),
            Line::Finished(record) => self.script.finished.push_back((at, record)),
            Line::End(ending) => {
                self.check(ending.sum)?;
                self.script.end = ending.why;
            }
        }
        Ok(())
    }

    fn value(&mut self, content: &Content) -> Result<(), ReplayError> {
        if content.id != self.script.values.len() as ValueId {
            return Err(undefined(self.at, format!("value {}", content.id)));
        }
        self.script.values.push(self.types.value(content));
        Ok(())
    }

    fn check(&mut self, sum: u64) -> Result<(), ReplayError> {
        if sum != self.sum.0 {
            return Err(ReplayError::Altered { from: self.checked, to: self.at });
        }
        self.checked = self.at;
        Ok(())
    }
}

pub(super) fn undefined(line: u64, what: String) -> ReplayError {
    ReplayError::Undefined { line, what }
}

// === impl Prompter ===

impl Prompter {
    pub(super) fn new(script: &mut Script) -> Self {
        Self(Arc::new(Mutex::new(Prompt {
            asked: std::mem::take(&mut script.asked),
            names: script.descriptors.iter().map(|(_, about)| about.name.clone()).collect(),
            until: u64::MAX,
            open: script.end != End::Closed,
            outcome: Outcome::Same,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Prompt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on only questions before this line are answered.
    pub(super) fn until(&self, line: Option<u64>) {
        self.lock().until = line.unwrap_or(u64::MAX);
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.lock().outcome.clone()
    }

    /// All questions of this input must have been asked.
    pub(super) fn close_input(&self) {
        let mut prompt = self.lock();
        let Some((line, asked)) = prompt.asked.front() else { return };
        if *line < prompt.until && prompt.outcome == Outcome::Same {
            let difference = Difference {
                line: *line,
                replayed: "nothing more is asked".to_owned(),
                recorded: prompt.text(asked.of, &asked.key, &asked.question),
            };
            prompt.outcome = Outcome::Differs(difference);
        }
    }

    /// The recorded answer; `None` if this is not what was asked.
    pub(super) fn answer(&self, of: Index, key: &str, question: &Question) -> Option<Answer> {
        let mut prompt = self.lock();
        if prompt.outcome != Outcome::Same {
            return None;
        }
        let until = prompt.until;
        match prompt.asked.front() {
            Some((line, asked))
                if *line < until
                    && asked.of == of
                    && asked.key == *key
                    && asked.question == *question =>
            {
                prompt.asked.pop_front().map(|(_, asked)| asked.answer)
            }
            None if prompt.open && until == u64::MAX => {
                prompt.outcome = Outcome::RanOut;
                None
            }
            next => {
                let (line, recorded) = match next {
                    Some((line, asked)) if *line < until => {
                        (*line, prompt.text(asked.of, &asked.key, &asked.question))
                    }
                    _ => (until, "that nothing more is asked".to_owned()),
                };
                let replayed = prompt.text(of, key, question);
                prompt.outcome = Outcome::Differs(Difference { line, replayed, recorded });
                None
            }
        }
    }

    /// Was this asked next?
    pub(super) fn is_next(&self, of: Index, key: &str, question: &Question) -> bool {
        let prompt = self.lock();
        prompt.outcome == Outcome::Same
            && prompt.asked.front().is_some_and(|(line, asked)| {
                *line < prompt.until
                    && asked.of == of
                    && asked.key == *key
                    && asked.question == *question
            })
    }

    /// The recorded answer is not one to this question.
    pub(super) fn unfit(&self, of: Index, key: &str, question: &Question, answer: &Answer) {
        let mut prompt = self.lock();
        if prompt.outcome == Outcome::Same {
            let line = prompt.asked.front().map_or(prompt.until, |(line, _)| *line);
            let replayed = prompt.text(of, key, question);
            let recorded = format!("the answer {}", json(answer));
            prompt.outcome = Outcome::Differs(Difference { line, replayed, recorded });
        }
    }
}

impl Prompt {
    fn text(&self, of: Index, key: &str, question: &Question) -> String {
        let name = self.names.get(of as usize).map_or("?", String::as_str);
        format!("{name} is asked {} of {key:?}", json(question))
    }
}

pub(super) fn json(data: &impl serde::Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}
