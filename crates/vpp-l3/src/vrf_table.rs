//! A routing table of VPP, of one family.
//!
//! ```yaml
//! vppConfig:
//!   vrfs:
//!   - id: 5
//!     protocol: IPV4         # or IPV6
//!     label: customers       # name in VPP; without it VPP's own, ipv4-VRF:5
//!     flowHashSettings:      # what spreads flows over the paths of a route
//!       useSrcIp: true
//!       useDstIp: true
//! ```
//!
//! Waits for nothing, derives nothing. VPP does not tell the flow hash settings back: they are taken to be what this agent
//! set last or, when it has set none so far, what is wanted. It does not rename a table either, so another label makes a new table.
//!
//! Tables 0 and 4294967295, and those that carry the name VPP gives by itself, have no mark of an owner: they are ours only
//! if they are known to be wanted.
//!
//! Uses `ip_table_add_del`, `ip_table_dump`, `set_ip_flow_hash_v2`.

use ligato_kvs_api::{
    Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec, Unset,
    Update, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::l3::VrfTable;
use ligato_proto::vpp::l3::vrf_table::{FlowHashSettings, Protocol};
use ligato_vpp_api::FixedString;
use ligato_vpp_api::msg::ip::{
    IpFlowHashConfig, IpTable, IpTableAddDel, IpTableDump, SetIpFlowHashV2,
};
use ligato_vpp_api::types::AddressFamily;
use ligato_vpp_ctx::{Facts, Table, VppCtx};
use serde::Serialize;

/// Most characters of a label: VPP's name has 64 bytes, the last one NUL.
const MAX_LABEL: usize = 63;

/// The kind `vpp-vrf-table`.
#[derive(Debug)]
pub struct VrfTableKind;

/// What VPP calls a table. Spelled in dumps as users of the original know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VrfMeta {
    /// Its number, the same for both families.
    pub index: u32,
    /// 0 for IPv4, 1 for IPv6.
    pub protocol: i32,
}

/// Key of a table.
#[must_use]
pub fn key(id: u32, is_ip6: bool) -> Key {
    let protocol = if is_ip6 { Protocol::Ipv6 } else { Protocol::Ipv4 };
    VrfTable { id, protocol: protocol.into(), ..VrfTable::default() }.key()
}

