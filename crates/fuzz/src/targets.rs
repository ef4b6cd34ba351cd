//! The decoders, and what a VPP would send them.

use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::BytesMut;
use ligato_vpp_api::capture::{self, Line, Scribe, Way};
use ligato_vpp_api::dynamic::ApiSet;
use ligato_vpp_api::{ApiFile, Header, MessageDef, msg};
use ligato_vpp_client::untrusted as client;
use ligato_vpp_sim::Sim;
use ligato_vpp_stats::{StatsError, untrusted as stats};
use serde_json::{Value, json};

/// A decoder.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// What it is fed: whole and right.
    pub seeds: fn() -> Result<Vec<Vec<u8>>>,
    /// Decodes; tells whether the bytes were understood, or what is wrong with the decoder.
    pub run: fn(&[u8]) -> Result<bool, String>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "frames", seeds: frame_seeds, run: frames },
    Target { name: "handshake", seeds: handshake_seeds, run: handshake },
    Target { name: "typed", seeds: message_seeds, run: typed },
    Target { name: "dynamic", seeds: message_seeds, run: dynamic },
    Target { name: "dynamic-json", seeds: json_seeds, run: dynamic_json },
    Target { name: "api-json", seeds: api_seeds, run: api_json },
    Target { name: "capture", seeds: capture_seeds, run: read_capture },
    Target { name: "scribe", seeds: message_seeds, run: scribe },
    Target { name: "stats", seeds: stats_seeds, run: read_stats },
];

/// Longest frame a client takes here.
const MAX_MESSAGE: usize = 1 << 16;

static MESSAGES: LazyLock<Vec<&'static MessageDef>> = LazyLock::new(|| msg::all().collect());

static API: LazyLock<ApiSet> = LazyLock::new(|| {
    let mut set = ApiSet::default();
    // Written by this crate's own code; a message that is missing is refused like any unknown one.
    let _read = set.add_json(&api_text());
    set
});

fn api_text() -> String {
    let mut file = ApiFile::default();
    msg::all().for_each(|definition| file.message(definition));
    file.into_json().to_string()
}

/// The first two bytes choose a message; the rest is its payload.
fn chosen(input: &[u8]) -> Option<(&'static MessageDef, &[u8])> {
    let (number, payload) = input.split_first_chunk()?;
    let number = usize::from(u16::from_be_bytes(*number)) % MESSAGES.len();
    Some((MESSAGES.get(number)?, payload))
}

/// A payload of every message: zeros, and one that counts up, as far as it is understood.
fn message_seeds() -> Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for (number, definition) in (0_u16..).zip(MESSAGES.iter()) {
        let mut payload = BytesMut::new();
        API.encode(definition.name, &Value::Null, &mut payload)?;
        let number = number.to_be_bytes();
        let counting: Vec<u8> = (0..200).collect();
        for payload in [&payload[..], &counting, &[1; 120]] {
            seeds.push([&number, payload].concat());
        }
    }
    Ok(seeds)
}

// === the socket ===

fn frame(message: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    ligato_vpp_api::write_frame_header(u32::try_from(message.len()).unwrap_or(0), &mut out);
    out.extend_from_slice(message);
    out.to_vec()
}

fn frame_seeds() -> Result<Vec<Vec<u8>>> {
    let one = frame(&[0, 16, 0, 0, 0, 1, 9, 9]);
    Ok(vec![one.clone(), [one.clone(), one.clone(), frame(&[7; 300])].concat(), one[..20].to_vec()])
}

fn frames(input: &[u8]) -> Result<bool, String> {
    match client::frames(input, MAX_MESSAGE) {
        Ok((messages, consumed)) if consumed <= input.len() => Ok(messages > 0),
        Ok((_, consumed)) => Err(format!("{consumed} of {} bytes taken", input.len())),
        Err(_) => Ok(false),
    }
}

fn handshake_seeds() -> Result<Vec<Vec<u8>>> {
    let mut whole = vec![0, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x80, 0, 0, 3, 0, 3];
    for (id, name) in [(40_u16, "control_ping_51077d14"), (41, "show_version_51077d14"), (9, "x")] {
        let mut field = [0; 64];
        field.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        whole.extend_from_slice(&id.to_be_bytes());
        whole.extend_from_slice(&field);
    }
    Ok(vec![whole])
}

fn handshake(input: &[u8]) -> Result<bool, String> {
    Ok(client::handshake(input).is_ok())
}

// === messages ===

/// What is understood and written again is understood the same way.
fn typed(input: &[u8]) -> Result<bool, String> {
    let Some((definition, payload)) = chosen(input) else { return Ok(false) };
    match (definition.check)(payload) {
        Err(_) => Ok(false),
        Ok(true) => Ok(true),
        Ok(false) => Err(format!("{} reads back as another message", definition.name)),
    }
}

