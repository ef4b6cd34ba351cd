//! Tests of conversion by definitions, against the structs of this crate.

use std::sync::LazyLock;

use bytes::BytesMut;
use serde_json::json;

use super::*;
use crate::msg::interface::{IfType, SwInterfaceDetails};
use crate::msg::ip::{IpRouteAddDel, IpTableDetails};
use crate::types::{FibPath, IfStatusFlags, InterfaceIndex, MacAddress, Prefix};
use crate::{ApiFile, FixedString, HeaderKind, List, Message, msg};

/// All messages of this crate as VPP would describe them.
fn own_api() -> &'static ApiSet {
    static API: LazyLock<ApiSet> = LazyLock::new(own_definitions);
    &API
}

fn own_definitions() -> ApiSet {
    let mut file = ApiFile::default();
    msg::all().for_each(|definition| file.message(definition));
    file.dumped("sw_interface_dump", "sw_interface_details");
    let mut set = ApiSet::default();
    set.add_json(&json!([file.into_json()]).to_string()).unwrap();
    set
}

fn payload<M: Message>(message: &M) -> BytesMut {
    let mut out = BytesMut::new();
    message.encode(&mut out);
    out
}

fn encoded(name: &str, fields: &Value) -> Result<BytesMut, DynamicError> {
    let mut out = BytesMut::new();
    own_api().encode(name, fields, &mut out).map(|()| out)
}

#[test]
fn details_become_readable() {
    let details = SwInterfaceDetails {
        sw_if_index: InterfaceIndex(3),
        l2_address: MacAddress([2, 0xfe, 0, 0, 0, 1]),
        flags: IfStatusFlags::ADMIN_UP,
        kind: IfType::SUB,
        mtu: [9000, 0, 0, 0],
        interface_name: FixedString::new("loop0").unwrap(),
        ..SwInterfaceDetails::default()
    };
    let json = own_api().decode("sw_interface_details", &payload(&details)).unwrap();
    assert_eq!(json["sw_if_index"], 3);
    assert_eq!(json["l2_address"], "02:fe:00:00:00:01");
    assert_eq!(json["flags"], "IF_STATUS_API_FLAG_ADMIN_UP");
    assert_eq!(json["type"], "IF_API_TYPE_SUB");
    assert_eq!(json["mtu"], json!([9000, 0, 0, 0]));
    assert_eq!(json["interface_name"], "loop0");
}

#[test]
fn json_becomes_the_same_bytes_as_the_struct() {
    let mut message = IpRouteAddDel { is_add: true, ..IpRouteAddDel::default() };
    message.route.prefix = Prefix::new("10.1.0.0".parse().unwrap(), 16);
    message.route.paths =
        List::new(vec![FibPath { sw_if_index: 7, weight: 1, ..FibPath::default() }]).unwrap();
    let json = json!({
        "is_add": true,
        "route": { "prefix": "10.1.0.0/16", "paths": [{ "sw_if_index": 7, "weight": 1 }] },
    });
    assert_eq!(encoded("ip_route_add_del", &json).unwrap(), payload(&message));
}

#[test]
fn every_message_survives_the_way_there_and_back() {
    let api = own_api();
    for def in msg::all() {
        let mut bytes = BytesMut::new();
        api.encode(def.name, &Value::Null, &mut bytes).unwrap();
        let json = api.decode(def.name, &bytes).unwrap();
        let mut again = BytesMut::new();
        api.encode(def.name, &json, &mut again).unwrap();
        assert_eq!(bytes, again, "{}", def.name);
        let definition = api.message(def.name).unwrap();
        assert_eq!(definition.name_crc(), format!("{}_{:08x}", def.name, def.crc));
        assert_eq!(definition.header, def.header, "{}", def.name);
    }
}

/// VPP declares most sets of flags as plain enumerations.
#[test]
fn flags_are_one_name_several_names_or_a_number() {
    let bytes =
        |flags: Value| encoded("sw_interface_set_flags", &json!({ "flags": flags })).unwrap();
    let both = ["IF_STATUS_API_FLAG_ADMIN_UP", "IF_STATUS_API_FLAG_LINK_UP"];
    assert_eq!(bytes(json!(both)), bytes(json!(3)));
    assert_eq!(bytes(json!(both[0])), bytes(json!([both[0]])));
    let json = own_api().decode("sw_interface_set_flags", &bytes(json!(both))).unwrap();
    assert_eq!(json["flags"], 3);
    let json = own_api()
        .decode(
            "set_ip_flow_hash_v2",
            &encoded("set_ip_flow_hash_v2", &json!({ "flow_hash_config": 3 })).unwrap(),
        )
        .unwrap();
    assert_eq!(
        json["flow_hash_config"],
        json!(["IP_API_FLOW_HASH_SRC_IP", "IP_API_FLOW_HASH_DST_IP"])
    );
}

