//! `agentctl reference` (hidden): the command tree as a page of the book.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Command, CommandFactory};

use crate::{cli::Cli, exit::CODES, output};

pub(super) fn run() -> Result<()> {
    let mut root = Cli::command();
    root.build();
    let mut page = String::from("# agentctl\n\n");
    writeln!(page, "{}.\n", root.get_about().map(ToString::to_string).unwrap_or_default())?;
    page.push_str("Options of every command:\n\n");
    options(&mut page, &root, true)?;
    page.push_str("\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n");
    for (code, meaning) in CODES {
        writeln!(page, "| {code} | {meaning} |")?;
    }
    for command in root.get_subcommands().filter(|c| !c.is_hide_set()) {
        section(&mut page, command, "agentctl")?;
    }
    output::line(page.trim_end());
    Ok(())
}

fn section(page: &mut String, command: &Command, parent: &str) -> Result<()> {
    let name = format!("{parent} {}", command.get_name());
    if command.get_name() == "help" {
        return Ok(());
    }
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    if command.has_subcommands() {
        writeln!(page, "\n## {name}\n\n{about}.")?;
        for sub in command.get_subcommands() {
            section(page, sub, &name)?;
        }
        return Ok(());
    }
    let arguments: Vec<String> = command.get_positionals().map(ToString::to_string).collect();
    writeln!(page, "\n### {name} {}", arguments.join(" "))?;
    writeln!(page, "\n{about}.")?;
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        writeln!(page, "\nAlso: `{}`.", aliases.join("`, `"))?;
    }
    page.push('\n');
    options(page, command, false)
}

/// Rows of options and arguments; global options only on the page's head.
fn options(page: &mut String, command: &Command, global: bool) -> Result<()> {
    let rows: Vec<String> = command
        .get_arguments()
        .filter(|a| a.is_global_set() == global && !a.is_hide_set() && a.get_id() != "help")
        .map(|a| {
            let help = a.get_help().map(ToString::to_string).unwrap_or_default();
            let env = a.get_env().map(|e| format!(" (environment: `{}`)", e.to_string_lossy()));
            format!("| `{a}` | {help}{} |", env.unwrap_or_default())
        })
        .collect();
    if !rows.is_empty() {
        writeln!(page, "| option | meaning |\n| --- | --- |\n{}", rows.join("\n"))?;
    }
    Ok(())
}
