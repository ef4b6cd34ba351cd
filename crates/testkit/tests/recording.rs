//! Whatever happens, its recording is played back to the same record; and a recording that is not
//! whole, not unchanged or not ours says so.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use std::{path::Path, sync::Arc, time::Duration};

use ligato_kvs::{
    Scheduler, SchedulerConfig, UnregisterMode,
    record::list_to_text,
    recording::{End, Recording, RecordingState, Replay, ReplayError, replay},
};
use ligato_kvs_api::{
    Availability, Notification, Origin, Policy, RecordedTxn, ResyncKind, RetryPolicy, Scope,
    Transaction, TxnOptions, ValueChange,
};
use ligato_testkit::{FakeKind, FakeSb, Fault, messages::string};
use proptest::prelude::*;

/// What a kind is asked about values.
const FUNCTIONS: [&str; 8] = [
    "validate",
    "supported",
    "derive",
    "dependencies",
    "equivalent",
    "needs_recreate",
    "is_retriable",
    "index",
];
const KEYS: [&str; 7] = ["b/0", "b/1", "b/2", "b/3", "b/4", "u/0", "u/1"];

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    Change(Vec<(usize, Option<String>)>, Policy, bool),
    Full(Vec<(usize, Option<String>)>),
    Plan(Vec<(usize, Option<String>)>),
    Fault(usize, Fault),
    /// A function of the kinds panics from now on; `None`: no more faults.
    Panic(Option<&'static str>),
    /// Somebody else changes a value or takes it away, and the southbound may tell.
    Drift(usize, Option<String>, bool),
    /// The southbound loses everything and comes back.
    Restart,
    Downstream,
    /// Time passes, so that retries come due.
    Later,
    /// A kind comes or goes.
    Register,
    Unregister,
}

fn words() -> impl Strategy<Value = String> {
    let clause = prop_oneof![
        5 => Just(String::new()),
        4 => (0..KEYS.len()).prop_map(|k| format!(" needs {}", KEYS[k])),
        1 => Just(" any b/".to_owned()),
        1 => Just(" not u/0".to_owned()),
        1 => (0..KEYS.len()).prop_map(|k| format!(" needs d/{k}")),
        1 => Just(" derives d/D".to_owned()),
        1 => Just(" recreate".to_owned()),
        1 => Just(" invalid".to_owned()),
        1 => Just(" unsupported".to_owned()),
    ];
    (0..3_u8, clause.clone(), clause).prop_map(|(content, a, b)| format!("{content}{a}{b}"))
}

fn event() -> impl Strategy<Value = Event> {
    let changes =
        || prop::collection::vec((0..KEYS.len(), prop::option::weighted(0.75, words())), 1..5);
    let policy = prop_oneof![
        3 => Just(Policy::BestEffort),
        1 => Just(Policy::StopAtFirstFailure),
        1 => Just(Policy::AllOrNothing),
    ];
    let fault = prop_oneof![
        Just(Fault::Fails),
        Just(Fault::FailsAfterwards),
        Just(Fault::NoAnswer),
        Just(Fault::Hangs),
        Just(Fault::Panics),
    ];
    prop_oneof![
        6 => (changes(), policy, any::<bool>()).prop_map(|(c, p, r)| Event::Change(c, p, r)),
        1 => changes().prop_map(Event::Full),
        1 => changes().prop_map(Event::Plan),
        4 => (0..KEYS.len(), fault).prop_map(|(k, f)| Event::Fault(k, f)),
        1 => prop::option::of(prop::sample::select(FUNCTIONS.to_vec())).prop_map(Event::Panic),
        2 => (0..5_usize, prop::option::of(words()), any::<bool>())
            .prop_map(|(k, text, told)| Event::Drift(k, text, told)),
        1 => Just(Event::Restart),
        1 => Just(Event::Downstream),
        2 => Just(Event::Later),
        1 => Just(Event::Register),
        1 => Just(Event::Unregister),
    ]
}

fn change((key, text): &(usize, Option<String>)) -> ValueChange {
    match text {
        // Derived keys carry the number of their base, so that they never collide.
        Some(text) => {
            ValueChange::put(KEYS[*key], string(&text.replace("d/D", &format!("d/{key}"))))
        }
        None => ValueChange::delete(KEYS[*key]),
    }
}

struct Stage {
    sb: FakeSb,
    scheduler: Scheduler,
    incarnation: u64,
}

impl Stage {
    fn new(path: &Path, limit: u64) -> Self {
        let sb = FakeSb::default();
        let scheduler = Scheduler::builder()
            .config(SchedulerConfig { simulate: true, ..SchedulerConfig::default() })
            .descriptor(Arc::new(FakeKind::new("base", "b/{name}", &sb)))
            .descriptor(Arc::new(FakeKind::new("derived", "d/{name}", &sb).unreadable()))
            .recording(Recording::create(path, limit, "test 1").unwrap())
            .start()
            .unwrap();
        Self { sb, scheduler, incarnation: 0 }
    }

