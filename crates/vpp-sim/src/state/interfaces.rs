//! Interfaces: hardware with its queues and link, and the software interfaces on top of it.

use std::collections::{BTreeMap, BTreeSet};

use super::pool::Pool;
use super::prefix::Family;
use super::retval::{Outcome, Retval};

/// MTU of an Ethernet interface that nobody set one on.
pub(crate) const DEFAULT_MTU: u32 = 9000;
/// What VPP adds to an MTU to get the frame size: an Ethernet header with two VLAN tags.
const ETHERNET_OVERHEAD: u32 = 14 + 2 * 4;

/// Six bytes of an Ethernet address.
pub(crate) type Mac = [u8; 6];

/// What an interface is, and where its own data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Local,
    Loopback {
        instance: u32,
    },
    Memif {
        index: u32,
    },
    Tap {
        index: u32,
    },
    AfPacket {
        index: u32,
    },
    Bond {
        index: u32,
    },
    Vxlan {
        index: u32,
    },
    VxlanGpe {
        index: u32,
    },
    Gre {
        index: u32,
    },
    Gtpu {
        index: u32,
    },
    Ipip {
        index: u32,
    },
    Ipsec {
        index: u32,
    },
    Wireguard {
        index: u32,
    },
    Vmxnet3 {
        index: u32,
    },
    Rdma {
        index: u32,
    },
    /// Put in by a test: made by somebody else, of a device type we know nothing about.
    Foreign,
}

impl Device {
    /// Whether its driver cannot limit frames.
    fn has_fixed_frames(self) -> bool {
        matches!(
            self,
            Self::Loopback { .. }
                | Self::Bond { .. }
                | Self::Gre { .. }
                | Self::Vmxnet3 { .. }
                | Self::Rdma { .. }
        )
    }
}

/// How an interface is flooded to in a bridge domain; decides its place among the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FloodClass {
    Normal,
    Bvi,
    NoFlood,
}

/// One receive queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RxQueue {
    pub(crate) thread: u32,
    pub(crate) mode: u32,
}

/// What only a hardware interface has.
#[derive(Debug, Clone)]
pub(crate) struct Hardware {
    pub(crate) device: Device,
    pub(crate) dev_type: String,
    /// None for interfaces without an Ethernet hardware class.
    pub(crate) mac: Option<Mac>,
    pub(crate) max_frame: u32,
    pub(crate) overhead: u32,
    pub(crate) link_up: bool,
    pub(crate) link_speed: u32,
    pub(crate) duplex: u32,
    pub(crate) rx_queues: Vec<RxQueue>,
    /// Sub-interface id to `sw_if_index`.
    pub(crate) subs: BTreeMap<u32, u32>,
    /// Frames that belong to sub-interfaces.
    matches: BTreeSet<FrameMatch>,
}

impl Hardware {
    pub(crate) fn ethernet(device: Device, dev_type: &str, mac: Mac) -> Self {
        Self {
            device,
            dev_type: dev_type.to_owned(),
            mac: Some(mac),
            max_frame: DEFAULT_MTU + ETHERNET_OVERHEAD,
            overhead: ETHERNET_OVERHEAD,
            link_up: false,
            link_speed: 0,
            duplex: 0,
            rx_queues: Vec::new(),
            subs: BTreeMap::new(),
            matches: BTreeSet::new(),
        }
    }

    /// An interface that carries IP packets without an Ethernet header.
    pub(crate) fn ip(device: Device, dev_type: &str) -> Self {
        Self { mac: None, max_frame: 0, overhead: 0, ..Self::ethernet(device, dev_type, [0; 6]) }
    }

    pub(crate) fn link_mtu(&self) -> u32 {
        self.max_frame.wrapping_sub(self.overhead)
    }
}

/// Frames that go to a sub-interface; no two of one parent may take the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum FrameMatch {
    /// Whatever nobody else takes.
    Rest,
    OneTag {
        is_dot1ad: bool,
        outer: u16,
    },
    TwoTags {
        is_dot1ad: bool,
        outer: Option<u16>,
        inner: Option<u16>,
    },
}

/// Tags of a sub-interface.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SubInterface {
    pub(crate) id: u32,
    pub(crate) flags: u32,
    pub(crate) outer_vlan: u16,
    pub(crate) inner_vlan: u16,
}

/// Bits of the flags of a sub-interface (`sub_if_flags`).
pub(crate) mod sub_flags {
    pub(crate) const NO_TAGS: u32 = 1;
    pub(crate) const ONE_TAG: u32 = 2;
    pub(crate) const TWO_TAGS: u32 = 4;
    pub(crate) const DOT1AD: u32 = 8;
    pub(crate) const EXACT_MATCH: u32 = 16;
    pub(crate) const DEFAULT: u32 = 32;
    pub(crate) const INNER_VLAN_ID_ANY: u32 = 128;
    pub(crate) const OUTER_VLAN_ID_ANY: u32 = 64;
    /// What VPP keeps of the flags a client sends and shows in its dumps.
    pub(crate) const KEPT: u32 = 254;
}

