//! Bytes of messages: what is sent, what is read, what is refused.

use bytes::BytesMut;
use ligato_vpp_api::msg::interface::{
    SwInterfaceDump, SwInterfaceEvent, SwInterfaceRxPlacementDetails,
};
use ligato_vpp_api::msg::ip::{IpRouteDetails, IpRouteV2Details};
use ligato_vpp_api::msg::l2::BridgeDomainDetails;
use ligato_vpp_api::msg::memclnt::{SockclntCreate, SockclntCreateReply};
use ligato_vpp_api::msg::vlib::CliInbandReply;
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_api::{
    DecodeError, FixedString, Header, Message, Reader, Reply, SOCKCLNT_CREATE_ID, decode_message,
    encode_message,
};

fn encoded<M: Message>(message: &M, header: Header) -> BytesMut {
    let mut out = BytesMut::new();
    encode_message(message, header, &mut out);
    out
}

#[test]
fn a_request_is_header_and_packed_fields_in_network_order() {
    let dump = SwInterfaceDump {
        sw_if_index: InterfaceIndex::NONE,
        name_filter_valid: true,
        name_filter: "tap".into(),
    };
    let header = Header { id: 0x0102, client_index: 3, context: 4 };
    assert_eq!(
        encoded(&dump, header).as_ref(),
        b"\x01\x02\0\0\0\x03\0\0\0\x04\xff\xff\xff\xff\x01\0\0\0\x03tap"
    );
    assert_eq!(SwInterfaceDump::name_crc(), "sw_interface_dump_aa610c27");
}

#[test]
fn the_first_message_has_a_context_but_no_client_index() {
    let hello = SockclntCreate { name: FixedString::new("agent").unwrap() };
    let header = Header { id: SOCKCLNT_CREATE_ID, client_index: 0, context: 0x7b };
    let bytes = encoded(&hello, header);
    assert_eq!(bytes.len(), 2 + 4 + 64);
    assert_eq!(&bytes[..11], b"\0\x0f\0\0\0\x7bagent");
}

#[test]
fn the_message_table_is_read() {
    let mut bytes = b"\0\x10\0\0\0\0\0\0\0\x7b\0\0\0\0\x80\0\0\x01\0\x01\x01\x23".to_vec();
    let name = b"control_ping_51077d14";
    bytes.extend_from_slice(name);
    bytes.resize(bytes.len() + 64 - name.len(), 0);
    let (header, reply) = decode_message::<SockclntCreateReply>(&bytes).unwrap();
    assert_eq!(header.context, 0x7b);
    assert_eq!(reply.index, 0x8000_0001);
    assert_eq!(reply.retval(), 0);
    assert_eq!(reply.message_table.len(), 1);
    assert_eq!(reply.message_table[0].index, 0x0123);
    assert_eq!(reply.message_table[0].name, "control_ping_51077d14");
}

#[test]
fn an_event_has_a_client_index_only_and_some_details_have_both() {
    let (header, event) =
        decode_message::<SwInterfaceEvent>(b"\0\x09\0\0\0\x05\0\0\0\x06\0\0\0\x07\0\0\0\x03\x01")
            .unwrap();
    assert_eq!((header.client_index, header.context), (5, 0));
    assert_eq!((event.pid, event.sw_if_index, event.deleted), (6, InterfaceIndex(7), true));

    let bytes = b"\0\x09\0\0\0\0\0\0\0\x2a\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04";
    let (header, details) = decode_message::<SwInterfaceRxPlacementDetails>(bytes).unwrap();
    assert_eq!((header.context, details.sw_if_index.0, details.mode.0), (0x2a, 1, 4));
}

#[test]
fn the_count_of_a_list_need_not_stand_next_to_it() {
    let mut bytes = vec![0; 4 + 4 + 18];
    bytes.extend_from_slice(&[1, 9]); // n_paths, src
    bytes.resize(bytes.len() + 167, 0);
    let details = IpRouteV2Details::decode(&mut Reader::new(&bytes)).unwrap();
    assert_eq!((details.route.src, details.route.paths.len()), (9, 1));
    let mut again = BytesMut::new();
    details.encode(&mut again);
    assert_eq!(again, bytes);
}

#[test]
fn every_truncation_is_an_error() {
    let mut bytes = vec![0; 4 + 4 + 18];
    bytes.push(2);
    bytes.resize(bytes.len() + 2 * 167, 0);
    assert!(IpRouteDetails::decode(&mut Reader::new(&bytes)).is_ok());
    for len in 0..bytes.len() {
        let result = IpRouteDetails::decode(&mut Reader::new(&bytes[..len]));
        assert!(matches!(result, Err(DecodeError::Truncated { .. })), "{len}");
    }
}

#[test]
fn more_members_than_bytes_is_an_error() {
    let mut bytes = vec![0; 4 + 6 + 1 + 64 + 8];
    bytes.extend_from_slice(&u32::MAX.to_be_bytes());
    bytes.extend_from_slice(&[0; 9]);
    assert_eq!(
        BridgeDomainDetails::decode(&mut Reader::new(&bytes)),
        Err(DecodeError::Truncated { needed: 4, left: 0 })
    );
}

#[test]
fn text_of_a_command_may_be_anything() {
    let reply = CliInbandReply::decode(&mut Reader::new(b"\0\0\0\0\0\0\0\x02\xffx")).unwrap();
    assert_eq!(reply.reply, "\u{fffd}x");
}
