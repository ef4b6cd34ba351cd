//! The reference pages of sections, made from their declarations.

use std::fmt::Write;

use serde_json::Value;

use super::section::Section;

/// What can be said about a section without reading one.
#[derive(Clone, Debug)]
pub struct SectionReference {
    /// Its name.
    pub name: &'static str,
    /// The name of its file.
    pub file: String,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys.
    pub fields: Vec<FieldReference>,
}

/// What can be said about a key.
#[derive(Clone, Debug)]
pub struct FieldReference {
    /// The key.
    pub key: &'static str,
    /// What it takes, in words.
    pub kind: String,
    /// Its default.
    pub default: Value,
    /// What it is for.
    pub doc: &'static str,
    /// The environment variables that set it, the regular one first.
    pub env: Vec<String>,
    /// The flag that sets it, without dashes.
    pub flag: String,
    /// Older spellings.
    pub aliases: &'static [&'static str],
}

/// The reference of a section.
pub fn reference<S: Section>(name: &'static str) -> SectionReference {
    let fields = S::fields().into_iter().map(|field| {
        let flag = flag_name(name, field.key);
        let further = field.env.iter().map(|name| (*name).to_owned());
        FieldReference {
            key: field.key,
            kind: field.kind.to_string(),
            default: field.default,
            doc: field.doc,
            env: std::iter::once(env_name(&flag)).chain(further).collect(),
            flag,
            aliases: field.aliases,
        }
    });
    SectionReference { name, file: format!("{name}.conf"), doc: S::DOC, fields: fields.collect() }
}

/// The reference as a page of Markdown: a chapter for each section with a table of its keys.
pub fn to_markdown(sections: &[SectionReference]) -> String {
    let mut page = String::new();
    for section in sections {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "## {}\n\n{}\n", section.file, flow(section.doc));
        page.push_str("| Key | Type | Default | Environment | Meaning |\n|---|---|---|---|---|\n");
        for field in &section.fields {
            let default = match &field.default {
                Value::Null => "–".to_owned(),
                value => format!("`{value}`"),
            };
            let env: Vec<String> = field.env.iter().map(|name| format!("`{name}`")).collect();
            let old = match field.aliases {
                [] => String::new(),
                aliases => format!(" (once `{}`)", aliases.join("`, `")),
            };
            let _ = writeln!(
                page,
                "| `{}`{old} | {} | {default} | {} | {} |",
                field.key,
                field.kind,
                env.join(", "),
                flow(field.doc).replace('|', "\\|"),
            );
        }
        page.push('\n');
    }
    page
}

/// A doc comment as one line of text.
fn flow(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The section whose keys are flags without a prefix: what concerns the program as a whole.
pub const PROGRAM_SECTION: &str = "agent";

/// The flag that sets a key of a section, without dashes.
pub fn flag_name(section: &str, key: &str) -> String {
    if section == PROGRAM_SECTION { key.to_owned() } else { format!("{section}-{key}") }
}

/// The environment variable that stands for a flag: upper case, dashes turned into underscores.
pub(super) fn env_name(flag: &str) -> String {
    flag.to_ascii_uppercase().replace('-', "_")
}
