//! The VPP that is measured: a real one where there is one, else the simulated one.

use std::path::{Path, PathBuf};

use ligato_e2e::{Memory, Sandbox, Vpp, VppKind};
use tempfile::TempDir;

/// A VPP with what a million routes need, and a folder.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) vpp: Vpp,
    folder: TempDir,
}

/// Enough for a million routes; they kill a VPP with the sizes it has by default.
const MEMORY: Memory = Memory { main_heap: "3G", statistics: "512M" };

impl Stage {
    /// A real VPP, unless there is none or the simulated one is wanted.
    pub(crate) fn new(simulated: bool) -> Self {
        let kind = match VppKind::available().contains(&VppKind::Real) && !simulated {
            true => VppKind::Real,
            false => VppKind::Simulated,
        };
        let folder = TempDir::with_prefix("ligato-bench-").unwrap();
        let vpp = Vpp::new(kind, folder.path()).with_memory(MEMORY);
        Self { sandbox: Sandbox::none(), vpp, folder }
    }

    /// Starts VPP, anew if it runs, with nothing configured.
    pub(crate) fn fresh_vpp(&mut self) {
        self.vpp.start(&self.sandbox).unwrap();
    }

    /// VPP's API socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.vpp.socket()
    }

    /// A folder for whatever else is needed.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A line of `/proc/PID/status` such as `VmRSS:`, in MB.
pub(crate) fn memory(pid: &str, line: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    let kilobytes: f64 = line.split_whitespace().next().unwrap().parse().unwrap();
    kilobytes / 1024.0
}
