//! What a VPP answered, line by line, with everything replaced that chance or time decide.

use std::fmt::Debug;

use ligato_vpp_api::msg::interface::SwInterfaceEvent;
use ligato_vpp_api::{Dump, Message, Reply, Request};

use crate::support::Client;

/// A conversation with a VPP.
pub(crate) struct Record {
    pub(crate) client: Client,
    pub(crate) lines: Vec<String>,
    /// The request on its way.
    pub(crate) last: String,
    /// Folder of the VPP, which comes up in file names.
    folder: String,
    /// Release of the VPP, such as `26.06`.
    release: String,
    /// Whether indexes of counters are left out.
    pub(crate) hides_counters: bool,
}

impl Record {
    pub(crate) fn new(mut client: Client, folder: String) -> Self {
        let release = client.release();
        let (lines, last) = (Vec::new(), String::new());
        Self { client, lines, last, folder, release, hides_counters: false }
    }

    /// Whether the VPP is older than a release, such as `22.06`.
    pub(crate) fn is_before(&self, release: &str) -> bool {
        // Years and months have two digits.
        *self.release < *release
    }

    /// A heading, to find a difference again.
    pub(crate) fn note(&mut self, text: &str) {
        self.lines.push(format!("# {text}"));
    }

    /// Whether this VPP has a message; notes if not. Then its answer is one of zeros, from the simulated VPP as from the
    /// real one.
    fn has<M: Message>(&mut self) -> bool {
        let has = self.client.has::<M>();
        if !has {
            self.lines.push(format!("{}: this VPP does not have it", M::NAME));
        }
        has
    }

    /// Asks and notes the whole reply.
    pub(crate) fn call<Q: Request<Reply: Default>>(&mut self, request: &Q) -> Q::Reply {
        if !self.has::<Q>() {
            return Q::Reply::default();
        }
        self.last = format!("{} {request:?}", Q::NAME);
        let reply = self.client.call(request);
        let line = format!("{} {} => {}", Q::NAME, self.text(request), self.text(&reply));
        self.lines.push(line);
        reply
    }

    /// Asks and expects that it is done.
    pub(crate) fn done<Q: Request<Reply: Default>>(&mut self, request: &Q) -> Q::Reply {
        let reply = self.call(request);
        if reply.retval() != 0 {
            self.note(&format!("refused: {request:?}"));
        }
        reply
    }

    /// Asks for a list and notes all of it in the order it came.
    pub(crate) fn dump<Q: Dump>(&mut self, request: &Q) -> Vec<Q::Details> {
        if !self.has::<Q>() {
            return Vec::new();
        }
        self.last = format!("{} {request:?}", Q::NAME);
        let details = self.client.dump(request);
        self.lines.push(format!("{}: {}", Q::NAME, details.len()));
        for one in &details {
            self.line(Q::Details::NAME, one);
        }
        details
    }

    /// Asks for a list whose order is that of a hash table in VPP; `neutral` hides what
    /// cannot be compared and says whether the rest can.
    pub(crate) fn unordered<Q: Dump>(
        &mut self,
        request: &Q,
        neutral: impl Fn(&mut Q::Details) -> bool,
    ) {
        if !self.has::<Q>() {
            return;
        }
        let mut lines: Vec<String> = self
            .client
            .dump(request)
            .into_iter()
            .filter_map(|mut one| neutral(&mut one).then(|| self.text(&one)))
            .collect();
        lines.sort();
        self.lines.push(format!("{}: {}", Q::NAME, lines.len()));
        self.lines.append(&mut lines);
    }

    /// Notes the events received until now.
    pub(crate) fn events(&mut self) {
        for event in self.client.events::<SwInterfaceEvent>() {
            self.line(SwInterfaceEvent::NAME, &event);
        }
    }

    fn line(&mut self, name: &str, message: &impl Debug) {
        let line = format!("{name} {}", self.text(message));
        self.lines.push(line);
    }

    fn text(&self, message: &impl Debug) -> String {
        let text = format!("{message:?}").replace(&self.folder, "FOLDER");
        let text = hide_random_macs(&without_zeros(&text));
        if self.hides_counters { without_counters(&text) } else { text }
    }
}

/// Leaves out what is zero and long.
fn without_zeros(text: &str) -> String {
    const LABEL: &str = "FibMplsLabel { is_uniform: 0, label: 0, ttl: 0, exp: 0 }";
    const FIELDS: [&str; 11] = [
        "AddressUnion([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])",
        ", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
        ", via_label: 0",
        ", obj_id: 0",
        ", classify_table_index: 0",
        ", n_labels: 0",
        ", b_dmac: 00:00:00:00:00:00, b_smac: 00:00:00:00:00:00, b_vlanid: 0, i_sid: 0",
        ", sub_id: 0, sub_number_of_tags: 0, sub_outer_vlan_id: 0, sub_inner_vlan_id: 0",
        ", vtr_op: 0, vtr_push_dot1q: 0, vtr_tag1: 0, vtr_tag2: 0, outer_tag: 0",
        ", label_stack: []",
        "InterfaceIndex",
    ];
    let text = text.replace(&format!(", {LABEL}"), "").replace(LABEL, "");
    FIELDS.iter().fold(text, |text, field| text.replace(field, ""))
}

/// Addresses VPP makes up begin with 02:fe.
fn hide_random_macs(text: &str) -> String {
    const LEN: usize = "02:fe:00:00:00:00".len();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("02:fe:") {
        let (before, mac) = rest.split_at(at);
        out.push_str(before);
        out.push_str("RANDOM");
        rest = mac.get(LEN..).unwrap_or_default();
    }
    out + rest
}

fn without_counters(text: &str) -> String {
    const FIELD: &str = ", stats_index: ";
    let mut parts = text.split(FIELD);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}
