//! The two tables by release as data: what the pages show, for programs that check it.

use anyhow::Context;
use ligato_kvs_api::Southbound;
use ligato_vpp_api::support::{RELEASES, Support, matrix};
use ligato_vpp_ctx::{
    VppCtx,
    capability::{Capability, Offer},
};
use serde_json::json;

use super::kinds::of_an_unconnected_agent;

/// Releases, messages with their CRC and where they are, kinds with what they use and how much of them works where.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn data() -> anyhow::Result<String> {
    let messages: Vec<_> = matrix()
        .into_iter()
        .map(|Support { name, crc, releases }| {
            json!({ "name": name, "crc": format!("{crc:08x}"), "releases": releases })
        })
        .collect();
    let mut kinds = Vec::new();
    for kind in of_an_unconnected_agent()?.into_iter().flat_map(|plugin| plugin.kinds) {
        if kind.southbound() != VppCtx::NAME {
            continue;
        }
        let uses: Vec<_> = kind
            .uses()
            .iter()
            .map(|needed| json!({ "part": needed.part, "messages": needed.messages }))
            .collect();
        let mut levels = Vec::new();
        for release in RELEASES {
            let offer = Offer::of_release(release).context("a release of the list is known")?;
            levels.push(Capability::of(kind.uses(), &offer).level);
        }
        kinds.push(json!({ "name": kind.name(), "uses": uses, "levels": levels }));
    }
    let data = json!({ "releases": RELEASES, "messages": messages, "kinds": kinds });
    Ok(serde_json::to_string_pretty(&data)?)
}
