//! Precedence, positions, secrets and the reference, on a section made for it.

use std::{collections::BTreeMap, fs, path::PathBuf};

use expect_test::expect;
use proptest::prelude::*;

use super::*;

crate::config_section! {
    /// Users may
    /// do this.
    struct UserConf {
        /// Name.
        name: String = String::new() => "name";
        /// Password.
        password: Secret = Secret::default() => "password";
    }
}

crate::config_section! {
    /// How to reach the store.
    struct StoreConf check both_or_none {
        /// Where it listens.
        endpoints: Vec<String> = vec!["127.0.0.1:2379".into()] => "endpoints" env "STORE_OLD";
        /// How long dialling may take.
        dial_timeout: ConfigDuration = ConfigDuration::default() => "dial-timeout" | "dialtimeout";
        /// Attempts.
        retries: u16 = 3 => "retries";
        /// Token.
        token: Secret = Secret::default() => "token";
        /// Certificate.
        cert_file: Option<PathBuf> = None => "cert-file";
        /// Its key.
        key_file: Option<PathBuf> = None => "key-file";
        /// Who may use it.
        users: Vec<UserConf> = Vec::new() => "users";
        /// Whether to forget everything.
        disabled: bool = false => "disabled";
    }
}

fn both_or_none(conf: &StoreConf) -> Vec<Violation> {
    let reason = "needs cert-file as well".to_owned();
    let half = conf.key_file.is_some() && conf.cert_file.is_none();
    half.then_some(Violation { key: "key-file", reason }).into_iter().collect()
}

struct Fixture {
    dir: tempfile::TempDir,
    sources: Sources,
}

fn fixture(file: Option<&str>) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    if let Some(text) = file {
        fs::write(dir.path().join("store.conf"), text).unwrap();
    }
    let sources = Sources {
        dir: ConfigDir::Given(dir.path().to_path_buf()),
        env: BTreeMap::new(),
        flags: BTreeMap::new(),
        strictness: Strictness::Strict,
    };
    Fixture { dir, sources }
}

