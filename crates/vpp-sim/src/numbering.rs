//! Message ids of one run: fixed ones for the handshake, all others different in every run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ligato_vpp_api::{ApiFile, Message, MessageDef};

use crate::plugins;
use crate::registry::Registry;
use crate::release::Release;

/// Ids the oldest messages of VPP have always had (`vlibmemory/memclnt.api` in its order).
const FIXED: &[(&str, u16)] = &[
    ("api_versions", 12),
    ("api_versions_reply", 13),
    ("sockclnt_create", 15),
    ("sockclnt_create_reply", 16),
    ("sockclnt_delete", 17),
    ("sockclnt_delete_reply", 18),
    ("memclnt_keepalive", 21),
    ("memclnt_keepalive_reply", 22),
    ("control_ping", 23),
    ("control_ping_reply", 24),
];

/// First id that is free to be given out.
const FIRST_DYNAMIC: u16 = 32;

/// What a received id means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// Position in the registry.
    pub(crate) entry: usize,
    /// Id of the message that answers it.
    pub(crate) answer_id: u16,
}

/// The message table of one run.
pub(crate) struct Numbering {
    registry: Arc<Registry>,
    ids: HashMap<&'static str, u16>,
    /// What the release calls a message where its CRC is not the usual one.
    renamed: HashMap<&'static str, String>,
    routes: Vec<Option<Route>>,
}

impl Numbering {
    /// Numbers what the release offers. The offset differs from run to run, so that a client
    /// which keeps old ids is found out.
    pub(crate) fn new(
        registry: &Arc<Registry>,
        release: Release,
        disabled: &[String],
        boot: u32,
    ) -> Self {
        let is_offered = |definition: &MessageDef| {
            release.has(definition) && !plugins::is_of_one(definition.name, release, disabled)
        };
        let mut this = Self {
            registry: Arc::clone(registry),
            ids: HashMap::new(),
            renamed: HashMap::new(),
            routes: Vec::new(),
        };
        let mut next = FIRST_DYNAMIC + (boot % 61) as u16 * 16;
        for entry in registry.entries.iter().filter(|entry| is_offered(entry.definition)) {
            this.assign(entry.definition, entry.name_crc, release, &mut next);
            this.assign(entry.answer.definition, entry.answer.name_crc, release, &mut next);
        }
        for (definition, name_crc) in registry.events.iter().filter(|(d, _)| is_offered(d)) {
            this.assign(definition, name_crc, release, &mut next);
        }
        this.fill_routes();
        this
    }

    fn assign(
        &mut self,
        definition: &'static MessageDef,
        name_crc: &'static str,
        release: Release,
        next: &mut u16,
    ) {
        let name = definition.name;
        if let Some(crc) = release.crc(definition).filter(|crc| *crc != definition.crc) {
            self.renamed.insert(name_crc, format!("{name}_{crc:08x}"));
        }
        let fixed = FIXED.iter().find(|(known, _)| *known == name).map(|(_, id)| *id);
        self.ids.entry(name_crc).or_insert_with(|| {
            fixed.unwrap_or_else(|| {
                *next += 1;
                *next - 1
            })
        });
    }

    fn fill_routes(&mut self) {
        let highest = self.ids.values().max().copied().unwrap_or_default();
        self.routes = vec![None; usize::from(highest) + 1];
        for (position, entry) in self.registry.entries.iter().enumerate() {
            let ids = (self.ids.get(entry.name_crc), self.ids.get(entry.answer.name_crc));
            if let (Some(id), Some(answer_id)) = ids
                && let Some(route) = self.routes.get_mut(usize::from(*id))
            {
                *route = Some(Route { entry: position, answer_id: *answer_id });
            }
        }
    }

    /// The request of an id.
    pub(crate) fn route(&self, id: u16) -> Option<Route> {
        self.routes.get(usize::from(id)).copied().flatten()
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Id of a message, if the release has it.
    pub(crate) fn id_of<M: Message>(&self) -> Option<u16> {
        self.ids.get(M::NAME_CRC).copied()
    }

    /// The definitions of everything offered, as an API file.
    pub(crate) fn definitions(&self) -> ApiFile {
        let mut file = ApiFile::default();
        let mut told = HashSet::new();
        let mut tell = |file: &mut ApiFile, definition, name_crc| {
            let offered = self.ids.contains_key(name_crc);
            if offered && told.insert(name_crc) {
                file.message(definition);
            }
            offered
        };
        for entry in &self.registry.entries {
            let answer = entry.answer;
            if !tell(&mut file, entry.definition, entry.name_crc) {
                continue;
            }
            tell(&mut file, answer.definition, answer.name_crc);
            let (request, name) = (entry.definition.name, answer.definition.name);
            match answer.refuse {
                Some(_) => file.replied(request, name),
                None => file.dumped(request, name),
            }
        }
        for (definition, name_crc) in &self.registry.events {
            tell(&mut file, definition, name_crc);
        }
        file
    }

    /// Everything offered, as the handshake tells it.
    pub(crate) fn table(&self) -> impl Iterator<Item = (&str, u16)> {
        self.ids
            .iter()
            .map(|(name, id)| (self.renamed.get(name).map_or(*name, String::as_str), *id))
    }
}
