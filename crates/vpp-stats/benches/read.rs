//! How long it takes to read a hundred thousand counters, each way they can be read.
//!
//! Run with `cargo bench -p ligato-vpp-stats --bench read`. The segment is that of a simulated VPP with 6,000
//! interfaces, or, with `VPP_STATS_SOCKET=<path>`, that of a real one with whatever it has.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement prints its result and ends with the first failure"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ligato_vpp_sim::Sim;
use ligato_vpp_stats::{Options, Pass, StatsError, StatsReader};

const INTERFACES: usize = 6_000;
const ROUNDS: u32 = 50;

fn main() {
    match std::env::var_os("VPP_STATS_SOCKET").map(PathBuf::from) {
        Some(socket) => {
            println!("VPP at {}", socket.display());
            measure(&socket);
        }
        None => simulated(),
    }
}

fn simulated() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sim = runtime.block_on(async {
        // Counters are to stand still: what is measured is the reader.
        let pause = Duration::from_secs(3600);
        Sim::builder().stats_interval(pause).start().await.unwrap()
    });
    for n in 1..INTERFACES {
        sim.add_foreign_interface(&format!("eth{n}"), "dpdk").unwrap();
    }
    println!("simulated VPP, {INTERFACES} interfaces");
    let mut reader = StatsReader::new(Options::new(sim.stats_socket_path()));
    while reader.read(interfaces).unwrap() < INTERFACES {
        std::thread::yield_now();
    }
    measure(sim.stats_socket_path());
}

fn measure(socket: &Path) {
    let mut reader = StatsReader::new(Options::new(socket));
    let attach = |reader: &mut StatsReader| {
        reader.detach();
        reader.read(|pass| Ok(pass.names("/").count()))
    };
    report(&mut reader, "attach and read the directory", "entries", attach);
    report(&mut reader, "read counters of interfaces", "counters", |reader| {
        // 8 pairs and 9 single ones.
        Ok(reader.read(interfaces)? * 17)
    });
    report(&mut reader, "read every vector", "numbers", |reader| reader.read(vectors));
    report(&mut reader, "read every entry by name, links too", "entries", |reader| {
        reader.read(entries)
    });
    report(&mut reader, "read error counters", "counters", |reader| {
        reader.read(|pass| Ok(pass.errors()?.len()))
    });
}

fn interfaces(pass: &mut Pass<'_>) -> Result<usize, StatsError> {
    Ok(pass.interfaces()?.len())
}

fn vectors(pass: &mut Pass<'_>) -> Result<usize, StatsError> {
    let mut count = 0;
    for what in ["rx", "rx-unicast", "rx-multicast", "rx-broadcast"] {
        count += 2 * pass.combined(&format!("/if/{what}"))?.len();
    }
    for what in ["tx", "tx-unicast", "tx-multicast", "tx-broadcast"] {
        count += 2 * pass.combined(&format!("/if/{what}"))?.len();
    }
    for what in ["drops", "punt", "ip4", "ip6", "mpls", "rx-miss", "rx-error", "tx-error"] {
        count += pass.simple(&format!("/if/{what}"))?.len();
    }
    Ok(count)
}

fn entries(pass: &mut Pass<'_>) -> Result<usize, StatsError> {
    let mut count = 0;
    for name in pass.names("/interfaces/") {
        pass.value(name)?;
        count += 1;
    }
    Ok(count)
}

fn report(
    reader: &mut StatsReader,
    what: &str,
    unit: &str,
    mut run: impl FnMut(&mut StatsReader) -> Result<usize, StatsError>,
) {
    let mut times = Vec::new();
    let mut count = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        count = run(reader).unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!(
        "  {what}: {count} {unit}, fastest {:?}, median {:?}, p99 {:?}",
        at(0),
        at(50),
        at(99)
    );
}
