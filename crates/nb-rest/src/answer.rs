//! Answers: JSON as the original writes it, and errors with the status that fits them.
//!
//! JSON is indented by two spaces, ends with a line feed, and has `<`, `>` and `&` written as escapes, so that
//! an answer shown by a browser is never taken for markup.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// An answer in JSON; routes that plugins add answer with it too.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// Why a request was not done. The text of each goes to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// An argument is missing, repeated or not understood.
    #[error("{0}")]
    Argument(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It contradicts the present state.
    #[error("{0}")]
    Conflict(String),
    /// It was tried and did not work.
    #[error("{0}")]
    Failed(String),
    /// This agent cannot do it.
    #[error("{0}")]
    Unsupported(String),
}

#[derive(Serialize)]
struct ErrorBody {
    #[serde(rename = "Error")]
    error: String,
}

// === impl Json ===

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_string_pretty(&self.0) {
            Ok(text) => json_text(escape(&text)),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

fn json_text(mut text: String) -> Response {
    text.push('\n');
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    ([(header::CONTENT_TYPE, json)], text).into_response()
}

/// These characters occur inside JSON strings only, so replacing them everywhere is safe.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

// === impl ApiError ===

impl ApiError {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Argument(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// The error as the configuration endpoints of the original write it: a JSON string that ends with a line feed.
    pub(crate) fn as_text(&self) -> Response {
        (self.status(), Json(format!("{self}\n"))).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status(), Json(ErrorBody { error: self.to_string() })).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        let json = serde_json::to_string_pretty(&serde_json::json!({"a": "<b>&"})).unwrap();
        assert_eq!(escape(&json), "{\n  \"a\": \"\\u003cb\\u003e\\u0026\"\n}");
    }
}
