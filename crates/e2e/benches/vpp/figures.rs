//! Figures, what VPP does by itself beside them, and what is wanted.

use std::fmt;

use serde::Serialize;

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) what: String,
    /// The unit of `ours` and `alone`: `/s`, `s`, `ms`, `MB`, `writes`.
    pub(crate) unit: &'static str,
    /// The figure.
    pub(crate) ours: f64,
    /// The same by a raw socket in this run, or another figure to compare with.
    pub(crate) alone: Option<f64>,
    /// What is wanted, in words.
    pub(crate) goal: Option<String>,
    /// Whether it is reached.
    pub(crate) reached: Option<bool>,
}

/// What is wanted of a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// A rate: this share of what VPP does alone.
    ShareOfAlone(f64),
    /// A time: this multiple of what VPP needs alone.
    TimesAlone(f64),
}

impl Figure {
    /// A figure without a goal.
    pub(crate) fn new(what: impl Into<String>, unit: &'static str, ours: f64) -> Self {
        Self { what: what.into(), unit, ours, alone: None, goal: None, reached: None }
    }

    /// Puts what VPP does alone beside it.
    pub(crate) fn alone(mut self, alone: f64) -> Self {
        self.alone = Some(alone);
        self
    }

    /// Judges it.
    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        let (ours, alone) = (self.ours, self.alone.unwrap_or(f64::NAN));
        let (text, reached) = match goal {
            Goal::AtLeast(least) => (format!(">= {}", number(least)), ours >= least),
            Goal::AtMost(most) => (format!("<= {}", number(most)), ours <= most),
            Goal::ShareOfAlone(share) => {
                (format!(">= {:.0} % of alone", share * 100.0), ours >= share * alone)
            }
            Goal::TimesAlone(times) => (format!("<= {times} x alone"), ours <= times * alone),
        };
        (self.goal, self.reached) = (Some(text), Some(reached));
        self
    }
}

/// The head of the table.
pub(crate) fn head() -> String {
    row(["what", "ours", "VPP alone", "ratio", "goal", ""])
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_unit = |value: f64| format!("{} {}", number(value), self.unit);
        let ratio = self.alone.map_or(String::new(), |alone| format!("{:.2}", self.ours / alone));
        f.write_str(&row([
            &self.what,
            &with_unit(self.ours),
            &self.alone.map_or(String::new(), with_unit),
            &ratio,
            self.goal.as_deref().unwrap_or_default(),
            match self.reached {
                Some(true) => "reached",
                Some(false) => "MISSED",
                None => "",
            },
        ]))
    }
}

fn row([what, ours, alone, ratio, goal, reached]: [&str; 6]) -> String {
    format!("{what:56} {ours:>14} {alone:>14} {ratio:>6} {goal:>18} {reached}")
        .trim_end()
        .to_owned()
}

/// As many digits as tell something.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value == 0.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
