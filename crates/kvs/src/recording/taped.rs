//! Stands around the core and notes what goes in, what is started, and the records that come out.
//! Without a recording it only passes on.

use std::{ops::Deref, sync::Arc};

use ligato_kvs_api::{DynDescriptor, RecordedTxn, RegistrationError};

use crate::{
    config::SchedulerConfig,
    core::{Core, Effect, Input, Now, Stopwatch},
    recording::{
        Recording, data,
        line::{End, Given, Line, What},
        proxy::{AtWork, Proxy},
        tape::Tape,
    },
    stats::StatsCells,
    subscribe::Subscribers,
};

/// The core, noted or not.
pub(crate) struct Taped {
    core: Core,
    head: Option<Head>,
}

struct Head {
    tape: Arc<Tape>,
    /// How often the core was asked to go on since the last input.
    turns: u64,
}

/// What a core is made of.
pub(crate) struct Parts {
    pub(crate) config: SchedulerConfig,
    pub(crate) descriptors: Vec<Arc<dyn DynDescriptor>>,
    pub(crate) stats: Arc<StatsCells>,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) stopwatch: Stopwatch,
    pub(crate) now: Now,
}

// === impl Taped ===

impl Taped {
    pub(crate) fn new(
        parts: Parts,
        recording: Option<&Recording>,
    ) -> Result<Self, RegistrationError> {
        let Parts { config, mut descriptors, stats, subscribers, stopwatch, now } = parts;
        let tape = recording.map(|recording| Arc::clone(&recording.tape));
        if let Some(tape) = &tape {
            tape.head(&config);
            for descriptor in &mut descriptors {
                let (_, proxy) = Proxy::around(descriptor, tape);
                *descriptor = proxy;
            }
            tape.input(|_| given(now, 0, What::Start));
        }
        let at_work = AtWork::begin();
        let core = Core::new(config, descriptors, stats, subscribers, stopwatch, now);
        drop(at_work);
        let mut core = core?;
        // In a recording, what is asked has its order.
        core.asks_ahead =
            tape.is_none() && std::thread::available_parallelism().is_ok_and(|n| n.get() > 1);
        let mut taped = Self { core, head: tape.map(|tape| Head { tape, turns: 0 }) };
        if let Some(head) = &taped.head {
            taped.core.history.tap = Some(Vec::new());
            head.tape.flush();
        }
        Ok(taped)
    }

    pub(crate) fn input(&mut self, now: Now, mut input: Input) {
        let Some(head) = self.running() else { return self.core.input(now, input) };
        let mut index = None;
        if let Input::Register { new, .. } = &mut input {
            let (id, proxy) = Proxy::around(new, &head.tape);
            *new = proxy;
            index = Some(id);
        }
        let turns = std::mem::take(&mut head.turns);
        head.tape.input(|book| {
            given(now, turns, data::given(&input, index, &mut |value| book.id(value)))
        });
        let at_work = AtWork::begin();
        self.core.input(now, input);
        drop(at_work);
        self.note_records();
    }

    pub(crate) fn next(&mut self) -> Option<Effect> {
        let Some(head) = self.running() else { return self.core.next() };
        head.turns += 1;
        let at_work = AtWork::begin();
        let effect = self.core.next();
        drop(at_work);
        self.note_records();
        let Some(head) = &self.head else { return effect };
        match &effect {
            None => head.tape.flush(),
            Some(Effect::Closed { .. }) => head.tape.end(End::Closed),
            Some(effect) => head.tape.write_all(|book| {
                let started = data::started(effect, &mut |value| book.id(value));
                started.into_iter().map(|started| Line::Started(Box::new(started))).collect()
            }),
        }
        effect
    }

    /// The recording, unless it has ended.
    fn running(&mut self) -> Option<&mut Head> {
        if self.head.as_ref().is_some_and(|head| !head.tape.is_running()) {
            self.head = None;
            self.core.history.tap = None;
        }
        self.head.as_mut()
    }

    fn note_records(&mut self) {
        let records = self.core.history.tap.as_mut().map(std::mem::take).unwrap_or_default();
        let Some(head) = &self.head else { return };
        for record in records {
            head.tape.write(|book| finished(&record, &mut |value| book.id(value)));
        }
    }
}

fn given(now: Now, turns: u64, what: What) -> Given {
    Given { now: now.into(), turns, sum: 0, what }
}

fn finished(record: &RecordedTxn, ids: data::Ids<'_>) -> Line {
    Line::Finished(serde_json::to_value(data::finished(record, ids)).unwrap_or_default())
}

/// For looking only.
impl Deref for Taped {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Drop for Taped {
    fn drop(&mut self) {
        if let Some(head) = &self.head {
            let why = if std::thread::panicking() { End::Panicked } else { End::Closed };
            head.tape.end(why);
        }
    }
}
