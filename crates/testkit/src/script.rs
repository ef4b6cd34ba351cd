//! Stories about the scheduler as text: commands in, a golden transcript out.
//!
//! One command a line; `#` begins a comment, which is copied. Values are in the words of
//! [`fake`](crate::fake).
//!
//! ```text
//! put b/1 text           one change; lines up to an empty line or another command are one
//! delete b/1             transaction, sent by `commit`, `commit all-or-nothing`, `commit stop`,
//! commit                 `commit retry`; `plan` shows instead what it would do
//! fault b/1 fails        the next operation on it: fails, fails-late, no-answer, panics, hangs, late
//! southbound b/1 text    somebody else writes (or, without text, removes) a value
//! notify b/1 text        the southbound tells about a value (without text: it is gone)
//! resync downstream      or: full (with the collected changes), upstream
//! explain b/1            why it is where it is
//! settle                 waits until no retry is planned
//! ```

use std::{fmt::Write, sync::Arc, time::Duration};

use ligato_kvs::{Scheduler, SchedulerConfig, StatusFilter};
use ligato_kvs_api::{
    Notification, OpKind, Origin, Plan, Policy, ResyncKind, RetryPolicy, Scope, Transaction,
    TxnOptions, TxnReport, ValueChange,
};

use crate::{
    fake::{FakeKind, FakeSb, Fault},
    invariants::violations,
    messages::string,
};

/// Runs a script; gives the transcript. A line that is no command is part of it as an error.
pub fn run_script(text: &str) -> String {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(play(text)),
        Err(error) => format!("no runtime: {error}\n"),
    }
}

struct Stage {
    sb: FakeSb,
    scheduler: Scheduler,
    changes: Vec<ValueChange>,
    seen: usize,
    out: String,
}

async fn play(text: &str) -> String {
    let sb = FakeSb::default();
    let started = Scheduler::builder()
        .config(SchedulerConfig { retry_jitter: 0.0, ..SchedulerConfig::default() })
        .descriptor(Arc::new(FakeKind::new("base", "b/{name}", &sb)))
        .descriptor(Arc::new(FakeKind::new("derived", "d/{name}", &sb)))
        .descriptor(Arc::new(FakeKind::new("unreadable", "u/{name}", &sb).unreadable()))
        .start();
    let scheduler = match started {
        Ok(scheduler) => scheduler,
        Err(error) => return format!("{error}\n"),
    };
    let mut stage = Stage { sb, scheduler, changes: Vec::new(), seen: 0, out: String::new() };
    for line in text.lines() {
        let _ = writeln!(stage.out, "{line}");
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            stage.command(line).await;
        }
    }
    stage.out
}

impl Stage {
    async fn command(&mut self, line: &str) {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (key, text) = rest.split_once(' ').unwrap_or((rest, ""));
        match command {
            "put" => self.changes.push(ValueChange::put(key, string(text))),
            "delete" => self.changes.push(ValueChange::delete(key)),
            "commit" => self.commit(rest).await,
            "plan" => {
                let txn = Transaction::change(std::mem::take(&mut self.changes));
                match self.scheduler.plan(txn).await {
                    Ok(plan) => self.show_plan(&plan),
                    Err(error) => self.say(&error.to_string()),
                }
            }
            "resync" => self.resync(rest).await,
            "fault" => match fault(text) {
                Some(fault) => self.sb.fault(key, fault),
                None => self.say("no such fault"),
            },
            "southbound" => self.sb.set(key, Some(text).filter(|t| !t.is_empty()), Origin::Nb),
            "notify" => {
                let value = Some(text).filter(|t| !t.is_empty()).map(string);
                let batch = vec![Notification::Value { key: key.into(), value, metadata: None }];
                self.scheduler.sink().send(batch);
                self.settle().await;
            }
            "explain" => self.say(&self.scheduler.explain(key).to_string()),
            "settle" => self.settle().await,
            _ => self.say("no such command"),
        }
    }

