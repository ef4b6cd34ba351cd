//! `/vpp/api`: any message of VPP's binary API, by name and as JSON. Off unless `binapi-access` says otherwise.
//!
//! `GET` lists the requests there are; with `?message=NAME` it names the fields of one. `POST` takes
//! `{"message": "show_version", "fields": {…}}` and answers `{"reply": {…}, "details": […]}`. Failures are JSON strings:
//! 503 when it is off or VPP cannot be asked, 404 for a message VPP does not have, 400 for fields that do not fit.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use ligato_nb_rest::Json;
use ligato_vpp_api::dynamic::{ApiSet, DynamicError, Role};
use ligato_vpp_client::{Options, Session, SessionError, VppClient};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the route needs.
pub(crate) struct BinaryApi {
    /// Whether it may be used.
    pub(crate) enabled: bool,
    /// How to connect.
    pub(crate) options: Options,
    /// Where definitions are installed, for a VPP that does not tell them.
    pub(crate) folder: PathBuf,
}

struct Shared {
    settings: BinaryApi,
    client: VppClient,
    /// The definitions of one VPP process.
    known: Mutex<Option<(u64, Arc<ApiSet>)>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    message: String,
    #[serde(default)]
    fields: Value,
}

#[derive(Deserialize)]
struct Wanted {
    message: Option<String>,
}

#[derive(Serialize)]
struct Answered {
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Value>,
    details: Vec<Value>,
}

/// A failure as it is answered.
struct Refusal(StatusCode, String);

/// The route, for the HTTP server.
pub(crate) fn routes(settings: BinaryApi, client: VppClient) -> Router {
    let shared = Shared { settings, client, known: Mutex::default() };
    Router::new().route("/vpp/api", get(list).post(call)).with_state(Arc::new(shared))
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Query(Wanted { message }): Query<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let mut session = shared.session().await?;
    let set = shared.definitions(&mut session).await;
    session.close().await;
    let set = set?;
    if let Some(name) = message {
        let Some(definition) = set.message(&name) else {
            return Err(DynamicError::UnknownMessage(name).into());
        };
        let fields: Vec<&str> = definition.field_names().collect();
        return Ok(Json(json!({ "message": name, "fields": fields })));
    }
    let mut requests: Vec<&str> = set
        .messages()
        .filter(|message| message.role != Role::Answer)
        .map(|message| message.name.as_str())
        .collect();
    requests.sort_unstable();
    Ok(Json(json!(requests)))
}

async fn call(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Json<Answered>, Refusal> {
    let Asked { message, fields } = serde_json::from_slice(&body)
        .map_err(|error| Refusal(StatusCode::BAD_REQUEST, format!("the body: {error}")))?;
    let fields = if fields.is_null() { json!({}) } else { fields };
    let mut session = shared.session().await?;
    let answer = shared.ask(&mut session, &message, &fields).await;
    session.close().await;
    let answer = answer?;
    tracing::info!(message, "a message of VPP's binary API was sent by REST");
    Ok(Json(Answered { reply: answer.reply, details: answer.details }))
}

// === impl Shared ===

impl Shared {
    async fn session(&self) -> Result<Session, Refusal> {
        if !self.settings.enabled {
            let reason = "access to VPP's binary API is not enabled (binapi-access in govpp.conf)";
            return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, reason.to_owned()));
        }
        Ok(Session::open(&self.settings.options).await?)
    }

    async fn ask(
        &self,
        session: &mut Session,
        message: &str,
        fields: &Value,
    ) -> Result<ligato_vpp_client::Answer, Refusal> {
        let set = self.definitions(session).await?;
        Ok(session.call(&set, message, fields).await?)
    }

    /// The definitions: asked for once of each VPP, or read from files.
    async fn definitions(&self, session: &mut Session) -> Result<Arc<ApiSet>, Refusal> {
        let incarnation = self.client.peer().map(|peer| peer.incarnation);
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((of, set)) = &*known
                && Some(*of) == incarnation
            {
                return Ok(set.clone());
            }
        }
        let set = match session.definitions().await {
            Err(SessionError::Unavailable { .. }) => installed(&self.settings.folder)
                .map_err(|reason| Refusal(StatusCode::SERVICE_UNAVAILABLE, reason))?,
            told => told?,
        };
        let set = Arc::new(set);
        if let Some(incarnation) = incarnation {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some((incarnation, set.clone()));
        }
        Ok(set)
    }
}

/// The definitions in the files of a folder and of those in it.
fn installed(folder: &Path) -> Result<ApiSet, String> {
    let mut set = ApiSet::default();
    let files = files(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for file in files {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = fs::read_to_string(&file).map_err(|error| at(&error))?;
        set.add_json(&text).map_err(|error| at(&error))?;
    }
    Ok(set)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.to_string_lossy().ends_with(".api.json") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

// === impl Refusal ===

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        let status = match &error {
            SessionError::Message(DynamicError::UnknownMessage(_))
            | SessionError::Unavailable { .. } => StatusCode::NOT_FOUND,
            SessionError::Message(_) | SessionError::NoRequest(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self(status, error.to_string())
    }
}

impl From<DynamicError> for Refusal {
    fn from(error: DynamicError) -> Self {
        SessionError::from(error).into()
    }
}
