//! Values and documents as text: what is read, what is written, and what errors say.

use ligato_model::text::{FieldNames, Limits, MASK, read_document, to_yaml, write_document};
use ligato_model::{ModelError, Value};
use ligato_proto::registry;
use ligato_proto::vpp::interfaces::{Interface, WireguardLink, interface};
use serde_json::json;

/// Reads one value of a model.
fn read(model: &str, text: &str) -> Result<Value, ModelError> {
    let registry = registry();
    let model = registry
        .by_model_name(model)
        .ok_or_else(|| ModelError::UnknownMessage { proto_name: model.to_owned() })?;
    model.from_json(text, "test.json")
}

/// The message of the error that a text gives.
fn error(model: &str, text: &str) -> String {
    match read(model, text) {
        Ok(value) => format!("no error but {value:?}"),
        Err(error) => error.to_string(),
    }
}

/// The message of the error that a document gives.
fn document_error(text: &str) -> String {
    match read_document(&registry(), text, "conf.yaml") {
        Ok(entries) => format!("no error but {entries:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn both_spellings_numbers_and_names_are_read() {
    let snake = read(
        "vpp.interfaces",
        r#"{"name":"t","type":"TAP","ip_addresses":["10.1.0.1/24"],"tap":{"host_if_name":"h"}}"#,
    );
    let camel = read(
        "vpp.interfaces",
        r#"{"name":"t","type":5,"ipAddresses":["10.1.0.1/24"],"tap":{"hostIfName":"h"},"vrf":"0"}"#,
    );
    assert_eq!(snake.unwrap(), camel.unwrap());
}

#[test]
fn nothing_but_differences_from_the_default_is_written_under_proto_names() {
    let text =
        r#"{"name":"t","type":"TAP","ipAddresses":["10.1.0.1/24"],"enabled":false,"link_x":null}"#;
    assert!(
        read("vpp.interfaces", text).is_err(),
        "an unknown field is refused even if it is null"
    );
    let value = read("vpp.interfaces", &text.replace(r#","link_x":null"#, "")).unwrap();
    assert_eq!(
        value.to_json().unwrap(),
        json!({"name": "t", "type": "TAP", "ip_addresses": ["10.1.0.1/24"]})
    );
    assert_eq!(
        value.to_json_with(FieldNames::Json).unwrap(),
        json!({"name": "t", "type": "TAP", "ipAddresses": ["10.1.0.1/24"]})
    );
}

#[test]
fn wide_integers_are_written_as_text_and_read_as_both() {
    let text = r#"{"channels_created":"18446744073709551615","requests_sent":7}"#;
    let value = read("govppmux.stats", text).unwrap();
    assert_eq!(
        value.to_json().unwrap(),
        json!({"channels_created": "18446744073709551615", "requests_sent": "7"})
    );
}

#[test]
fn errors_name_field_and_position() {
    for (model, text, expected) in [
        (
            "vpp.interfaces",
            "{\n \"name\": \"t\",\n \"ip_adresses\": []\n}",
            "test.json:3:2: unknown field `ip_adresses` of ligato.vpp.interfaces.Interface, did you \
             mean `ip_addresses`?",
        ),
        (
            "vpp.interfaces",
            r#"{"tap": {"host_name": "x"}}"#,
            "test.json:1:10: tap: unknown field `host_name` of ligato.vpp.interfaces.TapLink, did \
             you mean `host_if_name`?",
        ),
        (
            "vpp.interfaces",
            r#"{"type": "TAPP"}"#,
            "test.json:1:10: type: unknown value `TAPP` of ligato.vpp.interfaces.Interface.Type, did \
             you mean `TAP`?",
        ),
        (
            "vpp.interfaces",
            r#"{"name": 7}"#,
            "test.json:1:10: name: expected a text (put it in quotes), found the number 7",
        ),
        (
            "vpp.interfaces",
            r#"{"mtu": 4294967296}"#,
            "test.json:1:9: mtu: 4294967296 does not fit an unsigned 32-bit integer",
        ),
        (
            "vpp.interfaces",
            r#"{"mtu": -1}"#,
            "test.json:1:9: mtu: -1 does not fit an unsigned 32-bit integer",
        ),
        (
            "vpp.interfaces",
            r#"{"ip_addresses": ["a", {}]}"#,
            "test.json:1:24: ip_addresses[1]: expected a text (put it in quotes), found a map",
        ),
        (
            "vpp.interfaces",
            r#"{"ip_addresses": [], "ipAddresses": []}"#,
            "test.json:1:22: field `ipAddresses` is given twice, first at 1:2",
        ),
        (
            "vpp.interfaces",
            r#"{"tap": {}, "memif": {}}"#,
            "test.json:1:13: `memif` excludes `tap`, which is also given",
        ),
        (
            "vpp.interfaces",
            "[]",
            "test.json:1:1: expected a map, the message ligato.vpp.interfaces.Interface, found a list",
        ),
    ] {
        assert_eq!(error(model, text), expected, "{text}");
    }
}

#[test]
fn the_same_field_twice_in_the_same_spelling_is_refused() {
    let text = error("vpp.interfaces", r#"{"name": "a", "name": "b"}"#);
    assert!(text.contains("`name` is given twice"), "{text}");
}

#[test]
fn broken_text_is_an_error_with_a_position() {
    for text in ["{", "{\"name\": }", "{\"name\": \"a\"} x", "", "nonsense", "{\"name\": \"\\q\"}"]
    {
        let error = error("vpp.interfaces", text);
        assert!(error.starts_with("test.json:"), "{text}: {error}");
    }
}

const DOCUMENT: &str = "\
vppConfig:
  interfaces:
  - name: tap1
    type: TAP
    enabled: true
    ip_addresses:
    - 10.1.0.1/24
    tap:
      version: 2
      host_if_name: tap-host
  routes:
  - dst_network: 192.168.0.0/16
    next_hop_addr: 10.1.0.2
  nat44Global:
    forwarding: true
  Peer_list:
  - wg_if_name: wg1
    endpoint: 10.10.2.1
linuxConfig:
  interfaces:
  - name: lin-tap
    type: TAP_TO_VPP
    hostIfName: tap-host
  RuleChain:
  - name: chain
netallocConfig: {}
";

#[test]
fn a_document_with_all_kinds_becomes_values_and_is_written_again() {
    let registry = registry();
    let entries = read_document(&registry, DOCUMENT, "conf.yaml").unwrap();
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "config/vpp/v2/interfaces/tap1",
            "config/vpp/v2/route/vrf/0/dst/192.168.0.0/16/gw/10.1.0.2",
            "config/vpp/nat/v2/nat44-global",
            "config/vpp/wg/v1/peer/wg1/endpoint/10.10.2.1/0",
            "config/linux/interfaces/v2/interface/lin-tap",
            "config/linux/iptables/v2/rulechain/chain",
        ]
    );
    assert_eq!(entries[1].place.to_string(), "conf.yaml:12:5: vppConfig.routes[0]");
    for names in [FieldNames::Proto, FieldNames::Json] {
        let written = write_document(&registry, entries.iter().map(|entry| &entry.value), names);
        let yaml = to_yaml(&written.unwrap()).unwrap();
        let again = read_document(&registry, &yaml, "again").unwrap();
        let pairs = |entries: &[ligato_model::text::Entry]| {
            let mut pairs: Vec<_> =
                entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            pairs
        };
        assert_eq!(pairs(&again), pairs(&entries));
    }
}

#[test]
fn a_written_document_has_json_names_and_empty_groups() {
    let registry = registry();
    let entries = read_document(&registry, DOCUMENT, "conf.yaml").unwrap();
    let values = entries.iter().map(|entry| &entry.value).filter(|value| {
        value.full_name() != "ligato.linux.interfaces.Interface"
            && value.full_name() != "ligato.linux.iptables.RuleChain"
    });
    assert_eq!(
        write_document(&registry, values, FieldNames::Json).unwrap(),
        json!({
            "vppConfig": {
                "interfaces": [{
                    "name": "tap1", "type": "TAP", "enabled": true, "ipAddresses": ["10.1.0.1/24"],
                    "tap": {"version": 2, "hostIfName": "tap-host"},
                }],
                "routes": [{"dstNetwork": "192.168.0.0/16", "nextHopAddr": "10.1.0.2"}],
                "nat44Global": {"forwarding": true},
                "Peer_list": [{"wgIfName": "wg1", "endpoint": "10.10.2.1"}],
            },
            "linuxConfig": {},
            "netallocConfig": {},
        })
    );
}

#[test]
fn every_name_of_every_field_is_read() {
    let registry = registry();
    let mut checked = 0;
    for model in registry.iter().filter(|model| model.spec.class == "config") {
        for name in model.config_field.names() {
            for group in ["Config", "_config"] {
                let content = if model.is_singleton() { "{}" } else { "[{}]" };
                let text = format!("{}{group}: {{{name}: {content}}}", model.spec.group());
                let entries = read_document(&registry, &text, "").unwrap();
                assert_eq!(entries[0].value.full_name(), model.proto_name, "{text}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 44 * 4);
}

#[test]
fn errors_in_documents_name_file_line_column_and_field() {
    for (text, expected) in [
        (
            "vppConfig:\n  interfaces:\n  - name: a\n    enable: true\n",
            "conf.yaml:4:5: vppConfig.interfaces[0]: unknown field `enable` of \
             ligato.vpp.interfaces.Interface, did you mean `enabled`?",
        ),
        (
            "vppConfig:\n  interface: []\n",
            "conf.yaml:2:3: vppConfig: unknown field `interface` of vppConfig, did you mean \
             `interfaces`?",
        ),
        (
            "vppConfg: {}\n",
            "conf.yaml:1:1: unknown field `vppConfg` of the document, did you mean `vppConfig`?",
        ),
        (
            "vppConfig:\n  interfaces:\n  - name: a\n  - name: b\n  - name: a\n",
            "conf.yaml:5:5: vppConfig.interfaces[2]: key config/vpp/v2/interfaces/a is already given \
             by conf.yaml:3:5: vppConfig.interfaces[0]",
        ),
        (
            "vppConfig: {}\nvpp_config: {}\n",
            "conf.yaml:2:1: field `vpp_config` is given twice, first at 1:1",
        ),
        (
            "vppConfig:\n  wg_peers: []\n  Peer_list: []\n",
            "conf.yaml:3:3: vppConfig: field `Peer_list` is given twice, first at 2:3",
        ),
        (
            "vppConfig:\n  interfaces: {}\n",
            "conf.yaml:2:15: vppConfig.interfaces: expected a list, found a map",
        ),
    ] {
        assert_eq!(document_error(text), expected, "{text}");
    }
}

#[test]
fn an_empty_document_and_empty_groups_are_no_error() {
    for text in ["", "{}", "vppConfig:\n", "vppConfig:\n  interfaces:\n", "# nothing\n"] {
        assert_eq!(read_document(&registry(), text, "").unwrap(), [], "{text}");
    }
}

#[test]
fn hostile_text_is_refused_soon() {
    let bomb = {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); 10].join(",");
            text += &format!("a{level}: &a{level} [{list}]\n");
        }
        text
    };
    let deep = format!("vppConfig: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("vppConfig: {{interfaces: [{{name: \"{}\"}}]}}", "x".repeat(100_000));
    let json = format!("{{\"name\": \"{}\"}}", "x".repeat(10 << 20));
    for text in [&bomb, &deep, &long] {
        let error = document_error(text);
        assert!(error.starts_with("conf.yaml"), "{}", error.chars().take(200).collect::<String>());
        assert!(error.len() < 1000);
    }
    assert_eq!(
        error("vpp.interfaces", &json),
        format!("test.json: {} bytes, at most {} are read", json.len(), Limits::VALUE.bytes)
    );
    let deep = error("vpp.interfaces", &"{\"tap\":".repeat(10_000));
    assert!(deep.starts_with("test.json:"), "{deep}");
}

#[test]
fn secrets_are_masked_in_copies_and_in_debug_output() {
    let link = interface::Link::Wireguard(WireguardLink {
        private_key: "c2VjcmV0".into(),
        port: 1,
        ..Default::default()
    });
    let value = Value::new(Interface { name: "wg".into(), link: Some(link), ..Default::default() });
    assert!(!format!("{value:?}").contains("c2VjcmV0"));
    assert_eq!(
        value.redacted().to_json().unwrap(),
        json!({"name": "wg", "wireguard": {"private_key": MASK, "port": 1}})
    );
    assert!(value.to_json().unwrap().to_string().contains("c2VjcmV0"));
}

#[test]
fn any_is_read_by_the_end_of_its_type_url() {
    let registry = registry();
    let value = Value::new(Interface { name: "a".into(), ..Default::default() });
    assert_eq!(value.type_url(), "models.ligato.io/ligato.vpp.interfaces.Interface");
    let bytes = value.encode_to_vec();
    for url in ["models.ligato.io/", "type.googleapis.com/", ""] {
        let url = format!("{url}ligato.vpp.interfaces.Interface");
        assert_eq!(registry.from_any(&url, &bytes).unwrap(), value);
    }
    assert!(matches!(registry.from_any("x/y.Z", &bytes), Err(ModelError::UnknownMessage { .. })));
    assert!(matches!(
        registry.from_any(&value.type_url(), b"\xff"),
        Err(ModelError::Decode { .. })
    ));
}
