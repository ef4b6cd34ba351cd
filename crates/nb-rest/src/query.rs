//! Arguments of a request. An argument that is given twice or is not understood is an error; it never counts as
//! absent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};

use crate::{answer::ApiError, time};

/// The arguments of a request, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Args {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(args)| Self(args))
            .map_err(|error| ApiError::Argument(error.body_text()))
    }
}

// === impl Args ===

impl Args {
    /// Refuses arguments that do nothing here.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let known = known.join(", ");
                Err(ApiError::Argument(format!("unknown argument {name:?}; known are: {known}")))
            }
        }
    }

    /// An argument that may be given once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut given = self.all(name);
        let first = given.next();
        match given.next() {
            None => Ok(first),
            Some(_) => Err(ApiError::Argument(format!("{name} argument listed more than once"))),
        }
    }

    /// What to look at: an argument that may be given once. Empty is absent here, since clients of the original
    /// send every argument they know.
    pub(crate) fn named(&self, name: &str) -> Result<Option<&str>, ApiError> {
        Ok(self.one(name)?.filter(|value| !value.is_empty()))
    }

    /// An argument that must be given, once.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.one(name)?.ok_or_else(|| ApiError::Argument(format!("missing {name} argument")))
    }

    /// Every value of an argument that may be repeated.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// True when the argument is there, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// A switch: `true`, `1` or empty is on; `false`, `0` or absent is off.
    pub(crate) fn switch(&self, name: &str) -> Result<bool, ApiError> {
        match self.one(name)? {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(other) => {
                Err(ApiError::Argument(format!("{name} must be true or false, not {other:?}")))
            }
        }
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let refused =
            |_| ApiError::Argument(format!("{name} must be a whole number, not {text:?}"));
        text.parse().map(Some).map_err(refused)
    }

    /// A moment: Unix nanoseconds, or RFC 3339.
    pub(crate) fn time(&self, name: &str) -> Result<Option<SystemTime>, ApiError> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        if let Ok(nanoseconds) = text.parse::<u64>() {
            return Ok(Some(UNIX_EPOCH + Duration::from_nanos(nanoseconds)));
        }
        time::parse(text).map(Some).ok_or_else(|| {
            let forms = "Unix nanoseconds or RFC 3339 such as 2024-01-05T10:00:00Z";
            ApiError::Argument(format!("{name} must be {forms}, not {text:?}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(pairs: &[(&str, &str)]) -> Args {
        Args(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn times_come_in_two_forms() {
        let args = args(&[
            ("a", "1704448800000000001"),
            ("b", "2024-01-05T10:00:00.000000001Z"),
            ("c", "2024-01-05T11:30:00.000000001+01:30"),
            ("d", "2024-01-05"),
        ]);
        let expected = UNIX_EPOCH + Duration::new(1_704_448_800, 1);
        for name in ["a", "b", "c"] {
            assert_eq!(args.time(name), Ok(Some(expected)), "{name}");
        }
        assert!(args.time("d").unwrap_err().to_string().starts_with("d must be Unix nanoseconds"));
    }

    #[test]
    fn repeated_and_unknown_arguments_are_refused() {
        let args = args(&[("key", "a"), ("key", "b"), ("kye", "c"), ("retry", "yes")]);
        assert_eq!(args.one("key").unwrap_err().to_string(), "key argument listed more than once");
        assert_eq!(args.required("time").unwrap_err().to_string(), "missing time argument");
        assert!(args.only(&["key", "retry"]).unwrap_err().to_string().contains("\"kye\""));
        assert!(args.switch("retry").is_err());
    }
}