    async fn play(&mut self, event: &Event) {
        let changes = |list: &[_]| list.iter().map(change).collect::<Vec<_>>();
        match event {
            Event::Change(list, policy, retry) => {
                let retry = retry.then(RetryPolicy::default);
                let options = TxnOptions { policy: *policy, retry, ..TxnOptions::default() };
                self.scheduler.commit(Transaction::change(changes(list)).with(options)).await;
            }
            Event::Full(list) => {
                self.scheduler.commit(Transaction::resync(ResyncKind::Full, changes(list))).await;
            }
            Event::Plan(list) => {
                self.scheduler.plan(Transaction::change(changes(list))).await.unwrap();
            }
            Event::Fault(key, fault) => self.sb.fault(KEYS[*key], *fault),
            Event::Panic(Some(function)) => self.sb.panic_in(function),
            Event::Panic(None) => self.sb.heal(),
            Event::Drift(key, text, told) => {
                let key = KEYS[*key];
                self.sb.set(key, text.as_deref(), Origin::Sb);
                if *told {
                    let value = text.as_deref().map(string);
                    let told = Notification::Value { key: key.into(), value, metadata: None };
                    self.scheduler.sink().send(vec![told]);
                }
            }
            Event::Restart => {
                for key in self.sb.content().into_keys() {
                    self.sb.set(&key, None, Origin::Nb);
                }
                self.incarnation += 1;
                let up = Availability::Up { incarnation: self.incarnation, abilities: 0 };
                for now in [Availability::Down { reason: "it crashed".to_owned() }, up] {
                    let told = Notification::Availability { southbound: "fake", now };
                    self.scheduler.sink().send(vec![told]);
                }
            }
            Event::Downstream => {
                let resync = ResyncKind::Downstream(Scope::All);
                self.scheduler.commit(Transaction::resync(resync, Vec::new())).await;
            }
            // On a paused clock this is no waiting.
            Event::Later => tokio::time::sleep(Duration::from_secs(3)).await,
            Event::Register => {
                let kind = FakeKind::new("late", "u/{name}", &self.sb).unreadable();
                let _ = self.scheduler.register(Arc::new(kind)).await;
            }
            Event::Unregister => {
                self.scheduler.unregister("late", UnregisterMode::Forget).await;
            }
        }
    }
}

fn on_paused_clock<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// Plays the events; gives the recording and the history.
fn record(events: &[Event], limit: u64) -> (Vec<u8>, Vec<Arc<RecordedTxn>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording");
    let history = on_paused_clock(async {
        let mut stage = Stage::new(&path, limit);
        for event in events {
            stage.play(event).await;
        }
        stage.sb.heal();
        let _ = stage.scheduler.quiescent(Duration::from_secs(60)).await;
        stage.scheduler.close().await;
        stage.scheduler.history(None, None)
    });
    (std::fs::read(path).unwrap(), history)
}

fn text(records: &[Arc<RecordedTxn>]) -> String {
    list_to_text(records.iter().map(|record| &**record))
}

fn again(recording: &[u8]) -> Result<Replay, ReplayError> {
    replay(recording)
}

/// A recording of some transactions, one of which fails and is retried.
fn sample() -> (String, Vec<Arc<RecordedTxn>>) {
    let put = |key, text: &str| (key, Some(text.to_owned()));
    let change = |list| Event::Change(list, Policy::BestEffort, true);
    let events = [
        Event::Fault(1, Fault::Fails),
        change(vec![put(0, "0 needs b/1"), put(1, "1 derives d/D"), put(2, "2 invalid")]),
        Event::Later,
        change(vec![put(1, "5"), (0, None)]),
        Event::Downstream,
    ];
    let (recording, history) = record(&events, u64::MAX);
    (String::from_utf8(recording).unwrap(), history)
}

