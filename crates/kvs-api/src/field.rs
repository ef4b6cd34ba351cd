//! What is said of the fields of a kind's message: whether the southbound takes them and tells them back.
//!
//! A kind declares in [`Spec::fields`](crate::Spec::fields) only what is not the rule. The rule is [`Manner::Read`]. The
//! same declaration is what the tests of all fields demand and what the book shows.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

/// A release of a southbound as year and month, such as `(25, 10)`.
pub type ReleaseNumber = (u8, u8);

/// How a field fares in the southbound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// It is set, and what is set is read back.
    Read,
    /// It is set. What is set cannot be read back: it is taken to be as this agent set it last or, when it has set
    /// nothing so far, as it is wanted.
    Kept,
    /// It is set. What is set cannot be read back: it is set again by the first resync of an agent, or by each.
    SetAgain,
    /// It is set when a value is made. It cannot be read back, and a change of it alone changes nothing.
    AtCreation,
    /// Whatever it says is accepted and changes nothing.
    WithoutEffect,
    /// A value that makes use of it is refused as unsupported.
    Unsupported,
}

/// What a number that is not given comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// The same as this number.
    Number(u32),
    /// Something that is not the same for all values, in words.
    Said(&'static str),
}

/// A statement about one field of a kind's message, or about all fields of a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Names of fields from the message down, as in `memif.secret`. The path of a message within the message speaks for
    /// all fields in it.
    pub path: &'static str,
    /// How it fares.
    pub manner: Manner,
    /// The first release for which `manner` is no longer true; from there on the rule holds.
    pub until: Option<ReleaseNumber>,
    /// What users should know, as one clause: the reason, a limit. Empty if there is nothing.
    pub remark: &'static str,
    /// What it comes to if it is not given, where that is more than the protobuf default says.
    pub unset: Option<Unset>,
    /// The kind of derived value that programs it; `None` for the kind itself.
    pub by: Option<&'static str>,
}

/// All that is said of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// How it fares, and before which release; from there on it is [`Manner::Read`].
    pub manner: (Manner, Option<ReleaseNumber>),
    /// What users should know, in the order of the declaration, and before which release.
    pub remarks: Vec<(&'static str, Option<ReleaseNumber>)>,
    /// What it comes to if it is not given.
    pub unset: Option<Unset>,
    /// The kind of derived value that programs it.
    pub by: Option<&'static str>,
}

// === impl Unset ===

impl Unset {
    /// It has to be given, which a validation of the value does not say under the name of the field.
    pub const REQUIRED: Self = Self::Said("must be given");
}

// === impl Field ===

impl Field {
    const fn new(path: &'static str, manner: Manner, remark: &'static str) -> Self {
        Self { path, manner, until: None, remark, unset: None, by: None }
    }

    /// A field that fares as the rule says; for what else there is to say of it.
    pub const fn read(path: &'static str) -> Self {
        Self::new(path, Manner::Read, "")
    }

    /// See [`Manner::Kept`].
    pub const fn kept(path: &'static str, remark: &'static str) -> Self {
        Self::new(path, Manner::Kept, remark)
    }

    /// See [`Manner::SetAgain`].
    pub const fn set_again(path: &'static str, remark: &'static str) -> Self {
        Self::new(path, Manner::SetAgain, remark)
    }

    /// See [`Manner::AtCreation`].
    pub const fn at_creation(path: &'static str, remark: &'static str) -> Self {
        Self::new(path, Manner::AtCreation, remark)
    }

    /// See [`Manner::WithoutEffect`].
    pub const fn without_effect(path: &'static str, remark: &'static str) -> Self {
        Self::new(path, Manner::WithoutEffect, remark)
    }

    /// See [`Manner::Unsupported`].
    pub const fn unsupported(path: &'static str, remark: &'static str) -> Self {
        Self::new(path, Manner::Unsupported, remark)
    }

    /// Only on releases before this one.
    pub const fn before(self, release: ReleaseNumber) -> Self {
        Self { until: Some(release), ..self }
    }

    /// What users should know.
    pub const fn remark(self, remark: &'static str) -> Self {
        Self { remark, ..self }
    }

    /// What the field comes to if it is not given.
    pub const fn unset(self, unset: Unset) -> Self {
        Self { unset: Some(unset), ..self }
    }

    /// The kind of derived value that programs it.
    pub const fn by(self, kind: &'static str) -> Self {
        Self { by: Some(kind), ..self }
    }

