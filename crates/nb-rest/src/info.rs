//! `/` and `/info/version`: what this agent is and what it offers.

use axum::{Router, extract::State, response::Html, routing::get};
use serde::Serialize;

use crate::answer::Json;

/// What program this is, as `/info/version` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VersionInfo {
    /// Name of the program.
    pub app: String,
    /// Version of the program.
    pub version: String,
    /// The commit it was built from.
    pub git_commit: String,
    /// The branch it was built from.
    pub git_branch: String,
    /// Who built it.
    pub build_user: String,
    /// On which machine.
    pub build_host: String,
    /// When, in Unix seconds.
    pub build_time: i64,
    /// The compiler. The name is the original's, kept for its clients.
    pub go_version: String,
    /// Operating system it was built for.
    #[serde(rename = "OS")]
    pub os: String,
    /// Processor it was built for.
    pub arch: String,
    /// Always empty; kept for compatibility.
    #[serde(rename = "APIVersion")]
    pub api_version: String,
    /// Always empty; kept for compatibility.
    #[serde(rename = "OSType")]
    pub os_type: String,
}

/// The links of the index: heading, then path and text of each.
const INDEX: &[(&str, &[(&str, &str)])] = &[
    (
        "Info",
        &[
            ("/info/version", "version"),
            ("/info/configuration/jsonschema", "schema of configuration documents"),
        ],
    ),
    ("Configuration", &[("/configuration", "desired configuration")]),
    (
        "Scheduler",
        &[
            ("/scheduler/status", "status of all values"),
            ("/scheduler/dump", "descriptors and key prefixes"),
            ("/scheduler/txn-history?format=text", "history of transactions"),
            ("/scheduler/graph-snapshot", "graph as data"),
            ("/scheduler/graph", "graph as picture"),
            ("/scheduler/stats", "statistics"),
        ],
    ),
    (
        "VPP and Linux",
        &[
            ("/dump/vpp/v2/interfaces", "interfaces of VPP"),
            ("/dump/vpp/v2/bd", "bridge domains"),
            ("/dump/vpp/v2/fib", "FIB entries"),
            ("/dump/vpp/v2/xc", "cross-connects"),
            ("/dump/vpp/v2/routes", "routes of VPP"),
            ("/dump/vpp/v2/arps", "ARP entries of VPP"),
            ("/dump/linux/v2/interfaces", "interfaces of Linux"),
            ("/dump/linux/v2/routes", "routes of Linux"),
            ("/dump/linux/v2/arps", "ARP entries of Linux"),
        ],
    ),
    (
        "Observability",
        &[
            ("/liveness", "liveness"),
            ("/readiness", "readiness"),
            ("/metrics", "metrics"),
            ("/vpp/telemetry/memory", "heaps of VPP"),
            ("/vpp/telemetry/runtime", "nodes of VPP"),
            ("/vpp/telemetry/nodecount", "what nodes of VPP count"),
            ("/log/list", "loggers"),
        ],
    ),
];

pub(crate) fn routes(version: VersionInfo) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/info/version", get(|State(version): State<VersionInfo>| async { Json(version) }))
        .with_state(version)
}

async fn index(State(version): State<VersionInfo>) -> Html<String> {
    let sections: String = INDEX
        .iter()
        .map(|(heading, links)| {
            let links: String = links
                .iter()
                .map(|(path, text)| format!("<li><a href=\"{path}\">{text}</a></li>\n"))
                .collect();
            format!("<h2>{heading}</h2>\n<ul>\n{links}</ul>\n")
        })
        .collect();
    let title = format!("{} {}", version.app, version.version);
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n<h1>{title}</h1>\n{sections}</body>\n</html>\n"
    ))
}
