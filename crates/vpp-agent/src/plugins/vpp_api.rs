//! Any message of VPP's binary API, by name and as JSON: `/vpp/api` and, by gRPC, `BinaryApiService`. Off unless
//! `binapi-access` says otherwise.
//!
//! `GET` lists the requests there are; with `?message=NAME` it names the fields of one. `POST` takes
//! `{"message": "show_version", "fields": {…}}` and answers `{"reply": {…}, "details": […]}`. Failures are JSON strings:
//! 503 when it is off or VPP cannot be asked, 404 for a message VPP does not have, 400 for fields that do not fit.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    routing::get,
};
use ligato_nb_grpc::{ApiRefusal, BinaryApi};
use ligato_nb_rest::Json;
use ligato_vpp_api::dynamic::{ApiSet, DynamicError, Role};
use ligato_vpp_client::{Options, Session, SessionError, VppClient};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refusal::Refusal;

/// How it was set up.
pub(crate) struct AccessConf {
    /// Whether it may be used.
    pub(crate) enabled: bool,
    /// How to connect.
    pub(crate) options: Options,
    /// Where definitions are installed, for a VPP that does not tell them.
    pub(crate) folder: PathBuf,
}

/// Access to the messages of one VPP.
pub(crate) struct Access {
    settings: AccessConf,
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

/// The route, for the HTTP server.
pub(crate) fn routes(access: Arc<Access>) -> Router {
    Router::new().route("/vpp/api", get(list).post(call)).with_state(access)
}

async fn list(
    State(access): State<Arc<Access>>,
    Query(Wanted { message }): Query<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let names = access.list(message.as_deref()).await?;
    Ok(Json(match message {
        Some(message) => json!({ "message": message, "fields": names }),
        None => json!(names),
    }))
}

async fn call(State(access): State<Arc<Access>>, body: Bytes) -> Result<Json<Answered>, Refusal> {
    let Asked { message, fields } = serde_json::from_slice(&body)
        .map_err(|error| ApiRefusal::Invalid(format!("the body: {error}")))?;
    let fields = if fields.is_null() { json!({}) } else { fields };
    let (reply, details) = access.call(&message, &fields).await?;
    Ok(Json(Answered { reply, details }))
}

#[async_trait]
impl BinaryApi for Access {
    async fn list(&self, message: Option<&str>) -> Result<Vec<String>, ApiRefusal> {
        let mut session = self.session().await?;
        let set = self.definitions(&mut session).await;
        session.close().await;
        let set = set?;
        if let Some(name) = message {
            let Some(definition) = set.message(name) else {
                return Err(refusal(&DynamicError::UnknownMessage(name.to_owned()).into()));
            };
            return Ok(definition.field_names().map(str::to_owned).collect());
        }
        let mut requests: Vec<String> = set
            .messages()
            .filter(|message| message.role != Role::Answer)
            .map(|message| message.name.clone())
            .collect();
        requests.sort_unstable();
        Ok(requests)
    }

    async fn call(
        &self,
        message: &str,
        fields: &Value,
    ) -> Result<(Option<Value>, Vec<Value>), ApiRefusal> {
        let mut session = self.session().await?;
        let answer = self.ask(&mut session, message, fields).await;
        session.close().await;
        let answer = answer?;
        tracing::info!(message, "a message of VPP's binary API was sent for a client");
        Ok((answer.reply, answer.details))
    }
}

// === impl Access ===

impl Access {
    pub(crate) fn new(settings: AccessConf, client: VppClient) -> Self {
        Self { settings, client, known: Mutex::default() }
    }

    async fn session(&self) -> Result<Session, ApiRefusal> {
        if !self.settings.enabled {
            let reason = "access to VPP's binary API is not enabled (binapi-access in govpp.conf)";
            return Err(ApiRefusal::Unavailable(reason.to_owned()));
        }
        Session::open(&self.settings.options).await.map_err(|error| refusal(&error))
    }

    async fn ask(
        &self,
        session: &mut Session,
        message: &str,
        fields: &Value,
    ) -> Result<ligato_vpp_client::Answer, ApiRefusal> {
        let set = self.definitions(session).await?;
        session.call(&set, message, fields).await.map_err(|error| refusal(&error))
    }

    /// The definitions: asked for once of each VPP, or read from files.
    async fn definitions(&self, session: &mut Session) -> Result<Arc<ApiSet>, ApiRefusal> {
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
            Err(SessionError::Unavailable { .. }) => {
                installed(&self.settings.folder).map_err(ApiRefusal::Unavailable)?
            }
            told => told.map_err(|error| refusal(&error))?,
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

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("enabled", &self.settings.enabled).finish_non_exhaustive()
    }
}

fn refusal(error: &SessionError) -> ApiRefusal {
    let text = error.to_string();
    match error {
        SessionError::Message(DynamicError::UnknownMessage(_))
        | SessionError::Unavailable { .. } => ApiRefusal::NotFound(text),
        SessionError::Message(_) | SessionError::NoRequest(_) => ApiRefusal::Invalid(text),
        _ => ApiRefusal::Unavailable(text),
    }
}
