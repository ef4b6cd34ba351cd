//! What the agent and its client make of VPP, beside what VPP does by itself.
//!
//! `cargo xtask bench vpp [PART…] [--sizes 100000,1000000] [--json FILE] [--sim]`. The parts are `pings`, `routes`, `paths` (four to
//! a route), `dump` and `agent`; without any, all of them. The VPP is a real one where a `vpp` binary is on the `PATH`
//! and this runs as root, else the simulated one. Each part starts a VPP with nothing configured.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement prints its result and ends with the first failure"
)]

mod agent;
mod client;
mod config;
mod figures;
mod path;
mod proxy;
mod raw;
mod stage;

use ligato_e2e::VppKind;
use serde::Serialize;

use crate::{figures::Figure, stage::Stage};

/// The allocator of the agent with its options, so that the figures are those of the agent.
#[path = "../../../vpp-agent/src/allocator.rs"]
mod allocator;

const PARTS: [&str; 5] = ["pings", "routes", "paths", "dump", "agent"];

/// What to measure.
struct Arguments {
    parts: Vec<String>,
    sizes: Vec<u32>,
    pings: usize,
    json: Option<String>,
    simulated: bool,
}

/// What was measured, on what.
#[derive(Serialize)]
struct Results {
    vpp: String,
    figures: Vec<Figure>,
}

fn main() {
    let arguments = Arguments::read();
    let mut stage = Stage::new(arguments.simulated);
    let vpp = match stage.vpp.kind() {
        VppKind::Real => "a real VPP",
        VppKind::Simulated => "vpp-sim: a simulated VPP, whose own speed says nothing of VPP's",
    };
    println!("measured on {vpp}\n\n{}", figures::head());
    let mut all = Vec::new();
    let mut tell = |figures: Vec<Figure>| {
        for figure in &figures {
            println!("{figure}");
        }
        all.extend(figures);
    };
    let wanted = |part: &str| arguments.parts.iter().any(|wanted| wanted == part);
    if wanted("pings") {
        stage.fresh_vpp();
        tell(client::pings(&stage.socket(), arguments.pings));
    }
    for size in &arguments.sizes {
        if wanted("routes") {
            tell(path::load(&mut stage, *size, 1));
        }
        if wanted("paths") && *size <= 200_000 {
            tell(path::load(&mut stage, *size, 4));
        }
        if wanted("dump") {
            path::alone(&mut stage, *size, 1);
            let (folder, socket) = (stage.folder().to_owned(), stage.socket());
            tell(client::dump(&folder, &socket));
        }
        if wanted("agent") {
            let goals = match *size > 200_000 {
                true => agent::Goals { restart: 10.0, memory: 1_500.0, vpp_restart: false },
                false => agent::Goals { restart: 1.0, memory: 200.0, vpp_restart: true },
            };
            tell(agent::with_routes(&mut stage, *size, goals));
        }
    }
    if let Some(path) = &arguments.json {
        let results = Results { vpp: vpp.to_owned(), figures: all };
        std::fs::write(path, serde_json::to_string_pretty(&results).unwrap()).unwrap();
    }
}

impl Arguments {
    fn read() -> Self {
        // `cargo bench` says so; what `cargo test` runs is only to show that it runs.
        let measures = std::env::args().any(|argument| argument == "--bench");
        let mut read = Self {
            parts: Vec::new(),
            sizes: if measures { vec![100_000, 1_000_000] } else { vec![500] },
            pings: if measures { 100_000 } else { 1_000 },
            json: None,
            simulated: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // From cargo.
                "--bench" => {}
                "--sim" => read.simulated = true,
                "--json" => read.json = arguments.next(),
                "--sizes" => {
                    let sizes = arguments.next().unwrap_or_default();
                    read.sizes = sizes.split(',').map(|size| size.parse().unwrap()).collect();
                }
                part if PARTS.contains(&part) => read.parts.push(part.to_owned()),
                other => panic!("{other}: the parts are {}", PARTS.join(", ")),
            }
        }
        if read.parts.is_empty() {
            // The agent's part takes its time whatever the size.
            let parts = if measures { &PARTS[..] } else { &PARTS[..4] };
            read.parts = parts.iter().map(|part| (*part).to_owned()).collect();
        }
        read
    }
}

/// As many threads as the agent has on two processors.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
