//! Clients of DHCP. There are no servers here: a test grants leases.

use std::net::Ipv4Addr;

use super::Vpp;
use super::pool::Pool;
use super::prefix::Family;
use super::retval::{Outcome, Retval};

/// A client.
#[derive(Debug, Clone)]
pub(crate) struct DhcpClient {
    pub(crate) sw_if_index: u32,
    pub(crate) hostname: String,
    pub(crate) id: String,
    /// The connection that wants to hear of leases.
    pub(crate) listener: Option<u32>,
    pub(crate) set_broadcast_flag: bool,
    pub(crate) dscp: u8,
    pub(crate) pid: u32,
    pub(crate) lease: Option<Lease>,
}

/// What a server gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) address: Ipv4Addr,
    pub(crate) len: u8,
    pub(crate) router: Ipv4Addr,
}

/// All clients.
#[derive(Debug, Default)]
pub(crate) struct DhcpClients {
    pool: Pool<DhcpClient>,
    /// Clients that got a lease since listeners were told.
    bound: Vec<u32>,
}

impl DhcpClients {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &DhcpClient> {
        self.pool.iter().map(|(_, client)| client)
    }

    fn find(&self, sw_if_index: u32) -> Option<u32> {
        self.pool.iter().find(|(_, client)| client.sw_if_index == sw_if_index).map(|(at, _)| at)
    }

    /// Clients whose listeners have to be told.
    pub(crate) fn take_bound(&mut self) -> Vec<DhcpClient> {
        let bound = std::mem::take(&mut self.bound);
        bound.into_iter().filter_map(|at| self.pool.get(at).cloned()).collect()
    }
}

impl Vpp {
    pub(crate) fn add_dhcp_client(&mut self, client: DhcpClient) -> Outcome {
        if self.dhcp_clients.find(client.sw_if_index).is_some() {
            return Err(Retval::INVALID_VALUE);
        }
        self.dhcp_clients.pool.insert(client);
        Ok(())
    }

    pub(crate) fn remove_dhcp_client(&mut self, sw_if_index: u32) -> Outcome {
        self.end_lease(sw_if_index).map_err(|_| Retval::INVALID_VALUE)?;
        let at = self.dhcp_clients.find(sw_if_index).ok_or(Retval::INVALID_VALUE)?;
        self.dhcp_clients.pool.remove(at);
        Ok(())
    }

    /// A server answers: the address is put on the interface.
    pub(crate) fn grant_lease(&mut self, sw_if_index: u32, lease: Lease) -> Outcome {
        let at = self.dhcp_clients.find(sw_if_index).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.end_lease(sw_if_index)?;
        let bits = u128::from(u32::from(lease.address));
        self.add_address(sw_if_index, Family::V4, bits, lease.len)?;
        if let Some(client) = self.dhcp_clients.pool.get_mut(at) {
            client.lease = Some(lease);
        }
        self.dhcp_clients.bound.push(at);
        Ok(())
    }

    /// The lease runs out. VPP tells nobody.
    pub(crate) fn end_lease(&mut self, sw_if_index: u32) -> Outcome {
        let at = self.dhcp_clients.find(sw_if_index).ok_or(Retval::NO_SUCH_ENTRY)?;
        let lease = self.dhcp_clients.pool.get_mut(at).and_then(|client| client.lease.take());
        if let Some(lease) = lease {
            let bits = u128::from(u32::from(lease.address));
            // Somebody may have taken it away already.
            self.remove_address(sw_if_index, Family::V4, bits, lease.len).ok();
        }
        Ok(())
    }
}
