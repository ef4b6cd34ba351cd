//! `cargo xtask gen`: pages of the book that are known from code.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    run::{self, output, root, say},
    stories,
};

/// A page and the program that prints it.
struct Page {
    file: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

const PAGES: &[Page] = &[
    Page { file: "configuration.md", program: "vpp-agent", arguments: &["--config-reference"] },
    Page { file: "kinds.md", program: "vpp-agent", arguments: &["--kinds-reference"] },
    Page { file: "fields.md", program: "vpp-agent", arguments: &["--fields-reference"] },
    Page { file: "vpp-messages.md", program: "vpp-agent", arguments: &["--messages-reference"] },
    Page { file: "agentctl.md", program: "agentctl", arguments: &["reference"] },
];

/// What is said at the top of every generated page.
pub(crate) const MARK: &str = "<!-- Made by `cargo xtask gen`; edit the code instead. -->\n\n";

/// Writes the pages.
pub(crate) fn write() -> Result<()> {
    for (path, text) in pages()? {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        say(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Compares the pages with what the programs print now.
pub(crate) fn check() -> Result<()> {
    let stale: Vec<String> = pages()?
        .into_iter()
        .filter(|(path, text)| fs::read_to_string(path).ok().as_ref() != Some(text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    bail!("stale, run `cargo xtask gen`:\n{}", stale.join("\n"))
}

fn pages() -> Result<Vec<(PathBuf, String)>> {
    let build =
        ["build", "--locked", "--package", "ligato-vpp-agent", "--package", "ligato-agentctl"];
    run::run(run::cargo()?.args(build))?;
    let me = std::env::current_exe()?;
    let programs = me.parent().context("xtask is in a folder")?;
    let folder = root()?.join("docs/src/reference");
    let mut pages: Vec<(PathBuf, String)> = PAGES
        .iter()
        .map(|page| {
            let mut command = Command::new(programs.join(page.program));
            // Environment variables are settings: the page must not depend on them.
            command.env_clear().args(page.arguments);
            Ok((folder.join(page.file), format!("{MARK}{}", output(&mut command)?)))
        })
        .collect::<Result<_>>()?;
    pages.extend(stories::pages(&root()?, MARK)?);
    Ok(pages)
}
