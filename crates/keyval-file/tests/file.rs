//! The files store: the suite, and what is special about files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use ligato_keyval::conformance::{self, Fixture};
use ligato_keyval::{
    Bytes, Capability, Cause, Prefix, Read, Store, StoreHandle, StoreKey, Watch, WatchEvent,
    WatchRequest, WatchStream,
};
use ligato_keyval_file::{FileConfig, FileStore};

const PATIENCE: Duration = Duration::from_secs(30);

// One file that always holds everything.
struct Files {
    store: FileStore,
    folder: tempfile::TempDir,
    content: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl Fixture for Files {
    fn store(&self) -> StoreHandle {
        std::sync::Arc::new(self.store.clone())
    }

    async fn set(&self, key: &StoreKey, value: Option<Bytes>) -> Result<(), Cause> {
        let mut watch = self.store.watch(WatchRequest::new([Prefix::root()]));
        let text = {
            let mut content = self.content.lock().unwrap();
            match &value {
                Some(value) => content.insert(key.to_string(), String::from_utf8(value.to_vec())?),
                None => content.remove(key.as_str()),
            };
            let entry = |(key, value): (&String, &String)| {
                format!("{{\"key\": \"{key}\", \"value\": {value}}}")
            };
            let entries: Vec<_> = content.iter().map(entry).collect();
            format!("{{\"data\": [{}]}}", entries.join(",\n"))
        };
        replace(&self.folder.path().join("all.json"), &text);
        while self.store.get(key).await?.map(|entry| entry.value) != value {
            tokio::time::timeout(PATIENCE, watch.recv()).await?;
        }
        Ok(())
    }
}

// As careful editors do it: another file is renamed to the name.
fn replace(path: &Path, text: &str) {
    let other = path.with_extension("new");
    fs::write(&other, text).unwrap();
    fs::rename(&other, path).unwrap();
}

fn yaml(entries: &[(&str, u32)]) -> String {
    let entry = |(key, n): &(&str, u32)| format!("- key: {key}\n  value: {{n: {n}}}\n");
    format!("data:\n{}", entries.iter().map(entry).collect::<String>())
}

async fn open(paths: &[&Path]) -> FileStore {
    FileStore::open(FileConfig { paths: paths.iter().map(|path| path.to_path_buf()).collect() })
        .await
}

async fn content(store: &FileStore) -> String {
    let listing = store.snapshot(&[Prefix::root()]).await.unwrap();
    let entry =
        |e: &ligato_keyval::Entry| format!("{}={}", e.key, String::from_utf8_lossy(&e.value));
    listing.entries.iter().map(entry).collect::<Vec<_>>().join(" ")
}

// Waits until the store says exactly this.
async fn until(store: &FileStore, wanted: &str) {
    let mut watch = store.watch(WatchRequest::new([Prefix::root()]));
    while content(store).await != wanted {
        let next = tokio::time::timeout(PATIENCE, watch.recv()).await;
        assert!(next.is_ok(), "{} instead of {wanted}", content(store).await);
    }
}

async fn next(watch: &mut WatchStream) -> WatchEvent {
    tokio::time::timeout(PATIENCE, watch.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn conforms() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&[folder.path()]).await;
    let files = Files { store, folder, content: Mutex::default() };
    let report = conformance::run(&files).await.unwrap();
    assert!(report.passed.len() >= 10, "{:?}", report.passed);
    assert!(report.skipped.iter().all(|(_, missing)| *missing != Capability::Watch));
}

#[tokio::test]
async fn files_come_change_move_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.yaml"), yaml(&[("/a", 1), ("/b", 1)])).unwrap();
    fs::write(path("notes.txt"), "not read").unwrap();
    let store = open(&[folder.path()]).await;
    assert_eq!(content(&store).await, "/a={\"n\":1} /b={\"n\":1}");
    let mut watch = store.watch(WatchRequest::new([Prefix::root()]));
    assert!(matches!(next(&mut watch).await, WatchEvent::Snapshot(_)));

