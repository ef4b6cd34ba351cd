//! Types of configuration values that have their own notation: durations, file modes, secrets.

use std::{fmt, str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// A span of time: text with units such as `300ms` or `1h30m`, or a plain number of nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigDuration(pub Duration);

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no duration; write a number with a unit such as 300ms, 2s or 1h30m")]
pub struct DurationError(pub String);

/// The permissions of a file, written in octal digits: `644` is `rw-r--r--`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(pub u32);

/// A text that is never shown.
#[derive(Clone, Debug, Default)]
pub struct Secret(SecretString);

/// The units, the longer name first where one starts with the other.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// The longest accepted duration; far beyond any use and far from overflowing a deadline.
const MAX_NANOSECONDS: f64 = 1e18;

// === impl ConfigDuration ===

impl FromStr for ConfigDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let refused = || DurationError(text.to_owned());
        let mut rest = text.trim();
        if rest == "0" {
            return Ok(Self::default());
        }
        let mut total = 0.0;
        let mut parts = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let number: f64 = number.parse().map_err(|_| refused())?;
            let (unit, factor) =
                UNITS.iter().find(|(unit, _)| tail.starts_with(unit)).ok_or_else(refused)?;
            total += number * factor;
            parts += 1;
            rest = tail.get(unit.len()..).unwrap_or_default();
        }
        if parts == 0 || total > MAX_NANOSECONDS {
            return Err(refused());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be between zero and the maximum"
        )]
        let nanoseconds = total.round() as u64;
        Ok(Self(Duration::from_nanos(nanoseconds)))
    }
}

impl fmt::Display for ConfigDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0s");
        }
        let seconds = self.0.as_secs();
        for (unit, amount) in [("h", seconds / 3600), ("m", seconds / 60 % 60)] {
            if amount > 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        let rest = Duration::new(seconds % 60, self.0.subsec_nanos());
        if rest.is_zero() { Ok(()) } else { write!(f, "{rest:?}") }
    }
}

impl From<ConfigDuration> for Duration {
    fn from(duration: ConfigDuration) -> Self {
        duration.0
    }
}

// === impl FileMode ===

impl FromStr for FileMode {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u32::from_str_radix(text, 8).map(Self)
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:o}", self.0)
    }
}

// === impl Secret ===

impl Secret {
    /// The text. Every place that calls this is a place to look at.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True when there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let check = |text: &str| text.parse::<ConfigDuration>().map(|d| d.0.as_nanos());
        assert_eq!(check("300ms"), Ok(300_000_000));
        assert_eq!(check("1h30m"), Ok(5_400_000_000_000));
        assert_eq!(check("1.5s"), Ok(1_500_000_000));
        assert_eq!(check("7µs"), Ok(7_000));
        assert_eq!(check("0"), Ok(0));
        for refused in ["", "1", "s", "1x", "-1s", "1.2.3s", "99999999999h"] {
            assert_eq!(check(refused), Err(DurationError(refused.into())), "{refused}");
        }
    }

    #[test]
    fn durations_are_shown_as_they_are_written() {
        for text in ["1s", "500ms", "1h30m", "1m0.5s", "0s", "15m"] {
            let shown = text.parse::<ConfigDuration>().unwrap().to_string();
            assert_eq!(shown, text.replace("m0.5s", "m500ms"));
        }
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let secret = Secret::from("hunter2".to_owned());
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
