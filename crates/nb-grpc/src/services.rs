//! What the services work with.

use ligato_kvs::Scheduler;
use ligato_kvs_api::BaseValueStatus;
use ligato_model::Registry;
use ligato_orchestrator::OrchestratorHandle;

use crate::{Notifications, SharedBinaryApi, SharedStatistics};

/// Handles of everything the services read and change. Cloning copies a few pointers.
#[derive(Debug, Clone)]
pub struct Services {
    /// What is desired.
    pub orchestrator: OrchestratorHandle,
    /// How it fares.
    pub scheduler: Scheduler,
    /// The kinds there are.
    pub registry: Registry,
    /// What happens to interfaces.
    pub notifications: Notifications,
    /// What interfaces have counted; nothing if nobody is to know.
    pub statistics: Option<SharedStatistics>,
    /// VPP's binary API; nothing if there is no VPP.
    pub binary_api: Option<SharedBinaryApi>,
}

impl Services {
    /// How one value fares now.
    pub(crate) fn status(&self, key: &str) -> Option<BaseValueStatus> {
        self.scheduler.snapshot().status(key)
    }
}
