//! Finding the values of a section: defaults < file < environment < flag.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    effective::{Effective, EffectiveSection},
    node::{Node, NodeValue, Origin},
    problem::{ConfigError, ProblemKind, Problems},
    reference::{env_name, flag_name},
    section::{FieldSpec, Origins, Section, overlay, report_violations},
    value::Kind,
    yaml,
};

/// What to do about keys nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// They are errors.
    #[default]
    Strict,
    /// They are warnings; for files written for another agent.
    Lenient,
}

/// The directory in which files are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigDir {
    /// Nobody named one: the working directory.
    Default,
    /// This one was asked for, so it must exist.
    Given(PathBuf),
}

/// Everything a configuration is made of, taken from the process by the program.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Where files are looked for.
    pub dir: ConfigDir,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The values given on the command line, by flag name without dashes.
    pub flags: BTreeMap<String, String>,
    /// What to do about unknown keys.
    pub strictness: Strictness,
}

/// Loads sections one after the other and collects all that is wrong with them.
#[derive(Debug)]
pub struct Loader {
    sources: Sources,
    problems: Problems,
    sections: Vec<EffectiveSection>,
}

/// A section as loaded.
#[derive(Clone, Debug)]
pub struct Loaded<S> {
    /// Its values; defaults where something was wrong.
    pub value: S,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Which keys were given, wherever.
    origins: Origins,
}

// === impl Loader ===

impl Loader {
    /// Nothing loaded yet.
    pub fn new(sources: Sources) -> Self {
        let mut problems = Problems::new(sources.strictness);
        if let ConfigDir::Given(dir) = &sources.dir
            && !dir.is_dir()
        {
            problems.add(&Origin::Default, ProblemKind::NoSuchFile(dir.clone()));
        }
        Self { sources, problems, sections: Vec::new() }
    }

    /// Loads the section of this name; its file is `<name>.conf` unless another one is asked for.
    pub fn load<S: Section>(&mut self, name: &'static str) -> Loaded<S> {
        let mut value = S::default();
        let mut origins = Origins::new();
        let file = self.file_of(name);
        let layers: Vec<Node> = file
            .as_ref()
            .and_then(|path| self.read_file(name, path))
            .into_iter()
            .chain(self.inline_layers(name, &S::fields()))
            .collect();
        self.problems.within(name, |problems| {
            for layer in &layers {
                overlay(&mut value, layer, problems, &mut origins);
            }
            let whole = layers.first().map(|layer| layer.origin.clone()).unwrap_or_default();
            report_violations(&value, &origins, &whole, problems);
        });
        self.sections.push(EffectiveSection::new(name, &value, file.clone(), &origins));
        Loaded { value, file, origins }
    }

    /// Refuses a section that other agents have and this one has not: its file, if there is one, would be ignored
    /// silently otherwise.
    pub fn refuse(&mut self, name: &'static str, reason: &str) {
        if let Some(path) = self.file_of(name) {
            let origin = Origin::File { path: Arc::new(path), line: 0, column: 0 };
            let kind = ProblemKind::Unavailable(reason.to_owned());
            self.problems.within(name, |problems| problems.add(&origin, kind));
        }
    }

    /// What came out of all the sections loaded.
    ///
    /// # Errors
    /// When anything in them is wrong.
    pub fn finish(self) -> Result<Effective, ConfigError> {
        let Problems { errors, warnings, .. } = self.problems;
        if errors.is_empty() {
            Ok(Effective { sections: self.sections, warnings })
        } else {
            Err(ConfigError(errors))
        }
    }

    /// The file of a section, if there is one. One that was asked for and is not there is a problem; asking for
    /// the empty path means that there is to be none.
    fn file_of(&mut self, name: &str) -> Option<PathBuf> {
        let flag = format!("{name}-config");
        let variable = env_name(&flag);
        let (wanted, origin) =
            match (self.sources.flags.get(&flag), self.sources.env.get(&variable)) {
                (Some(path), _) => (path.clone(), Origin::Flag(flag)),
                (None, Some(path)) => (path.clone(), Origin::Environment(variable)),
                (None, None) => (format!("{name}.conf"), Origin::Default),
            };
        if wanted.is_empty() {
            return None;
        }
        let wanted = PathBuf::from(wanted);
        let in_dir = match &self.sources.dir {
            ConfigDir::Default => wanted.clone(),
            ConfigDir::Given(dir) => dir.join(&wanted),
        };
        // A default name is looked for in the directory only: what happens to lie in the working directory
        // must not override what was installed.
        let candidates =
            if origin == Origin::Default { vec![in_dir] } else { vec![wanted.clone(), in_dir] };
        let found = candidates.into_iter().find(|path| path.exists());
        if found.is_none() && origin != Origin::Default {
            self.problems.within(name, |problems| {
                problems.add(&origin, ProblemKind::NoSuchFile(wanted));
            });
        }
        found
    }

