//! Which keys a descriptor owns. A pattern is data, so that the scheduler finds the owner of a key
//! without asking every descriptor, and overlaps are found at registration.

use std::fmt;

/// Pattern of keys: literal text with variables, e.g. `vpp/bd/{bd}/interface/{if}`.
///
/// `{name}` stands for one or more characters including `/` (names of interfaces may contain it).
/// Matching is by literal anchors from the left, so a variable never swallows the first occurrence
/// of the literal that follows it; the last variable takes the rest.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyPattern {
    text: &'static str,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `{` without `}` or the other way round.
    #[error("key pattern {0:?} has unbalanced braces")]
    Unbalanced(String),
    /// Two variables with nothing between them.
    #[error("key pattern {0:?} has adjacent variables")]
    Adjacent(String),
    /// No literal start: the pattern would own every key.
    #[error("key pattern {0:?} does not start with literal text")]
    NoPrefix(String),
}

impl KeyPattern {
    /// A pattern from its text.
    pub const fn new(text: &'static str) -> Self {
        Self { text }
    }

    /// The text, e.g. `vpp/bd/{bd}/interface/{if}`.
    pub const fn as_str(&self) -> &'static str {
        self.text
    }

    /// Literal text before the first variable.
    pub fn literal_prefix(&self) -> &'static str {
        self.text.split('{').next().unwrap_or_default()
    }

    /// Does the key have this shape?
    pub fn matches(&self, key: &str) -> bool {
        self.parse(key).is_some()
    }

    /// Texts of the variables in order, or `None` if the key has another shape.
    pub fn parse<'k>(&self, key: &'k str) -> Option<Vec<&'k str>> {
        let mut captures = Vec::new();
        let mut rest_of_key = key.strip_prefix(self.literal_prefix())?;
        let mut pattern = self.text.get(self.literal_prefix().len()..)?;
        while let Some(after_brace) = pattern.strip_prefix('{') {
            let (_, tail) = after_brace.split_once('}')?;
            let literal = tail.split('{').next().unwrap_or_default();
            pattern = tail.get(literal.len()..)?;
            let end = if literal.is_empty() {
                rest_of_key.len()
            } else if pattern.is_empty() {
                rest_of_key.len().checked_sub(literal.len())?
            } else {
                // At least one character belongs to the variable.
                let skip = rest_of_key.chars().next()?.len_utf8();
                rest_of_key.get(skip..)?.find(literal)? + skip
            };
            let (variable, tail_of_key) = rest_of_key.split_at_checked(end)?;
            if variable.is_empty() {
                return None;
            }
            captures.push(variable);
            rest_of_key = tail_of_key.strip_prefix(literal)?;
        }
        rest_of_key.is_empty().then_some(captures)
    }

    /// Checks the text.
    pub fn check(&self) -> Result<(), PatternError> {
        let text = self.text.to_owned();
        if self.literal_prefix().is_empty() {
            return Err(PatternError::NoPrefix(text));
        }
        if self.text.contains("}{") {
            return Err(PatternError::Adjacent(text));
        }
        let mut open = false;
        for c in self.text.chars() {
            match (c, open) {
                ('{', false) => open = true,
                ('}', true) => open = false,
                ('{', true) | ('}', false) => return Err(PatternError::Unbalanced(text)),
                _ => {}
            }
        }
        if open { Err(PatternError::Unbalanced(text)) } else { Ok(()) }
    }

    /// Can one key match both patterns? Conservative: answers `true` when it cannot rule it out
    /// by the literal texts.
    pub fn may_overlap(&self, other: &Self) -> bool {
        let (a, b) = (self.literal_prefix(), other.literal_prefix());
        let (a_exact, b_exact) = (a.len() == self.text.len(), b.len() == other.text.len());
        match (a_exact, b_exact) {
            (true, true) => a == b,
            (true, false) => other.matches(a),
            (false, true) => self.matches(b),
            (false, false) => (a.starts_with(b) || b.starts_with(a)) && self.shape_may_meet(other),
        }
    }

    /// The literals after the first variable, which a common key must contain in both orders.
    fn shape_may_meet(&self, other: &Self) -> bool {
        let tail = |p: &Self| p.text.rsplit('}').next().unwrap_or_default().to_owned();
        let (a, b) = (tail(self), tail(other));
        let ends_agree = a.ends_with(&b) || b.ends_with(&a);
        let first_literal = |p: &Self| {
            p.text.split_once('}').map(|(_, t)| t.split('{').next().unwrap_or_default().to_owned())
        };
        let firsts_agree = match (first_literal(self), first_literal(other)) {
            (Some(x), Some(y)) if self.literal_prefix() == other.literal_prefix() => {
                x.is_empty() || y.is_empty() || x.starts_with(&y) || y.starts_with(&x)
            }
            _ => true,
        };
        ends_agree && firsts_agree
    }
}

impl fmt::Debug for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPattern({})", self.text)
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_keys_apart() {
        let bd = KeyPattern::new("vpp/bd/{bd}/interface/{if}");
        assert_eq!(bd.parse("vpp/bd/bd1/interface/memif0/0"), Some(vec!["bd1", "memif0/0"]));
        assert_eq!(bd.parse("vpp/bd/bd1/interface/"), None);
        assert_eq!(bd.parse("vpp/bd//interface/if1"), None);
        let vrf = KeyPattern::new("vpp/interface/{if}/has-IP-address");
        assert_eq!(vrf.parse("vpp/interface/a/b/has-IP-address"), Some(vec!["a/b"]));
        assert_eq!(vrf.parse("vpp/interface/a/b"), None);
        let bond = KeyPattern::new("vpp/bond/{bond}/interface/{if}/");
        assert_eq!(bond.parse("vpp/bond/b/interface/e1/"), Some(vec!["b", "e1"]));
        let singleton = KeyPattern::new("config/vpp/v2/proxyarp-global");
        assert!(singleton.matches("config/vpp/v2/proxyarp-global"));
        assert!(!singleton.matches("config/vpp/v2/proxyarp-global/x"));
    }

    #[test]
    fn finds_overlaps() {
        let p = KeyPattern::new;
        assert!(p("a/{x}").may_overlap(&p("a/b/{y}")));
        assert!(!p("a/{x}").may_overlap(&p("b/{x}")));
        assert!(!p("i/{if}/address/{a}").may_overlap(&p("i/{if}/vrf/{v}")));
        assert!(!p("i/{if}/has-IP").may_overlap(&p("i/{if}/rx-modes")));
        assert!(p("a/{x}").may_overlap(&p("a/b")));
        assert!(!p("a/c").may_overlap(&p("a/b")));
    }

    #[test]
    fn refuses_bad_patterns() {
        assert!(matches!(KeyPattern::new("{x}/a").check(), Err(PatternError::NoPrefix(_))));
        assert!(matches!(KeyPattern::new("a/{x}{y}").check(), Err(PatternError::Adjacent(_))));
        assert!(matches!(KeyPattern::new("a/{x").check(), Err(PatternError::Unbalanced(_))));
        assert_eq!(KeyPattern::new("a/{x}/b").check(), Ok(()));
    }
}
