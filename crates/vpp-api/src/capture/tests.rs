//! Captures as text and back.

use bytes::BytesMut;
use serde_json::json;

use super::*;
use crate::msg::memif::MemifCreateV2;
use crate::msg::vpe::{ShowVersion, ShowVersionReply};
use crate::msg::wireguard::{WireguardInterface, WireguardInterfaceDetails};
use crate::{FixedString, Header, Message, encode_message, msg};

fn bytes<M: Message>(id: u16, context: u32, message: &M) -> BytesMut {
    let mut out = BytesMut::new();
    encode_message(message, Header { id, client_index: 9, context }, &mut out);
    out
}

fn scribe() -> (Scribe, Line) {
    let mut scribe = Scribe::default();
    let table = [
        (ShowVersion::NAME_CRC, 40),
        (ShowVersionReply::NAME_CRC, 41),
        (MemifCreateV2::NAME_CRC, 42),
        (WireguardInterfaceDetails::NAME_CRC, 43),
        ("not_known_here_00000001", 44),
        ("show_threads_00000001", 45),
    ];
    let line = scribe.opened(1.5, table);
    (scribe, line)
}

#[test]
fn a_conversation_reads_as_it_was() {
    let (mut scribe, opened) = scribe();
    let known = opened.fields["messages"].as_array().unwrap();
    assert!(known.contains(&json!("show_threads_00000001")), "another layout counts too");
    assert!(!known.contains(&json!("not_known_here_00000001")));

    let reply = ShowVersionReply {
        program: FixedString::new("vpp").unwrap(),
        version: FixedString::new("26.06").unwrap(),
        ..ShowVersionReply::default()
    };
    let lines = [
        opened,
        scribe.message(2.0, Way::Sent, &bytes(40, 7, &ShowVersion {})),
        scribe.message(2.5, Way::Received, &bytes(41, 7, &reply)),
        scribe.closed(3.0, "it was time"),
    ];
    assert_eq!((lines[1].message.as_str(), lines[1].context), ("show_version", Some(7)));
    assert_eq!(lines[2].fields["version"], "26.06");
    let text: String =
        lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    assert_eq!(read(&text).unwrap(), lines);
    assert_eq!(read(&(text + "{\"at\":4.0,\"wa")).unwrap().len(), lines.len());

    let mut payload = BytesMut::new();
    lines[2].payload(&mut payload).unwrap();
    let mut expected = BytesMut::new();
    reply.encode(&mut expected);
    assert_eq!(payload, expected);
}

#[test]
fn secrets_are_not_written_down() {
    let (scribe, _) = scribe();
    let memif = MemifCreateV2 { secret: FixedString::new("hush").unwrap(), ..Default::default() };
    let line = scribe.message(1.0, Way::Sent, &bytes(42, 1, &memif));
    assert_eq!(line.fields["secret"], MASK);
    let interface = WireguardInterface { private_key: [7; 32], ..WireguardInterface::default() };
    let details = WireguardInterfaceDetails { interface };
    let line = scribe.message(1.0, Way::Received, &bytes(43, 1, &details));
    assert_eq!(line.fields["interface"]["private_key"], MASK);
    assert!(!serde_json::to_string(&line).unwrap().contains("0707"));

    let mut payload = BytesMut::new();
    line.payload(&mut payload).unwrap();
    let again = WireguardInterfaceDetails::decode(&mut crate::Reader::new(&payload)).unwrap();
    assert_eq!(again.interface.private_key, [0; 32]);
}

#[test]
fn what_is_not_known_is_kept_as_it_is() {
    let (scribe, _) = scribe();
    let line = scribe.message(1.0, Way::Received, &[0, 44, 1, 2, 3]);
    assert_eq!(
        (line.name_crc().as_str(), line.bytes.as_str()),
        ("not_known_here_00000001", "010203")
    );
    let line = scribe.message(1.0, Way::Received, &[0, 99, 1]);
    assert_eq!((line.message.as_str(), line.bytes.as_str()), ("#99", "01"));
    // Too short to be what its number says.
    let line = scribe.message(1.0, Way::Received, &[0, 41, 0]);
    assert_eq!((line.message.as_str(), line.bytes.as_str()), ("show_version_reply", "00"));
    assert_eq!(scribe.message(1.0, Way::Sent, &[]).message, "#0");
}

#[test]
fn every_message_can_be_written_down_and_read_again() {
    for definition in msg::all() {
        let line = Line {
            message: definition.name.to_owned(),
            crc: format!("{:08x}", definition.crc),
            ..Line::about(0.0, Way::Sent, serde_json::Value::Null)
        };
        let mut payload = BytesMut::new();
        line.payload(&mut payload).unwrap();
        let mut scribe = Scribe::default();
        scribe.opened(0.0, [(line.name_crc().as_str(), 50)]);
        let mut message = BytesMut::new();
        definition.header.write(Header { id: 50, client_index: 1, context: 2 }, &mut message);
        message.extend_from_slice(&payload);
        let told = scribe.message(0.0, Way::Sent, &message);
        assert_eq!(told.bytes, "", "{}", definition.name);
        let mut again = BytesMut::new();
        told.payload(&mut again).unwrap();
        assert_eq!(again, payload, "{}", definition.name);
    }
}
