//! A container that runs, recognised by its label.
//!
//! Nobody configures it: the tracker of the southbound tells `linux/microservice/LABEL` when a
//! container whose environment has `MICROSERVICE_LABEL=LABEL` starts, and takes it back when it ends.
//! Interfaces in the namespace of a microservice wait for it.
//!
//! * waits for: nothing · derives: nothing · keeps: nothing

use ligato_kvs_api::{Descriptor, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec};
use ligato_linux_ctx::{LinuxCtx, keys};
use ligato_model::Key;

/// The kind `microservice`.
#[derive(Debug)]
pub struct MicroserviceKind;

impl Descriptor for MicroserviceKind {
    type Value = ();
    type Meta = ();
    type Sb = LinuxCtx;

    const SPEC: Spec = Spec::new(
        "microservice",
        "A container that runs, recognised by its label.",
        &[KeyPattern::new("linux/microservice/{label}")],
        None,
    );

    async fn create(_: &LinuxCtx, key: &Key, (): &()) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key}: only the container itself can start")))
    }

    async fn delete(_: &LinuxCtx, key: &Key, (): &(), (): &()) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key}: only the container itself can end")))
    }

    async fn retrieve(
        ctx: &LinuxCtx,
        _known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let found = ctx.microservices().await?.into_iter().map(|label| Retrieved {
            key: keys::microservice(&label),
            value: (),
            meta: (),
            origin: Origin::Sb,
        });
        Ok(found.collect())
    }
}
