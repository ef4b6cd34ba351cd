//! `cargo xtask guest`: test programs on Debian's stock kernel, in a virtual machine.
//!
//! For what the running kernel lacks: dummy, VRF, GRE, bond, WireGuard, vhost-net. The kernel is
//! downloaded as a package and only unpacked; nothing is installed but QEMU and busybox. The guest
//! sees the file system of the host, read-only, with scratch space where programs write:
//!
//! ```text
//!  QEMU ── kernel + small first file system (busybox, a few modules, the start script)
//!    ├── 9p "hostroot": / of the host, read-only ──► chroot
//!    ├── 9p "workspace": with `UPDATE_EXPECT`, this workspace, writable: golden files are there
//!    ├── 9p "result":   what to run goes in, the exit status comes out
//!    ├── serial 0:      messages of the kernel ──► a file beside the result
//!    └── serial 1:      what the programs print ──► our standard output
//! ```
//!
//! Without QEMU (and without the right to install it) it says that the tests were skipped.

mod archive;
mod kernel;
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::run::{self, say};
use crate::setup;
use kernel::Kernel;
use programs::Program;

/// Runs before anything else in the guest.
const INIT: &str = include_str!("guest/init.sh");

const QEMU: &str = "/usr/bin/qemu-system-x86_64";
const BUSYBOX: &str = "/usr/bin/busybox";

const ACCEL: &str = "tcg,thread=multi";
const MEMORY: u32 = 2048;
const TIMEOUT: u64 = 3600;

/// For the programs of `--traffic`; what the user sets comes later, and wins.
const TRAFFIC_SETTINGS: &str =
    "export E2E_MUST_RUN=1 E2E_VPP=real E2E_SCENARIOS=kernel E2E_JOBS=1\n";

/// What to run in the guest.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A VPP installation of the host (with `bin` and `lib` in it) to be found on the path there.
    #[arg(long, value_name = "DIR")]
    with_vpp: Option<PathBuf>,
    /// Traffic through the agent and a real VPP, over TAPs too (which need vhost-net), the
    /// scenarios that need such a kernel, and the tests of VPP's TAPs: builds the programs and the
    /// tests, and runs them there.
    #[arg(long, requires = "with_vpp", conflicts_with = "program")]
    traffic: bool,
    /// Builds for `--traffic` without optimising: sooner built, slower there.
    #[arg(long, requires = "traffic")]
    debug: bool,
    /// How QEMU executes the guest. Emulation works everywhere; `kvm` is faster where it works.
    #[arg(long, default_value = ACCEL)]
    accel: String,
    /// Memory of the guest in MiB.
    #[arg(long, default_value_t = MEMORY)]
    memory: u32,
    /// Seconds after which the guest is stopped.
    #[arg(long, default_value_t = TIMEOUT)]
    timeout: u64,
    /// A program of the host and its arguments. Without it: the kernel tests of the workspace.
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

impl Default for Args {
    /// The kernel tests of the workspace.
    fn default() -> Self {
        Args {
            with_vpp: None,
            traffic: false,
            debug: false,
            accel: ACCEL.into(),
            memory: MEMORY,
            timeout: TIMEOUT,
            program: Vec::new(),
        }
    }
}

/// Boots the guest, runs the programs in it, and fails if one of them does.
pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(reason) = missing()? {
        say(&format!("skipped: the tests in a guest need {reason}"));
        return Ok(());
    }
    let programs = match args.program.split_first() {
        Some((path, arguments)) => vec![Program::given(path, arguments)?],
        None if args.traffic => {
            run::step("test programs", || programs::traffic_tests(!args.debug))?
        }
        None => run::step("test programs", programs::kernel_tests)?,
    };
    let cache = run::root()?.join(".cache/guest");
    let kernel = run::step("kernel", || kernel::fetch(&cache))?;
    let result = tempfile::tempdir()?;
    let initramfs = result.path().join("initramfs");
    fs::write(&initramfs, first_file_system(&kernel)?)?;
    let mut script = programs::script(&programs, args.with_vpp.as_deref())?;
    if args.traffic {
        // What they need is there: one that skips itself has failed.
        // And the processors are slow: nothing that runs elsewhere, and one thing at a time.
        script.insert_str(0, TRAFFIC_SETTINGS);
    }
    fs::write(result.path().join("run.sh"), script)?;
    fs::write(result.path().join("modules"), kernel.root.as_os_str().as_encoded_bytes())?;
    let workspace = std::env::var_os("UPDATE_EXPECT").map(|_| run::root()).transpose()?;
    if let Some(workspace) = &workspace {
        fs::write(result.path().join("writable"), workspace.as_os_str().as_encoded_bytes())?;
    }

    run::step("guest", || {
        boot(args, &kernel, &initramfs, result.path(), workspace.as_deref())?;
        verdict(result.path())
    })
}

