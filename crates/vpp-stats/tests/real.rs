//! The reader against a real VPP, compared with VPP's own program, and while that VPP is killed. Needs `vpp` and
//! `vpp_get_stats` on the `PATH`, and root.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ligato_vpp_stats::{Layout, Options, StatsError, StatsReader, Value};

/// How often VPP is killed; it takes longer to start than a simulated one.
const KILLS: u64 = 3;

struct Vpp(Child);

impl Drop for Vpp {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The program, if there is one and it can be run.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|folder| folder.join("vpp")).find(|vpp| vpp.is_file());
    let root = std::fs::metadata("/proc/self")
        .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    found.filter(|_| root)
}

/// Starts VPP in a network namespace of its own, and waits for its statistics.
fn start(program: &Path, folder: &Path) -> (Vpp, StatsReader) {
    let (dir, name) = (folder.display(), folder.file_name().unwrap().display());
    let arguments = format!(
        "unix {{ nodaemon cli-listen {dir}/cli.sock runtime-dir {dir} }} api-segment {{ prefix {name} }} \
         memory {{ main-heap-page-size 4k }} buffers {{ page-size 4k }} \
         statseg {{ socket-name {dir}/stats.sock per-node-counters on update-interval 0.1 }} \
         plugins {{ plugin dpdk_plugin.so {{ disable }} }}"
    );
    let mut command = Command::new("unshare");
    command.arg("--net").arg(program).args(arguments.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let vpp = Vpp(command.spawn().unwrap());
    let mut reader = StatsReader::new(Options::new(folder.join("stats.sock")));
    wait("VPP's heartbeat", || {
        reader.read(|pass| pass.scalar("/sys/heartbeat")).is_ok_and(|beats| beats > 2)
    });
    (vpp, reader)
}

fn wait(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ready() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::yield_now();
    }
}

/// What VPP's command line says. A command that VPP's main loop executes late is tried again.
fn ctl(program: &Path, folder: &Path, line: &str) -> String {
    let mut said = Vec::new();
    let mut command = Command::new(program.with_file_name("vppctl"));
    command.arg("-s").arg(folder.join("cli.sock")).args(line.split_whitespace());
    wait("VPP's command line", || {
        command.stdin(Stdio::null()).output().is_ok_and(|output| {
            said = output.stdout;
            output.status.success()
        })
    });
    String::from_utf8_lossy(&said).into_owned()
}

/// Numbers by name and place, as VPP's own program prints them.
fn told_by_vpp(program: &Path, folder: &Path) -> BTreeMap<String, Vec<u64>> {
    let mut command = Command::new(program.with_file_name("vpp_get_stats"));
    command
        .arg("socket-name")
        .arg(folder.join("stats.sock"))
        .args(["dump", "^/if/", "^/err/", "^/mem/"]);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with('[')) {
        // The program of 22.02, where errors are entries of a type of their own, has no colon before their counts.
        let Some((_, rest)) = line.split_once("] ").or_else(|| line.split_once("]: ")) else {
            continue;
        };
        let Some((values, name)) = rest.split_once(" /") else { continue };
        let numbers =
            values.split(|c: char| !c.is_ascii_digit()).filter_map(|one| one.parse::<u64>().ok());
        found.entry(format!("/{name}")).or_default().extend(numbers);
    }
    found
}

/// The same as read here.
fn read_here(reader: &mut StatsReader) -> BTreeMap<String, Vec<u64>> {
    let read = reader.read(|pass| {
        let mut found = BTreeMap::new();
        let names = ["/if/", "/err/", "/mem/"].into_iter().flat_map(|prefix| pass.names(prefix));
        for name in names.collect::<Vec<_>>() {
            let numbers = match pass.value(name)? {
                Value::Simple(threads) => threads.concat(),
                Value::Combined(threads) => {
                    threads.concat().iter().flat_map(|one| [one.packets, one.bytes]).collect()
                }
                _ => continue,
            };
            found.insert(name.to_owned(), numbers);
        }
        Ok(found)
    });
    read.unwrap()
}

#[test]
fn a_real_vpp_is_read_as_its_own_program_reads_it() {
    let Some(program) = program() else {
        eprintln!("skipped: no vpp on the PATH, or not root");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (_vpp, mut reader) = start(&program, folder.path());
    for line in
        ["create loopback interface", "create loopback interface", "set interface state loop0 up"]
    {
        ctl(&program, folder.path(), line);
    }
    ctl(&program, folder.path(), "set interface ip address loop0 10.0.0.1/24");
    // Nothing answers there, which is counted; and the heap is looked at while it is at rest.
    ctl(&program, folder.path(), "ping 10.0.0.2 repeat 2 interval 0.1");

    let ((layout, interfaces), (nodes, pools, heaps)) = reader
        .read(|pass| {
            let resources = (pass.nodes()?, pass.buffer_pools()?, pass.heaps()?);
            Ok(((pass.layout(), pass.interfaces()?), resources))
        })
        .unwrap();
    let names: Vec<&str> = interfaces.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["local0", "loop0", "loop1"]);
    let version = ctl(&program, folder.path(), "show version");
    let expected = if version.contains("v22.02") { Layout::V2202 } else { Layout::V2206 };
    assert_eq!(layout, expected, "{version}");
    assert!(nodes.iter().any(|node| node.calls + node.suspends > 0));
    assert!(pools.iter().any(|pool| pool.available > 0));
    assert!(heaps.iter().any(|heap| heap.name == "main heap" && heap.used > 0));

    // Two readings at two times: the numbers that move meanwhile must not be all.
    let mut same = BTreeMap::new();
    let (mut here, mut there) = (BTreeMap::new(), BTreeMap::new());
    wait("the two readings to agree", || {
        (here, there) = (read_here(&mut reader), told_by_vpp(&program, folder.path()));
        same = here.clone();
        same.retain(|name, numbers| there.get(name) == Some(numbers));
        same.len() == here.len()
    });
    // Names are no numbers, but may have digits.
    there.remove("/if/names");
    assert!(here.keys().eq(there.keys()), "{} entries, {} told by VPP", here.len(), there.len());
    assert!(same.len() > 1000, "{} entries", same.len());
    eprintln!("{} entries are the same", same.len());
}

#[test]
fn killing_a_real_vpp_harms_no_reader() {
    let Some(program) = program() else {
        eprintln!("skipped: no vpp on the PATH, or not root");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for kill in 0..KILLS {
        let (vpp, mut reader) = start(&program, folder.path());
        let reading = std::thread::spawn(move || {
            let start = Instant::now();
            loop {
                // Time passes faster for the reader, so that it asks after VPP all the time.
                let now = start + start.elapsed() * 1000;
                match reader
                    .read_at(now, |pass| Ok((pass.interfaces()?, pass.errors()?, pass.nodes()?)))
                {
                    Ok((interfaces, ..)) => assert!(!interfaces.is_empty()),
                    Err(StatsError::Attach { .. }) => return,
                    Err(error) => assert!(start.elapsed() < Duration::from_secs(60), "{error}"),
                }
            }
        });
        std::thread::sleep(Duration::from_millis(100 + 37 * kill));
        drop(vpp);
        reading.join().unwrap();
    }
}