    async fn commit(&mut self, how: &str) {
        let policy = match how {
            "all-or-nothing" => Policy::AllOrNothing,
            "stop" => Policy::StopAtFirstFailure,
            _ => Policy::BestEffort,
        };
        let retry = (how == "retry").then(RetryPolicy::default);
        let options = TxnOptions { policy, retry, ..TxnOptions::default() };
        let txn = Transaction::change(std::mem::take(&mut self.changes)).with(options);
        let report = self.scheduler.commit(txn).await;
        self.show_report(&report);
    }

    async fn resync(&mut self, kind: &str) {
        let changes = std::mem::take(&mut self.changes);
        let kind = match kind {
            "full" => ResyncKind::Full,
            "upstream" => ResyncKind::Upstream,
            _ => ResyncKind::Downstream(Scope::All),
        };
        let report = self.scheduler.commit(Transaction::resync(kind, changes)).await;
        self.show_report(&report);
    }

    async fn settle(&mut self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        // It settles or the transcript shows where it hangs.
        let _ = self.scheduler.quiescent(Duration::from_secs(3600)).await;
        self.show_records();
    }

    fn show_report(&mut self, report: &TxnReport) {
        self.show_records();
        if !report.is_done() {
            self.say(&format!("{:?}: {}", report.outcome, report.error_text().unwrap_or_default()));
        }
    }

    /// What was done since this was last asked, then where everything stands.
    fn show_records(&mut self) {
        let records = self.scheduler.history(None, None);
        for record in records.iter().skip(self.seen) {
            if record.retry_for.is_some() {
                self.say("retry:");
            }
            for op in &record.executed {
                let noop = if op.noop { " (nothing sent)" } else { "" };
                let error =
                    op.new_error.as_ref().map(|e| format!(", error: {e}")).unwrap_or_default();
                let line = format!(
                    "{} {}: {} -> {}{noop}, {}{error}",
                    op.op, op.key, op.prev_state, op.new_state, op.reason
                );
                self.say(&line);
            }
        }
        self.seen = records.len();
        let statuses = self.scheduler.snapshot().statuses(&StatusFilter::All);
        let mut line = String::from("=>");
        for status in statuses {
            for value in std::iter::once(&status.value).chain(&status.derived_values) {
                let _ = write!(line, " {} {}", value.key, value.state);
                if !value.details.is_empty() {
                    let _ = write!(line, " {:?}", value.details);
                }
                line.push(';');
            }
        }
        self.say(line.trim_end_matches(';'));
        let wrong = self.sb.take_wrong();
        for text in violations(&self.scheduler.snapshot()).into_iter().chain(wrong) {
            self.say(&format!("!!! {text}"));
        }
    }

    fn show_plan(&mut self, plan: &Plan) {
        for (number, step) in plan.steps.iter().enumerate() {
            let after: Vec<String> = step.after.iter().map(|a| (a + 1).to_string()).collect();
            let after = if after.is_empty() {
                String::new()
            } else {
                format!(" after {}", after.join(", "))
            };
            let op = if step.op == OpKind::Undefined { "" } else { step.op.as_str() };
            self.say(&format!("{}. {op} {}{after}: {}", number + 1, step.key, step.reason));
        }
        for status in &plan.unsatisfied {
            self.say(&format!("leaves {} {} {:?}", status.key, status.state, status.details));
        }
    }

    fn say(&mut self, text: &str) {
        for line in text.lines() {
            let _ = writeln!(self.out, "    {line}");
        }
    }
}

fn fault(name: &str) -> Option<Fault> {
    Some(match name {
        "fails" => Fault::Fails,
        "fails-late" => Fault::FailsAfterwards,
        "no-answer" => Fault::NoAnswer,
        "panics" => Fault::Panics,
        "hangs" => Fault::Hangs,
        "late" => Fault::Late,
        _ => return None,
    })
}
