//! What was set in interfaces, for what VPP does not tell back.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ligato_proto::vpp::interfaces::Interface;

/// Interfaces as they were last made, changed or found, by VPP's index; forgotten when VPP starts anew.
///
/// Without it a read-back could only take what VPP does not tell to be as it is wanted, and a wish that changes just that
/// would seem to be fulfilled.
#[derive(Debug, Default)]
pub struct Remembered {
    interfaces: Mutex<Run>,
}

/// Of one run of VPP.
#[derive(Debug, Default)]
struct Run {
    incarnation: u64,
    interfaces: HashMap<u32, Interface>,
}

impl Remembered {
    /// The interface of this index, if it is still that of the name.
    pub fn get(&self, incarnation: u64, index: u32, name: &str) -> Option<Interface> {
        self.with(incarnation, |interfaces| {
            interfaces.get(&index).filter(|known| known.name == name).cloned()
        })
    }

    /// An interface was made, changed or found as it was not known before.
    pub fn put(&self, incarnation: u64, index: u32, value: Interface) {
        self.with(incarnation, |interfaces| drop(interfaces.insert(index, value)));
    }

    /// Something about an interface was changed by itself.
    pub fn change(&self, incarnation: u64, index: u32, change: impl FnOnce(&mut Interface)) {
        self.with(incarnation, |interfaces| interfaces.get_mut(&index).map(change));
    }

    /// An interface is gone.
    pub fn remove(&self, incarnation: u64, index: u32) {
        self.with(incarnation, |interfaces| drop(interfaces.remove(&index)));
    }

    fn with<T>(&self, incarnation: u64, f: impl FnOnce(&mut HashMap<u32, Interface>) -> T) -> T {
        let mut run = self.interfaces.lock().unwrap_or_else(PoisonError::into_inner);
        if run.incarnation != incarnation {
            *run = Run { incarnation, interfaces: HashMap::new() };
        }
        f(&mut run.interfaces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_run_of_vpp_and_another_name_have_nothing_in_common_with_the_old() {
        let known = Remembered::default();
        let value = Interface { name: "a".into(), ..Interface::default() };
        known.put(1, 5, value.clone());
        known.change(1, 5, |value| value.mtu = 7);
        assert_eq!(known.get(1, 5, "a"), Some(Interface { mtu: 7, ..value.clone() }));
        assert_eq!(known.get(1, 5, "b"), None);
        assert_eq!(known.get(2, 5, "a"), None);
        known.put(2, 5, value);
        known.remove(2, 5);
        assert_eq!(known.get(2, 5, "a"), None);
    }
}
