//! Runs the conformance catalogue: `cargo run -p ligato-testkit --example scenarios [FILE...]`.
#![expect(clippy::print_stdout, reason = "this is a program")]

fn main() {
    let mut paths: Vec<std::path::PathBuf> = std::env::args().skip(1).map(Into::into).collect();
    if paths.is_empty() {
        paths.extend(ligato_testkit::default_catalogue());
    }
    let summary = ligato_testkit::run_scenarios(&paths);
    for line in &summary.lines {
        println!("{line}");
    }
    std::process::exit(i32::from(!summary.is_good()));
}
