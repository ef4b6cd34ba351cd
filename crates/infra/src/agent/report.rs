//! What the start of an agent took.

use std::time::Duration;

/// The time the start took, plugin by plugin, in starting order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartReport {
    /// One entry for each plugin.
    pub plugins: Vec<PluginTiming>,
    /// From the first initialisation to the end of the last start.
    pub total: Duration,
}

/// The time one plugin took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginTiming {
    /// Its name.
    pub plugin: String,
    /// For its initialisation.
    pub init: Duration,
    /// For its start.
    pub start: Duration,
}