/// Writes the right checksums into a recording that was changed by hand.
fn sealed(lines: &[String]) -> String {
    let mut out = String::new();
    for line in lines {
        let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
        let sum = out.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        for kind in ["input", "end"] {
            if let Some(of) = json.get_mut(kind) {
                of["sum"] = sum.into();
            }
        }
        out.push_str(&json.to_string());
        out.push('\n');
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_recording_is_played_back_to_the_same_record(
        events in prop::collection::vec(event(), 1..16),
    ) {
        let (recording, history) = record(&events, u64::MAX);
        let replay = again(&recording).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(replay.end, End::Closed);
        prop_assert_eq!(text(&replay.transactions), text(&history));
    }

    /// Wherever a recording ends, what is there is played back.
    #[test]
    fn a_recording_that_reached_its_limit_is_played_back_to_there(
        events in prop::collection::vec(event(), 1..12),
        limit in 6_000..60_000_u64,
    ) {
        let (recording, history) = record(&events, limit);
        prop_assert!(recording.len() as u64 <= limit);
        let replay = again(&recording).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let n = replay.transactions.len();
        prop_assert!(replay.end == End::Limit || n == history.len());
        // One that stepped aside may not have ended before the limit.
        let ended = |seq| replay.transactions.iter().any(|record| record.seq == seq);
        let known: Vec<_> = history.iter().filter(|r| ended(r.seq)).cloned().collect();
        prop_assert_eq!(text(&replay.transactions), text(&known));
    }
}

#[test]
fn a_torn_last_line_is_told_with_what_comes_before_it() {
    let (recording, _) = sample();
    let lines = recording.lines().count() as u64;
    let error = again(&recording.as_bytes()[..recording.len() - 9]).unwrap_err();
    let ReplayError::Torn { line, before } = error else { panic!("{error}") };
    assert_eq!((line, before.end), (lines, End::Open));
    assert!(!before.transactions.is_empty());
}

#[test]
fn a_line_that_was_changed_is_told() {
    let (recording, _) = sample();
    let at = recording.lines().position(|line| line.contains("it failed")).unwrap() as u64 + 1;
    let error = again(recording.replacen("it failed", "it FAILED", 1).as_bytes()).unwrap_err();
    let ReplayError::Altered { from, to } = error else { panic!("{error}") };
    assert!((from..=to).contains(&at), "{from} <= {at} <= {to}");
    let error = again(recording.replacen("{\"asked\"", "{\"aksed\"", 1).as_bytes()).unwrap_err();
    assert!(matches!(error, ReplayError::Malformed { .. }), "{error}");
}

#[test]
fn another_format_and_other_files_are_refused() {
    let (recording, _) = sample();
    let error =
        again(recording.replacen("\"format\":1", "\"format\":7", 1).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the recording has format 7, this program replays format 1");
    for other in ["", "hello\n", "{}\n", "[1]\n"] {
        assert!(matches!(again(other.as_bytes()), Err(ReplayError::NotARecording)));
    }
}

#[test]
fn a_replay_that_goes_another_way_names_line_and_question() {
    let (recording, _) = sample();
    let mut lines: Vec<String> = recording.lines().map(str::to_owned).collect();
    let asked = |line: &String| line.contains("derive") && line.contains("asked");
    let at = lines.iter().position(asked).unwrap();
    lines[at] = lines[at].replace("\"key\":\"", "\"key\":\"b/other");
    let error = again(sealed(&lines).as_bytes()).unwrap_err();
    let ReplayError::Diverged { difference, .. } = error else { panic!("{error}") };
    assert_eq!(difference.line, at as u64 + 1);
    assert!(difference.replayed.starts_with("base is asked"), "{difference}");
    assert!(difference.recorded.contains("b/other"), "{difference}");
}

#[test]
fn a_record_that_differs_is_told_with_the_place() {
    let (recording, _) = sample();
    let mut lines: Vec<String> = recording.lines().map(str::to_owned).collect();
    let at = lines.iter().rposition(|line| line.starts_with("{\"finished\"")).unwrap();
    lines[at] = lines[at].replace("DownstreamResync", "FullResync");
    let error = again(sealed(&lines).as_bytes()).unwrap_err();
    let ReplayError::Diverged { difference, before } = error else { panic!("{error}") };
    assert_eq!(difference.line, at as u64 + 1);
    assert!(difference.replayed.contains("/resync_type = \"DownstreamResync\""), "{difference}");
    assert_eq!(difference.recorded, "\"FullResync\"");
    assert!(!before.transactions.is_empty());
}

#[test]
fn a_panic_of_a_kind_is_played_back_as_the_failure_it_was() {
    let put = |key, text: &str| {
        Event::Change(vec![(key, Some(text.to_owned()))], Policy::BestEffort, true)
    };
    for function in FUNCTIONS {
        let events = [
            put(1, "1 derives d/D"),
            Event::Fault(1, Fault::Fails),
            Event::Panic(Some(function)),
            put(1, "one"),
            put(2, "2"),
        ];
        let (recording, records) = record(&events, u64::MAX);
        let mut done = records.iter().flat_map(|record| &record.executed);
        let told = |error: &str| error.contains("out of mind");
        assert!(done.any(|op| op.new_error().is_some_and(told)), "{function}: {records:#?}");
        let replay = again(&recording).unwrap();
        assert_eq!(replay.transactions.len(), records.len(), "{function}");
    }
}

#[test]
fn an_earlier_recording_is_kept_and_nobody_else_may_read_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording");
    let write = |agent| {
        on_paused_clock(async {
            let sb = FakeSb::default();
            let recording = Recording::create(&path, u64::MAX, agent).unwrap();
            let scheduler = Scheduler::builder()
                .descriptor(Arc::new(FakeKind::new("base", "b/{name}", &sb)))
                .recording(recording.clone())
                .start()
                .unwrap();
            assert_eq!(recording.state(), RecordingState::Running);
            scheduler.close().await;
            assert_eq!(recording.state(), RecordingState::Ended(End::Closed));
        });
    };
    write("first");
    write("second");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let agent = |path: &Path| again(&std::fs::read(path).unwrap()).unwrap().agent;
    assert_eq!(agent(&path), "second");
    assert_eq!(agent(&folder.path().join("recording.previous")), "first");
}
