//! Which messages there are, and the function each is answered by.

use std::marker::PhantomData;

use bytes::{BufMut, BytesMut};
use ligato_vpp_api::{
    DecodeError, Dump, FRAME_HEADER_LEN, Header, HeaderKind, Message, MessageDef, Reader, Request,
    encode_message, write_frame_header,
};

use crate::machine::Machine;
use crate::state::Vpp;
use crate::state::retval::{Outcome, Retval};

/// Whether a request changes what a client configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Writes,
}

/// Executes a request of one kind.
type Runner = Box<dyn Fn(&mut Machine, &mut Call<'_>) -> Result<(), DecodeError> + Send + Sync>;

/// One offered request.
pub(crate) struct Entry {
    pub(crate) definition: &'static MessageDef,
    pub(crate) name_crc: &'static str,
    pub(crate) header: HeaderKind,
    pub(crate) effect: Effect,
    /// The message that answers it: a reply, or the details of a dump.
    pub(crate) answer: Answer,
    run: Runner,
}

impl Entry {
    /// Executes a request and writes what answers it.
    pub(crate) fn run(
        &self,
        machine: &mut Machine,
        call: &mut Call<'_>,
    ) -> Result<(), DecodeError> {
        (self.run)(machine, call)
    }
}

/// The message answering a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) definition: &'static MessageDef,
    pub(crate) name_crc: &'static str,
    /// Writes a reply with a given retval and everything else zero.
    pub(crate) refuse: Option<fn(Header, i32, &mut BytesMut)>,
}

/// A request on its way, and where its answer goes.
pub(crate) struct Call<'a> {
    pub(crate) payload: Reader<'a>,
    /// Id of the answer, client and context of the request.
    pub(crate) header: Header,
    pub(crate) out: &'a mut BytesMut,
}

/// Writes details.
pub(crate) struct Details<'a, D> {
    header: Header,
    out: &'a mut BytesMut,
    message: PhantomData<fn(D)>,
}

impl<D: Message> Details<'_, D> {
    pub(crate) fn send(&mut self, details: &D) {
        put_message(details, self.header, self.out);
    }
}

/// All offered requests, and events that are sent without one.
#[derive(Default)]
pub(crate) struct Registry {
    pub(crate) entries: Vec<Entry>,
    /// Definitions and names of events.
    pub(crate) events: Vec<(&'static MessageDef, &'static str)>,
}

impl Registry {
    /// A request whose reply holds nothing but how it went.
    pub(crate) fn change<Q: Request>(&mut self, f: fn(&mut Vpp, &Q) -> Outcome) {
        self.add::<Q>(Effect::Writes, move |machine, request, call| {
            let outcome = f(&mut machine.vpp, &request);
            put_retval::<Q::Reply>(call.header, outcome, call.out);
        });
    }

    /// A request that changes something and has more to say than whether it went well.
    pub(crate) fn write<Q: Request>(&mut self, f: fn(&mut Vpp, &Q) -> Q::Reply) {
        self.add::<Q>(Effect::Writes, move |machine, request, call| {
            put_message(&f(&mut machine.vpp, &request), call.header, call.out);
        });
    }

    /// A request that only asks.
    pub(crate) fn read<Q: Request>(&mut self, f: fn(&Vpp, &Q) -> Q::Reply) {
        self.add::<Q>(Effect::Reads, move |machine, request, call| {
            put_message(&f(&machine.vpp, &request), call.header, call.out);
        });
    }

    /// A request that changes something and depends on who sends it.
    pub(crate) fn answer<Q: Request>(&mut self, f: fn(&mut Machine, &Q, u32) -> Q::Reply) {
        self.add::<Q>(Effect::Writes, move |machine, request, call| {
            put_message(&f(machine, &request, call.header.client_index), call.header, call.out);
        });
    }

    /// A request about the machine or the connection rather than the configuration.
    pub(crate) fn ask<Q: Request>(&mut self, f: fn(&mut Machine, &Q, u32) -> Q::Reply) {
        self.add::<Q>(Effect::Reads, move |machine, request, call| {
            put_message(&f(machine, &request, call.header.client_index), call.header, call.out);
        });
    }

    /// A request for a list.
    pub(crate) fn dump<Q: Dump>(&mut self, f: fn(&Vpp, &Q, &mut Details<'_, Q::Details>)) {
        let answer = Answer {
            definition: Q::Details::DEFINITION,
            name_crc: Q::Details::NAME_CRC,
            refuse: None,
        };
        self.entries.push(Entry {
            definition: Q::DEFINITION,
            name_crc: Q::NAME_CRC,
            header: Q::HEADER,
            effect: Effect::Reads,
            answer,
            run: Box::new(move |machine, call| {
                let request = Q::decode(&mut call.payload)?;
                let mut details =
                    Details { header: call.header, out: call.out, message: PhantomData };
                f(&machine.vpp, &request, &mut details);
                Ok(())
            }),
        });
    }

    /// A message VPP sends by itself.
    pub(crate) fn event<M: Message>(&mut self) {
        self.events.push((M::DEFINITION, M::NAME_CRC));
    }

    fn add<Q: Request>(
        &mut self,
        effect: Effect,
        f: impl Fn(&mut Machine, Q, &mut Call<'_>) + Send + Sync + 'static,
    ) {
        let answer = Answer {
            definition: Q::Reply::DEFINITION,
            name_crc: Q::Reply::NAME_CRC,
            refuse: Some(put_refusal::<Q::Reply>),
        };
        self.entries.push(Entry {
            definition: Q::DEFINITION,
            name_crc: Q::NAME_CRC,
            header: Q::HEADER,
            effect,
            answer,
            run: Box::new(move |machine, call| {
                let request = Q::decode(&mut call.payload)?;
                f(machine, request, call);
                Ok(())
            }),
        });
    }
}

/// Appends a message with its transport header.
pub(crate) fn put_message<M: Message>(message: &M, header: Header, out: &mut BytesMut) {
    framed(out, |out| encode_message(message, header, out));
}

/// Appends a reply that consists of a retval.
fn put_retval<M: Message>(header: Header, outcome: Outcome, out: &mut BytesMut) {
    framed(out, |out| {
        M::HEADER.write(header, out);
        out.put_i32(match outcome {
            Ok(()) => 0,
            Err(Retval(code)) => code,
        });
    });
}

/// Longest fixed part of a reply, with room to spare.
const ZEROS: [u8; 4096] = [0; 4096];

/// Appends a reply of zeros with a retval, which all replies begin with.
fn put_refusal<M: Message>(header: Header, retval: i32, out: &mut BytesMut) {
    framed(out, |out| {
        M::HEADER.write(header, out);
        let start = out.len();
        if let Ok(zero) = M::decode(&mut Reader::new(&ZEROS)) {
            zero.encode(out);
        }
        if let Some(field) = out.get_mut(start..start + 4) {
            field.copy_from_slice(&retval.to_be_bytes());
        }
    });
}

pub(crate) fn framed(out: &mut BytesMut, put: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    write_frame_header(0, out);
    put(out);
    let len = out.len() - start - FRAME_HEADER_LEN;
    // A message of 4 GiB does not come up; its length would be the largest there is.
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(start + 8..start + 12) {
        field.copy_from_slice(&len.to_be_bytes());
    }
}
