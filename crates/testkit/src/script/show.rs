//! What is said about a transaction: what was done and why, where everything stands, and whether
//! anything is out of order.

use std::fmt::Write;

use ligato_kvs::{StatusFilter, record};
use ligato_kvs_api::{OpKind, Plan, RecordedOp, RecordedTxn, TxnReport};

use crate::{
    invariants::{contradictions, stuck, unsupported},
    script::Stage,
};

impl Stage {
    pub(super) async fn show_report(&mut self, report: &TxnReport) {
        self.show_news().await;
        if !report.is_done() {
            self.say(&format!("{:?}: {}", report.outcome, report.error_text().unwrap_or_default()));
        }
    }

    /// What was done since this was last asked, then where everything stands.
    pub(super) async fn show_news(&mut self) {
        let wrong = self.scheduler.audit().await;
        let records = self.scheduler.history(None, None);
        for record in records.iter().skip(self.seen) {
            self.show_operations(record);
        }
        if records.len() != self.seen || records.is_empty() {
            self.show_statuses();
        }
        self.seen = records.len();
        let snapshot = self.scheduler.snapshot();
        let mut wrong = [wrong, contradictions(&snapshot)].concat();
        if !self.only_looked {
            wrong.extend(unsupported(&snapshot));
        }
        if !self.only_looked && !self.rings {
            wrong.extend(stuck(&snapshot));
        }
        for text in wrong {
            self.say(&format!("!!! {text}"));
        }
        let mark = if self.forgiving { "(odd)" } else { "!!!" };
        for text in self.sb.take_wrong() {
            self.say(&format!("{mark} {text}"));
        }
    }

    fn show_operations(&mut self, record: &RecordedTxn) {
        match record.txn_type {
            "RetryFailedOps" => self.say("retry:"),
            "RetryUnimplOps" => self.say("implemented now:"),
            _ => {}
        }
        let looked = record.resync_type == "DownstreamResync" && record.executed.is_empty();
        for op in &record.executed {
            self.say(&operation(op));
        }
        for op in record.planned.iter().flatten().filter(|_| looked) {
            self.say(&format!("would {}", operation(op)));
        }
    }

    fn show_statuses(&mut self) {
        let statuses = self.scheduler.snapshot().statuses(&StatusFilter::All);
        let mut line = String::from("=>");
        for status in statuses {
            for value in std::iter::once(&status.value).chain(&status.derived_values) {
                // Writing to a string cannot fail.
                let _ok = write!(line, " {} {}", value.key, value.state);
                if !value.details.is_empty() {
                    let _ok = write!(line, " {:?}", value.details);
                }
                line.push(';');
            }
        }
        self.say(line.trim_end_matches(';'));
    }

    pub(super) fn show_plan(&mut self, plan: &Plan) {
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
            let error = if status.error.is_empty() {
                String::new()
            } else {
                format!(", error: {}", status.error)
            };
            self.say(&format!(
                "leaves {} {} {:?}{error}",
                status.key, status.state, status.details
            ));
        }
    }

    pub(super) fn show_timeline(&mut self, key: &str) {
        for entry in self.scheduler.timeline(key) {
            self.say(&format!("#{}: {}", entry.txn, operation(&entry.op)));
        }
    }

    /// The record as users see it, but for the times.
    pub(super) fn show_record(&mut self) {
        let Some(record) = self.scheduler.history(None, None).pop() else { return };
        for line in record::to_text(&record, record::Detail::Verbose).lines() {
            let line = match line.split_once(" (") {
                Some((start, _)) if line.contains("dur:") => format!("{start}:"),
                _ => line.to_owned(),
            };
            self.say(line.trim_end());
        }
    }
}

fn operation(op: &RecordedOp) -> String {
    let noop = if op.noop { " (nothing sent)" } else { "" };
    let error = op.new_error().map(|e| format!(", error: {e}")).unwrap_or_default();
    format!(
        "{} {}: {} -> {}{noop}, {}{error}",
        op.op, op.key, op.prev_state, op.new_state, op.reason
    )
}