impl SubInterface {
    /// VPP does not match any inner or outer tag exactly.
    pub(crate) fn is_contradictory(self) -> bool {
        let has = |flag| self.flags & flag != 0;
        has(sub_flags::TWO_TAGS)
            && has(sub_flags::EXACT_MATCH)
            && (has(sub_flags::INNER_VLAN_ID_ANY) || has(sub_flags::OUTER_VLAN_ID_ANY))
    }

    /// The frames that go to it. None if VPP cannot do it, or if the parent has them itself.
    fn frames(self) -> Option<FrameMatch> {
        let has = |flag| self.flags & flag != 0;
        let is_dot1ad = has(sub_flags::DOT1AD);
        let any_outer = has(sub_flags::OUTER_VLAN_ID_ANY);
        let any_inner = has(sub_flags::INNER_VLAN_ID_ANY);
        if has(sub_flags::DEFAULT) {
            Some(FrameMatch::Rest)
        } else if has(sub_flags::NO_TAGS) || self.flags == 0 {
            None
        } else if has(sub_flags::ONE_TAG) {
            (!any_outer).then_some(FrameMatch::OneTag { is_dot1ad, outer: self.outer_vlan })
        } else {
            (!any_outer || !any_inner).then_some(FrameMatch::TwoTags {
                is_dot1ad,
                outer: (!any_outer).then_some(self.outer_vlan),
                inner: (!any_inner).then_some(self.inner_vlan),
            })
        }
    }

    /// How many tags have a fixed value, which limits the tag rewrites possible.
    fn fixed_tags(self) -> u8 {
        let has = |flag| self.flags & flag != 0;
        if has(sub_flags::NO_TAGS) || has(sub_flags::OUTER_VLAN_ID_ANY) {
            0
        } else if has(sub_flags::TWO_TAGS) && !has(sub_flags::INNER_VLAN_ID_ANY) {
            2
        } else {
            u8::from(has(sub_flags::ONE_TAG) || has(sub_flags::TWO_TAGS))
        }
    }
}

/// IPv6 on an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkLocal {
    pub(crate) address: u128,
    /// How often it was enabled.
    pub(crate) locks: u32,
}

/// What the layer 2 path does with packets of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum L2Mode {
    /// Not at all: the interface is routed.
    L3,
    Bridge {
        bd_index: u32,
        shg: u8,
    },
    CrossConnect {
        tx: u32,
    },
}

/// VLAN tag rewrite, as VPP gives it back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TagRewrite {
    pub(crate) op: u32,
    pub(crate) push_dot1q: u32,
    pub(crate) tag1: u32,
    pub(crate) tag2: u32,
}

impl TagRewrite {
    /// VPP stores only the tags the operation pushes, 16 bits each.
    pub(crate) fn stored(self) -> Self {
        let pushed = match self.op {
            1 | 5 | 7 => 1,
            2 | 6 | 8 => 2,
            _ => 0,
        };
        Self {
            op: self.op,
            push_dot1q: u32::from(pushed > 0 && self.push_dot1q != 0),
            tag1: if pushed > 0 { self.tag1 & 0xffff } else { 0 },
            tag2: if pushed > 1 { self.tag2 & 0xffff } else { 0 },
        }
    }

    /// How many fixed tags the sub-interface must have.
    fn popped(op: u32) -> u8 {
        match op {
            3 | 5 | 6 => 1,
            4 | 7 | 8 => 2,
            _ => 0,
        }
    }
}

/// A software interface: the hardware itself or a sub-interface of it.
#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub(crate) index: u32,
    /// Itself, unless it is a sub-interface.
    pub(crate) sup: u32,
    pub(crate) name: String,
    /// Out of use and out of sight, to be used again.
    hidden: bool,
    pub(crate) hardware: Option<Hardware>,
    pub(crate) sub: Option<SubInterface>,
    pub(crate) admin_up: bool,
    pub(crate) mtu: [u32; 4],
    pub(crate) tag: String,
    pub(crate) flood_class: FloodClass,
    /// The interface whose addresses it uses.
    pub(crate) unnumbered: Option<u32>,
    /// Index of the IPv4 and of the IPv6 table.
    pub(crate) tables: [u32; 2],
    /// Addresses and prefix lengths, in the order they were added.
    pub(crate) addresses: [Vec<(u128, u8)>; 2],
    /// There while IPv6 is enabled, by addresses or by a link-local address given.
    pub(crate) link_local: Option<LinkLocal>,
    pub(crate) l2: L2Mode,
    pub(crate) rewrite: TagRewrite,
}

