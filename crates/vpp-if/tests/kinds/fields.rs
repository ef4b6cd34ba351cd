//! Every field of an interface, of every type: set, read back, changed, undone, and all as the kind declares it.
//!
//! The rows have a change of each field. The agent that makes it finds it made. Another one, which knows nothing, shows
//! whether VPP tells it: if it does, one that wants what was before sees the difference.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures::{StreamExt as _, stream};
use ligato_kvs_api::{Declared, DynDescriptor, Manner, OpError, Unset, leaves};
use ligato_model::{Model, Value};
use ligato_proto::vpp::interfaces::interface::Link;
use ligato_proto::vpp::interfaces::{Interface, MemifLink};
use ligato_testkit::fields as declared;
use ligato_vpp_api::msg::interface::SwInterfaceSetFlags;
use ligato_vpp_api::msg::ip::IpTableAddDel;
use ligato_vpp_api::msg::memif::{
    MemifCreateV2, MemifRole, MemifSocketFilenameAddDelV2, MemifSocketFilenameDump,
};
use ligato_vpp_api::support::RELEASES;
use ligato_vpp_api::types::IfStatusFlags;
use ligato_vpp_client::Options;
use ligato_vpp_ctx::Settings;
use ligato_vpp_sim::Sim;

use crate::bench::Bench;
use crate::field_rows::{Field, KERNEL, Row, table};
use crate::samples::memif;

/// A field that can say one thing only: it has a test of its own.
const ONE_CHOICE: &str = "tap.version";

/// What is let go stays in VPP as it is, so that one that wants it again finds it.
const NOT_TAKEN_BACK: &[&str] = &["rx_placements.queue"];

/// What is wanted after the change is less than what is wanted before it, and is there at first too.
const LESS_IS_WANTED: &[&str] = &["rx_modes.default_mode"];

/// Releases checked at once.
const AT_ONCE: usize = 2;

/// The VPP under test.
struct Ground {
    socket: PathBuf,
    release: &'static str,
    /// `None` for a real one.
    sim: Option<Sim>,
}

impl Ground {
    async fn bench(&self) -> Bench {
        Bench::connect(Options::new(&self.socket), Settings::default()).await
    }

    /// Whether an agent that knows nothing and wants these sees that the last of them is there in another way.
    async fn sees_a_difference(&self, wanted: &[Interface]) -> bool {
        !self.bench().await.is_in_place(wanted).await
    }

    /// What the changes after the last mark wrote; a real VPP does not say.
    fn has_written(&self) -> bool {
        self.sim.as_ref().is_none_or(|sim| sim.writes() > 0)
    }

