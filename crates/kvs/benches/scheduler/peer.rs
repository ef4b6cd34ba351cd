//! What the original reaches on the same workloads (printing off), and what we mean to reach.

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// Seconds; for latencies the median.
    Seconds(f64),
    /// No more than so many times the figure at 1,000 values.
    Growth(f64),
}

/// The original's figure, if it was measured.
pub(crate) fn figure(name: &str, size: usize) -> Option<&'static str> {
    let row: [&'static str; 3] = match name {
        "a" => ["0.0154 s", "0.240 s", "18.3 s"],
        "a-chunk" => ["", "", "1.70 s"],
        "b1 pending" => ["0.0219 s", "0.76 s", "176 s"],
        "b1 resolve" => ["0.0364 s", "0.61 s", "37.4 s"],
        "b1 both" => ["0.0583 s", "1.37 s", "213 s"],
        "b2" => ["0.0661 s", "2.28 s", ""],
        "c1" => ["0.0574 s", "1.58 s", "345 s"],
        "c2 base" => ["0.0070 s", "0.081 s", "1.79 s"],
        "c2 routes" => ["0.0324 s", "0.466 s", "30.4 s"],
        "c2 both" => ["0.0394 s", "0.547 s", "32.2 s"],
        "c2-chunk base" => ["", "", "0.89 s"],
        "c2-chunk routes" => ["", "", "12.6 s"],
        "c2-chunk both" => ["", "", "13.5 s"],
        "d create" => ["46 / 152 us", "58 / 104 us", "336 / 525 us"],
        "d update" => ["31 / 111 us", "33 / 66 us", "32 / 77 us"],
        "d noop" => ["24 / 70 us", "25 / 50 us", "30 / 57 us"],
        "d delete" => ["54 / 89 us", "54 / 90 us", "59 / 104 us"],
        "d if-delete" => ["181 / 265 us", "203 / 850 us", "200 / 378 us"],
        "d if-create" => ["214 / 286 us", "252 / 867 us", "248 / 331 us"],
        "e startup" => ["0.0335 s", "0.587 s", "39.2 s"],
        "e no change" => ["0.022 s", "0.34 s", "27.1 s"],
        "e downstream" => ["0.0233 s", "0.364 s", "24.9 s"],
        "e upstream" => ["0.0143 s", "0.303 s", "18.5 s"],
        "f 1% drift" => ["0.022 s", "0.37 s", "23.4 s"],
        _ => return None,
    };
    at(row, size).filter(|text| !text.is_empty())
}

/// The original's peak of resident memory in MB.
pub(crate) fn peak_mb(workload: &str, size: usize) -> Option<u64> {
    let row = match workload {
        "a" => [21, 43, 241],
        "a-chunk" => [0, 0, 259],
        "b1" => [25, 83, 638],
        "b2" => [25, 75, 0],
        "c1" => [24, 74, 496],
        "c2" => [23, 63, 407],
        "c2-chunk" => [0, 0, 454],
        "d" => [32, 95, 395],
        "e" => [29, 117, 1019],
        "f" => [27, 89, 734],
        _ => return None,
    };
    at(row, size).filter(|mb| *mb != 0)
}

/// What is to be reached, on the machine on which the original was measured.
pub(crate) fn goal(name: &str, size: usize) -> Option<Goal> {
    let us = |us: f64| Some(Goal::Seconds(us / 1e6));
    match (name, size) {
        ("a", 100_000) => Some(Goal::Seconds(0.3)),
        ("b1 both", 100_000) => Some(Goal::Seconds(0.8)),
        ("c1", 100_000) => Some(Goal::Seconds(0.6)),
        ("c2-chunk both", 100_000) => Some(Goal::Seconds(0.7)),
        ("c2 both", 1_000_000) => Some(Goal::Seconds(8.0)),
        ("d create" | "d delete", 100_000) => us(15.0),
        ("d update", 100_000) => us(12.0),
        ("d noop", 100_000) => us(8.0),
        ("d if-delete" | "d if-create", 100_000) => us(80.0),
        ("d create" | "d update" | "d noop" | "d delete", 1_000_000) => Some(Goal::Growth(1.5)),
        ("e startup", 100_000) => Some(Goal::Seconds(0.5)),
        ("e no change" | "e downstream", 100_000) => Some(Goal::Seconds(0.2)),
        ("f 1% drift", 100_000) => Some(Goal::Seconds(0.25)),
        _ => None,
    }
}

/// The 99th percentile that is to be reached, in seconds.
pub(crate) fn goal_p99(name: &str, size: usize) -> Option<f64> {
    let one = matches!(name, "d create" | "d update" | "d noop" | "d delete");
    (one && size == 1_000_000).then_some(100e-6)
}

/// The peak of resident memory that is to be reached, in MB.
pub(crate) fn goal_mb(workload: &str, size: usize) -> Option<u64> {
    match (workload, size) {
        ("c1", 100_000) => Some(150),
        ("e", 100_000) => Some(200),
        ("c2", 1_000_000) => Some(1200),
        _ => None,
    }
}

/// How much readers may move the 99th percentile.
pub(crate) const GOAL_READERS: f64 = 1.2;

fn at<T: Copy>(row: [T; 3], size: usize) -> Option<T> {
    match size {
        1_000 => row.first(),
        10_000 => row.get(1),
        100_000 => row.get(2),
        _ => None,
    }
    .copied()
}
