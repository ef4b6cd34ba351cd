//! The stage of a story: a scheduler over the fake southbound, and what was played on it.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write,
    sync::Arc,
    time::Duration,
};

use ligato_kvs::{Scheduler, SchedulerConfig, Ticket};
use ligato_kvs_api::{
    Availability, Notification, Plan, RegistrationError, ResyncKind, RetryPolicy, Scope,
    Transaction, TxnKind, TxnOptions, TxnOutcome, TxnReport, ValueChange,
};

use crate::{
    fake::{FakeKind, FakeSb},
    messages::{as_string, string},
    rig::punctual,
    script::{Command, How},
};

/// What a transaction teaches about the wishes it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lesson {
    /// It was carried out, be it in part: what it says is wanted.
    Taken,
    /// It was refused or undone: wanted is what was wanted before.
    Void,
}

/// A scheduler over the fake southbound.
#[derive(Debug)]
pub struct Stage {
    pub(super) sb: FakeSb,
    pub(super) scheduler: Scheduler,
    changes: Vec<ValueChange>,
    planned: Option<(Plan, Transaction)>,
    /// Handed over, not answered so far.
    open: VecDeque<(Transaction, Ticket)>,
    /// What is wanted as far as reports tell.
    wishes: BTreeMap<String, String>,
    incarnation: u64,
    /// Records shown so far.
    pub(super) seen: usize,
    pub(super) out: String,
    /// Calls that do not fit what is there are told without blame.
    pub(super) forgiving: bool,
    /// Values exclude each other in rings.
    pub(super) rings: bool,
    /// Something was found by a read-back without repair.
    pub(super) only_looked: bool,
}

/// The kinds of a stage: name, keys.
const KINDS: [(&str, &str); 5] = [
    ("base", "b/{name}"),
    ("derived", "d/{name}"),
    ("kept", "k/{name}"),
    ("other", "o/{name}"),
    ("unreadable", "u/{name}"),
];

// === impl Stage ===

impl Stage {
    /// A new scheduler over an empty southbound.
    ///
    /// # Errors
    /// If a kind cannot be registered, which would be a mistake in this file.
    pub fn set() -> Result<Self, RegistrationError> {
        Self::set_over(FakeSb::default())
    }

