//! Random stories.

use std::{fmt, ops::Range, time::Duration};

use ligato_kvs_api::{Origin, Policy, ResyncKind, Scope};
use ligato_testkit::{
    Fault,
    script::{Command, How},
};
use proptest::prelude::*;

/// Base keys. Those of the last kind cannot be read back; `k/0` is let go of, not deleted.
const KEYS: [&str; 8] = ["b/0", "b/1", "b/2", "b/3", "b/4", "k/0", "u/0", "u/1"];
/// What happens in the southbound by itself; never wanted by NB.
const EVENTS: [&str; 2] = ["b/event-0", "b/event-1"];

/// A script.
#[derive(Clone)]
pub(crate) struct Story(pub(crate) Vec<Command>);

/// What may happen in a story.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    faults: bool,
    /// Southbound events, drift, restarts, resyncs.
    world: bool,
    /// Transactions handed over without waiting.
    overlapping: bool,
    /// Values that exclude each other in a ring, where more than one end is right.
    rings: bool,
    /// Only changes and faults: one transaction.
    bare: bool,
}

impl Kinds {
    /// Nothing fails.
    pub(crate) fn calm() -> Self {
        Self { faults: false, world: false, overlapping: false, rings: false, bare: false }
    }

    /// Everything that has one right end.
    pub(crate) fn wild() -> Self {
        Self { faults: true, world: true, overlapping: true, ..Self::calm() }
    }

    /// Everything.
    pub(crate) fn any() -> Self {
        Self { rings: true, ..Self::wild() }
    }

    /// Changes, and faults that they meet.
    pub(crate) fn one_transaction() -> Self {
        Self { faults: true, bare: true, ..Self::calm() }
    }
}

/// A story of so many transactions and other events.
pub(crate) fn story(kinds: Kinds, length: Range<usize>) -> impl Strategy<Value = Story> {
    let story = prop::collection::vec(events(kinds), length);
    story.prop_map(|events| Story(events.into_iter().flatten().collect()))
}

fn events(kinds: Kinds) -> BoxedStrategy<Vec<Command>> {
    if kinds.bare {
        return prop_oneof![3 => change(kinds), 1 => fault()].prop_map(|c| vec![c]).boxed();
    }
    let transaction = (prop::collection::vec(change(kinds), 1..5), how(kinds), any::<bool>());
    let transaction = transaction.prop_map(move |(mut commands, how, waits)| {
        let submit = kinds.overlapping && !waits;
        commands.push(if submit { Command::Submit(how) } else { Command::Commit(how) });
        commands
    });
    let mut all = vec![(6, transaction.boxed())];
    if kinds.faults {
        all.push((3, fault().prop_map(|c| vec![c]).boxed()));
    }
    if kinds.world {
        all.push((4, world(kinds)));
    }
    prop::strategy::Union::new_weighted(all).boxed()
}

fn change(kinds: Kinds) -> impl Strategy<Value = Command> {
    (0..KEYS.len()).prop_flat_map(move |key| {
        let put =
            words(kinds, key).prop_map(move |text| Command::Put { key: KEYS[key].into(), text });
        prop_oneof![3 => put, 1 => Just(Command::Delete { key: KEYS[key].into() })]
    })
}

/// What a value says. What excludes others is never needed by what it excludes, unless there may be
/// rings: of `b/0` to `b/2` nothing is excluded by them, and they need none but each other.
fn words(kinds: Kinds, key: usize) -> impl Strategy<Value = String> {
    let low = key < 3 && !kinds.rings;
    let known = if low { 3 } else { KEYS.len() };
    let target = prop_oneof![
        8 => (0..known).prop_map(|k| KEYS[k].to_owned()),
        3 => (0..known).prop_map(|k| format!("d/{k}")),
        1 => (0..known).prop_map(|k| format!("d/{k}x")),
        2 => (0..EVENTS.len()).prop_map(|k| EVENTS[k].to_owned()),
        1 => Just("d/nobody".to_owned()),
    ];
    // Not of its own: a value that rests on what is derived from it stays only because it is there.
    let other = if key == 1 { "d/2" } else { "d/1" };
    let any_of =
        if low { vec!["b/event-", other] } else { vec!["b/", "u/", "b/event-", other, "d/shared"] };
    let excluded = if low {
        vec!["b/event-0"]
    } else if kinds.rings {
        KEYS.to_vec()
    } else {
        KEYS[..3].to_vec()
    };
    let clause = prop_oneof![
        5 => Just(String::new()),
        4 => target.clone().prop_map(|key| format!(" needs {key}")),
        1 => target.clone().prop_map(|key| format!(" follows {key}")),
        1 => target.clone().prop_map(|key| format!(" rebuilt-with {key}")),
        2 => prop::sample::select(any_of).prop_map(|prefix| format!(" any {prefix}")),
        1 => prop::sample::select(excluded).prop_map(|key| format!(" not {key}")),
        1 => Just(" recreate".to_owned()),
        1 => prop::sample::select(vec![" invalid", " unsupported"]).prop_map(str::to_owned),
    ];
    let derived = prop_oneof![
        8 => Just(String::new()),
        2 => Just(format!(" derives d/{key}")),
        1 => target.clone().prop_map(move |on| format!(" derives d/{key}:needs:{on}")),
        1 => Just(format!(" derives d/{key}:derives:d/{key}x")),
        1 => target.prop_map(move |on| format!(" derives d/{key}:derives:d/{key}x~needs~{on}")),
        1 => Just(format!(" derives d/{key} derives d/{key}y")),
        // Who derives it first has it: there is more than one right end.
        u32::from(kinds.rings) => Just(" derives d/shared".to_owned()),
    ];
    ("[abA]", clause.clone(), clause, derived)
        .prop_map(|(content, a, b, c)| format!("{content}{a}{b}{c}"))
}

