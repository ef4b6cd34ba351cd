//! The simulated VPP against a real one: the same requests, every field of every answer.
//!
//! What a real one answered is kept in `conformance/golden`, a file for each scenario that is not drawn by chance, and
//! compared with the simulated one everywhere; what another release than the newest answered is in a folder of its own.
//! Where there is a real one it is compared with the simulated one of its release, and `UPDATE_EXPECT=1` writes its
//! answers anew.
//!
//! The real one is found by `VPP_API_SOCKET`, or by a `vpp` on the `PATH` that root can start;
//! without it the test says that it was skipped.
//!
//! Not compared, because chance or time decides it in VPP: addresses VPP makes up, the age of
//! neighbours and the indexes of their counters, what a real VPP learns from its own packets, and
//! the order of lists that VPP walks in the order of a hash table (routes, neighbours, MAC and ARP
//! entries, memif sockets).
//!
//! Known to differ, and left out of the requests: prefix lengths longer than an address, for which
//! VPP reads beyond its table of masks; sub-interfaces of sub-interfaces by `create_subif`, which
//! end up on `local0`; the order in which several sub-interfaces of a deleted parent give back
//! their indexes; addresses on an interface while it is unnumbered, which VPP loses track of; tags
//! taken twice, which VPP does not always notice; recursive routes that lead back to themselves
//! through several tables; routes that VPP takes over from one table into another because a route
//! there is attached to an interface of the former (before 24.02 a route that drops was attached to
//! `local0`); indexes of route counters after chance-drawn requests, as they depend on the order in
//! which VPP frees the routes of one request; namespaces of the host for the other ends of TAPs, as
//! the simulated VPP knows none.
//!
//! Left out where a release dies of them or does something to another object: removing an entry of the table of tunnel end
//! points that is not there (before 22.10), adding a DHCP client twice or removing one that is not there (before 22.06),
//! renaming an interface that is not there (before 24.06), deleting a bond that is none and prefixes of IPv4 longer than 32
//! (before 24.02), TAPs with receive rings of fewer than 8 entries (before 26.02). Before 22.06, indexes of counters are not
//! compared after a route of IPv6 that recurses.

#![cfg(test)]

#[path = "conformance/real.rs"]
mod real;
#[path = "conformance/record.rs"]
mod record;
#[path = "conformance/scenarios/mod.rs"]
mod scenarios;
mod support;

use std::path::{Path, PathBuf};

use ligato_vpp_sim::Sim;
use real::{Real, Started};
use record::Record;
use scenarios::{ALL, ISOLATED, Scenario, WITH_TAPS};
use support::Client;

/// The release the simulated VPP is by default.
const NEWEST: &str = "26.06";
/// Releases whose real answers are kept.
const RECORDED: [&str; 2] = ["22.02", NEWEST];

fn play(scenario: Scenario, socket: &Path) -> Vec<String> {
    let folder = socket.parent().unwrap().display().to_string();
    let mut record = Record::new(Client::connect(socket), folder);
    // The requests end where a VPP ends; the test goes on with what came until then.
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scenario.1(&mut record)));
    if ended.is_err() {
        let last = record.last.clone();
        record.note(&format!("died of {last}"));
    }
    record.lines
}

/// Lines only one of the two has, as `diff` finds them.
fn differences(name: &str, real: &[String], simulated: &[String]) -> Vec<String> {
    let (rows, columns) = (real.len(), simulated.len());
    let mut common = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[row][column] = if real[row] == simulated[column] {
                common[row + 1][column + 1] + 1
            } else {
                common[row + 1][column].max(common[row][column + 1])
            };
        }
    }
    let (mut row, mut column, mut heading) = (0, 0, "");
    let mut found = Vec::new();
    while row < rows || column < columns {
        let differs = row >= rows || column >= columns || real[row] != simulated[column];
        if let Some(line) = real.get(row).filter(|line| line.starts_with('#')) {
            heading = line;
        }
        if !differs {
            (row, column) = (row + 1, column + 1);
        } else if column >= columns
            || (row < rows && common[row + 1][column] >= common[row][column + 1])
        {
            found.push(format!("{name} {heading}\n  line {row} real {}", real[row]));
            row += 1;
        } else {
            found.push(format!("{name} {heading}\n  line {row} sim  {}", simulated[column]));
            column += 1;
        }
    }
    found
}