/// Found by broken bytes: a name that fills its field, or is no text, was not taken back.
#[test]
fn whatever_is_read_as_a_name_can_be_written() {
    for name in [[b'x'; 64], [0xff; 64]] {
        let mut bytes = encoded("sw_interface_tag_add_del", &json!({})).unwrap();
        let at = bytes.len() - name.len();
        bytes[at..].copy_from_slice(&name);
        let json = own_api().decode("sw_interface_tag_add_del", &bytes).unwrap();
        assert!(json["tag"].as_str().unwrap().len() < 64);
        assert!(encoded("sw_interface_tag_add_del", &json).is_ok());
    }
}

#[test]
fn errors_name_the_field() {
    for (name, fields, expected) in [
        ("no_such", json!({}), "no message no_such"),
        ("ip_table_add_del", json!({ "tabel": {} }), "no field tabel"),
        ("ip_table_add_del", json!({ "table": { "x": 1 } }), "no field table.x"),
        (
            "ip_table_add_del",
            json!({ "table": { "name": "n".repeat(64) } }),
            "field table.name: at most 63 elements expected",
        ),
        ("sw_interface_set_mtu", json!({ "mtu": [1, 2, 3, -4] }), "field mtu[3]: u32 expected"),
        (
            "create_loopback",
            json!({ "mac_address": "02:fe" }),
            "field mac_address: a MAC address expected",
        ),
    ] {
        assert_eq!(encoded(name, &fields).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_message_cut_short_is_an_error() {
    let bytes = payload(&IpTableDetails::default());
    for len in 0..bytes.len() {
        let result = own_api().decode("ip_table_details", &bytes[..len]);
        assert!(matches!(result, Err(DynamicError::Decode { .. })), "{len}");
    }
}

#[test]
fn roles_tell_how_to_ask() {
    let api = own_api();
    let dump = api.message("sw_interface_dump").unwrap();
    assert_eq!(dump.role, Role::Dump("sw_interface_details".into()));
    assert_eq!(dump.header, HeaderKind::Request);
    assert_eq!(api.message("sw_interface_details").unwrap().role, Role::Answer);
}

#[test]
fn definitions_of_another_form_are_refused() {
    let mut api = ApiSet::default();
    assert!(matches!(api.add_json("{"), Err(ApiJsonError::Json(_))));
    for text in ["3", r#"{"messages": [["x"]]}"#, r#"{"messages": [], "types": [[1]]}"#] {
        assert!(matches!(api.add_json(text), Err(ApiJsonError::Form { .. })), "{text}");
    }
}

#[test]
fn a_type_that_contains_itself_is_not_followed() {
    let mut api = ApiSet::default();
    let file = json!({
        "types": [["loop", ["vl_api_loop_t", "inner"]]],
        "messages": [["m", ["u16", "_vl_msg_id"], ["vl_api_loop_t", "x"], { "crc": "0x0" }]],
    });
    api.add_json(&file.to_string()).unwrap();
    assert!(matches!(api.decode("m", &[]), Err(DynamicError::UnknownType { .. })));
    let mut out = BytesMut::new();
    let refused = api.encode("m", &Value::Null, &mut out);
    assert!(matches!(refused, Err(DynamicError::UnknownType { .. })));
}

#[test]
fn a_definition_that_asks_for_too_much_is_not_followed() {
    let chain = |fields: usize| -> Vec<serde_json::Value> {
        let level = |n: usize| {
            let of = if n == 9 { "u8".to_owned() } else { format!("vl_api_t{}_t", n + 1) };
            let fields = (0..fields).map(|field| json!([of, format!("f{field}")]));
            std::iter::once(json!(format!("t{n}"))).chain(fields).collect()
        };
        (0..10).map(level).collect()
    };
    let none = vec![json!(["none"])];
    for (types, unions, field) in [
        (none.clone(), json!([]), json!(["string", "x", 6_464_646_464_u64])),
        (none.clone(), json!([]), json!(["u32", "x", 6_464_646_464_u64])),
        (none, json!([]), json!(["vl_api_none_t", "x", 6_464_646_464_u64])),
        (chain(10), json!([]), json!(["vl_api_t0_t", "x"])),
        (chain(10), json!([["any", ["vl_api_t0_t", "x"]]]), json!(["vl_api_any_t", "x"])),
    ] {
        let mut api = ApiSet::default();
        let message = json!(["m", ["u16", "_vl_msg_id"], field, { "crc": "0x0" }]);
        let file = json!({ "types": types, "unions": unions, "messages": [message] });
        api.add_json(&file.to_string()).unwrap();
        let mut out = BytesMut::new();
        assert!(api.encode("m", &Value::Null, &mut out).is_err(), "{field}");
        assert!(out.len() < 16 << 20, "{field}: {} bytes", out.len());
        assert!(api.decode("m", &[0; 64]).is_err(), "{field}");
    }
}
