//! Compares every message with the definitions of all releases of VPP, where they are at hand; otherwise with the golden
//! list made from them. `UPDATE_EXPECT=1` rewrites that list.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use ligato_vpp_api::dynamic::ApiSet;
use ligato_vpp_api::support::RELEASES;
use ligato_vpp_api::{FieldDef, MessageDef, TypeDef, TypeKind, msg};
use serde_json::{Value, json};

/// The folder with one file of definitions per release.
fn definitions() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("VPP_API_DIR") {
        return Some(PathBuf::from(dir));
    }
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("shared/vpp-api"))
        .find(|dir| dir.is_dir())
}

fn read(dir: &Path, release: &str) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(dir.join(format!("{release}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// One release: its messages, and its types by name, in the form this crate can give them.
struct Release {
    messages: BTreeMap<String, Vec<Value>>,
    types: BTreeMap<String, Value>,
}

impl Release {
    fn load(dir: &Path, release: &str) -> Release {
        let mut messages: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        let mut types = BTreeMap::new();
        for file in read(dir, release).into_values() {
            for message in array(&file["messages"]) {
                let name = message[0].as_str().unwrap().to_owned();
                messages.entry(name).or_default().push(plain(message));
            }
            for section in ["types", "unions", "enums", "enumflags"] {
                for entry in array(&file[section]) {
                    let name = entry[0].as_str().unwrap().to_owned();
                    types.insert(name, plain(entry));
                }
            }
            for (name, alias) in file["aliases"].as_object().unwrap() {
                types.insert(name.clone(), alias.clone());
            }
        }
        Release { messages, types }
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// A message or type without what does not matter on the wire: defaults, options, comments.
fn plain(entry: &Value) -> Value {
    let entry = array(entry).iter().map(|part| match part {
        Value::Array(field) => {
            Value::Array(field.iter().filter(|x| !x.is_object()).cloned().collect())
        }
        Value::Object(last) if last.contains_key("crc") => json!({ "crc": last["crc"] }),
        other => other.clone(),
    });
    Value::Array(entry.collect())
}

#[test]
fn every_message_is_as_vpp_defines_it() {
    let Some(dir) = definitions() else {
        println!("skipped: no definitions of VPP's messages at hand, set VPP_API_DIR");
        return;
    };
    let mut seen = BTreeSet::new();
    let mut checked = 0;
    for release in RELEASES {
        let release_data = Release::load(&dir, release);
        for def in msg::all() {
            let theirs = release_data.messages.get(def.name).into_iter().flatten();
            let known = theirs.filter(|theirs| def.crcs().any(|crc| crc_of(theirs) == hex(crc)));
            for theirs in known {
                let ours = MessageDef { crc: parse_crc(theirs), ..*def };
                let theirs = as_renamed(def.name, theirs);
                assert_eq!(ours.to_api_json(), theirs, "{} of {release}", def.name);
                seen.insert(def.name);
                checked += 1;
                for field in def.all_fields() {
                    compare_type(field.ty, &release_data, Numbers::of(release));
                }
            }
        }
    }
    let unknown: Vec<_> =
        msg::all().map(|def| def.name).filter(|name| !seen.contains(name)).collect();
    assert!(unknown.is_empty(), "in no release with this CRC: {unknown:?}");
    println!("{checked} definitions compared");
}

/// A message of VPP with its fields named as later releases name them.
fn as_renamed(message: &str, theirs: &Value) -> Value {
    const RENAMED: [(&str, &str, &str); 1] = [("lcp_itf_pair_add_del_v2", "namespace", "netns")];
    let mut theirs = theirs.clone();
    let Some((_, before, after)) = RENAMED.into_iter().find(|(name, ..)| *name == message) else {
        return theirs;
    };
    for field in theirs.as_array_mut().unwrap().iter_mut().filter(|part| part.is_array()) {
        if field[1] == before {
            field[1] = after.into();
        }
    }
    theirs
}

fn hex(crc: u32) -> String {
    format!("0x{crc:08x}")
}

fn crc_of(message: &Value) -> &str {
    array(message).last().unwrap()["crc"].as_str().unwrap()
}

fn parse_crc(message: &Value) -> u32 {
    u32::from_str_radix(crc_of(message).trim_start_matches("0x"), 16).unwrap()
}

/// What the definitions of a release say of the numbers of enumerations.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    OnTheWire,
    /// 22.02 counts from one where numbers are not written out, in its definitions only.
    FromOne,
}

impl Numbers {
    fn of(release: &str) -> Self {
        if release == "22.02" { Self::FromOne } else { Self::OnTheWire }
    }
}

fn compare_type(ty: &TypeDef, release: &Release, numbers: Numbers) {
    let Some(name) = ty.name.strip_prefix("vl_api_").and_then(|name| name.strip_suffix("_t"))
    else {
        assert_eq!(ty.kind, TypeKind::Base, "{}", ty.name);
        return;
    };
    let theirs = release.types.get(name).unwrap_or_else(|| panic!("no type {name}"));
    match ty.kind {
        TypeKind::Base => panic!("{name} is not built in"),
        TypeKind::Alias { of, len } => {
            assert_eq!(theirs["type"], of, "{name}");
            assert_eq!(theirs["length"].as_u64(), len.map(|len| len as u64), "{name}");
        }
        TypeKind::Enum { base, entries } => {
            let theirs = array(theirs);
            assert_eq!(theirs.last().unwrap()["enumtype"], base, "{name}");
            // Releases differ in the entries added compatibly; theirs must be among ours.
            for entry in &theirs[1..theirs.len() - 1] {
                let ours = entries.iter().find(|ours| entry[0] == ours.name);
                let (ours, theirs) = (ours.map(|ours| ours.value), entry[1].as_u64());
                let one_more = numbers == Numbers::FromOne && ours.map(|ours| ours + 1) == theirs;
                assert!(ours == theirs || one_more, "{name} {entry}: {ours:?}");
            }
        }
        TypeKind::Struct(fields) | TypeKind::Union(fields) => {
            let ours: Vec<_> = fields.iter().map(FieldDef::to_api_json).collect();
            assert_eq!(ours, array(theirs)[1..].to_vec(), "{name}");
            for field in fields {
                compare_type(field.ty, release, numbers);
            }
        }
    }
}

#[test]
fn every_message_is_on_the_golden_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/messages.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some()
        && let Some(dir) = definitions()
    {
        std::fs::write(&path, golden(&dir)).unwrap();
    }
    let list = std::fs::read_to_string(&path).unwrap();
    let listed: BTreeSet<_> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect();
    let ours: BTreeSet<_> = msg::all().flat_map(names_and_crcs).collect();
    assert_eq!(ours, listed);
    if let Some(dir) = definitions() {
        assert_eq!(list, golden(&dir), "out of date, run with UPDATE_EXPECT=1");
    }
}

fn names_and_crcs(def: &MessageDef) -> impl Iterator<Item = String> {
    def.crcs().map(|crc| format!("{} {crc:08x}", def.name))
}

/// The list as the definitions at hand say it must be.
fn golden(dir: &Path) -> String {
    let releases: Vec<_> = RELEASES.iter().map(|release| Release::load(dir, release)).collect();
    let mut text = String::from(
        "# Message, CRC of the layout known here, releases that have it with this CRC.\n",
    );
    for (def, crc) in msg::all().flat_map(|def| def.crcs().map(move |crc| (def, crc))) {
        let mut has: Vec<_> = releases
            .iter()
            .map(|release| {
                let all = release.messages.get(def.name);
                all.is_some_and(|all| all.iter().any(|one| crc_of(one) == hex(crc)))
            })
            .collect();
        has.push(false);
        let mut ranges = Vec::new();
        let mut start = None;
        for (i, has) in has.iter().enumerate() {
            match (start, has) {
                (None, true) => start = Some(i),
                (Some(first), false) => {
                    ranges.push(format!("{}-{}", RELEASES[first], RELEASES[i - 1]));
                    start = None;
                }
                _ => {}
            }
        }
        text += &format!("{} {crc:08x} {}\n", def.name, ranges.join(","));
    }
    text
}

#[test]
fn messages_of_every_release_can_be_converted_by_their_definition() {
    let Some(dir) = definitions() else {
        println!("skipped: no definitions of VPP's messages at hand, set VPP_API_DIR");
        return;
    };
    for release in RELEASES {
        let text = std::fs::read_to_string(dir.join(format!("{release}.json"))).unwrap();
        let mut api = ApiSet::default();
        api.add_json(&text).unwrap();
        assert!(api.messages().count() > 1000, "{release}");
        for message in api.messages() {
            let mut bytes = BytesMut::new();
            api.encode(&message.name, &Value::Null, &mut bytes).unwrap();
            let json = api.decode(&message.name, &bytes).unwrap();
            let mut again = BytesMut::new();
            api.encode(&message.name, &json, &mut again).unwrap();
            assert_eq!(bytes, again, "{} of {release}: {json}", message.name);
        }
    }
}

#[test]
fn every_derived_message_is_registered() {
    let mut derived = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/msg")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let replies = text.split_once("\nretval_replies! {").map_or("", |(_, rest)| rest);
            derived += replies.lines().filter(|line| line.trim_end().ends_with("Reply,")).count();
            derived += text
                .lines()
                .filter(|line| line.starts_with("#[derive(") && line.contains("Message)]"))
                .count();
        }
    }
    assert_eq!(msg::all().count(), derived);
    let names: BTreeSet<_> = msg::all().map(|def| def.name).collect();
    assert_eq!(names.len(), derived, "a message is registered twice");
}
