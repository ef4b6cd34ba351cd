//! Doing something inside a namespace on a thread of its own.

use std::thread;

use nix::sched::{CloneFlags, setns};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::namespace::Namespace;

/// Runs `work` on a new thread inside the namespace and waits for its result. The thread ends
/// afterwards; the caller's threads stay where they are. `work` may block.
///
/// # Errors
/// When the namespace cannot be entered, or the thread cannot be started or panics.
pub async fn run_in<T, F>(namespace: &Namespace, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let inside = namespace.clone();
    on_thread(namespace.to_string(), move || {
        setns(&inside, CloneFlags::CLONE_NEWNET)
            .map_err(|errno| Error::OpenNamespace { namespace: inside.to_string(), errno })?;
        Ok(work())
    })
    .await?
}

/// Runs `work` on a thread that nothing else uses, so that it may change what belongs to the
/// thread. `label` names the namespace in the error.
pub(crate) async fn on_thread<T, F>(label: String, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (done, result) = oneshot::channel();
    let spawned = thread::Builder::new().name("netns".into()).spawn(move || {
        // Nobody waits any more when the caller was cancelled.
        let _ = done.send(work());
    });
    match spawned {
        Ok(_detached) => result.await.map_err(|_| Error::Thread { namespace: label }),
        Err(_) => Err(Error::Thread { namespace: label }),
    }
}
