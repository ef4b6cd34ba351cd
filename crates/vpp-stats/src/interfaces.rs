//! Counters of interfaces.

use crate::counters::Combined;
use crate::{Pass, StatsError};

/// What VPP counted at one interface, summed over threads, since VPP started or counters were cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterfaceCounters {
    /// `sw_if_index`.
    pub index: u32,
    /// VPP's own name.
    pub name: String,
    /// Received.
    pub rx: Combined,
    /// Received, to one.
    pub rx_unicast: Combined,
    /// Received, to a group.
    pub rx_multicast: Combined,
    /// Received, to all.
    pub rx_broadcast: Combined,
    /// Sent.
    pub tx: Combined,
    /// Sent, to one.
    pub tx_unicast: Combined,
    /// Sent, to a group.
    pub tx_multicast: Combined,
    /// Sent, to all.
    pub tx_broadcast: Combined,
    /// Packets dropped.
    pub drops: u64,
    /// Packets handed to the host.
    pub punts: u64,
    /// IPv4 packets.
    pub ip4: u64,
    /// IPv6 packets.
    pub ip6: u64,
    /// MPLS packets.
    pub mpls: u64,
    /// Packets lost for lack of buffers.
    pub rx_no_buf: u64,
    /// Packets lost because nobody took them in time.
    pub rx_miss: u64,
    /// Packets received with an error.
    pub rx_error: u64,
    /// Packets that could not be sent.
    pub tx_error: u64,
}

type Field<T> = fn(&mut InterfaceCounters) -> &mut T;

/// Entries of packets and bytes.
const COMBINED: [(&str, Field<Combined>); 8] = [
    ("/if/rx", |counters| &mut counters.rx),
    ("/if/rx-unicast", |counters| &mut counters.rx_unicast),
    ("/if/rx-multicast", |counters| &mut counters.rx_multicast),
    ("/if/rx-broadcast", |counters| &mut counters.rx_broadcast),
    ("/if/tx", |counters| &mut counters.tx),
    ("/if/tx-unicast", |counters| &mut counters.tx_unicast),
    ("/if/tx-multicast", |counters| &mut counters.tx_multicast),
    ("/if/tx-broadcast", |counters| &mut counters.tx_broadcast),
];

/// Entries of single counters.
const SIMPLE: [(&str, Field<u64>); 9] = [
    ("/if/drops", |counters| &mut counters.drops),
    ("/if/punt", |counters| &mut counters.punts),
    ("/if/ip4", |counters| &mut counters.ip4),
    ("/if/ip6", |counters| &mut counters.ip6),
    ("/if/mpls", |counters| &mut counters.mpls),
    ("/if/rx-no-buf", |counters| &mut counters.rx_no_buf),
    ("/if/rx-miss", |counters| &mut counters.rx_miss),
    ("/if/rx-error", |counters| &mut counters.rx_error),
    ("/if/tx-error", |counters| &mut counters.tx_error),
];

impl Pass<'_> {
    /// Counters of all interfaces there are, by index. A counter that this VPP does not have, or not so far for an
    /// interface that is new, is 0.
    ///
    /// # Errors
    /// [`StatsError::NoEntry`] if the segment knows no interfaces, and errors of the segment.
    pub fn interfaces(&mut self) -> Result<Vec<InterfaceCounters>, StatsError> {
        let mut slots: Vec<Option<InterfaceCounters>> = (0..)
            .zip(self.name_list("/if/names")?.iter())
            .map(|(index, name)| {
                // What was deleted leaves a null pointer or an empty name.
                let name = name.clone().filter(|name| !name.is_empty())?;
                Some(InterfaceCounters { index, name, ..InterfaceCounters::default() })
            })
            .collect();
        for (name, field) in COMBINED {
            if let Some(values) = optional(self.combined(name))? {
                fill(&mut slots, values, field);
            }
        }
        for (name, field) in SIMPLE {
            if let Some(values) = optional(self.simple(name))? {
                fill(&mut slots, values, field);
            }
        }
        Ok(slots.into_iter().flatten().collect())
    }
}

/// What is not there is nothing; all other errors stay.
pub(crate) fn optional<T>(result: Result<T, StatsError>) -> Result<Option<T>, StatsError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(StatsError::NoEntry { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn fill<T>(slots: &mut [Option<InterfaceCounters>], values: Vec<T>, field: Field<T>) {
    for (slot, value) in slots.iter_mut().zip(values) {
        if let Some(counters) = slot {
            *field(counters) = value;
        }
    }
}
