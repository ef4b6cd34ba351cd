//! Records as text, in the layout of the original.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use ligato_kvs_api::{OpKind, Origin, RecordedOp, RecordedTxn, RecordedValue, ValueState};

use crate::record::value::one_line;

/// One record. `Detail::Verbose` adds the states before and after.
pub fn to_text(record: &RecordedTxn, detail: Detail) -> String {
    let mut out = String::new();
    arguments(&mut out, record);
    if let Some(planned) = &record.planned {
        out.push_str("* planned operations:\n");
        operations(&mut out, planned, detail);
    }
    if record.executed.is_empty() {
        out.push_str("* executed operations:\n");
    } else {
        let _ = writeln!(
            out,
            "* executed operations ({} -> {}, dur: {}):",
            stamp(record.start),
            stamp(record.stop),
            duration(record.stop.duration_since(record.start).unwrap_or_default())
        );
    }
    operations(&mut out, &record.executed, detail);
    out
}

/// A list of records, each with its number.
pub fn list_to_text<'r>(records: impl IntoIterator<Item = &'r RecordedTxn>) -> String {
    let mut out = String::new();
    for record in records {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "Transaction #{}:", record.seq);
        for line in to_text(record, Detail::Brief).lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

/// How much a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Operations with their values and errors.
    #[default]
    Brief,
    /// And the states before and after.
    Verbose,
}

fn arguments(out: &mut String, record: &RecordedTxn) {
    out.push_str("* transaction arguments:\n");
    let _ = writeln!(out, "    - seqNum: {}", record.seq);
    let _ = writeln!(out, "    - type: {}", type_text(record));
    if !record.description.is_empty() {
        let description = record.description.replace('\n', "\n        ");
        let _ = writeln!(out, "    - Description: {description}");
    }
    if record.resync_type == "DownstreamResync" {
        return;
    }
    let is_resync = record.resync_type != "NotResync";
    let shown: Vec<&RecordedValue> =
        record.values.iter().filter(|v| !is_resync || v.origin != Origin::Sb).collect();
    if shown.is_empty() {
        out.push_str("    - values: NONE\n");
        return;
    }
    out.push_str("    - values:\n");
    for value in shown {
        let _ = writeln!(out, "        - key: {}", value.key);
        let _ = writeln!(out, "          val: {}", one_line(value.value.as_ref()));
    }
}

fn type_text(record: &RecordedTxn) -> String {
    let (of, attempt) = record.retry_for.unwrap_or_default();
    match (record.txn_type, record.resync_type) {
        ("NBTransaction", "FullResync") => "NB Transaction, Full Resync".to_owned(),
        ("NBTransaction", "UpstreamResync") => "NB Transaction, NB Sync".to_owned(),
        ("NBTransaction", "DownstreamResync") => "NB Transaction, SB Sync".to_owned(),
        ("NBTransaction", _) => "NB Transaction".to_owned(),
        ("SBNotification", _) => "SB Notification".to_owned(),
        ("RetryFailedOps", _) => {
            format!("Retry Transaction (for txn #{of}, attempt #{attempt})")
        }
        ("RetryUnimplOps", _) => format!("RetryUnimplOps (for txn #{of})"),
        (other, _) => other.to_owned(),
    }
}

fn operations(out: &mut String, ops: &[RecordedOp], detail: Detail) {
    if ops.is_empty() {
        out.push_str("    <NONE>\n");
    }
    for (number, op) in (1..).zip(ops) {
        let flags = flags(op);
        let flags =
            if flags.is_empty() { String::new() } else { format!(" [{}]", flags.join(" ")) };
        let _ = writeln!(out, "    {number}. {}{flags}:", op.op);
        let _ = writeln!(out, "        - key: {}", op.key);
        if op.op == OpKind::Update {
            let _ = writeln!(out, "        - prev-value: {} ", one_line(op.prev_value.as_ref()));
            let _ = writeln!(out, "        - new-value: {} ", one_line(op.new_value.as_ref()));
        } else {
            let value = match op.op {
                OpKind::Delete => op.prev_value.as_ref(),
                _ => op.new_value.as_ref(),
            };
            let _ = writeln!(out, "        - value: {} ", one_line(value));
        }
        if let Some(error) = op.prev_error() {
            let _ = writeln!(out, "        - prev-error: {error}");
        }
        if let Some(error) = op.new_error() {
            let _ = writeln!(out, "        - error: {error}");
        }
        if detail == Detail::Verbose {
            let _ = writeln!(out, "        - prev-state: {}", op.prev_state);
            let _ = writeln!(out, "        - new-state: {}", op.new_state);
        }
    }
}

