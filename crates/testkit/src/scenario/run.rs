//! Runs one scenario and takes down what can be observed, in the catalogue's own form.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ligato_kvs::{Scheduler, SchedulerConfig, StatusEvent, StatusFilter, Subscription, View};
use ligato_kvs_api::{
    BaseValueStatus, Metadata, Notification, OpKind, Origin, Policy, RecordedOp, RecordedTxn,
    ResyncKind, RetryPolicy, Scope, Transaction, TxnOptions, TxnOutcome, TxnReport, TxnSeq,
    ValueChange, ValueStatus,
};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::scenario::{
    compare::{self, Taken, Verdicts},
    format::{AValue, Resync, Scenario, Step, StepKind},
    mock::{MockDescriptor, MockSb},
};

/// A scheduler on the mock, with everything watched.
pub(super) struct Bench {
    scheduler: Scheduler,
    pub(super) sb: MockSb,
    pub(super) descriptors: Vec<crate::scenario::format::DescriptorSpec>,
    watchers: Vec<(String, Option<crate::scenario::format::Selector>, Subscription)>,
    seen: u64,
    ops_seen: usize,
    /// When each record was there, by the clock of the run.
    times: BTreeMap<u64, Instant>,
}

/// Runs a scenario and compares every step.
pub(super) fn run(scenario: &Scenario) -> Result<Vec<Taken>, String> {
    on_a_clock_of_its_own(run_steps(scenario))?
}

/// Carries something out with a clock that goes on only when nothing else is left to do.
pub(super) fn on_a_clock_of_its_own<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    Ok(runtime.block_on(future))
}

async fn run_steps(scenario: &Scenario) -> Result<Vec<Taken>, String> {
    let mut bench = Bench::start(scenario)?;
    if let Some(prefixes) = &scenario.nb_key_prefixes {
        let mut expected = prefixes.clone();
        let mut ours = bench.scheduler.snapshot().nb_key_prefixes();
        expected.sort();
        ours.sort();
        if expected != ours {
            return Err(format!("NB key prefixes: expected {expected:?}, got {ours:?}"));
        }
    }
    let mut steps = Vec::new();
    for (number, step) in (1..).zip(&scenario.steps) {
        let result = bench.step(step).await;
        bench.note_times();
        if let Some(expect) = &step.expect {
            let observed = bench.observe(step, result, expect).await;
            let mut verdicts = Verdicts::default();
            compare::step(number, expect, &observed, &mut verdicts);
            if let Some(nominal) = &step.expected_delay_ms {
                compare::delays(number, nominal, &observed["delays_ms"], &mut verdicts);
            }
            steps.push(Taken {
                number,
                step: step.clone(),
                expect: expect.clone(),
                observed,
                descriptors: bench.descriptors.clone(),
                differences: verdicts.differences,
            });
        } else {
            steps.push(Taken {
                number,
                step: step.clone(),
                expect: Json::Null,
                observed: Json::Null,
                descriptors: bench.descriptors.clone(),
                differences: Vec::new(),
            });
        }
    }
    bench.scheduler.close().await;
    Ok(steps)
}

/// Records that come within this time of each other are taken to have come at once.
const SLICE: Duration = Duration::from_millis(10);

impl Bench {
    fn start(scenario: &Scenario) -> Result<Self, String> {
        let sb = MockSb::default();
        sb.set(scenario.initial_sb.as_deref().unwrap_or_default());
        let options = scenario.config.clone().unwrap_or_default();
        let config = SchedulerConfig {
            retry_jitter: 0.0,
            simulate: options.enable_txn_simulation,
            verify: options.verify_mode,
            ..SchedulerConfig::default()
        };
        let mut builder = Scheduler::builder().config(config);
        for spec in &scenario.descriptors {
            builder = builder.descriptor(Arc::new(MockDescriptor::new(spec.clone(), sb.clone())));
        }
        let scheduler = builder.start().map_err(|error| error.to_string())?;
        Ok(Self {
            scheduler,
            sb,
            descriptors: scenario.descriptors.clone(),
            watchers: Vec::new(),
            seen: 0,
            ops_seen: 0,
            times: BTreeMap::new(),
        })
    }