impl Interface {
    fn new(name: String, hardware: Option<Hardware>, sub: Option<SubInterface>) -> Self {
        Self {
            index: 0,
            sup: 0,
            name,
            hidden: false,
            hardware,
            sub,
            admin_up: false,
            mtu: [0; 4],
            tag: String::new(),
            flood_class: FloodClass::Normal,
            unnumbered: None,
            tables: [0; 2],
            addresses: [Vec::new(), Vec::new()],
            link_local: None,
            l2: L2Mode::L3,
            rewrite: TagRewrite::default(),
        }
    }

    pub(crate) fn table(&self, family: Family) -> u32 {
        self.tables[family.index()]
    }

    pub(crate) fn addresses(&self, family: Family) -> &[(u128, u8)] {
        &self.addresses[family.index()]
    }
}

/// What happened to interfaces since the last time events were sent; VPP merges what happens to
/// one interface within one round of its main loop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) admin_up: bool,
    pub(crate) link_up: bool,
    pub(crate) deleted: bool,
}

/// All interfaces, and what happened to them.
#[derive(Debug, Clone)]
pub(crate) struct Interfaces {
    pool: Pool<Interface>,
    happened: BTreeMap<u32, Happened>,
    /// Tag rewriting of deleted interfaces: VPP leaves it to the next one with the index.
    left_behind: BTreeMap<u32, TagRewrite>,
    generation: u64,
}

impl Default for Interfaces {
    /// `local0` is there from the start and has index 0.
    fn default() -> Self {
        let mut this = Self {
            pool: Pool::default(),
            happened: BTreeMap::new(),
            left_behind: BTreeMap::new(),
            generation: 0,
        };
        let local = Hardware::ip(Device::Local, "local");
        this.register("local0".to_owned(), local);
        this.happened.clear();
        this
    }
}

impl Interfaces {
    /// Adds a hardware interface and gives it the next index.
    pub(crate) fn register(&mut self, name: String, hardware: Hardware) -> u32 {
        let mtu = if hardware.mac.is_some() { DEFAULT_MTU } else { 0 };
        let mut interface = Interface::new(name, Some(hardware), None);
        interface.mtu = [mtu, 0, 0, 0];
        let index = self.pool.next_index();
        interface.sup = index;
        self.insert(index, interface);
        index
    }

    /// Adds a sub-interface.
    pub(crate) fn add_sub(&mut self, parent: u32, sub: SubInterface) -> Outcome<u32> {
        let index = self.pool.next_index();
        let sup = self.get(parent)?.sup;
        let hardware = self.hardware_mut(sup)?;
        if hardware.subs.contains_key(&sub.id) {
            return Err(Retval::VLAN_ALREADY_EXISTS);
        }
        // Only Ethernet looks at tags.
        let is_free = match (hardware.mac, sub.frames()) {
            (None, _) => true,
            (Some(_), frames) => frames.is_some_and(|frames| hardware.matches.insert(frames)),
        };
        if !is_free {
            self.happened.entry(index).or_default().deleted = true;
            return Err(Retval::UNSPECIFIED);
        }
        hardware.subs.insert(sub.id, index);
        let name = format!("{}.{}", self.get(sup)?.name, sub.id);
        let mut interface = Interface::new(name, None, Some(sub));
        interface.sup = sup;
        self.insert(index, interface);
        Ok(index)
    }

    fn insert(&mut self, index: u32, mut interface: Interface) {
        interface.index = index;
        interface.rewrite = self.left_behind.remove(&index).unwrap_or_default();
        self.pool.insert(interface);
        self.happened.entry(index).or_default();
        self.generation += 1;
    }

    /// Changes whenever an interface comes or goes.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The index the next interface gets.
    pub(crate) fn next_index(&self) -> u32 {
        self.pool.next_index()
    }

    /// Takes an interface out; everything that refers to it has to be undone before.
    pub(crate) fn remove(&mut self, index: u32) -> Option<Interface> {
        let interface = self.pool.remove(index)?;
        self.generation += 1;
        if interface.rewrite != TagRewrite::default() {
            self.left_behind.insert(index, interface.rewrite);
        }
        if let Some(sub) = interface.sub
            && let Ok(hardware) = self.hardware_mut(interface.sup)
        {
            hardware.subs.remove(&sub.id);
            if let Some(frames) = sub.frames() {
                hardware.matches.remove(&frames);
            }
        }
        self.happened.entry(index).or_default().deleted = true;
        Some(interface)
    }

