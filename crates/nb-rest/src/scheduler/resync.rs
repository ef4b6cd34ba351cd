//! `POST /scheduler/downstream-resync`: read the southbound back and repair what differs.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use ligato_kvs::{Scheduler, record::to_json};
use ligato_kvs_api::{ResyncKind, RetryPolicy, Scope, Transaction, TxnOptions, TxnOutcome};

use crate::{
    answer::{ApiError, Json},
    query::Args,
};

pub(super) async fn downstream(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Response, ApiError> {
    args.only(&["retry", "verbose"])?;
    // Accepted for compatibility: the record in the answer says what the original printed.
    args.switch("verbose")?;
    let options = TxnOptions {
        retry: args.switch("retry")?.then(RetryPolicy::default),
        description: Some("requested by REST".to_owned()),
        ..TxnOptions::default()
    };
    let resync = Transaction::resync(ResyncKind::Downstream(Scope::All), Vec::new());
    let report = scheduler.commit(resync.with(options)).await;
    if report.outcome != TxnOutcome::Done {
        let text = report.error_text().unwrap_or_else(|| "resync failed".to_owned());
        return Err(ApiError::Failed(text));
    }
    let record = report.seq.and_then(|seq| scheduler.transaction(seq));
    Ok(Json(record.map(|record| to_json(&record))).into_response())
}
