//! The catalogue's JSON, as data.

use ligato_kvs_api::{Dependency, Target};
use ligato_model::{Key, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::messages::{array, as_array, as_string, string};

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Scenario {
    pub(super) id: String,
    #[serde(default)]
    pub(super) config: Option<Config>,
    #[serde(default)]
    pub(super) initial_sb: Option<Vec<SbRecord>>,
    #[serde(default)]
    pub(super) descriptors: Vec<DescriptorSpec>,
    #[serde(default)]
    pub(super) nb_key_prefixes: Option<Vec<String>>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) enable_txn_simulation: bool,
    #[serde(default)]
    pub(super) verify_mode: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct SbRecord {
    pub(super) key: String,
    pub(super) value: Option<AValue>,
    #[serde(default)]
    pub(super) metadata: Option<i64>,
    #[serde(default)]
    pub(super) origin: Whose,
    #[serde(default)]
    pub(super) derived: bool,
}

/// Whose a value in the southbound is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Whose {
    #[serde(rename = "NB")]
    Nb,
    #[serde(rename = "SB")]
    Sb,
    #[default]
    #[serde(rename = "unknown")]
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum AValue {
    String {
        string: String,
    },
    Array {
        array: Vec<String>,
        #[serde(default)]
        suffix: String,
    },
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DescriptorSpec {
    pub(super) name: String,
    #[serde(default)]
    pub(super) nb_key_prefix: Option<String>,
    #[serde(default)]
    pub(super) key_selector: Option<Selector>,
    #[serde(default)]
    pub(super) derived_values: Option<Derivation>,
    #[serde(default)]
    pub(super) derived_fixed: Vec<DerivedFixed>,
    #[serde(default)]
    pub(super) dependencies: Vec<DependencyRule>,
    #[serde(default)]
    pub(super) update_with_recreate: Option<Recreate>,
    #[serde(default)]
    pub(super) value_comparator: Option<Comparator>,
    #[serde(default)]
    pub(super) with_metadata: bool,
    #[serde(default)]
    pub(super) first_index: i64,
    #[serde(default)]
    pub(super) without_ops: Vec<Op>,
    #[serde(default)]
    pub(super) retrieve_dependencies: Vec<String>,
    #[serde(default)]
    pub(super) validate: Vec<Verdict>,
    #[serde(default)]
    pub(super) non_retriable_errors: Option<Vec<String>>,
    #[serde(default)]
    pub(super) retrieve_error: Option<String>,
}

/// How values derive others.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Derivation {
    ArrayItems,
}

/// When two values are taken to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Comparator {
    StringValue,
    IgnoreSuffix,
}

