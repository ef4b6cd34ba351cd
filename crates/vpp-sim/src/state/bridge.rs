//! Bridge domains: members, MAC table, ARP termination; and cross-connects.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::Vpp;
use super::interfaces::{FloodClass, Interfaces, L2Mode, Mac};
use super::pool::Instances;
use super::retval::{Outcome, Retval};

/// VPP numbers bridge domains with 24 bits.
const MAX_BD_ID: u32 = 0x00ff_ffff;

/// What a bridge domain does with frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BdFlags {
    pub(crate) flood: bool,
    pub(crate) uu_flood: bool,
    pub(crate) forward: bool,
    pub(crate) learn: bool,
    pub(crate) arp_term: bool,
    pub(crate) arp_ufwd: bool,
}

impl BdFlags {
    /// What a domain gets that springs up because an interface is put into it.
    const IMPLICIT: BdFlags = BdFlags {
        flood: true,
        uu_flood: true,
        forward: true,
        learn: true,
        arp_term: false,
        arp_ufwd: false,
    };
}

/// Role of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortType {
    Normal,
    Bvi,
    UnknownUnicastForward,
}

/// A bridge domain.
#[derive(Debug, Clone)]
pub(crate) struct BridgeDomain {
    pub(crate) id: u32,
    pub(crate) flags: BdFlags,
    pub(crate) mac_age: u8,
    pub(crate) tag: String,
    pub(crate) bvi: Option<u32>,
    pub(crate) uu_fwd: Option<u32>,
    /// In the order VPP floods backwards: the BVI first, those not flooded to last.
    pub(crate) members: Vec<u32>,
    pub(crate) arp_entries: BTreeMap<IpAddr, Mac>,
}

impl BridgeDomain {
    fn new(id: u32, flags: BdFlags, mac_age: u8, tag: &str) -> Self {
        Self {
            id,
            flags,
            mac_age,
            tag: tag.to_owned(),
            bvi: None,
            uu_fwd: None,
            members: Vec::new(),
            arp_entries: BTreeMap::new(),
        }
    }
}

/// An entry of the MAC table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FibEntry {
    pub(crate) sw_if_index: u32,
    pub(crate) is_static: bool,
    pub(crate) is_filter: bool,
    pub(crate) is_bvi: bool,
}

/// All bridge domains and their common MAC table.
#[derive(Debug, Clone)]
pub(crate) struct Bridges {
    domains: BTreeMap<u32, BridgeDomain>,
    index_by_id: HashMap<u32, u32>,
    indexes: Instances,
    macs: BTreeMap<(u32, Mac), FibEntry>,
}

impl Default for Bridges {
    /// Index 0 is VPP's own, for interfaces in no domain.
    fn default() -> Self {
        let mut indexes = Instances::default();
        indexes.take_lowest();
        Self {
            domains: BTreeMap::new(),
            index_by_id: HashMap::from([(0, 0)]),
            indexes,
            macs: BTreeMap::new(),
        }
    }
}

impl Bridges {
    pub(crate) fn add(&mut self, id: u32, flags: BdFlags, mac_age: u8, tag: &str) -> Outcome {
        if self.index_by_id.contains_key(&id) {
            return Err(Retval::BD_ALREADY_EXISTS);
        }
        if id > MAX_BD_ID {
            return Err(Retval::BD_ID_EXCEED_MAX);
        }
        self.create(BridgeDomain::new(id, flags, mac_age, tag));
        Ok(())
    }

    fn create(&mut self, domain: BridgeDomain) -> u32 {
        let index = self.indexes.take_lowest();
        self.index_by_id.insert(domain.id, index);
        self.domains.insert(index, domain);
        index
    }

    /// Deletes an empty domain. Its static MAC entries stay in the table, as in VPP.
    pub(crate) fn delete(&mut self, id: u32) -> Outcome {
        let index = self.index(id)?;
        if index == 0 {
            return Err(Retval::BD_NOT_MODIFIABLE);
        }
        if self.domains.get(&index).is_some_and(|domain| !domain.members.is_empty()) {
            return Err(Retval::BD_IN_USE);
        }
        self.domains.remove(&index);
        self.index_by_id.remove(&id);
        self.indexes.release(index);
        Ok(())
    }

    fn index(&self, id: u32) -> Outcome<u32> {
        self.index_by_id.get(&id).copied().ok_or(Retval::NO_SUCH_ENTRY)
    }

    pub(crate) fn exists(&self, id: u32) -> bool {
        self.index_by_id.contains_key(&id)
    }

