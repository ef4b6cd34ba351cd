//! `BinaryApiService`: any message of VPP's binary API, as JSON. Off unless the agent's configuration says otherwise.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ligato_proto::vppapi::binary_api_service_server::BinaryApiService;
use ligato_proto::vppapi::{CallRequest, CallResponse, ListRequest, ListResponse};
use serde_json::{Value, json};
use tonic::{Request, Response, Status};

/// Who speaks to VPP.
#[async_trait]
pub trait BinaryApi: fmt::Debug + Send + Sync {
    /// Names of requests; with a name, the fields of that one.
    ///
    /// # Errors
    /// [`ApiRefusal`]
    async fn list(&self, message: Option<&str>) -> Result<Vec<String>, ApiRefusal>;

    /// Sends a request; the answer is the reply, if it has one, and the elements of a list.
    ///
    /// # Errors
    /// [`ApiRefusal`]
    async fn call(
        &self,
        message: &str,
        fields: &Value,
    ) -> Result<(Option<Value>, Vec<Value>), ApiRefusal>;
}

/// A handle to it.
pub type SharedBinaryApi = Arc<dyn BinaryApi>;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiRefusal {
    /// It is off, or VPP cannot be asked.
    #[error("{0}")]
    Unavailable(String),
    /// VPP has no such message.
    #[error("{0}")]
    NotFound(String),
    /// The fields do not fit.
    #[error("{0}")]
    Invalid(String),
}

/// The service.
#[derive(Debug)]
pub(crate) struct BinaryApiCalls {
    pub(crate) api: Option<SharedBinaryApi>,
}

impl BinaryApiCalls {
    fn api(&self) -> Result<&SharedBinaryApi, Status> {
        self.api.as_ref().ok_or_else(|| Status::unavailable("this agent has no VPP"))
    }
}

#[tonic::async_trait]
impl BinaryApiService for BinaryApiCalls {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let ListRequest { message } = request.into_inner();
        let message = (!message.is_empty()).then_some(message);
        let names = self.api()?.list(message.as_deref()).await?;
        Ok(Response::new(ListResponse { names }))
    }

    async fn call(&self, request: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        let CallRequest { message, fields } = request.into_inner();
        let fields = if fields.trim().is_empty() {
            json!({})
        } else {
            serde_json::from_str(&fields)
                .map_err(|error| Status::invalid_argument(format!("fields: {error}")))?
        };
        let (reply, details) = self.api()?.call(&message, &fields).await?;
        Ok(Response::new(CallResponse {
            reply: reply.map(|reply| reply.to_string()).unwrap_or_default(),
            details: details.iter().map(Value::to_string).collect(),
        }))
    }
}

impl From<ApiRefusal> for Status {
    fn from(refusal: ApiRefusal) -> Self {
        match refusal {
            ApiRefusal::Unavailable(why) => Self::unavailable(why),
            ApiRefusal::NotFound(why) => Self::not_found(why),
            ApiRefusal::Invalid(why) => Self::invalid_argument(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    /// Knows one message.
    #[derive(Debug)]
    struct Echo;

    #[async_trait]
    impl BinaryApi for Echo {
        async fn list(&self, message: Option<&str>) -> Result<Vec<String>, ApiRefusal> {
            match message {
                None => Ok(vec!["echo".into()]),
                Some("echo") => Ok(vec!["text".into()]),
                Some(other) => Err(ApiRefusal::NotFound(other.into())),
            }
        }

        async fn call(
            &self,
            message: &str,
            fields: &Value,
        ) -> Result<(Option<Value>, Vec<Value>), ApiRefusal> {
            match message {
                "echo" => Ok((Some(json!({ "retval": 0 })), vec![fields.clone()])),
                other => Err(ApiRefusal::NotFound(other.into())),
            }
        }
    }

    fn call(message: &str, fields: &str) -> Request<CallRequest> {
        Request::new(CallRequest { message: message.into(), fields: fields.into() })
    }

    #[tokio::test]
    async fn a_message_goes_through_as_json() {
        let service = BinaryApiCalls { api: Some(Arc::new(Echo)) };
        let asked = Request::new(ListRequest::default());
        assert_eq!(service.list(asked).await.unwrap().into_inner().names, ["echo"]);
        let asked = Request::new(ListRequest { message: "echo".into() });
        assert_eq!(service.list(asked).await.unwrap().into_inner().names, ["text"]);
        let answer = service.call(call("echo", r#"{"text": "x"}"#)).await.unwrap().into_inner();
        let expected = CallResponse {
            reply: r#"{"retval":0}"#.into(),
            details: vec![r#"{"text":"x"}"#.into()],
        };
        assert_eq!(answer, expected);
        let answer = service.call(call("echo", "")).await.unwrap().into_inner();
        assert_eq!(answer.details, ["{}"]);
    }

    #[tokio::test]
    async fn refusals_have_their_codes() {
        let service = BinaryApiCalls { api: Some(Arc::new(Echo)) };
        let code = |result: Result<Response<CallResponse>, Status>| result.unwrap_err().code();
        assert_eq!(code(service.call(call("other", "")).await), Code::NotFound);
        assert_eq!(code(service.call(call("echo", "{")).await), Code::InvalidArgument);
        let nobody = BinaryApiCalls { api: None };
        assert_eq!(code(nobody.call(call("echo", "")).await), Code::Unavailable);
    }
}
