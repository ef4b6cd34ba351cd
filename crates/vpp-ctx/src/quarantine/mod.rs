//! Values at whose operations VPP dies are found out and held back, so that it does not die of them again and again.
//!
//! An operation that was under way when VPP died may be what it died of, or may just have been near. So everything that
//! was under way is suspected, and after VPP is back each suspect is sent alone: nothing else is under way then, and
//! VPP's main loop has to go around once before anything else is. Most suspects are cleared this way. One at which VPP
//! dies again is held back: its operations fail with the reason, and nothing is sent. It is let go when its content
//! changes, or when somebody says so.
//!
//! ```text
//!            VPP dies while it is under way            VPP dies while it is under way, alone
//!  trusted ─────────────────────────────────▶ suspect ─────────────────────────────────────▶ held
//!     ▲                                          │                                            │
//!     └───────────────── done ───────────────────┴───────── other content, release ◀──────────┘
//! ```
//!
//! It costs nothing as long as nobody is suspected. It outlives the agent where [`Quarantine::restore`] and
//! [`Quarantine::keep`] are used. Who starts VPP often starts the agent with it, and then nobody may be left to count a
//! death: so a suspect's turn is on the disk before the suspect is sent, and if VPP is another one after a restart of
//! the agent, that turn was a death.

mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ligato_kvs_api::{OpError, Subject};
use ligato_model::{Key, Value};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, watch};
use tokio::time::{sleep, timeout};

/// So often VPP may die while an operation of a value is under way.
const TOLERATED: u32 = 1;
/// A suspect waits so long, at most, until the disk knows that it has its turn.
const DISK: Duration = Duration::from_secs(1);
/// After this long a file that could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Who is suspected and who is held back.
#[derive(Debug, Default)]
pub struct Quarantine {
    records: Mutex<Records>,
    /// Is there any record? Looked at before each operation, without a lock.
    any: AtomicBool,
    /// Held for writing by a suspect, for reading by everybody else.
    alone: RwLock<()>,
    changed: watch::Sender<u64>,
    /// As of which change it is on the disk; nothing if nobody keeps it there.
    kept: watch::Sender<Option<u64>>,
}

#[derive(Debug, Default)]
struct Records {
    /// Operations that had no answer when the process with this number was lost.
    lost: Vec<(u64, Key, Value)>,
    /// The number of the last process that was lost. Some of its operations may learn of that only later.
    dead: u64,
    suspects: BTreeMap<Key, Suspect>,
    /// What is known of VPP processes is of an agent before this one.
    is_inherited: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Suspect {
    content: Content,
    deaths: u32,
    last: SystemTime,
    /// The VPP process that it was sent to alone, as long as it is not known what came of that.
    alone_in: Option<String>,
}

/// Tells one content from another, also across restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content(u128);

/// A value that is held back, or may come to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// Its key.
    pub key: Key,
    /// How often VPP died while it was under way.
    pub deaths: u32,
    /// When it did so last.
    pub last: SystemTime,
    /// Whether nothing of it is sent any more.
    pub held: bool,
}

/// How an operation may go out.
#[derive(Debug)]
pub(crate) enum Pass<'a> {
    /// As ever.
    Free,
    /// Beside others, but not beside a suspect.
    Beside(#[expect(dead_code, reason = "held, not looked at")] RwLockReadGuard<'a, ()>),
    /// With nothing else under way.
    Alone(#[expect(dead_code, reason = "held, not looked at")] RwLockWriteGuard<'a, ()>),
}

/// An operation under way; one that is dropped without an end has no answer.
#[derive(Debug)]
pub(crate) struct UnderWay<'a> {
    quarantine: &'a Quarantine,
    incarnation: u64,
    subject: Option<(&'a Key, &'a Value)>,
}

// === impl Quarantine ===

