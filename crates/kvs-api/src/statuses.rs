//! Statuses that are made when they are asked for.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, LazyLock},
};

use crate::BaseValueStatus;

type Make = Box<dyn FnOnce() -> Vec<BaseValueStatus> + Send>;

/// A list of statuses, sorted by key. It may be made only when somebody looks at it: most of those
/// who commit a transaction look at its outcome alone, and a large one touches a lot of values.
/// Cloning copies a pointer.
#[derive(Clone)]
pub struct Statuses(Arc<LazyLock<Vec<BaseValueStatus>, Make>>);

impl Statuses {
    /// Statuses that are made at the first look, on the thread of the one who looks.
    pub fn later(make: impl FnOnce() -> Vec<BaseValueStatus> + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl Default for Statuses {
    fn default() -> Self {
        Self::later(Vec::new)
    }
}

impl From<Vec<BaseValueStatus>> for Statuses {
    fn from(statuses: Vec<BaseValueStatus>) -> Self {
        Self::later(|| statuses)
    }
}

impl FromIterator<BaseValueStatus> for Statuses {
    fn from_iter<I: IntoIterator<Item = BaseValueStatus>>(statuses: I) -> Self {
        statuses.into_iter().collect::<Vec<_>>().into()
    }
}

impl Deref for Statuses {
    type Target = [BaseValueStatus];

    fn deref(&self) -> &[BaseValueStatus] {
        &self.0
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;
    use crate::{OpKind, ValueState, ValueStatus};

    #[test]
    fn statuses_are_made_once_for_all_who_look() {
        let made = Arc::new(AtomicU32::new(0));
        let statuses = {
            let made = Arc::clone(&made);
            Statuses::later(move || {
                made.fetch_add(1, Relaxed);
                let value = ValueStatus {
                    key: "config/a".into(),
                    state: ValueState::Configured,
                    error: String::new(),
                    last_operation: OpKind::Create,
                    details: Vec::new(),
                };
                vec![BaseValueStatus { value, derived_values: Vec::new() }]
            })
        };
        let other = statuses.clone();
        assert_eq!(made.load(Relaxed), 0);
        assert_eq!((statuses.len(), other[0].value.state), (1, ValueState::Configured));
        assert_eq!(made.load(Relaxed), 1);
        assert!(Statuses::default().is_empty());
    }
}
