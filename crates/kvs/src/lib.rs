//! The scheduler: graph, planner, executor, resync, history.
