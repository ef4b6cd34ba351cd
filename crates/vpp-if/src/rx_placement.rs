//! Which worker reads one receive queue of an interface; derived from the interface.
//!
//! ```yaml
//! rx_placements: [{queue: 0, worker: 1}, {queue: 1, main_thread: true}]
//! ```
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
        _facts: &Facts,
        _key: &Key,
        old: &interface::RxPlacement,
        new: &interface::RxPlacement,
    ) -> bool {
        old.main_thread == new.main_thread && (new.main_thread || old.worker == new.worker)
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

fn parse(key: &Key) -> Result<&str, Invalid> {
    match keys::RX_PLACEMENT.parse(key).as_deref() {
        Some(&[name, _queue]) => Ok(name),
        _ => Err(Invalid::value(format!("{key} is not the key of a receive queue"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_thread_has_no_worker_number() {
        let same = |old, new| {
            let placement =
                |(worker, main_thread)| interface::RxPlacement { queue: 0, worker, main_thread };
            let key = keys::rx_placement("if1", 0);
            RxPlacement::equivalent(&Facts::default(), &key, &placement(old), &placement(new))
        };
        assert!(same((1, true), (0, true)));
        assert!(same((1, false), (1, false)));
        assert!(!same((1, false), (2, false)));
        assert!(!same((0, true), (0, false)));
    }
}
