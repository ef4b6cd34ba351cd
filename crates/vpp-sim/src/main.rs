//! The simulated VPP as a program of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ligato_vpp_sim::{Action, Fault, Replay, Sim};
use tokio::signal::unix::{SignalKind, signal};

/// A VPP stand-in that speaks the real binary API over the real socket.
#[derive(Debug, Parser)]
#[command(name = "vpp-sim", version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "/run/vpp/api.sock")]
    socket: PathBuf,
    /// Where to hand out the statistics segment; next to the API socket if not given.
    #[arg(long)]
    stats_socket: Option<PathBuf>,
    /// How often counters move, in milliseconds.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    stats_interval: u64,
    /// Release whose messages are offered, with their layout: 22.02, 22.06, 22.10 … 26.06.
    #[arg(long, default_value = "26.06")]
    release: String,
    /// Decides everything that is left to chance.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Refuse each request with this probability.
    #[arg(long, value_name = "PROBABILITY")]
    refuse: Option<f64>,
    /// Simulate nothing: answer as in a capture that an agent made of its conversation with VPP.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["release", "refuse", "stats_socket"])]
    replay: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let source = error.source().map(ToString::to_string);
            tracing::error!(%error, source, "cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(capture) = &arguments.replay {
        return replay(&arguments.socket, capture).await;
    }
    let mut sim = Sim::builder();
    if let Some(socket) = arguments.stats_socket {
        sim = sim.stats_socket(socket);
    }
    let sim = sim
        .socket(arguments.socket)
        .stats_interval(Duration::from_millis(arguments.stats_interval))
        .release(&arguments.release)
        .seed(arguments.seed)
        .start()
        .await?;
    if let Some(probability) = arguments.refuse {
        const UNSPECIFIED: i32 = -1;
        sim.faults().inject(Fault::new(Action::Refuse(UNSPECIFIED)).with_probability(probability));
    }
    tracing::info!(socket = %sim.socket_path().display(), "simulating a VPP, no packets are forwarded");
    wait_for_end().await;
    sim.stop();
    Ok(())
}

/// Answers as in a capture; tells in the end what was asked that is not in it.
async fn replay(socket: &Path, capture: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let replay = Replay::start(socket, &std::fs::read_to_string(capture)?)?;
    tracing::info!(socket = %socket.display(), "answering as in the capture");
    wait_for_end().await;
    let (unknown, left) = (replay.unknown(), replay.left());
    tracing::info!(
        unknown = unknown.len(),
        left = left.len(),
        "requests not in the capture, and not made again"
    );
    Ok(())
}

/// Returns when the program is asked to end, or cannot know any more whether it is.
async fn wait_for_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