fn flags(op: &RecordedOp) -> Vec<&'static str> {
    let mut flags = Vec::new();
    let mut add = |set: bool, text: &'static str| {
        if set {
            flags.push(text);
        }
    };
    add(op.is_derived() && !op.is_property(), "DERIVED");
    add(op.is_property(), "PROPERTY");
    add(op.noop, "NOOP");
    add(op.revert && !op.is_property(), "REVERT");
    add(op.retry && !op.is_property(), "RETRY");
    add(op.recreate, "RECREATE");
    add_state_flags(op, &mut add);
    flags
}

fn add_state_flags(op: &RecordedOp, add: &mut impl FnMut(bool, &'static str)) {
    use ValueState::{
        Configured, Discovered, Failed, Invalid, Missing, Obtained, Pending, Removed, Unimplemented,
    };
    let (prev, new) = (op.prev_state, op.new_state);
    add(new == Obtained, "OBTAINED");
    add(prev == Obtained && new != Obtained, "WAS-OBTAINED");
    add(new == Unimplemented, "UNIMPLEMENTED");
    add(prev == Unimplemented && new != Unimplemented, "WAS-UNIMPLEMENTED");
    add(op.op == OpKind::Delete && prev == Removed, "ALREADY-REMOVED");
    add(prev == Missing && new == Removed, "ALREADY-MISSING");
    add(prev == Missing && new != Removed, "WAS-MISSING");
    add(prev == Discovered, "DISCOVERED");
    add(prev == Pending && new == Pending, "STILL-PENDING");
    add(prev == Pending && new != Pending, "WAS-PENDING");
    add(prev != Pending && new == Pending, "IS-PENDING");
    add(prev == Failed && new == Failed, "STILL-FAILING");
    add(prev == Failed && new == Configured, "FIXED");
    add(prev != Failed && new == Failed, "FAILED");
    add(prev == Invalid && new == Invalid, "STILL-INVALID");
    add(prev == Invalid && new == Configured, "FIXED");
    add(prev != Invalid && new == Invalid, "INVALID");
}

/// `2024-01-02 03:04:05.679 +0000 UTC`, rounded to milliseconds.
fn stamp(time: SystemTime) -> String {
    let (date, clock, nanos) = civil(time + Duration::from_micros(500));
    let millis = nanos / 1_000_000;
    let mut text = format!("{date} {clock}");
    if millis != 0 {
        let digits = format!("{millis:03}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push_str(" +0000 UTC");
    text
}

fn duration(time: Duration) -> String {
    let millis = (time.as_micros() + 500) / 1000;
    match millis {
        0 => "0s".to_owned(),
        1..1000 => format!("{millis}ms"),
        1000..60_000 => format!("{}s", Seconds(millis)),
        _ => format!("{}m{}s", millis / 60_000, Seconds(millis % 60_000)),
    }
}

struct Seconds(u128);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fraction = format!("{:03}", self.0 % 1000);
        let fraction = fraction.trim_end_matches('0');
        write!(f, "{}", self.0 / 1000)?;
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

/// Date, clock and nanoseconds of a time in UTC.
pub(super) fn civil(time: SystemTime) -> (String, String, u32) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Days since the epoch to a date of the proleptic Gregorian calendar, counted from March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let date = format!("{year:04}-{month:02}-{day:02}");
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    (date, format!("{hour:02}:{minute:02}:{second:02}"), since.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_dates() {
        let at = |secs, nanos| SystemTime::UNIX_EPOCH + Duration::new(secs, nanos);
        assert_eq!(stamp(at(1_704_164_645, 678_600_000)), "2024-01-02 03:04:05.679 +0000 UTC");
        assert_eq!(stamp(at(951_782_400, 0)), "2000-02-29 00:00:00 +0000 UTC");
        assert_eq!(duration(Duration::from_micros(12_600)), "13ms");
        assert_eq!(duration(Duration::from_millis(61_500)), "1m1.5s");
    }
}
