//! FD.io's own client for Python, which nobody of this project wrote, speaks with the simulator: `papi/converse.py`.
//!
//! `cargo xtask test` installs it under the target folder; where there is no Python, the test says that it is skipped. With a
//! real VPP (`VPP_API_SOCKET` and `VPP_STATS_SOCKET`) the same conversation is held with that one.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ligato_vpp_sim::Sim;

/// The Python that has `vpp_papi`.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let python = target.join("papi/bin/python");
    python.is_file().then_some(python)
}

fn converse(python: &Path, socket: &Path, stats_socket: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/papi/converse.py");
    let mut command = Command::new(python);
    // Nothing is written beside the script.
    command.arg("-B").arg(script).args([socket, stats_socket]).arg("stats");
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_of_fdio_gets_what_it_expects() {
    let Some(python) = python() else {
        println!("skipped: no Python with vpp_papi (cargo xtask test installs it)");
        return;
    };
    let sim = Sim::builder().start().await.unwrap();
    let mut places = vec![(sim.socket_path().to_owned(), sim.stats_socket_path().to_owned())];
    let real = (std::env::var_os("VPP_API_SOCKET"), std::env::var_os("VPP_STATS_SOCKET"));
    if let (Some(socket), Some(stats)) = real {
        places.push((socket.into(), stats.into()));
    }
    for (socket, stats) in places {
        let python = python.clone();
        let asked = tokio::task::spawn_blocking(move || converse(&python, &socket, &stats));
        let output = asked.await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(told.trim(), "everything as expected", "{said}");
    }
}
