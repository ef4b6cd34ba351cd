//! `/metrics/{model}`: what plugins count, as messages of the models of class `metrics`.

use std::{collections::BTreeMap, fmt, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use ligato_model::Value;

use crate::{
    answer::{ApiError, Json},
    dump::gojson,
};

/// What one plugin counts; offered by it while it is initialised.
#[derive(Clone)]
pub struct ModelMetrics {
    model: String,
    read: Arc<dyn Fn() -> Value + Send + Sync>,
}

impl ModelMetrics {
    /// Metrics of a model, such as `govppmux.stats`, and how to read them now.
    pub fn new(model: impl Into<String>, read: impl Fn() -> Value + Send + Sync + 'static) -> Self {
        Self { model: model.into(), read: Arc::new(read) }
    }
}

impl fmt::Debug for ModelMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelMetrics").field("model", &self.model).finish_non_exhaustive()
    }
}

type Sources = Arc<BTreeMap<String, ModelMetrics>>;

pub(crate) fn routes(offered: Vec<ModelMetrics>) -> Router {
    let sources: Sources =
        Arc::new(offered.into_iter().map(|source| (source.model.clone(), source)).collect());
    Router::new().route("/metrics/{model}", get(read)).with_state(sources)
}

async fn read(
    State(sources): State<Sources>,
    Path(model): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let source = sources.get(&model);
    let source =
        source.ok_or_else(|| ApiError::NotFound(format!("there are no metrics of {model:?}")))?;
    Ok(Json(gojson::message(&(source.read)().message().to_dynamic())))
}