    /// All domains users made, by index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &BridgeDomain> {
        self.domains.values()
    }

    pub(crate) fn by_id(&self, id: u32) -> Option<&BridgeDomain> {
        self.domains.get(self.index_by_id.get(&id)?)
    }

    /// Domain of an index, as interfaces refer to it.
    pub(crate) fn id_of(&self, index: u32) -> u32 {
        self.domains.get(&index).map_or(u32::MAX, |domain| domain.id)
    }

    pub(crate) fn set_flags(&mut self, id: u32, change: impl FnOnce(&mut BdFlags)) -> Outcome {
        let index = self.modifiable(id)?;
        if let Some(domain) = self.domains.get_mut(&index) {
            change(&mut domain.flags);
        }
        Ok(())
    }

    /// The flags as VPP's own bits; all others are always set.
    pub(crate) fn feature_bitmap(&self, id: u32) -> u32 {
        const NEUTRAL: u32 = !0b10_1111_1100;
        let Some(domain) = self.by_id(id) else { return 0 };
        let flags = domain.flags;
        [
            (flags.flood, 2),
            (flags.arp_ufwd, 3),
            (flags.arp_term, 4),
            (flags.uu_flood, 5),
            (domain.uu_fwd.is_some(), 6),
            (flags.forward, 7),
            (flags.learn, 9),
        ]
        .into_iter()
        .fold(NEUTRAL, |bits, (set, bit)| bits | (u32::from(set) << bit))
    }

    pub(crate) fn set_mac_age(&mut self, id: u32, minutes: u8) -> Outcome {
        let index = self.modifiable(id)?;
        if let Some(domain) = self.domains.get_mut(&index) {
            domain.mac_age = minutes;
        }
        Ok(())
    }

    fn modifiable(&self, id: u32) -> Outcome<u32> {
        if id == 0 { Err(Retval::BD_NOT_MODIFIABLE) } else { self.index(id) }
    }

    /// An entry for answering ARP requests on behalf of others.
    pub(crate) fn add_arp(&mut self, id: u32, ip: IpAddr, mac: Mac) -> Outcome {
        let index = self.modifiable(id)?;
        if let Some(domain) = self.domains.get_mut(&index) {
            domain.arp_entries.insert(ip, mac);
        }
        Ok(())
    }

    /// Removes such an entry; both parts have to match.
    pub(crate) fn delete_arp(&mut self, id: u32, ip: IpAddr, mac: Mac) -> Outcome {
        let index = self.modifiable(id)?;
        let entries = self.domains.get_mut(&index).map(|domain| &mut domain.arp_entries);
        match entries {
            Some(entries) if entries.get(&ip) == Some(&mac) => {
                entries.remove(&ip);
                Ok(())
            }
            _ => Err(Retval::UNSPECIFIED),
        }
    }

    pub(crate) fn flush_arp(&mut self, id: u32) -> Outcome {
        let index = self.modifiable(id)?;
        if let Some(domain) = self.domains.get_mut(&index) {
            domain.arp_entries.clear();
        }
        Ok(())
    }

    /// Entries of the MAC table with the id of their domain, of one domain or of all.
    pub(crate) fn macs(&self, id: Option<u32>) -> Vec<(u32, Mac, FibEntry)> {
        let (first, last) = match id.map(|id| self.index(id)) {
            None => (0, u32::MAX),
            Some(Ok(index)) => (index, index),
            Some(Err(_)) => return Vec::new(),
        };
        self.macs
            .range((first, [0; 6])..=(last, [0xff; 6]))
            .map(|((index, mac), entry)| (self.id_of(*index), *mac, *entry))
            .collect()
    }

    /// Adds an entry to the MAC table, over one that may be there.
    pub(crate) fn add_mac(
        &mut self,
        id: u32,
        mac: Mac,
        entry: FibEntry,
        interfaces: &Interfaces,
    ) -> Outcome {
        let index = self.index(id)?;
        if !entry.is_filter {
            let interface = interfaces.get(entry.sw_if_index)?;
            if !matches!(interface.l2, L2Mode::Bridge { .. }) {
                return Err(Retval::INVALID_SW_IF_INDEX);
            }
        }
        self.macs.insert((index, mac), entry);
        Ok(())
    }

    /// Removes an entry; interface 0 stands for any.
    pub(crate) fn delete_mac(&mut self, id: u32, mac: Mac, sw_if_index: u32) -> Outcome {
        let key = (self.index(id)?, mac);
        match self.macs.get(&key) {
            Some(entry) if sw_if_index == 0 || entry.sw_if_index == sw_if_index => {
                self.macs.remove(&key);
                Ok(())
            }
            _ => Err(Retval::NO_SUCH_ENTRY),
        }
    }

    /// The MAC entry of a BVI follows the address of its interface.
    pub(crate) fn move_bvi_mac(&mut self, bd_index: u32, sw_if_index: u32, old: Mac, new: Mac) {
        let is_bvi = self.domains.get(&bd_index).is_some_and(|d| d.bvi == Some(sw_if_index));
        if is_bvi && let Some(entry) = self.macs.remove(&(bd_index, old)) {
            self.macs.insert((bd_index, new), entry);
        }
    }

    fn add_member(&mut self, index: u32, interfaces: &Interfaces, member: u32) {
        let Some(domain) = self.domains.get_mut(&index) else { return };
        let class =
            |index: u32| interfaces.get(index).map_or(FloodClass::Normal, |i| i.flood_class);
        let at = match class(member) {
            FloodClass::Bvi => 0,
            FloodClass::NoFlood => domain.members.len(),
            FloodClass::Normal => {
                let unflooded =
                    domain.members.iter().filter(|m| class(**m) == FloodClass::NoFlood).count();
                domain.members.len() - unflooded
            }
        };
        domain.members.insert(at, member);
    }
}

