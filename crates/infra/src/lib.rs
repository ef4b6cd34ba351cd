//! Plugin life cycle, typed configuration, logging, health, metrics registry, tracked tasks and an injected clock.
