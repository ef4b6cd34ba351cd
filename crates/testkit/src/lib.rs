//! Scenario scripts, fixtures and invariant checks for tests.