    fn read_file(&mut self, name: &str, path: &Path) -> Option<Node> {
        let path = Arc::new(path.to_path_buf());
        let origin = |line, column| Origin::File { path: Arc::clone(&path), line, column };
        let read: io::Result<String> = fs::read_to_string(path.as_path());
        let (origin, kind) = match read {
            Ok(text) => match yaml::parse_file(&path, &text) {
                Ok(node) => return Some(node),
                Err(error) => (origin(error.line, error.column), ProblemKind::Syntax(error.reason)),
            },
            Err(error) => {
                let kind =
                    ProblemKind::Unreadable { path: path.to_path_buf(), reason: error.to_string() };
                (Origin::Default, kind)
            }
        };
        self.problems.within(name, |problems| problems.add(&origin, kind));
        None
    }

    /// The keys given in the environment and, above them, those given by flags.
    fn inline_layers(&mut self, name: &str, fields: &[FieldSpec]) -> [Node; 2] {
        let mut env = Vec::new();
        let mut flags = Vec::new();
        for field in fields {
            for (key, secret) in keys_of(field) {
                let flag = flag_name(name, &key);
                let own = env_name(&flag);
                // A variable made of section and key says more than one that is there for compatibility.
                let further = field.env.iter().filter(|_| !secret).map(|name| (*name).to_owned());
                let variable = std::iter::once(own)
                    .chain(further)
                    .find(|name| self.sources.env.get(name).is_some_and(|text| !text.is_empty()));
                if let Some(variable) = variable {
                    let text = self.sources.env.get(&variable).cloned().unwrap_or_default();
                    let origin = Origin::Environment(variable);
                    env.extend(self.inline(name, &key, field, &text, origin));
                }
                if let Some(text) = self.sources.flags.get(&flag).cloned() {
                    flags.extend(self.inline(name, &key, field, &text, Origin::Flag(flag)));
                }
            }
        }
        [env, flags].map(|keys| Node { origin: Origin::Default, value: NodeValue::Map(keys) })
    }

    fn inline(
        &mut self,
        section: &str,
        key: &str,
        field: &FieldSpec,
        text: &str,
        origin: Origin,
    ) -> Option<(String, Origin, Node)> {
        let plain =
            |text: &str| Node { origin: origin.clone(), value: NodeValue::Text(text.to_owned()) };
        let node = match &field.kind {
            Kind::Text | Kind::Path | Kind::Secret | Kind::FileMode => Ok(plain(text)),
            Kind::List(_) if !text.trim_start().starts_with('[') => {
                let items = text.split(',').map(|item| plain(item.trim())).collect();
                Ok(Node { origin: origin.clone(), value: NodeValue::List(items) })
            }
            _ => yaml::parse_inline(&origin, text),
        };
        match node {
            Ok(node) => Some((key.to_owned(), origin, node)),
            Err(error) => {
                let kind = ProblemKind::Syntax(error.reason);
                self.problems
                    .within(section, |p| p.within(key, |problems| problems.add(&origin, kind)));
                None
            }
        }
    }
}

/// The spellings under which a field is looked up outside files, and whether it is the file form of a secret.
fn keys_of(field: &FieldSpec) -> Vec<(String, bool)> {
    let file = (field.kind == Kind::Secret).then(|| (format!("{}-file", field.key), true));
    std::iter::once((field.key.to_owned(), false)).chain(file).collect()
}

// === impl Loaded ===

impl<S> Loaded<S> {
    /// True when anybody gave any of it: the sign that a part without useful defaults is wanted.
    pub fn is_given(&self) -> bool {
        self.file.is_some() || !self.origins.is_empty()
    }

    /// Where a key came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or_default()
    }
}
