//! Desired state per source, merged by precedence, handed to the scheduler.