    /// Whether it speaks for the field with this path.
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

// === impl Declared ===

impl Declared {
    /// What a kind says of the field with this path.
    pub fn of(fields: &[&[Field]], path: &str) -> Self {
        let mut declared =
            Self { manner: (Manner::Read, None), remarks: Vec::new(), unset: None, by: None };
        for field in fields.iter().copied().flatten().filter(|field| field.covers(path)) {
            if declared.manner.0 == Manner::Read {
                declared.manner = (field.manner, field.until);
            }
            if !field.remark.is_empty() {
                declared.remarks.push((field.remark, field.until));
            }
            declared.unset = declared.unset.or(field.unset);
            declared.by = declared.by.or(field.by);
        }
        declared
    }

    /// How the field fares on a release.
    pub fn on(&self, release: ReleaseNumber) -> Manner {
        let (manner, until) = self.manner;
        if is_before(release, until) { manner } else { Manner::Read }
    }

    /// What users of a release should know.
    pub fn remarks_on(&self, release: ReleaseNumber) -> impl Iterator<Item = &'static str> {
        let remarks = self.remarks.iter().filter(move |(_, until)| is_before(release, *until));
        remarks.map(|(remark, _)| *remark)
    }
}

fn is_before(release: ReleaseNumber, until: Option<ReleaseNumber>) -> bool {
    until.is_none_or(|until| release < until)
}

/// All fields of a message that are no messages themselves, with their paths, in the order of the definition. Of a message
/// within itself only the outer one is looked at.
pub fn leaves(message: &MessageDescriptor) -> Vec<(String, FieldDescriptor)> {
    let mut found = Vec::new();
    collect(message, "", &mut Vec::new(), &mut found);
    found
}

fn collect(
    message: &MessageDescriptor,
    prefix: &str,
    around: &mut Vec<String>,
    found: &mut Vec<(String, FieldDescriptor)>,
) {
    if around.iter().any(|outer| outer == message.full_name()) {
        return;
    }
    around.push(message.full_name().to_owned());
    for field in message.fields() {
        let path = format!("{prefix}{}", field.name());
        match field.kind().as_message() {
            Some(inner) => collect(inner, &format!("{path}."), around, found),
            None => found.push((path, field)),
        }
    }
    around.pop();
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[&[Field]] = &[
        &[
            Field::kept("memif", "not told").before((25, 10)),
            Field::read("memif.ring_size").remark("small"),
        ],
        &[
            Field::unsupported("other", "nothing for it").by("kind"),
            Field::read("memif.ring_size").unset(Unset::Number(1024)),
        ],
    ];

    #[test]
    fn a_part_speaks_for_all_fields_in_it_and_for_no_other() {
        assert_eq!(Declared::of(FIELDS, "memif.secret").manner, (Manner::Kept, Some((25, 10))));
        for path in ["memif2", "mem", "secret"] {
            assert_eq!(Declared::of(FIELDS, path).manner, (Manner::Read, None), "{path}");
        }
    }

    #[test]
    fn everything_that_is_said_counts() {
        let declared = Declared::of(FIELDS, "memif.ring_size");
        assert_eq!(declared.manner, (Manner::Kept, Some((25, 10))));
        assert_eq!(declared.remarks_on((25, 6)).collect::<Vec<_>>(), ["not told", "small"]);
        assert_eq!(declared.remarks_on((25, 10)).collect::<Vec<_>>(), ["small"]);
        assert_eq!((declared.unset, declared.by), (Some(Unset::Number(1024)), None));
        assert_eq!(Declared::of(FIELDS, "other").by, Some("kind"));
    }

    #[test]
    fn what_ends_with_a_release_is_over_there() {
        let declared = Declared::of(FIELDS, "memif.id");
        assert_eq!(declared.on((25, 6)), Manner::Kept);
        assert_eq!(declared.on((25, 10)), Manner::Read);
        assert_eq!(Declared::of(FIELDS, "other").on((26, 6)), Manner::Unsupported);
    }

    #[test]
    fn fields_are_found_in_order_and_a_circle_ends() {
        let paths = |name: &str| -> Vec<String> {
            let message = prost_reflect::DescriptorPool::global().get_message_by_name(name);
            leaves(&message.unwrap()).into_iter().map(|(path, _)| path).collect()
        };
        assert_eq!(paths("google.protobuf.Any"), ["type_url", "value"]);
        // A list holds values, of which one may be a list.
        let list = paths("google.protobuf.ListValue");
        assert_eq!(list.first().map(String::as_str), Some("values.null_value"), "{list:?}");
        assert!(list.len() < 20, "{list:?}");
    }
}