/// An operation a descriptor may lack.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Op {
    Create,
    Update,
    Delete,
    Retrieve,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Selector {
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    no_subkeys: bool,
    #[serde(default)]
    keys: Option<Vec<String>>,
    #[serde(default)]
    suffix: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DerivedFixed {
    pub(super) for_key: String,
    pub(super) key: String,
    pub(super) value: Option<AValue>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DependencyRule {
    for_key: String,
    #[serde(default)]
    when_value: Option<AValue>,
    deps: Vec<Dep>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dep {
    label: String,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    any_of: Option<AnyOf>,
}

#[derive(Debug, Clone, Deserialize)]
struct AnyOf {
    #[serde(default)]
    key_prefixes: Option<Vec<String>>,
    #[serde(default)]
    key_selector: Option<Selector>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Recreate {
    #[serde(default)]
    pub(super) keys: Vec<String>,
    #[serde(default)]
    pub(super) all: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Verdict {
    pub(super) key: String,
    pub(super) value: AValue,
    pub(super) error: String,
    #[serde(default)]
    pub(super) fields: Vec<String>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepKind {
    Txn,
    Notify,
    AwaitTxns,
    ExpectNoTxn,
    PlanResult,
    SbSet,
    Watch,
    RegisterDescriptor,
    Close,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Step {
    pub(super) step: StepKind,
    #[serde(default)]
    pub(super) values: Option<Vec<StepValue>>,
    #[serde(default)]
    pub(super) options: Option<Options>,
    #[serde(default)]
    pub(super) count: usize,
    /// Nominal delays between failures and the retries waited for, in milliseconds.
    #[serde(default)]
    pub(super) expected_delay_ms: Option<Vec<u64>>,
    #[serde(default)]
    pub(super) quiet_ms: u64,
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) after_sb: Option<Vec<SbRecord>>,
    #[serde(default)]
    pub(super) sb: Option<Vec<SbRecord>>,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) selector: Option<Selector>,
    #[serde(default)]
    pub(super) descriptor: Option<DescriptorSpec>,
    #[serde(default)]
    pub(super) expect: Option<Json>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct StepValue {
    pub(super) key: String,
    pub(super) value: Option<AValue>,
    #[serde(default)]
    pub(super) metadata: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Options {
    #[serde(default)]
    pub(super) simulation: bool,
    #[serde(default)]
    pub(super) resync: Option<Resync>,
    #[serde(default)]
    pub(super) retry: Option<Retry>,
    #[serde(default)]
    pub(super) retry_default: bool,
    #[serde(default)]
    pub(super) revert: bool,
    #[serde(default)]
    pub(super) non_blocking: bool,
    #[serde(default)]
    pub(super) description: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Resync {
    Full,
    Upstream,
    Downstream,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Retry {
    pub(super) period_ms: u64,
    #[serde(default)]
    pub(super) max_count: u32,
    #[serde(default)]
    pub(super) exp_backoff: bool,
}

// === impl StepKind ===

impl StepKind {
    /// Members that a step of this kind must have.
    pub(super) fn members(self) -> &'static [&'static str] {
        match self {
            Self::Txn | Self::Notify => &["values"],
            Self::AwaitTxns => &["count"],
            Self::ExpectNoTxn => &["quiet_ms"],
            Self::PlanResult => &["key", "error"],
            Self::SbSet => &["sb"],
            Self::Watch => &["name"],
            Self::RegisterDescriptor => &["descriptor"],
            Self::Close => &[],
        }
    }
}

// === impl AValue ===

impl AValue {
    pub(super) fn message(&self) -> Value {
        match self {
            Self::String { string: text } => string(text),
            Self::Array { array: items, suffix } => array(items, suffix),
        }
    }

    pub(super) fn of(value: &Value) -> Option<Self> {
        if let Some(string) = as_string(value) {
            return Some(Self::String { string });
        }
        let (array, suffix) = as_array(value)?;
        Some(Self::Array { array, suffix })
    }

    /// The catalogue's JSON form.
    pub(super) fn json(value: Option<&Value>) -> Json {
        match value.and_then(Self::of) {
            None => Json::Null,
            Some(Self::String { string }) => serde_json::json!({ "string": string }),
            Some(Self::Array { array, suffix }) if suffix.is_empty() => {
                serde_json::json!({ "array": array })
            }
            Some(Self::Array { array, suffix }) => {
                serde_json::json!({ "array": array, "suffix": suffix })
            }
        }
    }
}

// === impl Selector ===

impl Selector {
    pub(super) fn selects(&self, key: &str) -> bool {
        let prefix = match &self.prefix {
            Some(prefix) => match key.strip_prefix(prefix.as_str()) {
                Some(rest) => !(self.no_subkeys && rest.contains('/')),
                None => false,
            },
            None => true,
        };
        prefix
            && self.keys.as_ref().is_none_or(|keys| keys.iter().any(|k| k == key))
            && self.suffix.as_ref().is_none_or(|suffix| key.ends_with(suffix.as_str()))
    }

    /// What patterns can say of it: a prefix, and keys.
    pub(super) fn as_patterns(&self) -> (Option<String>, Vec<String>) {
        (self.prefix.clone(), self.keys.clone().unwrap_or_default())
    }

    fn name(&self) -> String {
        format!("{:?} {:?} {:?}", self.prefix, self.keys, self.suffix)
    }
}

// === impl DescriptorSpec ===

impl DescriptorSpec {
    pub(super) fn selects(&self, key: &str) -> bool {
        self.key_selector.as_ref().is_none_or(|s| s.selects(key))
    }

    pub(super) fn dependencies_of(&self, key: &str, value: &Value) -> Vec<Dependency> {
        let matches = |rule: &&DependencyRule| {
            rule.for_key == key && rule.when_value.as_ref().is_none_or(|w| w.message() == *value)
        };
        let Some(rule) = self.dependencies.iter().find(matches) else { return Vec::new() };
        rule.deps.iter().map(Dep::resolve).collect()
    }
}

impl DescriptorSpec {
    /// What a value derives.
    pub(super) fn derived_of(&self, key: &str, value: &Value) -> Vec<(Key, Value)> {
        let mut derived = Vec::new();
        if self.derived_values == Some(Derivation::ArrayItems)
            && let Some((items, suffix)) = as_array(value)
        {
            for item in items {
                let text = format!("{item}{suffix}");
                derived.push((Key::from(format!("{key}/{item}")), string(&text)));
            }
        }
        for fixed in self.derived_fixed.iter().filter(|f| f.for_key == key) {
            if let Some(value) = &fixed.value {
                derived.push((Key::from(fixed.key.as_str()), value.message()));
            }
        }
        derived
    }

    /// Does Validate refuse this?
    pub(super) fn refuses(&self, key: &str, value: &Json) -> bool {
        let Ok(value) = serde_json::from_value::<AValue>(value.clone()) else { return false };
        let value = value.message();
        self.validate.iter().any(|v| v.key == key && v.value.message() == value)
    }

    pub(super) fn is_readable(&self) -> bool {
        !self.without_ops.contains(&Op::Retrieve) && self.retrieve_error.is_none()
    }

    /// Are the two the same for the descriptor?
    pub(super) fn equal(&self, a: &Value, b: &Value) -> bool {
        match self.value_comparator {
            Some(Comparator::StringValue) => {
                matches!((as_string(a), as_string(b)), (Some(a), Some(b)) if a == b)
            }
            Some(Comparator::IgnoreSuffix) => match (as_array(a), as_array(b)) {
                (Some(a), Some(b)) => a.0 == b.0,
                _ => a == b,
            },
            None => a == b,
        }
    }

    /// Labels and targets of what a value needs, the value in the catalogue's form.
    pub(super) fn needs(&self, key: &str, value: &Json) -> Vec<(String, Target)> {
        let Ok(value) = serde_json::from_value::<AValue>(value.clone()) else { return Vec::new() };
        let needs = self.dependencies_of(key, &value.message());
        needs.into_iter().map(|d| (d.label.to_string(), d.target)).collect()
    }

    /// Keys a value needs by name.
    pub(super) fn exact_needs(&self, key: &str, value: &Json) -> Vec<String> {
        let exact = |(_, target): (String, Target)| match target {
            Target::Key(key) => Some(key.to_string()),
            Target::AnyOf { .. } => None,
        };
        self.needs(key, value).into_iter().filter_map(exact).collect()
    }

    /// Does the value need any key below a prefix that does not end at a separator?
    pub(super) fn uses_ragged_prefix(&self, key: &str) -> bool {
        let rules = self.dependencies.iter().filter(|rule| rule.for_key == key);
        let any = rules.flat_map(|r| &r.deps).filter_map(|d| d.any_of.as_ref());
        any.flat_map(|a| a.key_prefixes.iter().flatten()).any(|prefix| !prefix.ends_with('/'))
    }
}

impl Dep {
    fn resolve(&self) -> Dependency {
        if let Some(key) = &self.key {
            return Dependency::on(self.label.as_str(), key.as_str());
        }
        let any = self.any_of.clone().unwrap_or(AnyOf { key_prefixes: None, key_selector: None });
        let prefixes: Vec<Key> =
            any.key_prefixes.unwrap_or_default().into_iter().map(Key::from).collect();
        let dependency = Dependency {
            label: self.label.as_str().into(),
            kind: ligato_kvs_api::DependencyKind::Requires,
            target: Target::AnyOf { prefixes, filter: None },
        };
        match any.key_selector {
            None => dependency,
            Some(selector) => {
                dependency.filtered(selector.name(), move |key| selector.selects(key))
            }
        }
    }
}
