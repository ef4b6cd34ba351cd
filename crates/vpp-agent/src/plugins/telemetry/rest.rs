//! `/vpp/telemetry…`: statistics of VPP as JSON, in the original's shapes.
//!
//! Members that VPP does not tell are 0, as the original shows them.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use ligato_nb_rest::Json;
use ligato_vpp_api::msg::vlib::CliInband;
use ligato_vpp_stats::{ErrorCounter, Heap, NodeCounters, Pass};
use serde::Serialize;

use super::{Statistics, metrics::per_call};

/// What `/vpp/telemetry` shows, in this order.
const COMMANDS: [&str; 6] = [
    "show node counters",
    "show runtime",
    "show buffers",
    "show memory main-heap",
    "show ip fib",
    "show ip6 fib",
];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    command: &'static str,
    output: String,
}

#[derive(Serialize)]
struct Threads<T> {
    threads: Vec<T>,
}

#[derive(Serialize)]
struct Memory {
    id: usize,
    name: String,
    size: u64,
    pages: u64,
    page_size: u64,
    total: u64,
    used: u64,
    free: u64,
    trimmable: u64,
    free_chunks: u64,
    free_fastbin_blks: u64,
    max_total_allocated: u64,
}

#[derive(Serialize)]
struct Runtime {
    id: u32,
    name: &'static str,
    time: f64,
    avg_vectors_per_node: f64,
    last_main_loops: u64,
    vectors_per_main_loop: f64,
    vector_length_per_node: f64,
    vector_rates_in: f64,
    vector_rates_out: f64,
    vector_rates_drop: f64,
    vector_rates_punt: f64,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    index: u32,
    name: String,
    state: &'static str,
    calls: u64,
    vectors: u64,
    suspends: u64,
    clocks: f64,
    vectors_per_call: f64,
}

#[derive(Serialize)]
struct Counters {
    counters: Vec<Counter>,
}

#[derive(Serialize)]
struct Counter {
    value: u64,
    node: String,
    name: String,
}

#[derive(Serialize)]
struct Failure {
    #[serde(rename = "Error")]
    error: String,
}

/// The routes, for the HTTP server.
pub(super) fn routes(statistics: Statistics) -> Router {
    Router::new()
        .route("/vpp/telemetry", get(commands))
        .route("/vpp/telemetry/memory", get(memory))
        .route("/vpp/telemetry/runtime", get(runtime))
        .route("/vpp/telemetry/nodecount", get(node_counters))
        .with_state(statistics)
}

/// What VPP's command line prints; a command that failed has its reason as output, and makes the status 500.
async fn commands(State(statistics): State<Statistics>) -> Response {
    let mut status = StatusCode::OK;
    let mut printed = Vec::new();
    for command in COMMANDS {
        let answer = statistics.vpp().client().request(CliInband { cmd: command.to_owned() }).await;
        let output = match answer {
            Ok(reply) => reply.reply,
            Err(error) => {
                status = StatusCode::INTERNAL_SERVER_ERROR;
                format!("{:#}", anyhow::Error::new(error))
            }
        };
        printed.push(Printed { command, output });
    }
    (status, Json(printed)).into_response()
}

async fn memory(State(statistics): State<Statistics>) -> Response {
    let heaps = |pass: &mut Pass<'_>| pass.heaps();
    let read = statistics.read(heaps).await;
    answer(read.map(|heaps| {
        let threads = heaps.into_iter().enumerate().map(|(id, heap)| Memory::of(id, heap));
        Threads { threads: threads.collect() }
    }))
}

async fn runtime(State(statistics): State<Statistics>) -> Response {
    let nodes = |pass: &mut Pass<'_>| pass.nodes();
    let read = statistics.read(nodes).await;
    answer(read.map(|nodes| Threads { threads: vec![Runtime::of(nodes)] }))
}

async fn node_counters(State(statistics): State<Statistics>) -> Response {
    let errors = |pass: &mut Pass<'_>| pass.errors();
    let read = statistics.read(errors).await;
    let counter = |ErrorCounter { node, reason, value }| Counter { value, node, name: reason };
    answer(read.map(|errors| Counters { counters: errors.into_iter().map(counter).collect() }))
}

fn answer<T: Serialize>(read: anyhow::Result<T>) -> Response {
    match read {
        Ok(body) => Json(body).into_response(),
        Err(error) => {
            let body = Failure { error: format!("{error:#}") };
            (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
        }
    }
}

impl Memory {
    fn of(id: usize, heap: Heap) -> Self {
        Self {
            id,
            name: heap.name,
            size: heap.total,
            pages: 0,
            page_size: 0,
            total: heap.total,
            used: heap.used,
            free: heap.free,
            trimmable: heap.releasable,
            free_chunks: heap.free_chunks,
            free_fastbin_blks: 0,
            max_total_allocated: heap.max,
        }
    }
}

impl Runtime {
    fn of(nodes: Vec<NodeCounters>) -> Self {
        Self {
            id: 0,
            name: "ALL",
            time: 0.0,
            avg_vectors_per_node: 0.0,
            last_main_loops: 0,
            vectors_per_main_loop: 0.0,
            vector_length_per_node: 0.0,
            vector_rates_in: 0.0,
            vector_rates_out: 0.0,
            vector_rates_drop: 0.0,
            vector_rates_punt: 0.0,
            items: nodes.into_iter().map(Item::of).collect(),
        }
    }
}

impl Item {
    fn of(node: NodeCounters) -> Self {
        let vectors_per_call = per_call(&node);
        Self {
            index: node.index,
            name: node.name,
            state: "",
            calls: node.calls,
            vectors: node.vectors,
            suspends: node.suspends,
            clocks: node.clocks as f64,
            vectors_per_call,
        }
    }
}
