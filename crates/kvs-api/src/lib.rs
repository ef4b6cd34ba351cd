//! The contract between the scheduler and everything around it: descriptors, values, transactions, plans, states.
