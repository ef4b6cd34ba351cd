//! Reads catalogue files. What is wrong with one is told with the place where it is.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::scenario::format::{Scenario, Step};

const FORMAT: &str = "kvscheduler-scenarios";
const VERSION: u64 = 1;

/// What an expectation may say, and of which JSON type it is.
const EXPECTATIONS: [(&str, Shape); 11] = [
    ("result", Shape::Object),
    ("sb_ops", Shape::List),
    ("txns", Shape::List),
    ("sb_content", Shape::List),
    ("sb_inconsistent_keys", Shape::List),
    ("status", Shape::List),
    ("nodes", Shape::List),
    ("notifications", Shape::Object),
    ("dumps", Shape::Object),
    ("metadata_maps", Shape::Object),
    ("flag_stats", Shape::Object),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Object,
    List,
}

/// Why a file, or a part of it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    #[error("cannot be opened: {0}")]
    Unreadable(#[source] std::io::Error),
    #[error("not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error("{place}: {what}")]
    At { place: String, what: String },
}

impl Malformed {
    fn at(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::At { place: place.into(), what: what.into() }
    }

    /// The same, seen from further out.
    pub(super) fn within(self, outer: &str) -> Self {
        match self {
            Self::At { place, what } => {
                let joint = if place.starts_with('[') || place.is_empty() { "" } else { "." };
                Self::At { place: format!("{outer}{joint}{place}"), what }
            }
            other => other,
        }
    }
}

/// The suites of a file: name to entries, in the order of the file.
pub(super) fn suites(path: &Path) -> Result<Vec<(String, Vec<Json>)>, Malformed> {
    let text = std::fs::read(path).map_err(Malformed::Unreadable)?;
    let file: Json = serde_json::from_slice(&text).map_err(Malformed::NotJson)?;
    let Json::Object(file) = file else {
        return Err(Malformed::at("the file", format!("expected an object, got {}", kind(&file))));
    };
    let member = |name: &str| file.get(name).ok_or_else(|| Malformed::at(name, "is missing"));
    if *member("format")? != FORMAT {
        let found = &file["format"];
        return Err(Malformed::at("format", format!("expected \"{FORMAT}\", got {found}")));
    }
    if *member("version")? != VERSION {
        let found = &file["version"];
        return Err(Malformed::at("version", format!("expected {VERSION}, got {found}")));
    }
    let Json::Object(suites) = member("suites")? else {
        let found = kind(&file["suites"]);
        return Err(Malformed::at("suites", format!("expected an object, got {found}")));
    };
    let list = |(name, entries): (&String, &Json)| match entries {
        Json::Array(entries) => Ok((name.clone(), entries.clone())),
        other => {
            let what = format!("expected a list, got {}", kind(other));
            Err(Malformed::at(format!("suites.{name}"), what))
        }
    };
    suites.iter().map(list).collect()
}

/// One entry of the suite of the scheduler.
pub(super) fn scenario(entry: &Json) -> Result<Scenario, Malformed> {
    let scenario: Scenario = typed(entry)?;
    let steps = entry["steps"].as_array().into_iter().flatten();
    for (at, (json, step)) in steps.zip(&scenario.steps).enumerate() {
        check_step(json, step).map_err(|e| e.within(&format!("steps[{at}]")))?;
    }
    Ok(scenario)
}

/// JSON as data; what does not fit is named by its place.
pub(super) fn typed<T: DeserializeOwned>(json: &Json) -> Result<T, Malformed> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { place };
        Malformed::at(place, error.into_inner().to_string())
    })
}

fn check_step(json: &Json, step: &Step) -> Result<(), Malformed> {
    for name in step.step.members() {
        if json.get(name).is_none() {
            return Err(Malformed::at("", format!("missing field `{name}`")));
        }
        // An error may be none; everything else has to be something.
        if *name != "error" && json[name].is_null() {
            return Err(Malformed::at(*name, "is null"));
        }
    }
    match json.get("expect") {
        None | Some(Json::Null) => Ok(()),
        Some(Json::Object(expect)) => check_expect(expect).map_err(|e| e.within("expect")),
        Some(other) => {
            Err(Malformed::at("expect", format!("expected an object, got {}", kind(other))))
        }
    }
}

/// A member nobody compares would be an expectation that cannot fail.
fn check_expect(expect: &Map<String, Json>) -> Result<(), Malformed> {
    for (name, found) in expect {
        let Some((_, shape)) = EXPECTATIONS.iter().find(|(known, _)| known == name) else {
            return Err(Malformed::at(name, "there is no such expectation"));
        };
        let wanted = match shape {
            Shape::Object if !found.is_object() => "an object",
            Shape::List if !found.is_array() => "a list",
            _ => continue,
        };
        return Err(Malformed::at(name, format!("expected {wanted}, got {}", kind(found))));
    }
    Ok(())
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