impl Descriptor for VrfTableKind {
    type Value = VrfTable;
    type Meta = VrfMeta;
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        uses: &[
            Use::kind(&["ip_table_add_del", "ip_table_dump"]),
            Use::part("`flow_hash_settings`", &["set_ip_flow_hash_v2"]),
        ],
        fields: &[&[
            Field::read("label").unset(Unset::Said("the name VPP gives, such as `ipv4-VRF:5`")),
            Field::kept("flow_hash_settings", "no message of VPP tells it"),
            Field::read("flow_hash_settings")
                .remark("without any of them as VPP does, by addresses, protocol and ports"),
        ]],
        ..Spec::new(
            "vpp-vrf-table",
            "A routing table of VPP.",
            &[KeyPattern::new("config/vpp/v2/vrf-table/id/{id}/protocol/{protocol}")],
            Some("config/vpp/v2/vrf-table/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &VrfTable) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if Protocol::try_from(value.protocol).is_err() {
            invalid.push("protocol", "is neither IPV4 nor IPV6");
        }
        if value.label.len() > MAX_LABEL {
            invalid.push("label", format!("has more than {MAX_LABEL} bytes"));
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &VrfTable, new: &VrfTable) -> bool {
        label(old) == label(new) && old.flow_hash_settings == new.flow_hash_settings
    }

    fn needs_recreate(
        _facts: &Facts,
        _key: &Key,
        old: &VrfTable,
        new: &VrfTable,
        _meta: &VrfMeta,
    ) -> bool {
        label(old) != label(new)
    }

    fn supported(facts: &Facts, _key: &Key, value: &VrfTable) -> Result<(), OpError> {
        facts.require::<IpTableAddDel>()?;
        if value.flow_hash_settings.is_some() {
            facts.require::<SetIpFlowHashV2>()?;
        }
        Ok(())
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &VrfTable) -> Result<VrfMeta, OpError> {
        sb.request(IpTableAddDel { is_add: true, table: to_vpp(value)? }).await?;
        if value.flow_hash_settings.is_some()
            && let Err(error) = sb.request(flow_hash(value)).await
        {
            // A table without its flow hash would pass for a whole one.
            let undo = IpTableAddDel { is_add: false, table: to_vpp(value)? };
            if let Err(second) = sb.request(undo).await {
                return Err(OpError::Unknown(format!("{error}; and to undo it: {second}")));
            }
            return Err(error);
        }
        sb.remember_flow_hash(table(value), value.flow_hash_settings);
        Ok(meta(value))
    }

    async fn delete(
        sb: &VppCtx,
        _key: &Key,
        value: &VrfTable,
        _meta: &VrfMeta,
    ) -> Result<(), OpError> {
        sb.request(IpTableAddDel { is_add: false, table: to_vpp(value)? }).await?;
        sb.forget_flow_hash(table(value));
        Ok(())
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<VrfMeta, OpError> {
        sb.request(flow_hash(change.new)).await?;
        sb.remember_flow_hash(table(change.new), change.new.flow_hash_settings);
        Ok(meta(change.new))
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let tables = sb.dump(IpTableDump {}).await?;
        let found = tables.into_iter().map(|details| {
            let mut value = from_vpp(&details.table);
            let key = value.key();
            let known = known.get(&key);
            let as_known = known.as_ref().map(|known| known.value.flow_hash_settings);
            let set = sb.remembered_flow_hash(table(&value));
            if let (None, Some(known)) = (&set, known.filter(|known| known.wanted)) {
                sb.remember_flow_hash(table(&value), known.value.flow_hash_settings);
            }
            value.flow_hash_settings = set.or(as_known).flatten();
            Retrieved { key, meta: meta(&value), origin: origin(&value), value }
        });
        Ok(found.collect())
    }
}

fn table(value: &VrfTable) -> Table {
    (value.id, value.protocol() == Protocol::Ipv6)
}

fn meta(value: &VrfTable) -> VrfMeta {
    VrfMeta { index: value.id, protocol: value.protocol }
}

/// The name the table has in VPP.
fn label(value: &VrfTable) -> String {
    if value.label.is_empty() { default_label(value) } else { value.label.clone() }
}

/// The name VPP gives a table that comes without.
fn default_label(value: &VrfTable) -> String {
    match value.protocol() {
        Protocol::Ipv4 => format!("ipv4-VRF:{}", value.id),
        Protocol::Ipv6 => format!("ipv6-VRF:{}", value.id),
    }
}

fn origin(value: &VrfTable) -> Origin {
    if value.id == 0 || value.id == u32::MAX || value.label == default_label(value) {
        Origin::Unknown
    } else {
        Origin::Nb
    }
}

// === to and from VPP ===

fn to_vpp(value: &VrfTable) -> Result<IpTable, Invalid> {
    let VrfTable {
        id,
        protocol: _,
        label,
        flow_hash_settings: _, // a message of its own
    } = value;
    Ok(IpTable {
        table_id: *id,
        is_ip6: value.protocol() == Protocol::Ipv6,
        name: FixedString::new(label)
            .map_err(|error| Invalid::field("label", error.to_string()))?,
    })
}

fn from_vpp(table: &IpTable) -> VrfTable {
    let IpTable { table_id, is_ip6, name } = table;
    let protocol = if *is_ip6 { Protocol::Ipv6 } else { Protocol::Ipv4 };
    VrfTable {
        id: *table_id,
        protocol: protocol.into(),
        label: name.to_str().into_owned(),
        flow_hash_settings: None, // VPP does not tell
    }
}

/// Without settings: those VPP starts with.
fn flow_hash(value: &VrfTable) -> SetIpFlowHashV2 {
    let settings = value.flow_hash_settings.unwrap_or(FlowHashSettings {
        use_src_ip: true,
        use_dst_ip: true,
        use_src_port: true,
        use_dst_port: true,
        use_protocol: true,
        reverse: false,
        symmetric: false,
    });
    let FlowHashSettings {
        use_src_ip,
        use_dst_ip,
        use_src_port,
        use_dst_port,
        use_protocol,
        reverse,
        symmetric,
    } = settings;
    SetIpFlowHashV2 {
        table_id: value.id,
        af: match value.protocol() {
            Protocol::Ipv4 => AddressFamily::IP4,
            Protocol::Ipv6 => AddressFamily::IP6,
        },
        flow_hash_config: IpFlowHashConfig::EMPTY
            .with_if(IpFlowHashConfig::SRC_IP, use_src_ip)
            .with_if(IpFlowHashConfig::DST_IP, use_dst_ip)
            .with_if(IpFlowHashConfig::SRC_PORT, use_src_port)
            .with_if(IpFlowHashConfig::DST_PORT, use_dst_port)
            .with_if(IpFlowHashConfig::PROTO, use_protocol)
            .with_if(IpFlowHashConfig::REVERSE, reverse)
            .with_if(IpFlowHashConfig::SYMETRIC, symmetric),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(id: u32, label: &str) -> VrfTable {
        VrfTable { id, label: label.into(), ..VrfTable::default() }
    }

    #[test]
    fn the_label_must_fit_vpps_name() {
        let check = |value: &VrfTable| {
            VrfTableKind::validate(&Facts::default(), &value.key(), value)
                .map_err(|invalid| invalid.field_names())
        };
        assert_eq!(check(&table(1, &"x".repeat(63))), Ok(()));
        assert_eq!(check(&table(1, &"x".repeat(64))), Err(vec!["label".to_owned()]));
    }

    #[test]
    fn no_label_means_the_name_vpp_gives() {
        let same = |old: &VrfTable, new: &VrfTable| {
            VrfTableKind::equivalent(&Facts::default(), &old.key(), old, new)
        };
        assert!(same(&table(7, ""), &table(7, "ipv4-VRF:7")));
        assert!(!same(&table(7, ""), &table(7, "blue")));
    }

    #[test]
    fn another_label_needs_another_table() {
        let recreate = |old: &VrfTable, new: &VrfTable| {
            VrfTableKind::needs_recreate(&Facts::default(), &old.key(), old, new, &meta(old))
        };
        assert!(recreate(&table(7, "blue"), &table(7, "red")));
        let hash = Some(FlowHashSettings { use_src_ip: true, ..Default::default() });
        let hashed = VrfTable { flow_hash_settings: hash, ..table(7, "blue") };
        assert!(!recreate(&table(7, "blue"), &hashed));
    }

    #[test]
    fn tables_without_a_name_of_their_own_are_nobodys() {
        let found = |id, is_ip6, name| {
            let name = FixedString::new(name).unwrap();
            origin(&from_vpp(&IpTable { table_id: id, is_ip6, name }))
        };
        assert_eq!(found(0, false, "ipv4-VRF:0"), Origin::Unknown);
        assert_eq!(found(5, true, "ipv6-VRF:5"), Origin::Unknown);
        assert_eq!(found(5, true, "ipv4-VRF:5"), Origin::Nb);
        assert_eq!(found(5, false, "customers"), Origin::Nb);
    }

    #[test]
    fn without_settings_flows_spread_over_five_fields() {
        assert_eq!(flow_hash(&table(1, "")).flow_hash_config.0, 0b1_1111);
        let symmetric = FlowHashSettings { symmetric: true, reverse: true, ..Default::default() };
        let value = VrfTable {
            flow_hash_settings: Some(symmetric),
            protocol: Protocol::Ipv6.into(),
            ..table(3, "")
        };
        let message = flow_hash(&value);
        assert_eq!((message.table_id, message.af), (3, AddressFamily::IP6));
        assert_eq!(message.flow_hash_config.0, 0b110_0000);
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let value = VrfTable { protocol: Protocol::Ipv6.into(), ..table(3, "blue") };
        assert_eq!(from_vpp(&to_vpp(&value).unwrap()), value);
    }
}
