//! `rdma.api`

use ligato_vpp_api::msg::rdma::{
    RdmaCreateV3, RdmaCreateV3Reply, RdmaCreateV4, RdmaCreateV4Reply, RdmaDelete,
};

use super::index_or;
use crate::state::Vpp;
use crate::state::cards::Rdma;
use crate::state::retval::{Outcome, code};

/// Both messages have the same fields.
macro_rules! card {
    ($m:expr) => {
        Rdma {
            host_name: $m.host_if.to_str().into_owned(),
            name: $m.name.to_str().into_owned(),
            rx_queues: $m.rxq_num,
            rx_size: $m.rxq_size,
            tx_size: $m.txq_size,
        }
    };
}

pub(crate) fn create_v3(vpp: &mut Vpp, m: &RdmaCreateV3) -> RdmaCreateV3Reply {
    let outcome = vpp.add_rdma(card!(m));
    RdmaCreateV3Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, 0) }
}

pub(crate) fn create_v4(vpp: &mut Vpp, m: &RdmaCreateV4) -> RdmaCreateV4Reply {
    let outcome = vpp.add_rdma(card!(m));
    RdmaCreateV4Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, 0) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &RdmaDelete) -> Outcome {
    vpp.delete_rdma(m.sw_if_index.0)
}
