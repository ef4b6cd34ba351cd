//! The metrics of the agent, made of parts that come and go with the plugins that own them.
//!
//! Each part is a registry of the Prometheus client library; the scrape writes them one after the other.
//! Dropping the [`MetricsPart`] removes the part, so series of what is gone are gone too.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    registry::Registry,
};

/// The content type of [`Metrics::encode`]'s text.
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of an agent. Clones share their parts.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    parts: Arc<Mutex<Parts>>,
}

/// Keeps a part in the scrape; dropping it takes the part out.
#[derive(Debug)]
#[must_use = "dropping it removes the metrics"]
pub struct MetricsPart {
    metrics: Metrics,
    id: u64,
}

#[derive(Default)]
struct Parts {
    next: u64,
    registries: BTreeMap<u64, Registry>,
}

// === impl Metrics ===

impl Metrics {
    /// No metrics.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part. A family must not appear in two parts.
    pub fn add(&self, registry: Registry) -> MetricsPart {
        let mut parts = self.lock();
        let id = parts.next;
        parts.next += 1;
        parts.registries.insert(id, registry);
        MetricsPart { metrics: self.clone(), id }
    }

    /// The OpenMetrics text of all parts.
    ///
    /// # Errors
    /// When a collector fails to write.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        for registry in self.lock().registries.values() {
            encode_registry(&mut text, registry)?;
        }
        encode_eof(&mut text)?;
        Ok(text)
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("count", &self.registries.len()).finish_non_exhaustive()
    }
}

// === impl MetricsPart ===

impl Drop for MetricsPart {
    fn drop(&mut self) {
        self.metrics.lock().registries.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    #[test]
    fn a_dropped_part_is_no_longer_scraped() {
        let metrics = Metrics::new();
        let counter = Counter::<u64>::default();
        let mut registry = Registry::with_prefix("ligato");
        registry.register("hits", "How often", counter.clone());
        let part = metrics.add(registry);
        counter.inc();
        let text = metrics.encode().unwrap();
        assert!(text.contains("ligato_hits_total 1\n"), "{text}");
        drop(part);
        assert_eq!(metrics.encode().unwrap(), "# EOF\n");
    }
}
