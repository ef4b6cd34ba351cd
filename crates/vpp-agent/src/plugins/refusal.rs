//! A request that is refused, as REST answers it.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ligato_nb_grpc::ApiRefusal;
use ligato_nb_rest::Json;

/// A status and the reason, which becomes a JSON string.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, reason) = self;
        (status, Json(reason)).into_response()
    }
}

impl From<ApiRefusal> for Refusal {
    fn from(refusal: ApiRefusal) -> Self {
        match refusal {
            ApiRefusal::Unavailable(reason) => Self(StatusCode::SERVICE_UNAVAILABLE, reason),
            ApiRefusal::NotFound(reason) => Self(StatusCode::NOT_FOUND, reason),
            ApiRefusal::Invalid(reason) => Self(StatusCode::BAD_REQUEST, reason),
        }
    }
}
