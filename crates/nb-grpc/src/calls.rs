//! Counts calls and messages, under the names that dashboards know from the original (`grpc_server_…`).
//!
//! Only methods that the server has are counted, so a client cannot make series.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tonic::Code;

/// Seconds; the original's buckets.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The counters of a server. Clones share them.
#[derive(Debug, Clone)]
pub struct Calls {
    methods: Arc<HashMap<String, Method>>,
    started: Family<Method, Counter>,
    handled: Family<Handled, Counter>,
    received: Family<Method, Counter>,
    sent: Family<Method, Counter>,
    seconds: Family<Method, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    grpc_type: &'static str,
    grpc_service: String,
    grpc_method: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Handled {
    grpc_type: &'static str,
    grpc_service: String,
    grpc_method: String,
    grpc_code: &'static str,
}

/// One call. It counts as cancelled if it is dropped before it is finished.
#[derive(Debug)]
pub(crate) struct Call {
    calls: Calls,
    method: Method,
    begun: Instant,
    finished: bool,
}

impl Calls {
    /// Counters of all methods that are described in these pools.
    #[must_use]
    pub fn new(pools: &[DescriptorPool]) -> Self {
        let services = pools.iter().flat_map(DescriptorPool::services);
        let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
        let methods = methods.map(|method| (path(&method), Method::new(&method))).collect();
        let calls = Self {
            methods: Arc::new(methods),
            started: Family::default(),
            handled: Family::default(),
            received: Family::default(),
            sent: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        // A series that is there from the beginning shows the first call as an increase.
        for method in calls.methods.values() {
            drop(calls.started.get_or_create(method));
        }
        calls
    }

    /// The counters, to be scraped.
    #[must_use]
    pub fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("grpc_server");
        registry.register("started", "Calls begun", self.started.clone());
        registry.register("handled", "Calls ended, with their code", self.handled.clone());
        registry.register("msg_received", "Messages received", self.received.clone());
        registry.register("msg_sent", "Messages sent", self.sent.clone());
        registry.register("handling_seconds", "Time from begin to end", self.seconds.clone());
        registry
    }

    /// Counts the beginning of a call.
    pub(crate) fn begin(&self, path: &str) -> Option<Call> {
        let method = self.methods.get(path)?.clone();
        self.started.get_or_create(&method).inc();
        Some(Call { calls: self.clone(), method, begun: Instant::now(), finished: false })
    }
}

/// How requests name the method.
fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

impl Method {
    fn new(method: &MethodDescriptor) -> Self {
        let grpc_type = match (method.is_client_streaming(), method.is_server_streaming()) {
            (false, false) => "unary",
            (true, false) => "client_stream",
            (false, true) => "server_stream",
            (true, true) => "bidi_stream",
        };
        let grpc_service = method.parent_service().full_name().to_owned();
        Self { grpc_type, grpc_service, grpc_method: method.name().to_owned() }
    }
}

impl Call {
    /// Counts messages from the client.
    pub(crate) fn received(&self, messages: u64) {
        self.calls.received.get_or_create(&self.method).inc_by(messages);
    }

    /// Counts messages to the client.
    pub(crate) fn sent(&self, messages: u64) {
        self.calls.sent.get_or_create(&self.method).inc_by(messages);
    }

    /// Counts the end of the call.
    pub(crate) fn finish(&mut self, code: Code) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let Method { grpc_type, grpc_service, grpc_method } = self.method.clone();
        let handled = Handled { grpc_type, grpc_service, grpc_method, grpc_code: name(code) };
        self.calls.handled.get_or_create(&handled).inc();
        let took = self.begun.elapsed().as_secs_f64();
        self.calls.seconds.get_or_create(&self.method).observe(took);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.finish(Code::Cancelled);
    }
}

/// The name of a code as the original's library writes it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}
