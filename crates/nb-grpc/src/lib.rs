//! The gRPC northbound: configurator, manager, meta, reflection, health.