impl Fixture {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.sources.env.insert(name.into(), value.into());
        self
    }

    fn flag(mut self, name: &str, value: &str) -> Self {
        self.sources.flags.insert(name.into(), value.into());
        self
    }

    fn load(&self) -> (Loaded<StoreConf>, Result<Effective, ConfigError>) {
        let mut loader = Loader::new(self.sources.clone());
        let loaded = loader.load("store");
        (loaded, loader.finish())
    }

    /// The effective configuration, or the errors, with the directory cut out.
    fn text(&self) -> String {
        let text = match self.load().1 {
            Ok(effective) => effective.to_string(),
            Err(error) => error.to_string(),
        };
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

#[test]
fn flags_beat_the_environment_that_beats_the_file_that_beats_defaults() {
    let fixture = fixture(Some("endpoints: [a, b]\nretries: 5\nDial-Timeout: 1500000000\n"))
        .env("STORE_RETRIES", "6")
        .env("STORE_ENDPOINTS", "c, d")
        .env("STORE_OLD", "ignored")
        .flag("store-retries", "7")
        .flag("store-token", "hunter2");
    expect![[r#"
        store: # store.conf
          endpoints: ["c","d"] # environment STORE_ENDPOINTS
          dial-timeout: "1.5s" # store.conf:3:15
          retries: 7 # flag --store-retries
          token: "********" # flag --store-token
          cert-file: null # default
          key-file: null # default
          users: [] # default
          disabled: false # default
    "#]]
    .assert_eq(&fixture.text());
    assert_eq!(fixture.load().0.value.token.expose(), "hunter2");
}

#[test]
fn everything_wrong_is_reported_with_its_position() {
    let fixture = fixture(Some(concat!(
        "dial-timeut: 1s\n",
        "retries: 70000\n",
        "endpoints: yes please\n",
        "key-file: k.pem\n",
        "users:\n",
        "  - name: joe\n",
        "    pasword: x\n",
    )))
    .env("STORE_DISABLED", "maybe");
    expect![[r#"
        store.conf:1:1: store.dial-timeut: unknown key, did you mean "dial-timeout"?
        store.conf:2:10: store.retries: 70000 is not between 0 and 65535
        store.conf:3:12: store.endpoints: expected list of text, found text
        store.conf:7:5: store.users.0.pasword: unknown key, did you mean "password"?
        environment STORE_DISABLED: store.disabled: expected true or false, found text
        store.conf:4:11: store.key-file: needs cert-file as well"#]]
    .assert_eq(&fixture.text());
}

#[test]
fn a_file_that_is_not_yaml_is_an_error_with_its_position() {
    let text = fixture(Some("retries: 1\nendpoints: [a\n")).text();
    assert!(text.starts_with("store.conf:"), "{text}");
    assert!(text.contains("store: not valid YAML: "), "{text}");
}

#[test]
fn lenient_turns_unknown_keys_into_warnings() {
    let mut fixture = fixture(Some("stopwatch: true\nretries: 5\n"));
    fixture.sources.strictness = Strictness::Lenient;
    let (loaded, effective) = fixture.load();
    assert_eq!(loaded.value.retries, 5);
    let warnings = effective.unwrap().warnings;
    assert_eq!(warnings[0].kind, ProblemKind::UnknownKey { nearest: None });
}

#[test]
fn old_spellings_work_and_say_the_new_one() {
    let (loaded, effective) = fixture(Some("dialtimeout: 2s\n")).load();
    assert_eq!(loaded.value.dial_timeout.0.as_secs(), 2);
    let warnings = effective.unwrap().warnings;
    assert_eq!(warnings[0].kind, ProblemKind::OldKey { now: "dial-timeout" });
    let twice = fixture(Some("dialtimeout: 2s\ndial-timeout: 3s\n")).text();
    assert!(twice.contains("given twice"), "{twice}");
}

#[test]
fn a_secret_may_be_in_a_file_of_its_own() {
    let fixture = fixture(None);
    let path = fixture.dir.path().join("token");
    fs::write(&path, "hunter2\n").unwrap();
    let fixture = fixture.flag("store-token-file", path.to_str().unwrap());
    let (loaded, effective) = fixture.load();
    assert_eq!(loaded.value.token.expose(), "hunter2");
    assert!(!effective.unwrap().to_string().contains("hunter2"));
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let (loaded, effective) = fixture(None).load();
    assert!(!loaded.is_given() && effective.is_ok());
    let missing = fixture(None).env("STORE_CONFIG", "other.conf").text();
    assert_eq!(missing, "environment STORE_CONFIG: store: other.conf does not exist");
    let off = fixture(Some("retries: 5")).flag("store-config", "").load().0;
    assert!(!off.is_given());
}

#[test]
fn a_directory_that_was_asked_for_must_exist() {
    let mut fixture = fixture(None);
    fixture.sources.dir = ConfigDir::Given("/nowhere/at/all".into());
    assert_eq!(fixture.text(), "/nowhere/at/all does not exist");
}

#[test]
fn the_reference_is_made_of_the_declaration() {
    expect![[r"
        ## user.conf

        Users may do this.

        | Key | Type | Default | Environment | Meaning |
        |---|---|---|---|---|
        | `name` | text | `\x22\x22` | `USER_NAME` | Name. |
        | `password` | secret | `\x22\x22` | `USER_PASSWORD` | Password. |

    "]]
    .assert_eq(&to_markdown(&[reference::<UserConf>("user")]).replace('"', "\\x22"));
}

#[test]
fn a_file_of_something_this_program_lacks_is_not_ignored_silently() {
    let mut fixture = fixture(None);
    fs::write(fixture.dir.path().join("other.conf"), "a: 1").unwrap();
    let refuse = |fixture: &Fixture| {
        let mut loader = Loader::new(fixture.sources.clone());
        loader.refuse("other", "there is no such thing here");
        loader.finish()
    };
    let error = refuse(&fixture).unwrap_err().to_string();
    assert!(error.ends_with("other.conf: other: there is no such thing here"), "{error}");
    fixture.sources.strictness = Strictness::Lenient;
    assert_eq!(refuse(&fixture).unwrap().warnings.len(), 1);
}

/// A line with a key that exists, or nearly, and any value; or any line.
fn line() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "endpoints",
        "dial-timeout",
        "DialTimeout",
        "retries",
        "token",
        "token-file",
        "cert-file",
        "users",
        "disabled",
        "retires",
        "- name",
        "  password",
    ]);
    let value = prop_oneof![
        "[0-9smh.-]{0,8}",
        "[\\[\\]{}:,&*!\"'a-z |>#%@-]{0,12}",
        Just("[a, {b: [c]}]".to_owned()),
        Just("99999999999999999999".to_owned()),
        "\\PC{0,8}",
    ];
    prop_oneof![
        4 => (key, value).prop_map(|(key, value)| format!("{key}: {value}")),
        1 => "\\PC{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_is_loaded_or_refused_by_name(lines in prop::collection::vec(line(), 0..6)) {
        let fixture = fixture(Some(&lines.join("\n")));
        if let Err(error) = fixture.load().1 {
            let said = error.to_string();
            prop_assert!(said.contains("store.conf"), "{said}");
        }
    }

    #[test]
    fn any_time_is_read_or_refused(text in "\\PC{0,12}", number in "[0-9.]{0,25}(ns|us|µs|ms|s|m|h|d)?") {
        for text in [&text, &number] {
            if let Err(error) = text.parse::<ConfigDuration>() {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
