//! A reader of statistics whose VPP is killed while it reads, a hundred times: every read gives values or an error, and
//! those of the next VPP follow.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ligato_vpp_stats::{Options, StatsReader};

const KILLS: u32 = 100;
const READERS: usize = 2;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(folder: &Path) -> Killed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpp-sim"));
    command.arg("--socket").arg(folder.join("api.sock")).args(["--stats-interval", "1"]);
    Killed(command.stderr(Stdio::null()).spawn().unwrap())
}

#[derive(Default)]
struct Seen {
    reads: AtomicU64,
    errors: AtomicU64,
    end: AtomicBool,
}

fn keep_reading(folder: &Path, seen: &Seen) {
    let options =
        Options { patience: Duration::from_millis(200), ..Options::new(folder.join("stats.sock")) };
    let mut reader = StatsReader::new(options);
    while !seen.end.load(Ordering::Relaxed) {
        let everything = reader.read(|pass| {
            let names: Vec<String> = pass.names("/").map(str::to_owned).collect();
            for name in &names {
                pass.value(name)?;
            }
            pass.interfaces()
        });
        match everything {
            Ok(interfaces) => {
                assert_eq!(interfaces.first().map(|one| one.name.as_str()), Some("local0"));
                seen.reads.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                seen.errors.fetch_add(1, Ordering::Relaxed);
                // Nobody is there; a reader that spins would only keep the next VPP from starting.
                std::thread::yield_now();
            }
        }
    }
}

/// Lets the readers end, also when the test fails.
struct Ending<'a>(&'a Seen);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end.store(true, Ordering::Relaxed);
    }
}

/// Waits until VPP hands its statistics out. A reader may go on with those of the one before for a while.
fn wait_for_socket(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !folder.join("stats.sock").exists() {
        assert!(Instant::now() < deadline, "the simulated VPP does not start");
        std::thread::yield_now();
    }
}

/// Waits for more reads than there were.
fn wait_for_reads(seen: &Seen, more: u64) {
    let wanted = seen.reads.load(Ordering::Relaxed) + more;
    let deadline = Instant::now() + Duration::from_secs(30);
    while seen.reads.load(Ordering::Relaxed) < wanted {
        assert!(Instant::now() < deadline, "the reader does not come back");
        std::thread::yield_now();
    }
}

#[test]
fn killing_vpp_harms_no_reader() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    std::thread::scope(|scope| {
        let _ending = Ending(&seen);
        for _ in 0..READERS {
            scope.spawn(|| keep_reading(folder.path(), &seen));
        }
        for kill in 0..KILLS {
            let vpp = start(folder.path());
            wait_for_socket(folder.path());
            // At another moment of the readers' work each time.
            wait_for_reads(&seen, 2 + u64::from(kill % 17));
            drop(vpp);
            // What is left of the dead one is still there, until the next one makes its own.
            std::fs::remove_file(folder.path().join("stats.sock")).unwrap();
        }
    });
    assert!(seen.errors.load(Ordering::Relaxed) > 0, "nobody noticed");
}
