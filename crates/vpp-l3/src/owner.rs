//! Whose an object without a tag is: told by the interfaces it belongs to.

use ligato_kvs_api::Origin;

/// What the names of interfaces without an owner begin with.
const UNTAGGED: &str = "UNTAGGED-";

/// Ours if all interfaces have an owner, else somebody else's.
pub(crate) fn of<'a>(mut interfaces: impl Iterator<Item = &'a str>) -> Origin {
    if interfaces.any(|name| name.starts_with(UNTAGGED)) { Origin::Sb } else { Origin::Nb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_interface_without_owner_makes_it_nobodys() {
        assert_eq!(of(["a", "b"].into_iter()), Origin::Nb);
        assert_eq!(of(["a", "UNTAGGED-tap3"].into_iter()), Origin::Sb);
    }
}
