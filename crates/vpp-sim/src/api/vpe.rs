//! `vpe.api` and `vlib.api`: the machine and its command line.

use std::time::{SystemTime, UNIX_EPOCH};

use ligato_vpp_api::List;
use ligato_vpp_api::msg::vlib::{
    CliInband, CliInbandReply, ShowThreads, ShowThreadsReply, ThreadData,
};
use ligato_vpp_api::msg::vpe::{
    ShowVersion, ShowVersionReply, ShowVpeSystemTime, ShowVpeSystemTimeReply,
};
use ligato_vpp_api::types::Timestamp;

use super::text;
use crate::cli;
use crate::machine::Machine;

/// Where a VPP names the folder it was built in, this one says what it is.
pub(crate) const BUILD_DIRECTORY: &str = "vpp-sim";
/// It was not built on any day.
pub(crate) const BUILD_DATE: &str = "1970-01-01T00:00:00";

pub(crate) fn show_version(machine: &mut Machine, _: &ShowVersion, _: u32) -> ShowVersionReply {
    ShowVersionReply {
        retval: 0,
        program: text("vpe"),
        version: text(&format!("{}-release", machine.identity.release)),
        build_date: text(BUILD_DATE),
        build_directory: text(BUILD_DIRECTORY),
    }
}

pub(crate) fn show_vpe_system_time(
    _: &mut Machine,
    _: &ShowVpeSystemTime,
    _: u32,
) -> ShowVpeSystemTimeReply {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ShowVpeSystemTimeReply { retval: 0, vpe_system_time: Timestamp(now.as_secs_f64()) }
}

pub(crate) fn show_threads(machine: &mut Machine, _: &ShowThreads, _: u32) -> ShowThreadsReply {
    let pid = machine.identity.pid;
    let thread = |id, name: &str, kind| ThreadData {
        id,
        name: text(name),
        kind: text(kind),
        pid: pid.wrapping_add(id),
        cpu_id: id,
        core: id,
        cpu_socket: 0,
    };
    let workers = machine.vpp.threads.workers();
    let workers = workers.map(|id| thread(id, &format!("vpp_wk_{}", id - 1), "workers"));
    let all = std::iter::once(thread(0, "vpp_main", "")).chain(workers);
    ShowThreadsReply { retval: 0, thread_data: List::new(all.collect()).unwrap_or_default() }
}

/// VPP's retval says nothing about the command: its text does.
pub(crate) fn cli_inband(machine: &mut Machine, m: &CliInband, _: u32) -> CliInbandReply {
    let command = m.cmd.trim_matches(['\0', '\n', ' ']);
    let (retval, reply) = match cli::run(machine, command) {
        Ok(output) => (0, output),
        Err(unknown) => (-1, unknown),
    };
    CliInbandReply { retval, reply }
}
