//! `GET /vpp/info`: which VPP this agent talks to, and what of each kind works on it.
//!
//! What works is decided when the agent connects, message by message; it does not change while the connection lasts.
//! Without a connection, it is what the VPP before had.

use std::sync::Arc;

use axum::{Router, extract::State, routing::get};
use ligato_kvs_api::{DynDescriptor, Southbound};
use ligato_nb_rest::Json;
use ligato_vpp_api::msg::vlib::CliInband;
use ligato_vpp_client::{Connection, Peer, VppClient};
use ligato_vpp_ctx::{
    VppCtx,
    capability::{Capability, Offer},
};
use serde::Serialize;
use tokio::time::Instant;

use super::vpp_quarantine;

/// The answer.
#[derive(Debug, Serialize)]
struct Info {
    connected: bool,
    /// Why there is no connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What a VPP that does not answer now looks like, such as `busy for 12 s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpp: Option<Vpp>,
    /// Values at whose operations VPP died.
    quarantine: Vec<vpp_quarantine::Line>,
    plugins: Vec<PluginLine>,
    kinds: Vec<KindLine>,
}

/// The VPP connected to, or the one before.
#[derive(Debug, Serialize)]
struct Vpp {
    version: String,
    build_date: String,
    build_directory: String,
    pid: u32,
    /// Counts the VPP processes this agent has met.
    incarnation: u64,
    /// Messages it has, replies and details among them.
    messages: usize,
}

/// A loaded plugin, as VPP's command line tells it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct PluginLine {
    name: String,
    version: String,
    description: String,
}

/// What of one kind works.
#[derive(Debug, Serialize)]
struct KindLine {
    kind: String,
    #[serde(flatten)]
    capability: Capability,
}

struct Shared {
    ctx: Arc<VppCtx>,
    kinds: Vec<Arc<dyn DynDescriptor>>,
}

/// The route, for the HTTP server.
pub(crate) fn routes(ctx: Arc<VppCtx>, kinds: Vec<Arc<dyn DynDescriptor>>) -> Router {
    Router::new().route("/vpp/info", get(answer)).with_state(Arc::new(Shared { ctx, kinds }))
}

async fn answer(State(shared): State<Arc<Shared>>) -> Json<Info> {
    let reason = match &*shared.ctx.client().state().borrow() {
        Connection::Connected(_) => None,
        Connection::Disconnected { reason, .. } => Some(reason.to_string()),
    };
    let silent = shared.ctx.client().liveness().borrow().describe(Instant::now());
    let plugins = match reason {
        // It would not answer in time.
        _ if silent.is_some() => Vec::new(),
        None => loaded(&shared.ctx.client()).await,
        Some(_) => Vec::new(),
    };
    let peer = shared.ctx.facts().peer.clone();
    let kinds = peer.as_deref().map(|peer| shared.judge(peer)).unwrap_or_default();
    Json(Info {
        connected: reason.is_none(),
        reason,
        silent,
        vpp: peer.as_deref().map(Vpp::of),
        quarantine: vpp_quarantine::lines(&shared.ctx),
        plugins,
        kinds,
    })
}

/// The plugins, if VPP tells.
async fn loaded(client: &VppClient) -> Vec<PluginLine> {
    match client.request(CliInband { cmd: "show plugins".into() }).await {
        Ok(answer) => listed(&answer.reply),
        Err(error) => {
            tracing::debug!(%error, "VPP does not tell its plugins");
            Vec::new()
        }
    }
}

/// Lines such as ` 12. acl_plugin.so  26.06-release  Access Control Lists (ACL)`; everything else is heading.
fn listed(text: &str) -> Vec<PluginLine> {
    let plugin = |line: &str| {
        let (number, rest) = line.trim().split_once(". ")?;
        number.parse::<u32>().ok()?;
        let mut words = rest.split_whitespace();
        let (name, version) = (words.next()?.to_owned(), words.next()?.to_owned());
        let description = words.collect::<Vec<_>>().join(" ");
        Some(PluginLine { name, version, description })
    };
    text.lines().filter_map(plugin).collect()
}

// === impl Shared ===

impl Shared {
    fn judge(&self, peer: &Peer) -> Vec<KindLine> {
        let offer = Offer::of_peer(&peer.messages);
        let line = |kind: &Arc<dyn DynDescriptor>| KindLine {
            kind: kind.name().to_owned(),
            capability: Capability::of(kind.uses(), &offer),
        };
        self.kinds.iter().filter(|kind| kind.southbound() == VppCtx::NAME).map(line).collect()
    }
}

// === impl Vpp ===

impl Vpp {
    fn of(peer: &Peer) -> Self {
        Self {
            version: peer.version.clone(),
            build_date: peer.build_date.clone(),
            build_directory: peer.build_directory.clone(),
            pid: peer.pid,
            incarnation: peer.incarnation,
            messages: peer.messages.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_the_numbered_lines() {
        let text = " Plugin path is: /usr/lib/vpp_plugins (default)\n\n     Plugin    Version    Description\n\
                    \x20 1. acl_plugin.so      26.06-release      Access Control Lists (ACL)\n\
                    \x20 2. ping_plugin.so     26.06-release\n";
        let found = listed(text);
        let first = PluginLine {
            name: "acl_plugin.so".into(),
            version: "26.06-release".into(),
            description: "Access Control Lists (ACL)".into(),
        };
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], first);
        assert_eq!(found[1].description, "");
    }
}