    /// The interface of an index a client gave.
    pub(crate) fn get(&self, index: u32) -> Outcome<&Interface> {
        self.pool.get(index).filter(|i| !i.hidden).ok_or(Retval::INVALID_SW_IF_INDEX)
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Outcome<&mut Interface> {
        self.pool.get_mut(index).filter(|i| !i.hidden).ok_or(Retval::INVALID_SW_IF_INDEX)
    }

    pub(crate) fn exists(&self, index: u32) -> bool {
        self.get(index).is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Interface> {
        self.pool.iter().map(|(_, interface)| interface).filter(|interface| !interface.hidden)
    }

    /// Puts an interface out of sight as it is; its index stays taken.
    pub(crate) fn hide(&mut self, index: u32) {
        if let Some(interface) = self.pool.get_mut(index) {
            interface.hidden = true;
            self.generation += 1;
        }
    }

    /// Shows a hidden interface again, for another device.
    pub(crate) fn show(&mut self, index: u32, device: Device) {
        if let Some(interface) = self.pool.get_mut(index) {
            interface.hidden = false;
            if let Some(hardware) = &mut interface.hardware {
                hardware.device = device;
            }
            self.happened.entry(index).or_default();
            self.generation += 1;
        }
    }

    /// The hardware below an interface, its own or that of its parent.
    pub(crate) fn hardware(&self, index: u32) -> Outcome<&Hardware> {
        let sup = self.get(index)?.sup;
        self.get(sup)?.hardware.as_ref().ok_or(Retval::INVALID_SW_IF_INDEX)
    }

    pub(crate) fn hardware_mut(&mut self, index: u32) -> Outcome<&mut Hardware> {
        let sup = self.get(index)?.sup;
        self.get_mut(sup)?.hardware.as_mut().ok_or(Retval::INVALID_SW_IF_INDEX)
    }

    /// The hardware of an interface that is no sub-interface.
    pub(crate) fn own_hardware_mut(&mut self, index: u32) -> Outcome<&mut Hardware> {
        self.get_mut(index)?.hardware.as_mut().ok_or(Retval::INVALID_VALUE)
    }

    pub(crate) fn device(&self, index: u32) -> Outcome<Device> {
        Ok(self.hardware(index)?.device)
    }

    /// Notes a change of the administrative state; true if it is one.
    pub(crate) fn set_admin(&mut self, index: u32, up: bool) -> Outcome<bool> {
        let interface = self.get_mut(index)?;
        if interface.admin_up == up {
            return Ok(false);
        }
        interface.admin_up = up;
        self.happened.entry(index).or_default().admin_up |= up;
        Ok(true)
    }

    /// Notes a change of the link; true if it is one.
    pub(crate) fn set_link(&mut self, index: u32, up: bool) -> Outcome<bool> {
        let sup = self.get(index)?.sup;
        let hardware = self.hardware_mut(sup)?;
        if hardware.link_up == up {
            return Ok(false);
        }
        hardware.link_up = up;
        self.happened.entry(sup).or_default().link_up |= up;
        Ok(true)
    }

    /// A tag rewrite, refused where the interface has too few tags.
    pub(crate) fn set_rewrite(&mut self, index: u32, rewrite: TagRewrite) -> Outcome {
        if rewrite.op > 8 {
            return Err(Retval::INVALID_VALUE);
        }
        if self.hardware(index)?.mac.is_none() {
            return Err(Retval::INVALID_INTERFACE);
        }
        let interface = self.get_mut(index)?;
        let fixed = interface.sub.map_or(0, SubInterface::fixed_tags);
        if TagRewrite::popped(rewrite.op) > fixed {
            // VPP forgets the tags before it looks whether it can do what is asked.
            let op = interface.rewrite.op;
            interface.rewrite = TagRewrite { op, ..TagRewrite::default() };
            return Err(Retval::INVALID_VLAN_TAG_COUNT);
        }
        interface.rewrite = rewrite.stored();
        Ok(())
    }

    /// Sets the frame size of the hardware and with it the MTU of everything on top.
    pub(crate) fn set_hardware_mtu(&mut self, index: u32, mtu: u16) -> Outcome {
        let hardware = self.own_hardware_mut(index)?;
        if hardware.mac.is_none() {
            return Err(Retval::FEATURE_DISABLED);
        }
        let frame = u32::from(mtu) + hardware.overhead;
        if hardware.max_frame == frame {
            return Ok(());
        }
        if hardware.device.has_fixed_frames() {
            return Err(Retval::UNSUPPORTED);
        }
        hardware.max_frame = frame;
        let mut changed: Vec<u32> = hardware.subs.values().copied().collect();
        changed.push(index);
        for index in changed {
            self.get_mut(index)?.mtu[0] = u32::from(mtu);
        }
        Ok(())
    }

    /// What to tell subscribers, once.
    pub(crate) fn take_happened(&mut self) -> BTreeMap<u32, Happened> {
        std::mem::take(&mut self.happened)
    }
}
