//! Whatever a document or a value is made of: it is read or refused, the refusal names the text, and nothing panics.

use ligato_model::text::{FieldNames, read_document, write_document};
use ligato_proto::registry;
use proptest::prelude::*;

/// A document that is good, to be spoiled.
const GOOD: &str = "\
vppConfig:
  interfaces:
  - {name: tap1, type: TAP, enabled: true, mtu: 1400, ip_addresses: [10.1.0.1/24], tap: {version: 2}}
  - name: \"loop\\u0031\"
    type: SOFTWARE_LOOPBACK
    physAddress: '02:00:00:00:00:01'
  routes:
  - dst_network: 192.168.0.0/16
    next_hop_addr: 10.1.0.2
    weight: 5
  bridgeDomains: &anchor
  - {name: bd1, learn: true, interfaces: [{name: loop1}]}
linuxConfig:
  interfaces:
  - {name: veth1, type: VETH, namespace: {type: NSID, reference: ns1}, veth: {peer_if_name: veth2}}
netallocConfig: {}
";

/// Pieces that mean something to a parser.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "-",
    "\n",
    "  ",
    "\t",
    "\"",
    "'",
    "&anchor ",
    "*anchor",
    "<<: ",
    "!!binary ",
    "null",
    "~",
    "1e999",
    "-9223372036854775809",
    "0x",
    "\u{0}",
    "\u{2028}",
    "---\n",
];

#[derive(Debug, Clone)]
enum Harm {
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, String),
    Repeat(prop::sample::Index, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<prop::sample::Index>;
    let piece = prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), "\\PC{1,6}"];
    prop_oneof![
        1 => at().prop_map(Harm::Cut),
        3 => (at(), 1usize..12).prop_map(|(at, count)| Harm::Remove(at, count)),
        6 => (at(), piece).prop_map(|(at, text)| Harm::Insert(at, text)),
        1 => (at(), 1usize..400).prop_map(|(at, count)| Harm::Repeat(at, count)),
    ]
}

fn spoil(text: &str, harms: &[Harm]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for harm in harms {
        let place = |at: &prop::sample::Index, len: usize| at.index(len + 1);
        let len = chars.len();
        match harm {
            Harm::Cut(at) => chars.truncate(place(at, len)),
            Harm::Remove(at, count) => {
                let from = place(at, len);
                chars.drain(from..(from + count).min(len));
            }
            Harm::Insert(at, text) => {
                let at = place(at, len);
                chars.splice(at..at, text.chars());
            }
            Harm::Repeat(at, count) => {
                let at = place(at, len);
                let opening: Vec<char> = "[{- ".chars().cycle().take(*count).collect();
                chars.splice(at..at, opening);
            }
        }
    }
    chars.into_iter().collect()
}

/// Reads it; a refusal names the text, and what was read can be written and read again.
fn judge(text: &str) -> Result<(), TestCaseError> {
    let registry = registry();
    let entries = match read_document(&registry, text, "conf.yaml") {
        Ok(entries) => entries,
        Err(error) => {
            let said = error.to_string();
            prop_assert!(said.contains("conf.yaml"), "{said}");
            return Ok(());
        }
    };
    let values: Vec<_> = entries.into_iter().map(|entry| entry.value).collect();
    let written = write_document(&registry, &values, FieldNames::Json);
    let written = written.map_err(|error| TestCaseError::fail(error.to_string()))?.to_string();
    let again = read_document(&registry, &written, "again.json");
    prop_assert_eq!(again.map(|again| again.len()).ok(), Some(values.len()), "{}", written);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spoiled_document_is_read_or_refused_by_name(harms in prop::collection::vec(harm(), 0..6)) {
        judge(&spoil(GOOD, &harms))?;
    }

    #[test]
    fn so_is_anything_else(text in "\\PC{0,120}", lines in prop::collection::vec("[-{}\\[\\]: a-z0-9\"'&*!|>#%@]{0,20}", 0..12)) {
        judge(&text)?;
        judge(&lines.join("\n"))?;
    }

    #[test]
    fn so_is_the_json_of_one_value(harms in prop::collection::vec(harm(), 0..4)) {
        let good = r#"{"name":"t","type":"TAP","ipAddresses":["10.1.0.1/24"],"mtu":1400,"tap":{"hostIfName":"h"}}"#;
        let registry = registry();
        let model = registry.by_model_name("vpp.interfaces");
        let model = model.ok_or_else(|| TestCaseError::fail("there are interfaces"))?;
        let text = spoil(good, &harms);
        if let Err(error) = model.from_json(&text, "value.json") {
            let said = error.to_string();
            prop_assert!(said.contains("value.json"), "{said}");
        }
        // The binary form of whatever these bytes are.
        let _ = model.decode(text.as_bytes());
    }
}
