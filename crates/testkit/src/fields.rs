//! What tests of all fields of the kinds share: what a kind declares of a field, and what must be true of the declaration
//! on each release.

#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;

use ligato_kvs_api::{Declared, DynDescriptor, Manner, OpError, Unset, leaves};
use ligato_model::{Key, Registry, Value};
use ligato_vpp_api::support::RELEASES;
use ligato_vpp_ctx::capability;
use serde_json::Value as Json;

use crate::vpp::RealVpp;

/// How a field of a kind fares on a release, as the kind declares it.
///
/// # Panics
/// When the release is not one of those looked at.
#[must_use]
pub fn manner(kind: &dyn DynDescriptor, path: &str, release: &str) -> Manner {
    capability::field(kind, path, release).expect("a release").0
}

/// The releases that show all there is: the oldest, the newest, and both sides of each change of one of these fields. All
/// there are if `EVERY_RELEASE` is set.
#[must_use]
pub fn releases(kind: &dyn DynDescriptor, paths: &[&str]) -> BTreeSet<&'static str> {
    if std::env::var_os("EVERY_RELEASE").is_some() {
        return RELEASES.into_iter().collect();
    }
    let on = |release| paths.iter().map(|path| manner(kind, path, release)).collect::<Vec<_>>();
    let turns = RELEASES.windows(2).filter(|pair| match pair {
        [before, after] => on(before) != on(after),
        _ => false,
    });
    let ends = [RELEASES.first(), RELEASES.last()];
    turns.flatten().chain(ends.into_iter().flatten()).copied().collect()
}

/// A real VPP, if there is one, and its release, if that is one of those looked at.
///
/// # Errors
/// It does not start, or cannot be reached.
pub async fn real_vpp() -> std::io::Result<Option<(RealVpp, &'static str)>> {
    looked_at(RealVpp::find()?).await
}

/// The VPP and its release, if that is one of those looked at.
///
/// # Errors
/// It cannot be reached.
pub async fn looked_at(found: Option<RealVpp>) -> std::io::Result<Option<(RealVpp, &'static str)>> {
    let Some(real) = found else { return Ok(None) };
    let release = real.release().await?;
    Ok(release.map(|release| (real, release)))
}

/// What a kind says of fields that its message does not have.
#[must_use]
pub fn strays(kind: &dyn DynDescriptor, message: &Value) -> Vec<&'static str> {
    let leaves = leaves(&message.descriptor());
    let said = kind.fields().iter().copied().flatten();
    said.filter(|field| !leaves.iter().any(|(path, _)| field.covers(path)))
        .map(|field| field.path)
        .collect()
}

/// Whether the refusal of a value that uses an unsupported field says so, and names the field.
#[must_use]
pub fn refuses(error: &OpError, path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    matches!(error, OpError::Unsupported(why) if why.contains(name))
}

/// Whether a change of a value is a change of what the kind derives for the descriptor that is said to program the field.
#[must_use]
pub fn is_programmed_by(
    by: &dyn DynDescriptor,
    kind: &dyn DynDescriptor,
    before: (&Key, &Value),
    after: (&Key, &Value),
) -> bool {
    let derived = |(key, value): (&Key, &Value)| {
        let mut derived = kind.derive(key, value);
        derived.retain(|(key, _)| by.selects(key));
        derived
    };
    derived(before) != derived(after)
}

/// Checks what a kind says about numbers that are not given, for those fields that this value could have; gives the paths
/// of the fields.
///
/// # Panics
/// When giving such a number is not the same as not giving it, or a smaller one is.
pub fn check_numbers(
    registry: &Registry,
    kind: &dyn DynDescriptor,
    key: &Key,
    value: &Value,
) -> Vec<String> {
    let mut checked = Vec::new();
    for (path, _) in leaves(&value.descriptor()) {
        let Some(Unset::Number(number)) = Declared::of(kind.fields(), &path).unset else {
            continue;
        };
        let with = |number: u32| with_number(registry, value, &path, number);
        let (Some(unset), Some(given), Some(other)) = (with(0), with(number), with(number / 2))
        else {
            continue;
        };
        let same = |other: &Value| {
            kind.equivalent(key, &unset, other) && kind.equivalent(key, other, &unset)
        };
        assert!(same(&given), "{path}: {number} is not what it is if it is not given");
        assert!(number == 1 || !same(&other), "{path}: {} is the same too", number / 2);
        checked.push(path);
    }
    checked
}

/// The value with a number in a field; `None` if it has not what the field is in.
fn with_number(registry: &Registry, value: &Value, path: &str, number: u32) -> Option<Value> {
    let mut json = value.to_json().ok()?;
    let (around, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = &mut json;
    for part in around.split('.').filter(|part| !part.is_empty()) {
        place = place.get_mut(part)?;
        if place.is_array() {
            place = place.get_mut(0)?;
        }
    }
    place.as_object_mut()?.insert(name.to_owned(), Json::from(number));
    let model = registry.by_proto_name(&value.full_name())?;
    model.from_json(&json.to_string(), "a test").ok()
}
