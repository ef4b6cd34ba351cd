//! Where the operations of a record belong.

/// Round of planning and step of each operation of a record in the making. Operations mostly end in the
/// order of their steps: what continues the one before it needs no memory.
#[derive(Debug, Default)]
pub(super) struct Places {
    runs: Vec<Run>,
    len: u32,
}

/// Operations that followed each other.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// The first of them.
    first: u32,
    round: u32,
    /// The step of the first one. [`NO_STEP`] has no next one: all have it.
    step: u32,
}

/// Of operations that the plan has no step for. They come after the others of their round.
pub(crate) const NO_STEP: u32 = u32::MAX;

impl Run {
    fn place_of(&self, at: u32) -> (u32, u32) {
        let step = if self.step == NO_STEP { NO_STEP } else { self.step + (at - self.first) };
        (self.round, step)
    }
}

impl Places {
    /// The place of the next operation.
    pub(super) fn push(&mut self, round: u32, step: u32) {
        if self.runs.last().is_none_or(|run| run.place_of(self.len) != (round, step)) {
            self.runs.push(Run { first: self.len, round, step });
        }
        self.len += 1;
    }

    /// All places, in the order they were added.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let ends = self.runs.iter().skip(1).map(|run| run.first).chain([self.len]);
        self.runs
            .iter()
            .zip(ends)
            .flat_map(|(run, end)| (run.first..end).map(|at| run.place_of(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_what_they_were_and_runs_are_kept_once() {
        let all =
            [(1, 0), (1, 1), (1, 2), (1, 4), (1, 3), (1, NO_STEP), (1, NO_STEP), (2, 0), (2, 1)];
        let mut places = Places::default();
        all.iter().for_each(|(round, step)| places.push(*round, *step));
        assert!(places.iter().eq(all));
        assert_eq!(places.runs.len(), 5);
        assert_eq!(Places::default().iter().count(), 0);
    }
}
