//! `POST /scheduler/plan[?replace]`: what a configuration would change, step by step, without changing anything.

use axum::{Router, body::Bytes, extract::State, routing::post};
use ligato_kvs_api::{Plan, PlanError, PlanStep};
use serde_json::{Value, json};

use super::{status::value_status, value::recorded};
use crate::{
    answer::{ApiError, Json},
    configuration::{Mode, SharedConfiguration, read},
    query::Args,
};

pub(crate) fn routes(configuration: SharedConfiguration) -> Router {
    Router::new().route("/scheduler/plan", post(plan)).with_state(configuration)
}

async fn plan(
    State(configuration): State<SharedConfiguration>,
    args: Args,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    args.only(&["replace"])?;
    let mode = if args.switch("replace")? { Mode::Replace } else { Mode::Merge };
    let values = read(&body)?;
    let plan = configuration.plan(mode, values).await.map_err(|error| match error {
        PlanError::BadRequest(_) => ApiError::Argument(error.to_string()),
        PlanError::Moved { .. } => ApiError::Conflict(error.to_string()),
        PlanError::Closed => ApiError::Failed(error.to_string()),
    })?;
    Ok(Json(shown(&plan)))
}

fn shown(plan: &Plan) -> Value {
    json!({
        "revision": plan.revision,
        // As text: JSON numbers of this size lose digits in many clients.
        "hash": format!("{:016x}", plan.hash),
        "steps": plan.steps.iter().map(step).collect::<Value>(),
        "unsatisfied": plan.unsatisfied.iter().map(value_status).collect::<Value>(),
    })
}

fn step(step: &PlanStep) -> Value {
    let PlanStep { op, key, old, new, recreate, derived, reason, after } = step;
    json!({
        "op": op.as_str(),
        "key": key,
        "old": recorded(old.as_ref()),
        "new": recorded(new.as_ref()),
        "recreate": recreate,
        "derived": derived,
        "reason": reason.to_string(),
        "why": reason,
        "after": after,
    })
}