fn how(kinds: Kinds) -> BoxedStrategy<How> {
    if !kinds.faults {
        return Just(How::default()).boxed();
    }
    let policy = prop_oneof![
        4 => Just(Policy::BestEffort),
        1 => Just(Policy::StopAtFirstFailure),
        2 => Just(Policy::AllOrNothing),
    ];
    let rarely = || prop::bool::weighted(0.15);
    (policy, prop::bool::weighted(0.4), rarely(), rarely())
        .prop_map(|(policy, retry, reject_invalid, verify)| How {
            policy,
            retry,
            reject_invalid,
            verify,
        })
        .boxed()
}

fn fault() -> impl Strategy<Value = Command> {
    let key = prop_oneof![
        6 => prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned),
        2 => (0..KEYS.len()).prop_map(|k| format!("d/{k}")),
    ];
    let fault = prop::sample::select(vec![
        Fault::Fails,
        Fault::Fails,
        Fault::FailsAfterwards,
        Fault::NoAnswer,
        Fault::Panics,
    ]);
    (key, fault).prop_map(|(key, fault)| Command::Fault { key, fault })
}

fn world(kinds: Kinds) -> BoxedStrategy<Vec<Command>> {
    let readable = || (0..5_usize).prop_map(|k| KEYS[k].to_owned());
    let southbound = (readable(), prop::option::of(Just("c".to_owned())));
    let southbound = southbound
        .prop_map(|(key, text)| vec![Command::Southbound { key, text, whose: Origin::Nb }]);
    let event = (prop::sample::select(EVENTS.to_vec()), prop::option::of("[ab]"));
    // It happens, and is told.
    let event = event.prop_map(|(key, text)| {
        let (key, whose) = (key.to_owned(), Origin::Sb);
        vec![
            Command::Southbound { key: key.clone(), text: text.clone(), whose },
            Command::Notify { key, text },
        ]
    });
    let scope = prop_oneof![
        4 => Just(Scope::All),
        1 => Just(Scope::Descriptors(vec!["base".to_owned()])),
        1 => Just(Scope::Prefix("b/".into())),
        1 => readable().prop_map(|key| Scope::Keys(vec![key.as_str().into()])),
    ];
    let looking = (scope, any::<bool>(), how(kinds)).prop_map(|(scope, repairs, how)| {
        let kind =
            if repairs { ResyncKind::Downstream(scope) } else { ResyncKind::ReadBack(scope) };
        vec![Command::Resync { kind, how }]
    });
    let statement = (prop::collection::vec(change(kinds), 0..6), any::<bool>(), how(kinds));
    let statement = statement.prop_map(|(mut commands, full, how)| {
        commands.retain(|command| matches!(command, Command::Put { .. }));
        // What waits to be handed over belongs to another transaction.
        let kind = if full { ResyncKind::Full } else { ResyncKind::Upstream };
        commands.push(Command::Resync { kind, how });
        commands
    });
    let way = prop::sample::select(vec![
        vec![Command::Restart],
        vec![Command::Down],
        vec![Command::Restart],
        vec![Command::Heal],
        vec![Command::Settle],
        vec![Command::Wait { time: Duration::from_millis(1500) }],
    ]);
    prop_oneof![2 => southbound, 2 => event, 2 => looking, 2 => statement, 3 => way].boxed()
}

impl Story {
    /// Is it certain what must come out? Not if something failed that cannot be read back: the
    /// scheduler cannot know what is there of it.
    pub(crate) fn is_certain(&self) -> bool {
        !self.0.iter().any(|command| match command {
            Command::Fault { key, .. } => !key.starts_with("b/"),
            Command::Down => true,
            _ => false,
        })
    }

    /// Is something derived done although its southbound says that it failed? A failure says that
    /// nothing was done, and nobody can read back whether it is true of what is derived.
    pub(crate) fn is_deceived(&self) -> bool {
        self.0.iter().any(|command| {
            matches!(command, Command::Fault { key, fault: Fault::FailsAfterwards } if key.starts_with("d/"))
        })
    }
}

impl fmt::Debug for Story {
    /// As a script, to be put into a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|command| write!(f, "\n{command}"))
    }
}