    fn mark(&self) {
        if let Some(sim) = &self.sim {
            sim.mark();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_fares_as_declared_on_each_release() {
    let running = stream::iter(RELEASES).map(|release| tokio::spawn(on_a_simulated(release)));
    running.buffer_unordered(AT_ONCE).for_each(async |checked| checked.unwrap()).await;
}

async fn on_a_simulated(release: &'static str) {
    for row in table() {
        let builder = Sim::builder().release(release).workers(2);
        let sim = builder.host_interfaces(|name| name.starts_with("eth")).start().await.unwrap();
        let socket = sim.socket_path().to_owned();
        check(&Ground { socket, release, sim: Some(sim) }, row).await;
    }
}

#[tokio::test]
async fn every_field_fares_as_declared_on_a_real_vpp() {
    let Some((real, release)) = declared::real_vpp().await.unwrap() else {
        println!("skipped: no VPP of a release that is looked at");
        return;
    };
    let ground = Ground { socket: real.socket().to_owned(), release, sim: None };
    for row in table() {
        match row.lacking {
            Some(what) => println!("left out for want of {what}: {}", row.base.name),
            None => check(&ground, row).await,
        }
    }
}

#[tokio::test]
async fn every_field_of_taps_fares_as_declared_on_a_real_vpp() {
    let found = ligato_testkit::RealVpp::find_with_taps().unwrap();
    let Some((real, release)) = declared::looked_at(found).await.unwrap() else { return };
    let ground = Ground { socket: real.socket().to_owned(), release, sim: None };
    let rows: Vec<Row> = table().into_iter().filter(|row| row.lacking == Some(KERNEL)).collect();
    assert!(!rows.is_empty());
    for row in rows {
        check(&ground, row).await;
    }
}

#[tokio::test]
async fn sizes_of_a_connected_memif_are_told() {
    let sim = Sim::builder().start().await.unwrap();
    let socket = sim.socket_path().to_owned();
    let ground = Ground { socket, release: "26.06", sim: Some(sim) };
    let mut bench = ground.bench().await;
    with_a_master(&bench).await;
    let sized = |ring_size, buffer_size| {
        let link = MemifLink { ring_size, buffer_size, ..MemifLink::default() };
        [memif("memif1", link)]
    };
    let [value] = sized(512, 4096);
    bench.create(value).await.unwrap();
    assert!(!ground.sees_a_difference(&sized(512, 4096)).await);
    for other in [sized(2048, 4096), sized(512, 0)] {
        assert!(ground.sees_a_difference(&other).await, "{other:?}");
    }
}

/// Somebody's master, at the file of the socket that is always there, under another number.
async fn with_a_master(bench: &Bench) {
    let sockets = bench.ctx.dump(MemifSocketFilenameDump {}).await.unwrap();
    let always = sockets.iter().find(|socket| socket.socket_id == 0).unwrap();
    let socket_filename = always.socket_filename.to_string();
    let request = MemifSocketFilenameAddDelV2 { is_add: true, socket_id: 9, socket_filename };
    bench.ctx.request(request).await.unwrap();
    let request =
        MemifCreateV2 { role: MemifRole::MASTER, socket_id: 9, ..MemifCreateV2::default() };
    let sw_if_index = bench.ctx.request(request).await.unwrap().sw_if_index;
    let flags = IfStatusFlags::ADMIN_UP;
    bench.ctx.request(SwInterfaceSetFlags { sw_if_index, flags }).await.unwrap();
}

/// A row from beginning to end; VPP is left as it was.
async fn check(ground: &Ground, row: Row) {
    let Row { needs, base, fields, lacking: _ } = row;
    let mut bench = ground.bench().await;
    tables(&bench, true).await;
    let mut all = needs.clone();
    for value in &needs {
        bench.create(value.clone()).await.unwrap();
    }
    bench.create(base.clone()).await.unwrap();
    all.push(base.clone());
    bench.assert_in_place(&all).await;
    for field in fields {
        check_field(ground, &mut bench, &needs, &base, field).await;
    }
    for value in all.iter().rev() {
        bench.delete(&value.name).await.unwrap();
    }
    bench.assert_in_place(&[]).await;
    tables(&bench, false).await;
}

/// Table 7 of both versions.
async fn tables(bench: &Bench, is_add: bool) {
    for is_ip6 in [false, true] {
        let mut table = IpTableAddDel { is_add, ..IpTableAddDel::default() };
        table.table.table_id = 7;
        table.table.is_ip6 = is_ip6;
        bench.ctx.request(table).await.unwrap();
    }
}

async fn check_field(
    ground: &Ground,
    bench: &mut Bench,
    needs: &[Interface],
    base: &Interface,
    (path, change): Field,
) {
    let mut changed = base.clone();
    change(&mut changed);
    assert_ne!(at(&changed, path), at(base, path), "{path}");
    let kind = bench.interfaces();
    let manner = declared::manner(kind.as_ref(), path, ground.release);
    let what = format!("{path} on {}, {manner:?}", ground.release);
    check_programmer(bench, base, &changed, path);
    let with = |value: &Interface| [needs, std::slice::from_ref(value)].concat();

    let is_told = matches!(manner, Manner::Read | Manner::SetAgain);
    if manner != Manner::Unsupported && !LESS_IS_WANTED.contains(&path) {
        assert_eq!(ground.sees_a_difference(&with(&changed)).await, is_told, "{what}: at first");
    }
    ground.mark();
    let outcome = turn(bench, base, &changed).await;
    if manner == Manner::Unsupported {
        assert!(outcome.is_err_and(|error| declared::refuses(&error, path)), "{what}");
        bench.assert_in_place(&with(base)).await;
        return;
    }
    assert_eq!(outcome, Ok(()), "{what}");
    let is_change = !matches!(manner, Manner::AtCreation | Manner::WithoutEffect);
    let same =
        kind.equivalent(&base.key(), &Value::new(base.clone()), &Value::new(changed.clone()));
    assert!(is_change || (same && base.name == changed.name), "{what}: it makes a difference");
    if is_change {
        assert!(ground.has_written(), "{what}: nothing is set");
    }
    bench.assert_in_place(&with(&changed)).await;
    if is_change {
        assert_eq!(
            found(bench, &with(&changed), &changed, path).await,
            at(&changed, path),
            "{what}"
        );
    }

    if !NOT_TAKEN_BACK.contains(&path) {
        let is_told = ground.sees_a_difference(&with(base)).await;
        assert_eq!(is_told, manner == Manner::Read, "{what}: VPP tells it: {is_told}");
    }
    let is_set_again = ground.sees_a_difference(&with(&changed)).await;
    assert_eq!(is_set_again, manner == Manner::SetAgain, "{what}: set again: {is_set_again}");

    assert_eq!(turn(bench, &changed, base).await, Ok(()), "{what}");
    bench.assert_in_place(&with(base)).await;
}

/// Makes one interface of another, as the scheduler does: another name is another interface.
async fn turn(bench: &mut Bench, from: &Interface, to: &Interface) -> Result<(), OpError> {
    if from.name == to.name {
        return bench.update(to.clone()).await;
    }
    bench.delete(&from.name).await?;
    bench.create(to.clone()).await
}

/// A field that is said to be programmed by a derived value makes a difference to one of that kind.
fn check_programmer(bench: &Bench, base: &Interface, changed: &Interface, path: &str) {
    let kind = bench.interfaces();
    let Some(by) = Declared::of(kind.fields(), path).by else { return };
    let by = bench.named(by);
    let (old, new) = (Value::new(base.clone()), Value::new(changed.clone()));
    let (before, after) = ((&base.key(), &old), (&changed.key(), &new));
    assert!(declared::is_programmed_by(by.as_ref(), kind.as_ref(), before, after), "{path}");
}

/// A field of an interface, as text.
fn at(value: &Interface, path: &str) -> Option<String> {
    field(&Value::new(value.clone()), path)
}

fn field(value: &Value, path: &str) -> Option<String> {
    let json = value.to_json().unwrap();
    let mut found = &json;
    for part in path.split('.') {
        found = found.get(0).unwrap_or(found).get(part)?;
    }
    Some(found.to_string())
}

/// A field of an interface as it is read back, knowing what is wanted.
async fn found(
    bench: &Bench,
    known: &[Interface],
    value: &Interface,
    path: &str,
) -> Option<String> {
    let key = value.key();
    let found = bench.read_back(known).await.into_iter().find(|found| found.key == key).unwrap();
    field(&found.value, path)
}

/// The kind of interfaces, of an agent that is connected to nothing.
async fn kind() -> std::sync::Arc<dyn DynDescriptor> {
    Bench::unconnected(Path::new("")).interfaces()
}

#[tokio::test]
async fn no_field_is_missing_and_none_is_said_that_is_not() {
    let value = Value::new(Interface::default());
    let there: BTreeSet<String> =
        leaves(&value.descriptor()).into_iter().map(|(path, _)| path).collect();
    let rows = table();
    let listed = rows.iter().flat_map(|row| row.fields.iter().map(|(path, _)| *path));
    let listed: BTreeSet<String> = listed.chain([ONE_CHOICE]).map(str::to_owned).collect();
    assert_eq!(listed, there);
    assert_eq!(declared::strays(kind().await.as_ref(), &value), Vec::<&str>::new());
}

#[tokio::test]
async fn a_field_with_one_choice_takes_no_other() {
    let kind = kind().await;
    let mut bases = table().into_iter().map(|row| row.base);
    let mut value = bases.find(|base| matches!(base.link, Some(Link::Tap(_)))).unwrap();
    if let Some(Link::Tap(link)) = &mut value.link {
        link.version = 1;
    }
    let invalid = kind.validate(&value.key(), &Value::new(value.clone())).unwrap_err();
    assert_eq!(invalid.field_names(), [format!("link.{ONE_CHOICE}")]);
}

#[tokio::test]
async fn what_is_said_of_numbers_that_are_not_given_is_true() {
    let kind = kind().await;
    let registry = ligato_proto::registry();
    let mut checked = BTreeSet::new();
    for Row { base, .. } in table() {
        let value = Value::new(base.clone());
        checked.extend(declared::check_numbers(&registry, kind.as_ref(), &base.key(), &value));
    }
    let said = kind.fields().iter().copied().flatten();
    let said = said.filter(|field| matches!(field.unset, Some(Unset::Number(_))));
    let said: BTreeSet<String> = said.map(|field| field.path.to_owned()).collect();
    assert_eq!(checked, said);
}