fn dynamic(input: &[u8]) -> Result<bool, String> {
    let Some((definition, payload)) = chosen(input) else { return Ok(false) };
    let Ok(fields) = API.decode(definition.name, payload) else { return Ok(false) };
    let mut bytes = BytesMut::new();
    let Ok(()) = API.encode(definition.name, &fields, &mut bytes) else {
        return Err(format!("{} does not take what it gave: {fields}", definition.name));
    };
    match API.decode(definition.name, &bytes) {
        // JSON has no number for what is none; it becomes zero.
        Ok(again) if same_value(&again, &with_zeros(&fields)) => Ok(true),
        other => Err(format!("{}: {fields} and then {other:?}", definition.name)),
    }
}

/// The same with zero in place of nothing.
fn with_zeros(value: &Value) -> Value {
    match value {
        Value::Null => json!(0.0),
        Value::Array(items) => items.iter().map(with_zeros).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, v)| (name.clone(), with_zeros(v))).collect())
        }
        other => other.clone(),
    }
}

fn json_seeds() -> Result<Vec<Vec<u8>>> {
    let messages = MESSAGES.iter().map(|definition| {
        let mut bytes = BytesMut::new();
        API.encode(definition.name, &Value::Null, &mut bytes)?;
        let fields = API.decode(definition.name, &bytes)?;
        Ok(json!([definition.name, fields]).to_string().into_bytes())
    });
    messages.collect()
}

/// `[name, fields]`
fn dynamic_json(input: &[u8]) -> Result<bool, String> {
    let Ok((name, fields)) = serde_json::from_slice::<(String, Value)>(input) else {
        return Ok(false);
    };
    let mut bytes = BytesMut::new();
    if API.encode(&name, &fields, &mut bytes).is_err() {
        return Ok(false);
    }
    match API.decode(&name, &bytes) {
        Ok(_) => Ok(true),
        Err(error) => Err(format!("{name} does not read what it wrote: {error}")),
    }
}

fn api_seeds() -> Result<Vec<Vec<u8>>> {
    // Small files, so that what is broken matters.
    let mut seeds = Vec::new();
    for definitions in MESSAGES.chunks(4) {
        let mut file = ApiFile::default();
        definitions.iter().for_each(|definition| file.message(definition));
        file.replied("control_ping", "control_ping_reply");
        seeds.push(file.into_json().to_string().into_bytes());
    }
    Ok(seeds)
}

/// Definitions nobody made: with whatever types there are, decoding and encoding end.
fn api_json(input: &[u8]) -> Result<bool, String> {
    let mut set = ApiSet::default();
    if set.add_json(&String::from_utf8_lossy(input)).is_err() {
        return Ok(false);
    }
    for definition in set.messages() {
        let mut bytes = BytesMut::new();
        let encoded = set.encode(&definition.name, &Value::Null, &mut bytes);
        // What these say does not matter.
        let _zeros = set.decode(&definition.name, &[0; 64]);
        let _ones = set.decode(&definition.name, &[0xff; 64]);
        if encoded.is_ok() && set.decode(&definition.name, &bytes).is_err() {
            return Err(format!("{} does not read its own zeros", definition.name));
        }
    }
    Ok(true)
}

// === captures ===

fn named() -> impl Iterator<Item = (String, u16)> {
    (0..)
        .zip(MESSAGES.iter())
        .map(|(id, definition)| (format!("{}_{:08x}", definition.name, definition.crc), id))
}

fn writer() -> Scribe {
    let mut scribe = Scribe::default();
    let names: Vec<(String, u16)> = named().collect();
    scribe.opened(0.0, names.iter().map(|(name, id)| (name.as_str(), *id)));
    scribe
}

fn capture_seeds() -> Result<Vec<Vec<u8>>> {
    let scribe = writer();
    let lines = (0..).zip(MESSAGES.iter()).map(|(id, definition)| {
        let mut message = BytesMut::new();
        definition.header.write(Header { id, client_index: 1, context: 2 }, &mut message);
        API.encode(definition.name, &Value::Null, &mut message)?;
        let line = serde_json::to_string(&scribe.message(1.0, Way::Sent, &message))?;
        Ok((line + "\n").into_bytes())
    });
    lines.collect()
}

fn read_capture(input: &[u8]) -> Result<bool, String> {
    let Ok(lines) = capture::read(&String::from_utf8_lossy(input)) else { return Ok(false) };
    let mut understood = false;
    for line in &lines {
        let mut payload = BytesMut::new();
        understood |= line.payload(&mut payload).is_ok();
    }
    Ok(understood)
}