    async fn step(&mut self, step: &Step) -> Json {
        match step.step {
            StepKind::Txn => return self.transaction(step).await,
            StepKind::Notify => {
                let value = |v: &crate::scenario::format::StepValue| Notification::Value {
                    key: v.key.as_str().into(),
                    value: v.value.as_ref().map(AValue::message),
                    metadata: v.metadata.map(Metadata::new),
                };
                let batch = step.values.iter().flatten().map(value).collect();
                self.scheduler.sink().send(batch);
                self.wait_for_records(1).await;
            }
            StepKind::AwaitTxns => self.wait_for_records(step.count).await,
            StepKind::ExpectNoTxn => self.wait(Duration::from_millis(step.quiet_ms)).await,
            StepKind::PlanResult => {
                let after = step.after_sb.clone().unwrap_or_default();
                self.sb.plan(&step.key, step.error.clone(), after);
            }
            StepKind::SbSet => self.sb.set(step.sb.as_deref().unwrap_or_default()),
            StepKind::Watch => {
                let mut stream = self.scheduler.subscribe(StatusFilter::All);
                stream.next().await;
                self.watchers.push((step.name.clone(), step.selector.clone(), stream));
            }
            StepKind::RegisterDescriptor => return self.register(step).await,
            StepKind::Close => self.scheduler.close().await,
        }
        Json::Null
    }

    async fn register(&mut self, step: &Step) -> Json {
        let Some(spec) = step.descriptor.clone() else { return Json::Null };
        self.descriptors.push(spec.clone());
        let new = Arc::new(MockDescriptor::new(spec, self.sb.clone()));
        match self.scheduler.register(new).await {
            Ok(()) => json!({}),
            Err(error) => {
                self.descriptors.pop();
                let text = error.to_string();
                let text = text.split(':').next().unwrap_or_default();
                json!({ "error": text })
            }
        }
    }

    async fn transaction(&mut self, step: &Step) -> Json {
        let options = step.options.clone().unwrap_or_default();
        let changes: Vec<ValueChange> = step
            .values
            .iter()
            .flatten()
            .map(|v| match &v.value {
                Some(value) => ValueChange::put(v.key.as_str(), value.message()),
                None => ValueChange::delete(v.key.as_str()),
            })
            .collect();
        let mut txn = match options.resync {
            Some(Resync::Full) => Transaction::resync(ResyncKind::Full, changes),
            Some(Resync::Upstream) => Transaction::resync(ResyncKind::Upstream, changes),
            Some(Resync::Downstream) => {
                Transaction::resync(ResyncKind::Downstream(Scope::All), changes)
            }
            None => Transaction::change(changes),
        };
        let retry = match (&options.retry, options.retry_default) {
            (Some(retry), _) => Some(RetryPolicy {
                period: Duration::from_millis(retry.period_ms),
                max_count: retry.max_count,
                exponential: retry.exp_backoff,
                max_delay: Duration::from_secs(3600),
            }),
            (None, true) => Some(RetryPolicy::default()),
            (None, false) => None,
        };
        txn.options = TxnOptions {
            policy: if options.revert { Policy::AllOrNothing } else { Policy::BestEffort },
            retry,
            description: options.description.clone(),
            simulate: options.simulation,
            ..TxnOptions::default()
        };
        if options.non_blocking {
            let ticket = self.scheduler.submit(txn);
            self.wait_for_records(1).await;
            drop(ticket);
            return json!({ "seq_num": null });
        }
        result_json(&self.scheduler.commit(txn).await)
    }

