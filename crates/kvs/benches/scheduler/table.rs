//! The figures as a table and as data, each with the original's, the growth, and the goal.

use serde::Serialize;

use crate::{
    Run,
    peer::{self, Goal},
    workloads::Figure,
};

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    name: String,
    size: usize,
    ours: String,
    original: Option<String>,
    /// Against the next smaller size.
    growth: Option<f64>,
    goal: Option<String>,
    met: Option<bool>,
}

/// The lines of the last run; `runs` holds it and those before it.
pub(crate) fn lines(runs: &[Run]) -> Vec<Line> {
    let Some((run, before)) = runs.split_last() else { return Vec::new() };
    let mut lines: Vec<Line> = run.figures.iter().map(|f| line(run, f, before)).collect();
    let goal = peer::goal_mb(&run.workload, run.size);
    let smaller = before.iter().rev().find(|r| r.workload == run.workload && r.size < run.size);
    lines.push(Line {
        name: format!("{} peak", run.workload),
        size: run.size,
        ours: format!("{} MB", run.peak_mb),
        original: peer::peak_mb(&run.workload, run.size).map(|mb| format!("{mb} MB")),
        growth: smaller.map(|r| run.peak_mb as f64 / r.peak_mb as f64),
        goal: goal.map(|mb| format!("{mb} MB")),
        met: goal.map(|mb| run.peak_mb <= mb),
    });
    lines
}

fn line(run: &Run, figure: &Figure, before: &[Run]) -> Line {
    let same = |size: &dyn Fn(usize) -> bool| {
        let mut runs = before.iter().rev().filter(|r| size(r.size));
        runs.find_map(|r| r.figures.iter().find(|f| f.name == figure.name))
    };
    let smallest = same(&|size| size == 1_000);
    let (goal, met) = match peer::goal(&figure.name, run.size) {
        Some(Goal::Seconds(goal)) => (Some(text(goal, figure)), Some(figure.seconds <= goal)),
        Some(Goal::Growth(factor)) => match smallest {
            Some(at) => (
                Some(format!("{factor} x {}", text(at.seconds, figure))),
                Some(figure.seconds <= at.seconds * factor),
            ),
            None => (None, None),
        },
        None => (None, None),
    };
    let ours = match (figure.p99, figure.against) {
        (Some(p99), Some(alone)) => {
            let us = |s: &f64| format!("{:.1}", s * 1e6);
            let controls: Vec<String> = figure.controls.iter().map(us).collect();
            format!("p99 {}, alone {}, controls {}", us(&p99), us(&alone), controls.join(" "))
        }
        (Some(p99), None) => format!("{:.1} / {:.1} us", figure.seconds * 1e6, p99 * 1e6),
        (None, _) => format!("{:.4} s", figure.seconds),
    };
    let mut line = Line {
        name: figure.name.clone(),
        size: run.size,
        ours,
        original: peer::figure(&figure.name, run.size).map(str::to_owned),
        growth: same(&|size| size < run.size).map(|f| figure.seconds / f.seconds),
        goal,
        met,
    };
    if let (Some(p99), Some(goal)) = (figure.p99, peer::goal_p99(&figure.name, run.size)) {
        let also = format!("p99 {:.0} us", goal * 1e6);
        line.goal = Some(line.goal.map_or(also.clone(), |goal| format!("{goal}, {also}")));
        line.met = Some(line.met != Some(false) && p99 <= goal);
    }
    if let (Some(p99), Some(alone)) = (figure.p99, figure.against) {
        line.growth = None;
        line.goal = Some(format!("{} x alone", peer::GOAL_READERS));
        line.met = Some(p99 <= alone * peer::GOAL_READERS);
    }
    line
}

fn text(seconds: f64, like: &Figure) -> String {
    if like.p99.is_some() { format!("{:.1} us", seconds * 1e6) } else { format!("{seconds} s") }
}

/// The head of the table.
pub(crate) fn head() -> String {
    row(["what", "size", "ours", "original", "growth", "goal", ""])
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let growth = self.growth.map_or(String::new(), |x| format!("x{x:.1}"));
        f.write_str(&row([
            &self.name,
            &self.size.to_string(),
            &self.ours,
            self.original.as_deref().unwrap_or_default(),
            &growth,
            self.goal.as_deref().unwrap_or_default(),
            match self.met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            },
        ]))
    }
}

fn row([what, size, ours, original, growth, goal, met]: [&str; 7]) -> String {
    format!("{what:20} {size:>8} {ours:>28} {original:>14} {growth:>6} {goal:>24} {met}")
        .trim_end()
        .to_owned()
}