/// Installs what is missing; tells what still is.
fn missing() -> Result<Option<String>> {
    let wanted = [(QEMU, "qemu-system-x86"), (BUSYBOX, "busybox-static")];
    let lacking = || wanted.iter().filter(|(file, _)| !Path::new(file).exists());
    let names: Vec<&str> = lacking().map(|(_, package)| *package).collect();
    let apt = Path::new("/usr/bin/apt-get").exists();
    if !apt {
        return Ok(Some("Debian's package manager, for its kernel".into()));
    }
    if names.is_empty() {
        return Ok(None);
    }
    if !setup::is_root() {
        return Ok(Some(format!("(as root) apt-get install {}", names.join(" "))));
    }
    say(&format!("installing {}", names.join(" ")));
    run::run(Command::new("apt-get").args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["-qq", "-y", "--no-install-recommends", "install"]).args(&names);
    run::run(&mut install)?;
    Ok(lacking().next().map(|(file, package)| format!("{file} of {package}")))
}

/// What the kernel starts with: busybox, the script, and the modules to reach the host's files.
fn first_file_system(kernel: &Kernel) -> Result<Vec<u8>> {
    let mut archive = archive::Archive::default();
    for folder in ["bin", "modules"] {
        archive.folder(folder);
    }
    archive.file("init", INIT.as_bytes(), archive::Mode::Program);
    archive.file("bin/busybox", &fs::read(BUSYBOX)?, archive::Mode::Program);
    let mut order = String::new();
    for module in kernel.modules_for_9p()? {
        let name = module.file_name().context("a module without a name")?.to_string_lossy();
        order.push_str(&format!("{name}\n"));
        archive.file(&format!("modules/{name}"), &fs::read(&module)?, archive::Mode::Data);
    }
    archive.file("modules/order", order.as_bytes(), archive::Mode::Data);
    Ok(archive.finish())
}

/// Runs the guest to its end. It can write to `writable`.
fn boot(
    args: &Args,
    kernel: &Kernel,
    initramfs: &Path,
    result: &Path,
    writable: Option<&Path>,
) -> Result<()> {
    let share = |name: &str, path: &Path, access: &str| {
        let path = path.display();
        // Several file systems of the host appear as one: their inode numbers are mapped.
        format!("local,id={name},path={path},security_model=none,multidevs=remap{access}")
    };
    let processors = std::thread::available_parallelism()?.get().min(4);
    let mut qemu = Command::new(QEMU);
    qemu.args(["-accel", &args.accel, "-cpu", "max"])
        .args(["-m", &args.memory.to_string(), "-smp", &processors.to_string()])
        .args(["-nic", "none", "-display", "none", "-no-reboot", "-nodefaults"])
        .arg("-kernel")
        .arg(&kernel.image)
        .arg("-initrd")
        .arg(initramfs)
        .args(["-append", "console=ttyS0 panic=-1 loglevel=4"])
        .args(["-fsdev", &share("hostroot", Path::new("/"), ",readonly=on")])
        .args(["-device", "virtio-9p-pci,fsdev=hostroot,mount_tag=hostroot"])
        .args(["-fsdev", &share("result", result, "")])
        .args(["-device", "virtio-9p-pci,fsdev=result,mount_tag=result"])
        .args(["-serial", &format!("file:{}", result.join("kernel.log").display())])
        .args(["-serial", "stdio"])
        .stdin(Stdio::null());
    if let Some(folder) = writable {
        qemu.args(["-fsdev", &share("workspace", folder, "")]);
        qemu.args(["-device", "virtio-9p-pci,fsdev=workspace,mount_tag=workspace"]);
    }
    let mut qemu = qemu.spawn().context("QEMU does not start")?;
    let end = Instant::now() + Duration::from_secs(args.timeout);
    loop {
        if qemu.try_wait()?.is_some() {
            return Ok(());
        }
        if Instant::now() > end {
            qemu.kill()?;
            qemu.wait()?;
            bail!("the guest was stopped after {} s", args.timeout);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The exit status that the guest has left.
fn verdict(result: &Path) -> Result<()> {
    let Ok(status) = fs::read_to_string(result.join("status")) else {
        let log = fs::read(result.join("kernel.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default();
        bail!("the guest ended without a result; its kernel said last:\n{}", last.join("\n"));
    };
    match status.trim() {
        "0" => Ok(()),
        other => bail!("programs failed in the guest: {other}"),
    }
}
