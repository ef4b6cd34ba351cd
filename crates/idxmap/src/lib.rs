//! Name-to-data maps with secondary indexes and snapshot-then-events subscriptions.
