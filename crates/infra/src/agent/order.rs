//! The order of plugins: each after those it uses, otherwise as given.

use std::collections::{BTreeSet, HashMap, HashSet};

use thiserror::Error;

/// Why plugins cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// Two plugins have one name.
    #[error("two plugins are named {0:?}")]
    Duplicate(String),
    /// A plugin uses one that is not there.
    #[error("plugin {plugin:?} uses {missing:?}, which is not part of the agent")]
    Missing {
        /// The plugin.
        plugin: String,
        /// What it uses.
        missing: String,
    },
    /// Plugins use each other in a circle; the first is repeated at the end.
    #[error("plugins use each other in a circle: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
}

/// The positions of the plugins in starting order, from each one's name and what it uses.
pub(super) fn order(plugins: &[(String, Vec<String>)]) -> Result<Vec<usize>, OrderError> {
    let mut position = HashMap::new();
    for (at, (name, _)) in plugins.iter().enumerate() {
        if position.insert(name.as_str(), at).is_some() {
            return Err(OrderError::Duplicate(name.clone()));
        }
    }
    let mut uses: Vec<HashSet<usize>> = Vec::with_capacity(plugins.len());
    let mut used_by: Vec<Vec<usize>> = vec![Vec::new(); plugins.len()];
    for (at, (name, names)) in plugins.iter().enumerate() {
        let mut needed = HashSet::new();
        for used in names {
            let Some(&other) = position.get(used.as_str()) else {
                return Err(OrderError::Missing { plugin: name.clone(), missing: used.clone() });
            };
            if needed.insert(other)
                && let Some(users) = used_by.get_mut(other)
            {
                users.push(at);
            }
        }
        uses.push(needed);
    }
    let ordered = sort(&uses, &used_by);
    if ordered.len() == plugins.len() { Ok(ordered) } else { Err(cycle(plugins, &uses, &ordered)) }
}

/// Kahn's algorithm, taking the first in the given order among those that are free.
fn sort(uses: &[HashSet<usize>], used_by: &[Vec<usize>]) -> Vec<usize> {
    let mut open: Vec<usize> = uses.iter().map(HashSet::len).collect();
    let mut free: BTreeSet<usize> = (0..open.len()).filter(|at| uses[*at].is_empty()).collect();
    let mut ordered = Vec::with_capacity(open.len());
    while let Some(next) = free.pop_first() {
        ordered.push(next);
        for &user in &used_by[next] {
            open[user] -= 1;
            if open[user] == 0 {
                free.insert(user);
            }
        }
    }
    ordered
}

/// Follows uses among the plugins that could not be ordered until one repeats.
fn cycle(
    plugins: &[(String, Vec<String>)],
    uses: &[HashSet<usize>],
    ordered: &[usize],
) -> OrderError {
    let ordered: HashSet<usize> = ordered.iter().copied().collect();
    let stuck = |at: &usize| !ordered.contains(at);
    let mut walk: Vec<usize> = Vec::new();
    let mut next = (0..plugins.len()).find(stuck);
    while let Some(at) = next {
        if let Some(start) = walk.iter().position(|seen| *seen == at) {
            walk.drain(..start);
            walk.push(at);
            break;
        }
        walk.push(at);
        // Each one that is stuck uses another one that is stuck.
        next = uses[at].iter().copied().filter(stuck).min();
    }
    OrderError::Cycle(walk.into_iter().map(|at| plugins[at].0.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(plugins: &[(&str, &[&str])]) -> Result<Vec<String>, OrderError> {
        let plugins: Vec<(String, Vec<String>)> = plugins
            .iter()
            .map(|(name, uses)| ((*name).into(), uses.iter().map(|u| (*u).into()).collect()))
            .collect();
        order(&plugins).map(|at| at.into_iter().map(|i| plugins[i].0.clone()).collect())
    }

    #[test]
    fn what_is_used_comes_first_and_the_rest_keeps_its_order() {
        let ordered = check(&[
            ("z", &[]),
            ("rest", &["kvs", "health"]),
            ("kvs", &["vpp"]),
            ("vpp", &[]),
            ("health", &[]),
        ]);
        assert_eq!(ordered.unwrap(), ["z", "vpp", "kvs", "health", "rest"]);
    }

    #[test]
    fn a_circle_is_named() {
        let refused =
            check(&[("free", &[]), ("in", &["a"]), ("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
        let OrderError::Cycle(circle) = refused.unwrap_err() else { panic!("not a cycle") };
        assert_eq!(circle, ["a", "b", "c", "a"]);
    }

    #[test]
    fn duplicates_and_missing_plugins_are_refused() {
        assert_eq!(check(&[("a", &[]), ("a", &[])]), Err(OrderError::Duplicate("a".into())));
        let missing = OrderError::Missing { plugin: "a".into(), missing: "b".into() };
        assert_eq!(check(&[("a", &["b"])]), Err(missing));
        assert_eq!(check(&[("a", &["a"])]), Err(OrderError::Cycle(vec!["a".into(), "a".into()])));
    }
}