impl Quarantine {
    /// Lets an operation pass to this VPP process, waiting for its turn, or refuses it.
    pub(crate) async fn admit(
        &self,
        subject: Option<Subject<'_>>,
        process: impl FnOnce() -> String,
    ) -> Result<Pass<'_>, OpError> {
        if !self.any.load(Ordering::Acquire) {
            return Ok(Pass::Free);
        }
        let deaths = subject.map_or(0, |subject| self.deaths(subject));
        match deaths {
            0 => Ok(Pass::Beside(self.alone.read().await)),
            1..=TOLERATED => {
                let turn = self.alone.write().await;
                if let Some(Subject { key, .. }) = subject {
                    self.takes_its_turn(key, process()).await;
                }
                Ok(Pass::Alone(turn))
            }
            _ => Err(OpError::Final(format!(
                "held back: VPP died {deaths} times while this was under way; it is tried again when its content \
                 changes, or after `agentctl vpp release KEY`"
            ))),
        }
    }

    /// How often VPP died of this very content, as it seems.
    fn deaths(&self, Subject { key, value }: Subject<'_>) -> u32 {
        let mut records = self.records();
        match records.suspects.get(key) {
            None => 0,
            Some(suspect) if suspect.content == Content::of(value) => suspect.deaths,
            Some(_) => {
                records.suspects.remove(key);
                self.note(&records);
                0
            }
        }
    }

    /// Notes whom a suspect is sent to; waits until the disk knows, if it is to know.
    async fn takes_its_turn(&self, key: &Key, process: String) {
        let change = {
            let mut records = self.records();
            let Some(suspect) = records.suspects.get_mut(key) else { return };
            suspect.alone_in = Some(process);
            self.note(&records);
            *self.changed.borrow()
        };
        let mut kept = self.kept.subscribe();
        let is_kept = kept.wait_for(|kept| kept.is_none_or(|kept| kept >= change));
        if timeout(DISK, is_kept).await.is_err() {
            tracing::warn!(%key, "sent before it could be written down that VPP may die of it");
        }
    }

    /// An operation goes out to this VPP process.
    pub(crate) fn begin<'a>(
        &'a self,
        subject: Option<Subject<'a>>,
        incarnation: u64,
    ) -> UnderWay<'a> {
        let subject = subject.map(|subject| (subject.key, subject.value));
        UnderWay { quarantine: self, incarnation, subject }
    }

    /// The process with this number is lost, and there is another one.
    pub(crate) fn died(&self, incarnation: u64, now: SystemTime) {
        let mut records = self.records();
        records.dead = records.dead.max(incarnation);
        let lost = std::mem::take(&mut records.lost);
        for (_, key, value) in lost.into_iter().filter(|(of, ..)| *of == incarnation) {
            records.suspect(&key, &value, now);
        }
        // What came of each turn is counted.
        records.suspects.values_mut().for_each(|suspect| suspect.alone_in = None);
        let suspects = records.suspects.values().filter(|s| s.deaths <= TOLERATED).count();
        if suspects > 0 {
            tracing::warn!(
                suspects,
                "VPP died while these values were under way: each is sent alone"
            );
        }
        self.note(&records);
    }

    /// The process that is there now. What an earlier agent sent to another one alone, and never heard of, it died of.
    pub(crate) fn met(&self, process: &str, now: SystemTime) {
        let mut records = self.records();
        if !std::mem::take(&mut records.is_inherited) {
            return;
        }
        for (key, suspect) in &mut records.suspects {
            if suspect.alone_in.take().is_some_and(|other| other != process) {
                suspect.died(key, now);
            }
        }
        self.note(&records);
    }

    /// Takes over what an earlier agent kept in a file.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood. Nothing is taken over then.
    pub fn restore(&self, path: &Path) -> io::Result<()> {
        let suspects = file::read(path)?;
        if suspects.is_empty() {
            return Ok(());
        }
        tracing::info!(values = suspects.len(), path = %path.display(), "values are still suspected");
        let mut records = self.records();
        records.suspects.extend(suspects);
        records.is_inherited = true;
        self.note(&records);
        Ok(())
    }

    /// Keeps everything in a file as long as this runs. What cannot be written is told in the log, and tried again.
    pub async fn keep(self: &Arc<Self>, path: &Path) {
        let mut changed = self.changed();
        self.kept.send_replace(Some(0));
        loop {
            let change = *changed.borrow_and_update();
            let (this, file) = (Arc::clone(self), path.to_owned());
            let written = tokio::task::spawn_blocking(move || this.write(&file)).await;
            match written.map_err(io::Error::other).flatten() {
                Ok(()) => {
                    self.kept.send_replace(Some(change));
                }
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "the quarantine cannot be kept");
                    sleep(AGAIN).await;
                    continue;
                }
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Writes everything to a file, now.
    ///
    /// # Errors
    /// Those of the file system. What was there before is still there then.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let suspects = self.records().suspects.clone();
        file::write(path, suspects.iter())
    }

    /// Everybody who is not trusted, ordered by key.
    pub fn list(&self) -> Vec<Suspicion> {
        let records = self.records();
        let suspicion = |(key, suspect): (&Key, &Suspect)| Suspicion {
            key: key.clone(),
            deaths: suspect.deaths,
            last: suspect.last,
            held: suspect.deaths > TOLERATED,
        };
        records.suspects.iter().map(suspicion).collect()
    }

    /// Trusts a value again, or all of them; gives the keys.
    pub fn release(&self, key: Option<&str>) -> Vec<Key> {
        let mut records = self.records();
        let chosen = |found: &Key| key.is_none_or(|key| found.as_str() == key);
        let keys: Vec<Key> = records.suspects.keys().filter(|key| chosen(key)).cloned().collect();
        for key in &keys {
            records.suspects.remove(key);
        }
        self.note(&records);
        keys
    }

    /// A number that changes whenever [`Self::list`] may.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, records: &Records) {
        self.any.store(!records.suspects.is_empty(), Ordering::Release);
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }
}