    /// A new scheduler over a southbound that holds something already.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_over(sb: FakeSb) -> Result<Self, RegistrationError> {
        Self::set_with(punctual(), sb)
    }

    /// A scheduler with these settings.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_with(config: SchedulerConfig, sb: FakeSb) -> Result<Self, RegistrationError> {
        let kinds = KINDS.iter().filter(|(name, _)| *name != "other");
        let scheduler = kinds
            .filter_map(|(name, _)| kind(name, &sb))
            .fold(Scheduler::builder().config(config), |all, kind| all.descriptor(Arc::new(kind)))
            .start()?;
        Ok(Self {
            sb,
            scheduler,
            changes: Vec::new(),
            planned: None,
            open: VecDeque::new(),
            wishes: BTreeMap::new(),
            incarnation: 0,
            seen: 0,
            out: String::new(),
            forgiving: false,
            rings: false,
            only_looked: false,
        })
    }

    /// Where things fail without an answer, a call that does not fit what is there may be right: it
    /// is told, but not as something that must not be.
    pub fn forgiving(mut self) -> Self {
        self.forgiving = true;
        self
    }

    /// Values may exclude each other in rings: that some wait for nothing is not wrong then.
    pub fn with_rings(mut self) -> Self {
        self.rings = true;
        self
    }

    /// The southbound.
    pub fn southbound(&self) -> &FakeSb {
        &self.sb
    }

    /// The scheduler.
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// What is wanted: key to text. Transactions not answered so far are not in it.
    pub fn wishes(&self) -> &BTreeMap<String, String> {
        &self.wishes
    }

    /// Everything said so far. Lines that begin with `!!!` tell of something that must not be.
    pub fn transcript(self) -> String {
        self.out
    }

    /// What was said so far.
    pub fn said(&self) -> &str {
        &self.out
    }

    /// Copies a line of the script.
    pub fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ok = writeln!(self.out, "{line}");
    }

    /// Says something below the line.
    pub fn say(&mut self, text: &str) {
        for line in text.lines() {
            let _ok = writeln!(self.out, "    {line}");
        }
    }

    /// Carries one command out.
    pub async fn play(&mut self, command: &Command) {
        match command {
            Command::Put { key, text } => {
                self.changes.push(ValueChange::put(key.as_str(), string(text)));
            }
            Command::Delete { key } => self.changes.push(ValueChange::delete(key.as_str())),
            Command::Commit(how) => {
                self.submit(TxnKind::Change, *how);
                self.answers().await;
            }
            Command::Submit(how) => self.submit(TxnKind::Change, *how),
            Command::Plan => self.plan().await,
            Command::Apply => self.apply().await,
            Command::Resync { kind, how } => {
                self.submit(TxnKind::Resync(kind.clone()), *how);
                self.only_looked = match kind {
                    ResyncKind::ReadBack(_) => true,
                    ResyncKind::Full | ResyncKind::Downstream(Scope::All) => false,
                    ResyncKind::Upstream | ResyncKind::Downstream(_) => self.only_looked,
                };
                self.answers().await;
            }
            Command::Fault { key, fault } => self.sb.fault(key, *fault),
            Command::Heal => self.sb.heal(),
            Command::Southbound { key, text, whose } => self.sb.set(key, text.as_deref(), *whose),
            Command::Notify { key, text } => {
                let value = text.as_deref().map(string);
                self.tell(Notification::Value { key: key.as_str().into(), value, metadata: None })
                    .await;
            }
            Command::Down => self.go_down().await,
            Command::Up => self.come_up().await,
            Command::Restart => {
                self.go_down().await;
                self.sb.forget_everything();
                self.come_up().await;
            }
            Command::Register { name } => self.register(name).await,
            Command::Unregister { name, mode } => {
                match self.scheduler.unregister(name, *mode).await {
                    Some(report) => self.show_report(&report).await,
                    None => self.say("there is no such descriptor"),
                }
            }
            Command::Wait { time } => tokio::time::sleep(*time).await,
            Command::Settle => self.settle().await,
            Command::Explain { key } => {
                let text = self.scheduler.explain(key).to_string();
                self.say(&text);
            }
            Command::Timeline { key } => self.show_timeline(key),
            Command::Record => self.show_record(),
        }
    }

    fn submit(&mut self, kind: TxnKind, how: How) {
        // A verification tells what it finds, and leaves it.
        self.only_looked |= how.verify;
        let options = TxnOptions {
            policy: how.policy,
            retry: how.retry.then(RetryPolicy::default),
            reject_invalid: how.reject_invalid,
            verify: how.verify,
            ..TxnOptions::default()
        };
        let txn = Transaction { kind, changes: std::mem::take(&mut self.changes), options };
        let ticket = self.scheduler.submit(txn.clone());
        self.open.push_back((txn, ticket));
    }

    /// Waits for the reports of everything handed over.
    async fn answers(&mut self) {
        while let Some((txn, ticket)) = self.open.pop_front() {
            let report = ticket.await;
            self.learn(&txn, &report);
            self.show_report(&report).await;
        }
    }

    fn learn(&mut self, txn: &Transaction, report: &TxnReport) {
        if lesson_of(report) == Lesson::Void {
            return;
        }
        if matches!(txn.kind, TxnKind::Resync(ResyncKind::Full | ResyncKind::Upstream)) {
            self.wishes.clear();
        }
        for change in &txn.changes {
            match &change.value {
                Some(value) => {
                    let text = as_string(value).unwrap_or_default();
                    self.wishes.insert(change.key.to_string(), text);
                }
                None => {
                    self.wishes.remove(&*change.key);
                }
            }
        }
    }

    async fn plan(&mut self) {
        let txn = Transaction::change(std::mem::take(&mut self.changes));
        match self.scheduler.plan(txn.clone()).await {
            Ok(plan) => {
                self.show_plan(&plan);
                self.planned = Some((plan, txn));
            }
            Err(error) => self.say(&error.to_string()),
        }
    }

    async fn apply(&mut self) {
        let Some((plan, txn)) = self.planned.take() else { return self.say("nothing is planned") };
        match self.scheduler.apply(&plan, txn.clone()).await {
            Ok(report) => {
                self.learn(&txn, &report);
                self.show_report(&report).await;
            }
            Err(error) => self.say(&error.to_string()),
        }
    }

    async fn register(&mut self, name: &str) {
        let Some(kind) = kind(name, &self.sb) else { return self.say("there is no such kind") };
        match self.scheduler.register(Arc::new(kind)).await {
            Ok(()) => self.settle().await,
            Err(error) => self.say(&error.to_string()),
        }
    }

    async fn go_down(&mut self) {
        let now = Availability::Down { reason: "no answer".to_owned() };
        self.tell(Notification::Availability { southbound: "fake", now }).await;
    }

    async fn come_up(&mut self) {
        self.incarnation += 1;
        let now = Availability::Up { incarnation: self.incarnation, abilities: 0 };
        self.tell(Notification::Availability { southbound: "fake", now }).await;
    }

    async fn tell(&mut self, notification: Notification) {
        self.scheduler.sink().send(vec![notification]);
        // The first may come before the notification, the second comes after everything queued.
        self.scheduler.audit().await;
        self.show_news().await;
    }

    async fn settle(&mut self) {
        self.answers().await;
        // It settles or the transcript shows where it hangs.
        if self.scheduler.quiescent(Duration::from_secs(24 * 3600)).await.is_err() {
            self.say("!!! it does not settle");
        }
        self.show_news().await;
    }
}

/// What a report teaches about wishes.
fn lesson_of(report: &TxnReport) -> Lesson {
    match report.outcome {
        TxnOutcome::Done | TxnOutcome::Partial => Lesson::Taken,
        TxnOutcome::Undone | TxnOutcome::UndoFailed(_) | TxnOutcome::Refused(_) => Lesson::Void,
    }
}

/// A kind of the stage by its name.
fn kind(name: &str, sb: &FakeSb) -> Option<FakeKind> {
    let (name, keys) = KINDS.iter().find(|(known, _)| *known == name)?;
    let kind = FakeKind::new(name, keys, sb);
    Some(match *name {
        "unreadable" => kind.unreadable(),
        "kept" => kind.kept(),
        _ => kind,
    })
}