    async fn wait_for_records(&mut self, count: usize) {
        let wanted = self.seen + count as u64;
        if wanted == 0 {
            return;
        }
        let reached = async {
            while self.scheduler.transaction(TxnSeq(wanted - 1)).is_none() {
                self.note_times();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        // If they do not come, the comparison says so.
        let _ = tokio::time::timeout(Duration::from_secs(60), reached).await;
    }

    /// Waits, and takes down when records come meanwhile.
    async fn wait(&mut self, whole: Duration) {
        let end = Instant::now() + whole;
        while Instant::now() < end {
            self.note_times();
            tokio::time::sleep_until(end.min(Instant::now() + SLICE)).await;
        }
    }

    /// Takes down when the records that are new came.
    fn note_times(&mut self) {
        let next = self.times.last_key_value().map_or(0, |(seq, _)| seq + 1);
        let new = (next..).take_while(|seq| self.scheduler.transaction(TxnSeq(*seq)).is_some());
        let new: Vec<u64> = new.collect();
        let now = Instant::now();
        self.times.extend(new.into_iter().map(|seq| (seq, now)));
    }

    /// How long after the failure each of the new retries came, in milliseconds.
    fn delays(&self, new: &[Arc<RecordedTxn>]) -> Json {
        let all = self.scheduler.history(None, None);
        let delay = |record: &Arc<RecordedTxn>| {
            let (of, attempt) = record.retry_for?;
            let failed = match attempt.checked_sub(1) {
                None | Some(0) => of,
                before => all.iter().find(|r| r.retry_for == before.map(|n| (of, n)))?.seq,
            };
            let waited = *self.times.get(&record.seq.0)? - *self.times.get(&failed.0)?;
            Some(json!(waited.as_millis()))
        };
        new.iter().filter_map(delay).collect()
    }

    async fn observe(&mut self, step: &Step, result: Json, expect: &Json) -> Json {
        let snapshot = self.scheduler.snapshot();
        let mut all = serde_json::Map::new();
        all.insert("result".to_owned(), result);
        if step.step == StepKind::RegisterDescriptor {
            // What the registration sets off belongs to the step that waits for it.
            return Json::Object(all);
        }
        let (ops, content, inconsistent) = self.southbound();
        all.insert("sb_ops".to_owned(), ops);
        all.insert("sb_content".to_owned(), content);
        all.insert("sb_inconsistent_keys".to_owned(), inconsistent);
        let records = self.scheduler.history(None, None);
        let new: Vec<Arc<RecordedTxn>> =
            records.iter().filter(|r| r.seq.0 >= self.seen).cloned().collect();
        all.insert("delays_ms".to_owned(), self.delays(&new));
        let start = self.times.values().next().copied();
        let at = |seq: TxnSeq| Some((*self.times.get(&seq.0)? - start?).as_millis());
        let timed = |record: &Arc<RecordedTxn>| {
            let mut txn = txn_json(record);
            if let Some(at) = at(record.seq) {
                txn["at_ms"] = json!(at);
            }
            txn
        };
        let new: Vec<Json> = new.iter().map(timed).collect();
        self.seen = records.last().map_or(self.seen, |r| r.seq.0 + 1);
        all.insert("txns".to_owned(), Json::Array(new));
        let statuses = snapshot.statuses(&StatusFilter::All);
        all.insert("status".to_owned(), statuses.iter().map(status_json).collect());
        all.insert("nodes".to_owned(), snapshot.nodes().map(|n| node_json(&n)).collect());
        all.insert("notifications".to_owned(), self.notifications());
        if expect.get("dumps").is_some() {
            let log = self.sb.lock().log.len();
            all.insert("dumps".to_owned(), self.dumps().await);
            self.sb.lock().log.truncate(log);
        }
        let maps = self.descriptors.iter().filter(|d| d.with_metadata).map(|d| {
            let map = snapshot.metadata_map(&d.name);
            let map = map.into_iter().map(|(label, meta)| (label, meta.to_json()));
            (d.name.clone(), Json::Object(map.collect()))
        });
        all.insert("metadata_maps".to_owned(), Json::Object(maps.collect()));
        Json::Object(all)
    }

    fn southbound(&mut self) -> (Json, Json, Json) {
        let sb = self.sb.lock();
        let ops = sb.log.iter().skip(self.ops_seen).map(|op| {
            let mut entry = json!({ "op": op.op, "descriptor": op.descriptor, "key": op.key });
            if !op.value.is_null() {
                entry["value"] = op.value.clone();
            }
            if let Some(error) = &op.error {
                entry["error"] = json!(error);
            }
            entry
        });
        let ops: Json = ops.collect();
        self.ops_seen = sb.log.len();
        let content = sb.content.iter().map(|(key, entry)| {
            let mut item = json!({
                "key": key,
                "value": AValue::json(Some(&entry.value)),
                "origin": origin_text(entry.origin),
            });
            if let Some(metadata) = entry.metadata {
                item["metadata"] = json!(metadata);
            }
            item
        });
        (ops, content.collect(), json!(sb.inconsistent))
    }

    fn notifications(&mut self) -> Json {
        let mut all = serde_json::Map::new();
        for (name, selector, stream) in &mut self.watchers {
            let mut updates = Vec::new();
            while let Some(event) = stream.try_next() {
                let StatusEvent::Delta { statuses, .. } = event else { continue };
                let selected = statuses
                    .iter()
                    .filter(|s| selector.as_ref().is_none_or(|sel| sel.selects(&s.value.key)));
                updates.extend(selected.map(status_json));
            }
            all.insert(name.clone(), Json::Array(updates));
        }
        Json::Object(all)
    }

    async fn dumps(&self) -> Json {
        let snapshot = self.scheduler.snapshot();
        let mut all = serde_json::Map::new();
        for spec in &self.descriptors {
            let filter = StatusFilter::Descriptor(spec.name.clone());
            let southbound = match self.scheduler.dump_southbound(&spec.name).await {
                Ok(items) => items.iter().map(item_json).collect(),
                Err(error) => json!({ "error": error.to_string() }),
            };
            let view =
                |view| -> Json { snapshot.dump(&filter, view).iter().map(item_json).collect() };
            let dump =
                json!({ "NB": view(View::Nb), "SB": southbound, "cached": view(View::Cached) });
            all.insert(spec.name.clone(), dump);
        }
        Json::Object(all)
    }
}

fn item_json(item: &ligato_kvs::DumpItem) -> Json {
    let mut json = json!({
        "key": item.key,
        "value": AValue::json(Some(&item.value)),
        "origin": origin_text(item.origin),
    });
    if let Some(metadata) = &item.metadata {
        json["metadata"] = metadata.to_json();
    }
    json
}

fn result_json(report: &TxnReport) -> Json {
    if let TxnOutcome::Refused(why) = &report.outcome {
        return json!({ "seq_num": null, "init_error": why, "error_string": why });
    }
    let mut json = json!({ "seq_num": report.seq });
    if !report.errors.is_empty() {
        json["kv_errors"] = report
            .errors
            .iter()
            .map(|e| json!({ "key": e.key, "operation": e.operation, "error": e.error }))
            .collect();
        json["error_string"] = json!(report.error_text());
    }
    json
}

fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Nb => "NB",
        Origin::Sb => "SB",
        Origin::Unknown => "unknown",
    }
}