// === impl Records ===

impl Records {
    /// VPP died while this was under way.
    fn suspect(&mut self, key: &Key, value: &Value, now: SystemTime) {
        let content = Content::of(value);
        let new = || Suspect { content, deaths: 0, last: now, alone_in: None };
        let suspect = self.suspects.entry(key.clone()).or_insert_with(new);
        if suspect.content != content {
            *suspect = new();
        }
        suspect.died(key, now);
    }
}

// === impl Suspect ===

impl Suspect {
    /// One more time.
    fn died(&mut self, key: &Key, now: SystemTime) {
        self.deaths = self.deaths.saturating_add(1);
        self.last = now;
        if self.deaths == TOLERATED + 1 {
            let deaths = self.deaths;
            tracing::error!(%key, deaths, "VPP dies of this value: it is held back");
        }
    }
}

// === impl Content ===

impl Content {
    /// FNV-1a with 128 bits, of the type and the bytes of a message.
    fn of(value: &Value) -> Self {
        const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
        let name = value.full_name();
        let bytes = name.bytes().chain([0]).chain(value.encode_to_vec());
        Self(bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)))
    }
}

// === impl UnderWay ===

impl UnderWay<'_> {
    /// It has an outcome, good or bad, or none. A good one clears it of suspicion.
    pub(crate) fn end<T>(mut self, outcome: &Result<T, OpError>) {
        if outcome.as_ref().is_err_and(OpError::is_unknown) {
            return;
        }
        let Some((key, _)) = self.subject.take() else { return };
        let quarantine = self.quarantine;
        if !quarantine.any.load(Ordering::Acquire) {
            return;
        }
        let mut records = quarantine.records();
        let Some(suspect) = records.suspects.get_mut(key) else { return };
        // What failed may not even have been sent.
        suspect.alone_in = None;
        if outcome.is_ok() {
            records.suspects.remove(key);
            tracing::info!(%key, "VPP outlived this value: it is trusted again");
        }
        quarantine.note(&records);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Some((key, value)) = self.subject else { return };
        let mut records = self.quarantine.records();
        if (1..=records.dead).contains(&self.incarnation) {
            records.suspect(key, value, SystemTime::now());
            self.quarantine.note(&records);
            return;
        }
        records.lost.retain(|(incarnation, ..)| *incarnation >= self.incarnation);
        records.lost.push((self.incarnation, key.clone(), value.clone()));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ligato_proto::vpp::l3::Route;
    use tokio::time::timeout;

    use super::*;

    /// A VPP process.
    fn vpp() -> String {
        "7-1234".to_owned()
    }

    fn value(weight: u32) -> Value {
        Value::new(Route { weight, ..Route::default() })
    }

    /// An operation whose answer never comes.
    async fn lost(quarantine: &Quarantine, key: &Key, value: &Value, incarnation: u64) {
        let subject = Some(Subject { key, value });
        let _pass = quarantine.admit(subject, vpp).await.unwrap();
        let unknown = Err::<(), _>(OpError::Unknown("VPP is gone".into()));
        quarantine.begin(subject, incarnation).end(&unknown);
    }

    fn known(quarantine: &Quarantine) -> Vec<(String, u32, bool)> {
        let of = |s: Suspicion| (s.key.as_str().to_owned(), s.deaths, s.held);
        quarantine.list().into_iter().map(of).collect()
    }

    #[tokio::test]
    async fn the_second_death_holds_a_value_back_and_its_change_lets_it_go() {
        let quarantine = Quarantine::default();
        let (bad, good) = (Key::from("bad"), Key::from("good"));
        let now = SystemTime::UNIX_EPOCH;
        lost(&quarantine, &bad, &value(1), 1).await;
        lost(&quarantine, &good, &value(1), 1).await;
        assert!(known(&quarantine).is_empty(), "it may be alive");
        quarantine.died(1, now);
        assert_eq!(known(&quarantine), [("bad".into(), 1, false), ("good".into(), 1, false)]);

        let content = value(1);
        let subject = Some(Subject { key: &good, value: &content });
        let pass = quarantine.admit(subject, vpp).await.unwrap();
        assert!(matches!(pass, Pass::Alone(_)));
        quarantine.begin(subject, 2).end(&Ok(()));
        drop(pass);
        lost(&quarantine, &bad, &value(1), 2).await;
        quarantine.died(2, now);
        assert_eq!(known(&quarantine), [("bad".into(), 2, true)]);
        let subject = Some(Subject { key: &bad, value: &content });
        let refused = quarantine.admit(subject, vpp).await.unwrap_err();
        assert!(refused.to_string().starts_with("held back: VPP died 2 times"), "{refused}");

        let other = value(2);
        let subject = Some(Subject { key: &bad, value: &other });
        assert!(quarantine.admit(subject, vpp).await.is_ok());
        assert!(known(&quarantine).is_empty());
    }

    #[tokio::test]
    async fn nothing_goes_beside_a_suspect() {
        let quarantine = Quarantine::default();
        let (suspect, other) = (Key::from("suspect"), Key::from("other"));
        lost(&quarantine, &suspect, &value(1), 1).await;
        quarantine.died(1, SystemTime::UNIX_EPOCH);
        let content = value(1);
        let of = |key| Some(Subject { key, value: &content });
        let alone = quarantine.admit(of(&suspect), vpp).await.unwrap();
        let brief = Duration::from_millis(20);
        assert!(timeout(brief, quarantine.admit(of(&other), vpp)).await.is_err());
        drop(alone);
        let beside = quarantine.admit(of(&other), vpp).await.unwrap();
        assert!(timeout(brief, quarantine.admit(of(&suspect), vpp)).await.is_err());
        drop(beside);
        assert!(quarantine.admit(of(&suspect), vpp).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_released_is_trusted() {
        let quarantine = Quarantine::default();
        let changed = quarantine.changed();
        for (key, incarnation) in [("a", 1), ("b", 1), ("a", 2), ("b", 2)] {
            lost(&quarantine, &Key::from(key), &value(1), incarnation).await;
            if key == "b" {
                quarantine.died(incarnation, SystemTime::UNIX_EPOCH);
            }
        }
        assert_eq!(known(&quarantine), [("a".into(), 2, true), ("b".into(), 2, true)]);
        assert!(changed.has_changed().unwrap());
        assert_eq!(quarantine.release(Some("b")), [Key::from("b")]);
        assert_eq!(quarantine.release(None), [Key::from("a")]);
        assert!(quarantine.release(None).is_empty());
    }

    #[tokio::test]
    async fn an_operation_may_learn_of_the_death_after_everybody_else() {
        let quarantine = Quarantine::default();
        let (key, content) = (Key::from("slow"), value(1));
        let under_way = quarantine.begin(Some(Subject { key: &key, value: &content }), 1);
        quarantine.died(1, SystemTime::UNIX_EPOCH);
        assert!(known(&quarantine).is_empty());
        under_way.end(&Err::<(), _>(OpError::Unknown("VPP is gone".into())));
        assert_eq!(known(&quarantine), [("slow".into(), 1, false)]);
    }

    #[tokio::test]
    async fn what_was_never_sent_stays_suspected() {
        let quarantine = Quarantine::default();
        let (key, content) = (Key::from("bad"), value(1));
        lost(&quarantine, &key, &content, 1).await;
        quarantine.died(1, SystemTime::UNIX_EPOCH);
        let subject = Some(Subject { key: &key, value: &content });
        let outcome = Err::<(), _>(OpError::Retriable("not connected to VPP".into()));
        quarantine.begin(subject, 2).end(&outcome);
        assert_eq!(known(&quarantine), [("bad".into(), 1, false)]);
        quarantine.begin(subject, 2).end(&Ok(()));
        assert!(known(&quarantine).is_empty());
    }

    #[tokio::test]
    async fn an_operation_that_is_broken_off_counts_as_under_way() {
        let quarantine = Quarantine::default();
        let (key, content) = (Key::from("slow"), value(1));
        drop(quarantine.begin(Some(Subject { key: &key, value: &content }), 1));
        quarantine.died(1, SystemTime::UNIX_EPOCH);
        assert_eq!(known(&quarantine), [("slow".into(), 1, false)]);
        // Those of a VPP that lives on are forgotten with the next.
        drop(quarantine.begin(Some(Subject { key: &key, value: &content }), 2));
        quarantine.died(3, SystemTime::UNIX_EPOCH);
        assert_eq!(known(&quarantine), [("slow".into(), 1, false)]);
    }

    /// What the agent's next life knows of what this one kept.
    fn next_life(path: &Path) -> Arc<Quarantine> {
        let quarantine = Arc::new(Quarantine::default());
        quarantine.restore(path).unwrap();
        quarantine
    }

    #[tokio::test]
    async fn it_outlives_the_agent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quarantine.json");
        let first = next_life(&path);
        let keeper = tokio::spawn({
            let (first, path) = (Arc::clone(&first), path.clone());
            async move { first.keep(&path).await }
        });
        let mut kept = first.kept.subscribe();
        let mut on_disk = async || {
            let now = *first.changed.borrow();
            kept.wait_for(|kept| *kept >= Some(now)).await.unwrap();
        };
        let (key, content) = (Key::from("bad"), value(1));
        lost(&first, &key, &content, 1).await;
        first.died(1, SystemTime::UNIX_EPOCH);
        on_disk().await;
        assert_eq!(known(&next_life(&path)), [("bad".into(), 1, false)]);

        // It has its turn, and then agent and VPP are gone together.
        let pass = first.admit(Some(Subject { key: &key, value: &content }), vpp).await.unwrap();
        assert!(matches!(pass, Pass::Alone(_)));
        let second = next_life(&path);
        second.met(&vpp(), SystemTime::UNIX_EPOCH);
        assert_eq!(known(&second), [("bad".into(), 1, false)], "VPP lives on");
        let second = next_life(&path);
        second.met("8-5678", SystemTime::UNIX_EPOCH);
        assert_eq!(known(&second), [("bad".into(), 2, true)]);
        let subject = Some(Subject { key: &key, value: &content });
        assert!(second.admit(subject, vpp).await.unwrap_err().to_string().contains("2 times"));
        assert!(known(&second) == [("bad".into(), 2, true)], "nothing was forgotten");

        // Nothing is left of what nobody suspects.
        drop(pass);
        first.release(None);
        on_disk().await;
        assert!(!path.exists());
        keeper.abort();
    }

    #[test]
    fn a_broken_file_is_told_and_a_whole_one_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quarantine.json");
        let whole =
            r#"{"version": 1, "values": [{"key": "k", "content": "f", "deaths": 2, "last": 5}]}"#;
        std::fs::write(&path, whole).unwrap();
        assert_eq!(known(&next_life(&path)), [("k".into(), 2, true)]);
        let content = whole.replace(r#""f""#, r#""x""#);
        let version = whole.replace(r#""version": 1"#, r#""version": 2"#);
        for (broken, why) in [
            (&whole[..40], "EOF while parsing"),
            ("", "EOF while parsing"),
            (&content, "the fingerprint of k is no number"),
            (&version, "its format has number 2"),
        ] {
            std::fs::write(&path, broken).unwrap();
            let quarantine = Quarantine::default();
            let error = quarantine.restore(&path).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(known(&quarantine).is_empty());
        }
        std::fs::write(&path, whole).unwrap();
        let quarantine = next_life(&path);
        std::fs::write(&path, "broken").unwrap();
        quarantine.write(&path).unwrap();
        assert_eq!(known(&next_life(&path)), [("k".into(), 2, true)]);
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "nothing but the file");
    }

    #[test]
    fn content_is_told_apart_the_same_way_for_ever() {
        assert_eq!(Content::of(&Value::empty()).0, 0x6a7f_a683_7688_791d_0913_2dbc_03bd_6b50);
        assert_ne!(Content::of(&value(1)), Content::of(&value(2)));
    }
}
