//! `cargo xtask vpp-matrix`: message × release and kind × release, computed from VPP's own definitions, and compared with
//! what the program (and so the book) says.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::run::{self, output, root, say};

/// Where the definitions are.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with one file of VPP's API definitions per release, `RELEASE.json`; without it, what the program says is
    /// shown and not checked
    #[arg(long, env = "VPP_API_DIR")]
    api: Option<PathBuf>,
}

/// What the program says.
#[derive(Deserialize)]
struct Claims {
    releases: Vec<String>,
    messages: Vec<Message>,
    kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Message {
    name: String,
    crc: String,
    releases: Vec<bool>,
}

#[derive(Deserialize)]
struct Kind {
    name: String,
    uses: Vec<Use>,
    levels: Vec<String>,
}

#[derive(Deserialize)]
struct Use {
    part: Option<String>,
    messages: Vec<String>,
}

/// Names with CRC of the messages of one release.
type Defined = HashSet<(String, String)>;

/// Shows both tables; complains about every cell that the definitions contradict.
pub(crate) fn run(args: &Args) -> Result<()> {
    let claims = claims()?;
    let found = args.api.clone().or_else(beside);
    let Some(folder) = found else {
        show(&claims);
        say("no definitions at hand (--api DIR), nothing was compared");
        return Ok(());
    };
    let defined = claims
        .releases
        .iter()
        .map(|release| definitions(&folder.join(format!("{release}.json"))))
        .collect::<Result<Vec<_>>>()?;
    show(&claims);
    let wrong = compare(&claims, &defined);
    if !wrong.is_empty() {
        bail!("the definitions in {} say otherwise:\n{}", folder.display(), wrong.join("\n"));
    }
    let (messages, kinds) = (claims.messages.len(), claims.kinds.len());
    say(&format!(
        "{messages} messages and {kinds} kinds on {} releases: equal to the definitions in {}",
        claims.releases.len(),
        folder.display()
    ));
    Ok(())
}

fn claims() -> Result<Claims> {
    run::run(run::cargo()?.args(["build", "--locked", "--package", "ligato-vpp-agent"]))?;
    let me = std::env::current_exe()?;
    let programs = me.parent().context("xtask is in a folder")?;
    let mut program = Command::new(programs.join("vpp-agent"));
    let text = output(program.env_clear().arg("--matrix-data"))?;
    serde_json::from_str(&text).context("the program's data are not as expected")
}

/// The definitions beside the workspace, where there are some.
fn beside() -> Option<PathBuf> {
    let root = root().ok()?;
    root.ancestors().map(|dir| dir.join("shared/vpp-api")).find(|dir| dir.is_dir())
}

fn definitions(file: &Path) -> Result<Defined> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let files: HashMap<String, Value> =
        serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let messages = files.values().filter_map(|file| file["messages"].as_array()).flatten();
    let identity = |message: &Value| {
        let parts = message.as_array()?;
        let name = parts.first()?.as_str()?.to_owned();
        let crc = parts.last()?["crc"].as_str()?.trim_start_matches("0x").to_owned();
        Some((name, crc))
    };
    Ok(messages.filter_map(identity).collect())
}

fn compare(claims: &Claims, defined: &[Defined]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut crcs: HashMap<&str, Vec<&str>> = HashMap::new();
    for message in &claims.messages {
        crcs.entry(&message.name).or_default().push(&message.crc);
        let there: Vec<bool> = defined
            .iter()
            .map(|release| release.contains(&(message.name.clone(), message.crc.clone())))
            .collect();
        for (release, _) in differences(&claims.releases, &message.releases, &there) {
            wrong.push(format!("{} {} on {release}", message.name, message.crc));
        }
    }
    for kind in &claims.kinds {
        let levels: Vec<String> =
            defined.iter().map(|release| level(kind, &crcs, release).to_owned()).collect();
        for (release, computed) in differences(&claims.releases, &kind.levels, &levels) {
            wrong.push(format!("{} on {release} is {computed}", kind.name));
        }
    }
    wrong
}

/// The releases for which two rows differ, with what the second says.
fn differences<'a, T: PartialEq>(
    releases: &'a [String],
    claimed: &[T],
    computed: &'a [T],
) -> Vec<(&'a str, &'a T)> {
    let rows = releases.iter().zip(computed).enumerate();
    rows.filter(|(at, (_, computed))| claimed.get(*at) != Some(*computed))
        .map(|(_, (release, computed))| (release.as_str(), computed))
        .collect()
}

/// How much of a kind works on a release.
fn level(kind: &Kind, crcs: &HashMap<&str, Vec<&str>>, release: &Defined) -> &'static str {
    let there = |name: &str| {
        let known = crcs.get(name).map(Vec::as_slice).unwrap_or_default();
        known.iter().any(|crc| release.contains(&(name.to_owned(), (*crc).to_owned())))
    };
    let works =
        |needed: &&Use| needed.messages.iter().all(|message| message.split(" | ").any(&there));
    let broken: Vec<&Use> = kind.uses.iter().filter(|needed| !works(needed)).collect();
    match (broken.is_empty(), broken.iter().any(|needed| needed.part.is_none())) {
        (true, _) => "supported",
        (false, false) => "degraded",
        (false, true) => "unsupported",
    }
}

fn show(claims: &Claims) {
    let head = claims.releases.join(" ");
    say(&format!("{:<44}{head}", "message"));
    for Message { name, crc, releases } in &claims.messages {
        let cells: Vec<&str> =
            releases.iter().map(|there| if *there { "●" } else { "·" }).collect();
        say(&row(&format!("{name} {crc}"), &cells));
    }
    say(&format!("{:<44}{head}", "kind"));
    for Kind { name, levels, .. } in &claims.kinds {
        let mark = |level: &String| match level.as_str() {
            "supported" => "●",
            "degraded" => "◐",
            _ => "·",
        };
        say(&row(name, &levels.iter().map(mark).collect::<Vec<_>>()));
    }
}

fn row(name: &str, cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| format!("  {cell}  ")).collect();
    format!("{name:<44}{}", cells.join(" ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(messages: &[(&str, &str)]) -> Defined {
        messages.iter().map(|(name, crc)| ((*name).to_owned(), (*crc).to_owned())).collect()
    }

    fn claims(releases: Vec<bool>, levels: &[&str]) -> Claims {
        let message =
            |name: &str, releases| Message { name: name.into(), crc: "1".into(), releases };
        let uses = vec![Use { part: None, messages: vec!["b | a".into()] }];
        let levels = levels.iter().map(|level| (*level).to_owned()).collect();
        Claims {
            releases: vec!["22.02".into(), "26.06".into()],
            messages: vec![message("a", vec![true, true]), message("b", releases)],
            kinds: vec![Kind { name: "k".into(), uses, levels }],
        }
    }

    #[test]
    fn what_the_definitions_say_too_is_right() {
        let defined = [defined(&[("a", "1")]), defined(&[("a", "1"), ("b", "1")])];
        let claims = claims(vec![false, true], &["supported", "supported"]);
        assert_eq!(compare(&claims, &defined), Vec::<String>::new());
    }

    #[test]
    fn every_wrong_cell_is_named() {
        let defined = [defined(&[("a", "2")]), defined(&[("a", "1")])];
        let claims = claims(vec![false, true], &["supported", "supported"]);
        let expected = ["a 1 on 22.02", "b 1 on 26.06", "k on 22.02 is unsupported"];
        assert_eq!(compare(&claims, &defined), expected);
    }
}
