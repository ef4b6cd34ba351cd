//! Set-up, checks, tests, demo, benchmarks and generated files.

fn main() {}