/// Any bytes become a line, and the line can be read again.
fn scribe(input: &[u8]) -> Result<bool, String> {
    thread_local!(static WRITER: Scribe = writer());
    let line = WRITER.with(|writer| writer.message(0.5, Way::Received, input));
    let text = serde_json::to_string(&line).map_err(|error| error.to_string())? + "\n";
    match capture::read(&text) {
        Ok(again) if again.len() == 1 && again.iter().all(|again| same(again, &line)) => Ok(true),
        other => Err(format!("{text} reads back as {other:?}")),
    }
}

/// Whether two lines tell the same; the last digit of a number with a point may differ.
fn same(a: &Line, b: &Line) -> bool {
    let plain = |line: &Line| Line { fields: Value::Null, ..line.clone() };
    plain(a) == plain(b) && same_value(&a.fields, &b.fields)
}

fn same_value(a: &Value, b: &Value) -> bool {
    const NEARLY: f64 = 1e-12;
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((x, a), (y, b))| x == y && same_value(a, b))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Number(a), Value::Number(b)) if a != b => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= NEARLY * a.abs(),
            _ => false,
        },
        _ => a == b,
    }
}

// === statistics ===

/// Counters that are zero at the end of what is used.
const ROOM: usize = 1 << 16;

/// The segment of each layout.
fn stats_seeds() -> Result<Vec<Vec<u8>>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let image = |release: &str| {
        let sim = runtime.block_on(Sim::builder().release(release).start())?;
        let file = stats::descriptor(sim.stats_socket_path(), Duration::from_secs(5))?;
        let mut bytes = stats::bytes(&file).with_context(|| format!("the segment of {release}"))?;
        // Nearly all of a segment is room for more.
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used + ROOM);
        Ok(bytes)
    };
    ["22.02", "22.10", "26.06"].into_iter().map(image).collect()
}

fn read_stats(input: &[u8]) -> Result<bool, String> {
    let read = |file| {
        stats::read(file, |pass| {
            let names: Vec<String> = pass.names("").map(str::to_owned).collect();
            for name in &names {
                // Each may be broken by itself.
                let _value = pass.value(name);
                let _list = pass.name_list(name);
            }
            let _system = pass.system();
            let _nodes = pass.nodes();
            let _errors = pass.errors();
            let _pools = pass.buffer_pools();
            let _heaps = pass.heaps();
            pass.interfaces().map(|interfaces| interfaces.len() + names.len())
        })
    };
    let file = stats::file(input).map_err(|error| error.to_string())?;
    match read(file) {
        Ok(found) => Ok(found > 0),
        Err(StatsError::Attach { source, .. }) => Err(source.to_string()),
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{regressions, run, try_one};
    use std::path::Path;

    #[test]
    fn seeds_are_understood() {
        for target in TARGETS {
            let seeds = (target.seeds)().unwrap();
            let understood = seeds.iter().filter(|seed| try_one(target, seed) == Ok(true)).count();
            assert!(understood > 0 && understood * 4 >= seeds.len(), "{}", target.name);
        }
    }

    #[test]
    fn nothing_fails_again() {
        for target in TARGETS {
            let folder =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target.name);
            for (path, input) in regressions(&folder).unwrap() {
                try_one(target, &input)
                    .unwrap_or_else(|finding| panic!("{}: {}", path.display(), finding.what));
            }
        }
    }

    #[test]
    fn every_decoder_stands_broken_bytes_for_a_moment() {
        for target in TARGETS {
            let report = run(target, 1, Duration::from_millis(300), 1).unwrap();
            let findings: Vec<_> = report.findings.iter().map(|found| &found.what).collect();
            assert!(findings.is_empty(), "{}: {findings:?}", target.name);
            assert!(report.tried > 0, "{}", target.name);
        }
    }

    #[test]
    fn a_decoder_that_panics_or_lies_is_found() {
        let panics = Target {
            name: "panics",
            seeds: || Ok(vec![vec![1, 2, 3]]),
            run: |input| Ok(*input.first().unwrap() > 0),
        };
        let report = run(&panics, 1, Duration::from_secs(5), 1).unwrap();
        assert_eq!(report.findings[0].input, Vec::<u8>::new());
        assert!(report.findings[0].what.starts_with("panic"), "{:?}", report.findings);
        let lies = Target { run: |_| Err("not the same".into()), ..panics };
        assert_eq!(run(&lies, 1, Duration::from_secs(5), 2).unwrap().findings.len(), 2);
        let sleeps = |_: &[u8]| {
            std::thread::sleep(Duration::from_millis(2100));
            Ok(true)
        };
        let slow = Target { name: "slow", seeds: || Ok(Vec::new()), run: sleeps };
        assert!(try_one(&slow, b"x").unwrap_err().what.starts_with("took"));
    }
}