impl Vpp {
    /// Puts an interface into a bridge domain, which springs up if it is not there.
    pub(crate) fn set_bridge(
        &mut self,
        index: u32,
        bd_id: u32,
        port: PortType,
        shg: u8,
    ) -> Outcome {
        self.interfaces.get(index)?;
        if bd_id > MAX_BD_ID {
            return Err(Retval::BD_ID_EXCEED_MAX);
        }
        let bd_index = match self.bridges.index(bd_id) {
            Ok(known) => known,
            Err(_) => self.bridges.create(BridgeDomain::new(bd_id, BdFlags::IMPLICIT, 0, "")),
        };
        self.leave_l2(index)?;
        self.interfaces.get_mut(index)?.l2 = L2Mode::Bridge { bd_index, shg };
        if port == PortType::Bvi {
            self.make_bvi(index, bd_index)?;
        }
        match port {
            PortType::UnknownUnicastForward => {
                if let Some(domain) = self.bridges.domains.get_mut(&bd_index) {
                    domain.uu_fwd = Some(index);
                }
            }
            PortType::Normal | PortType::Bvi => {
                self.bridges.add_member(bd_index, &self.interfaces, index);
            }
        }
        Ok(())
    }

    fn make_bvi(&mut self, index: u32, bd_index: u32) -> Outcome {
        let mac = self.interfaces.hardware(index)?.mac.unwrap_or_default();
        let Some(domain) = self.bridges.domains.get_mut(&bd_index) else { return Ok(()) };
        if domain.bvi.is_some() {
            return Err(Retval::BD_ALREADY_HAS_BVI);
        }
        domain.bvi = Some(index);
        let entry =
            FibEntry { sw_if_index: index, is_static: true, is_filter: false, is_bvi: true };
        self.bridges.macs.insert((bd_index, mac), entry);
        self.interfaces.get_mut(index)?.flood_class = FloodClass::Bvi;
        Ok(())
    }

    /// Sends everything an interface receives to another one.
    pub(crate) fn set_cross_connect(&mut self, rx: u32, tx: u32) -> Outcome {
        self.interfaces.get(rx)?;
        self.interfaces.get(tx)?;
        self.leave_l2(rx)?;
        self.interfaces.get_mut(rx)?.l2 = L2Mode::CrossConnect { tx };
        Ok(())
    }

    /// Back to routing.
    pub(crate) fn set_l3(&mut self, index: u32) -> Outcome {
        self.leave_l2(index)?;
        let interface = self.interfaces.get_mut(index)?;
        interface.l2 = L2Mode::L3;
        // VPP clears the output side of the interface, where it keeps the tag rewrite.
        interface.rewrite = super::interfaces::TagRewrite::default();
        Ok(())
    }

    /// The end of an interface in layer 2. VPP ends the other side of a cross-connect with it,
    /// whatever that is doing by then.
    pub(crate) fn end_l2(&mut self, index: u32) -> Outcome {
        match self.interfaces.get(index)?.l2 {
            L2Mode::L3 => return Ok(()),
            L2Mode::CrossConnect { tx } if self.interfaces.exists(tx) => self.set_l3(tx)?,
            _ => {}
        }
        self.set_l3(index)
    }

    fn leave_l2(&mut self, index: u32) -> Outcome {
        let L2Mode::Bridge { bd_index, .. } = self.interfaces.get(index)?.l2 else {
            return Ok(());
        };
        let mac = self.interfaces.hardware(index)?.mac.unwrap_or_default();
        let bridges = &mut self.bridges;
        let Some(domain) = bridges.domains.get_mut(&bd_index) else { return Ok(()) };
        domain.members.retain(|member| *member != index);
        if domain.uu_fwd == Some(index) {
            domain.uu_fwd = None;
        }
        if domain.bvi == Some(index) {
            domain.bvi = None;
            bridges.macs.remove(&(bd_index, mac));
            self.interfaces.get_mut(index)?.flood_class = FloodClass::NoFlood;
        }
        Ok(())
    }
}