fn status_json(status: &BaseValueStatus) -> Json {
    let mut json = value_status_json(&status.value);
    if !status.derived_values.is_empty() {
        json["derived"] = status.derived_values.iter().map(value_status_json).collect();
    }
    json
}

fn value_status_json(status: &ValueStatus) -> Json {
    let mut json = json!({
        "key": status.key,
        "state": status.state,
        "last_operation": status.last_operation,
    });
    if !status.error.is_empty() {
        json["error"] = json!(status.error);
    }
    if !status.details.is_empty() {
        let mut details = status.details.clone();
        details.sort();
        json["details"] = json!(details);
    }
    json
}

fn node_json(node: &ligato_kvs::NodeInfo) -> Json {
    let mut json = json!({
        "key": node.key,
        "state": node.state,
        "available": node.available,
        "value": AValue::json(node.value.as_ref()),
    });
    if let Some(from) = &node.derived_from {
        json["derived_from"] = json!(from);
    }
    json
}

fn txn_json(record: &RecordedTxn) -> Json {
    let mut json = json!({
        "seq_num": record.seq,
        "type": record.txn_type,
        "with_simulation": record.planned.is_some(),
        "values": record.values.iter().map(|v| json!({
            "key": v.key,
            "value": AValue::json(v.value.as_ref()),
            "origin": origin_text(v.origin),
        })).collect::<Vec<_>>(),
        "executed": record.executed.iter().map(op_json).collect::<Vec<_>>(),
        "planned": record.planned.iter().flatten().map(op_json).collect::<Vec<_>>(),
    });
    if record.resync_type != "NotResync" {
        json["resync_type"] = json!(record.resync_type);
    }
    if !record.description.is_empty() {
        json["description"] = json!(record.description);
    }
    if let Some((of, attempt)) = record.retry_for {
        json["retry_for_txn"] = json!(of);
        if attempt > 0 {
            json["retry_attempt"] = json!(attempt);
        }
    }
    json
}

fn op_json(op: &RecordedOp) -> Json {
    let mut json = json!({
        "op": if op.op == OpKind::Undefined { OpKind::Update } else { op.op },
        "key": op.key,
        "prev_state": op.prev_state,
        "new_state": op.new_state,
    });
    for (name, value) in [("prev_value", &op.prev_value), ("new_value", &op.new_value)] {
        if value.is_some() {
            json[name] = AValue::json(value.as_ref());
        }
    }
    for (name, error) in [("prev_error", op.prev_error()), ("new_error", op.new_error())] {
        if let Some(error) = error {
            json[name] = json!(error);
        }
    }
    let flags = [
        ("noop", op.noop),
        ("derived", op.is_derived()),
        ("property", op.is_property()),
        ("revert", op.revert),
        ("retry", op.retry),
        ("recreate", op.recreate),
    ];
    let flags: Vec<&str> = flags.into_iter().filter(|(_, set)| *set).map(|(n, _)| n).collect();
    if !flags.is_empty() {
        json["flags"] = json!(flags);
    }
    json
}
