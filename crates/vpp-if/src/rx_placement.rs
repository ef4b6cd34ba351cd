//! Which worker reads one receive queue of an interface; derived from the interface.
//!
//! ```yaml
//! rx_placements: [{queue: 0, worker: 1}, {queue: 1, main_thread: true}]
//! ```
//!
//! A worker that VPP does not have is UNSUPPORTED; where it has none at all its main thread passes for worker 0.
//!
//! Waits for the link being up: an interface without a link, such as a memif without a peer, has no queues. Not read
//! back by itself. Messages: `sw_interface_set_rx_placement`.

use ligato_kvs_api::{Change, Dependency, Descriptor, Invalid, OpError, Spec, Use};
use ligato_model::Key;
use ligato_proto::vpp::interfaces::interface;
use ligato_vpp_api::msg::interface::SwInterfaceSetRxPlacement;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys::{self, Link};

/// The kind `vpp-interface-rx-placement`.
#[derive(Debug, Clone, Copy)]
pub struct RxPlacement;

impl Descriptor for RxPlacement {
    type Value = interface::RxPlacement;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["sw_interface_set_rx_placement"])],
        ..Spec::new(
            "vpp-interface-rx-placement",
            "The worker that reads a receive queue of a VPP interface.",
            &[keys::RX_PLACEMENT],
            None,
        )
    };

    fn equivalent(
        facts: &Facts,
        _key: &Key,
        old: &interface::RxPlacement,
        new: &interface::RxPlacement,
    ) -> bool {
        let workers = facts.workers();
        worker(workers, old) == worker(workers, new)
    }

    fn supported(facts: &Facts, _key: &Key, value: &interface::RxPlacement) -> Result<(), OpError> {
        check(facts.workers(), value)
    }

    fn dependencies(_facts: &Facts, key: &Key, _value: &interface::RxPlacement) -> Vec<Dependency> {
        match parse(key) {
            Ok(name) => {
                vec![Dependency::on("interface-link-is-UP", keys::link_state(name, Link::Up))]
            }
            Err(_) => Vec::new(),
        }
    }

    async fn create(sb: &VppCtx, key: &Key, value: &interface::RxPlacement) -> Result<(), OpError> {
        let interface::RxPlacement { queue, worker, main_thread } = *value;
        let request = SwInterfaceSetRxPlacement {
            sw_if_index: sb.sw_if_index(parse(key)?)?,
            queue_id: queue,
            worker_id: worker,
            is_main: main_thread,
        };
        sb.request(request).await.map(drop)
    }

    /// A queue is always read by somebody: there is nothing to take back.
    async fn delete(
        _sb: &VppCtx,
        _key: &Key,
        _value: &interface::RxPlacement,
        _meta: &(),
    ) -> Result<(), OpError> {
        Ok(())
    }
}

/// The worker a queue is for, of so many; none for the main thread.
fn worker(workers: Option<u32>, placement: &interface::RxPlacement) -> Option<u32> {
    let interface::RxPlacement { queue: _, worker, main_thread } = *placement;
    let is_main = main_thread || (workers == Some(0) && worker == 0);
    (!is_main).then_some(worker)
}

/// Complains about a worker that is not there.
fn check(workers: Option<u32>, placement: &interface::RxPlacement) -> Result<(), OpError> {
    let (Some(workers), Some(worker)) = (workers, worker(workers, placement)) else {
        return Ok(());
    };
    match workers {
        _ if worker < workers => Ok(()),
        0 => Err(OpError::Unsupported(format!("`worker` {worker}: VPP has no workers"))),
        _ => {
            let last = workers - 1;
            Err(OpError::Unsupported(format!("`worker` {worker}: the last one of VPP is {last}")))
        }
    }
}

fn parse(key: &Key) -> Result<&str, Invalid> {
    match keys::RX_PLACEMENT.parse(key).as_deref() {
        Some(&[name, _queue]) => Ok(name),
        _ => Err(Invalid::value(format!("{key} is not the key of a receive queue"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement((worker, main_thread): (u32, bool)) -> interface::RxPlacement {
        interface::RxPlacement { queue: 0, worker, main_thread }
    }

    #[test]
    fn without_workers_the_main_thread_passes_for_the_first() {
        let of = |workers, value| worker(workers, &placement(value));
        assert_eq!(of(Some(0), (0, false)), of(Some(0), (0, true)));
        for workers in [None, Some(1), Some(2)] {
            assert_eq!(of(workers, (0, false)), Some(0), "{workers:?}");
        }
    }

    #[test]
    fn workers_that_are_not_there_are_refused() {
        let why = |workers, value| check(workers, &placement(value)).err();
        assert_eq!(why(Some(0), (0, false)), None);
        assert_eq!(why(Some(2), (1, false)), None);
        assert_eq!(why(None, (7, false)), None);
        assert_eq!(why(Some(2), (7, true)), None, "the number means nothing");
        let refused = |text: &str| Some(OpError::Unsupported(text.into()));
        assert_eq!(why(Some(0), (1, false)), refused("`worker` 1: VPP has no workers"));
        assert_eq!(why(Some(2), (2, false)), refused("`worker` 2: the last one of VPP is 1"));
    }

    #[test]
    fn the_main_thread_has_no_worker_number() {
        let same = |old, new| {
            let key = keys::rx_placement("if1", 0);
            RxPlacement::equivalent(&Facts::default(), &key, &placement(old), &placement(new))
        };
        assert!(same((1, true), (0, true)));
        assert!(same((1, false), (1, false)));
        assert!(!same((1, false), (2, false)));
        assert!(!same((0, true), (0, false)));
    }
}