    // A changed file is one change, removed keys first.
    replace(&path("a.yaml"), &yaml(&[("/b", 2), ("/c", 1)]));
    let WatchEvent::Changes(changes) = next(&mut watch).await else { panic!("a snapshot") };
    let told: Vec<_> = (changes.changes.iter())
        .map(|c| (c.key.as_str(), c.previous.is_some(), c.value.is_some()))
        .collect();
    assert_eq!(told, [("/a", true, false), ("/b", true, true), ("/c", false, true)]);

    // In place, moved within, moved out, and a folder that comes with files in it.
    fs::write(path("a.yaml"), yaml(&[("/b", 3)])).unwrap();
    until(&store, "/b={\"n\":3}").await;
    fs::rename(path("a.yaml"), path("z.yaml")).unwrap();
    fs::create_dir_all(path("sub/deep")).unwrap();
    fs::write(path("sub/deep/x.json"), "{\"data\":[{\"key\":\"/x\",\"value\":{}}]}").unwrap();
    until(&store, "/b={\"n\":3} /x={}").await;
    fs::rename(path("z.yaml"), path("z.old")).unwrap();
    fs::remove_dir_all(path("sub")).unwrap();
    until(&store, "").await;
}

// Kubernetes: a link to a link to a folder, of which the middle one is swapped.
#[tokio::test]
async fn a_config_map_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("..one")).unwrap();
    fs::write(path("..one/a.yaml"), yaml(&[("/a", 1)])).unwrap();
    symlink("..one", path("..data")).unwrap();
    symlink("..data/a.yaml", path("a.yaml")).unwrap();
    let store = open(&[&path("a.yaml")]).await;
    assert_eq!(content(&store).await, "/a={\"n\":1}");

    fs::create_dir(path("..two")).unwrap();
    fs::write(path("..two/a.yaml"), yaml(&[("/a", 2)])).unwrap();
    symlink("..two", path("..data_tmp")).unwrap();
    fs::rename(path("..data_tmp"), path("..data")).unwrap();
    fs::remove_dir_all(path("..one")).unwrap();
    until(&store, "/a={\"n\":2}").await;
}

#[tokio::test]
async fn what_does_not_exist_yet_is_awaited() {
    let folder = tempfile::tempdir().unwrap();
    let late = folder.path().join("later/deeper/a.yaml");
    let store = open(&[&late]).await;
    assert_eq!(content(&store).await, "");
    fs::create_dir_all(late.parent().unwrap()).unwrap();
    fs::write(&late, yaml(&[("/a", 1)])).unwrap();
    until(&store, "/a={\"n\":1}").await;
}

#[tokio::test]
async fn problems_are_told_and_hide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.yaml"), yaml(&[("/a", 1)])).unwrap();
    fs::write(path("b.yaml"), yaml(&[("/b", 1), ("/a", 2)])).unwrap();
    let store = open(&[folder.path()]).await;
    let mut problems = store.problems();
    let told = |problems: &[ligato_keyval_file::Problem]| {
        let folder = format!("{}/", folder.path().display());
        problems.iter().map(|problem| problem.to_string().replace(&folder, "")).collect::<Vec<_>>()
    };
    assert_eq!(content(&store).await, "/a={\"n\":1} /b={\"n\":1}");
    let conflict = "b.yaml:4: key /a is already defined at a.yaml:2";
    assert_eq!(told(&problems.borrow_and_update()), [conflict]);

    // A broken file keeps what it said; the other one is not touched.
    replace(&path("b.yaml"), "data:\n- key: /b\n  vale: 1\n");
    let changed = tokio::time::timeout(PATIENCE, problems.changed());
    changed.await.unwrap().unwrap();
    let now = told(&problems.borrow_and_update());
    assert!(now[0].starts_with("b.yaml:3: ") && now[0].contains("vale"), "{now:?}");
    assert_eq!(content(&store).await, "/a={\"n\":1} /b={\"n\":1}");

    replace(&path("b.yaml"), &yaml(&[("/b", 2)]));
    until(&store, "/a={\"n\":1} /b={\"n\":2}").await;
    let gone = tokio::time::timeout(PATIENCE, problems.wait_for(|problems| problems.is_empty()));
    gone.await.unwrap().unwrap();
    store.close().await;
    assert!(store.get(&StoreKey::new("/a").unwrap()).await.is_err());
}