/// What a real VPP answered in a scenario, in the folder of those.
fn golden(release: &str, name: &str) -> PathBuf {
    let file = name.replace(' ', "-").to_lowercase() + ".txt";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/golden");
    if release == NEWEST { folder.join(file) } else { folder.join(release).join(file) }
}

/// What chance draws is long and says little to a reader.
fn is_kept(name: &str) -> bool {
    !name.starts_with("chance")
}

async fn simulated(release: &str, scenario: Scenario) -> Vec<String> {
    let hosts = |name: &str| ["hostA", "hostB", "lo"].contains(&name);
    let sim = Sim::builder().release(release).host_interfaces(hosts).start().await.unwrap();
    let socket = sim.socket_path().to_owned();
    tokio::task::spawn_blocking(move || play(scenario, &socket)).await.unwrap()
}

fn complain_of(found: &[String]) {
    let most = if std::env::var_os("VPP_CONFORMANCE").is_some() { usize::MAX } else { 200 };
    for difference in found.iter().take(most) {
        println!("{difference}");
    }
    assert_eq!(found.len(), 0, "differences");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_vpp_answers_as_a_real_one_did() {
    let mut found = Vec::new();
    for release in RECORDED {
        let all = ALL.iter().chain(ISOLATED).chain(WITH_TAPS);
        for scenario in all.filter(|scenario| is_kept(scenario.0)) {
            let file = golden(release, scenario.0);
            let text = std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let real: Vec<String> = text.lines().map(str::to_owned).collect();
            let simulated = simulated(release, *scenario).await;
            let name = format!("{release} {}", scenario.0);
            found.extend(differences(&name, &real, &simulated));
        }
    }
    complain_of(&found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_vpp_answers_the_same() {
    let Some(real) = Real::find() else {
        println!("skipped: no real VPP (set VPP_API_SOCKET or put vpp on the PATH)");
        return;
    };
    let mut found = Vec::new();
    let wanted = std::env::var("VPP_CONFORMANCE").unwrap_or_default();
    for (n, scenario) in ALL.iter().chain(ISOLATED).enumerate() {
        if !scenario.0.contains(&wanted) {
            continue;
        }
        let started = real.start(n);
        if n >= ALL.len() && !started.is_isolated() {
            println!("skipped: {} would change interfaces of this host", scenario.0);
            continue;
        }
        found.extend(compared(*scenario, started).await);
    }
    complain_of(&found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_vpp_answers_the_same_of_taps() {
    // Whoever says that it must run has such a kernel.
    let must_run = std::env::var_os("E2E_MUST_RUN").is_some();
    let carries = must_run || Path::new("/dev/vhost-net").exists();
    let Some(real) = Real::find().filter(|_| carries) else {
        assert!(!must_run, "no real VPP");
        println!("skipped: no real VPP, or a kernel without vhost-net");
        return;
    };
    let mut found = Vec::new();
    for (n, scenario) in WITH_TAPS.iter().enumerate() {
        let started = real.start(ALL.len() + ISOLATED.len() + n);
        if !started.is_isolated() {
            println!("skipped: {} would change interfaces of this host", scenario.0);
            continue;
        }
        found.extend(compared(*scenario, started).await);
    }
    complain_of(&found);
}

/// What is different in a scenario between a real VPP and the simulated one of its release.
async fn compared(scenario: Scenario, started: Started) -> Vec<String> {
    let answers = tokio::task::spawn_blocking(move || {
        (Client::connect(&started.socket).release(), play(scenario, &started.socket))
    });
    let (release, real) = answers.await.unwrap();
    if std::env::var_os("UPDATE_EXPECT").is_some() && is_kept(scenario.0) {
        let file = golden(&release, scenario.0);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, real.join("\n") + "\n").unwrap();
    }
    println!("{}: {} lines", scenario.0, real.len());
    differences(scenario.0, &real, &simulated(&release, scenario).await)
}
