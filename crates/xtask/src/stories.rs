//! The guide to the scheduler in the book, made from the scenario scripts and what came of them: one
//! page for each theme, and the examples of the page for newcomers.
//!
//! The first line of a script is `# Theme: title`, the comments after it are its introduction. The
//! transcript beside it is checked by the tests of `ligato-testkit`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

const SCRIPTS: &str = "crates/testkit/tests/scripts";
const BOOK: &str = "docs/src/scheduler";
/// The page for newcomers, and the script of its examples.
const WALK: (&str, &str) = ("walk.md", "90-walk.out");

/// A page: theme, what it is about.
const THEMES: [(&str, &str); 7] = [
    ("Waiting", "What a value needs, and what happens until it is there."),
    ("Deriving", "Values that come from values."),
    ("Changing", "From one content to the next, and kinds that come and go."),
    ("Failing", "Operations that fail, answer nothing, or lie."),
    ("Undoing", "Transactions that are to be carried out whole, or not at all."),
    ("Comparing", "What is wanted and what is really there."),
    ("Asking", "What would happen, why something does not, and what was."),
];

/// One story.
struct Story {
    theme: String,
    title: String,
    introduction: String,
    transcript: String,
}

/// The pages, with the path of each.
pub(crate) fn pages(root: &Path, mark: &str) -> Result<Vec<(PathBuf, String)>> {
    let stories = stories(&root.join(SCRIPTS))?;
    let book = root.join(BOOK);
    if let Some(lost) = stories.iter().find(|s| !THEMES.iter().any(|(t, _)| *t == s.theme)) {
        bail!("there is no page for the theme {:?} of {:?}", lost.theme, lost.title);
    }
    let mut pages: Vec<(PathBuf, String)> = THEMES
        .iter()
        .map(|(theme, about)| {
            let of_theme = stories.iter().filter(|story| story.theme == *theme);
            let text: String = of_theme.map(section).collect();
            let file = book.join(format!("{}.md", theme.to_lowercase()));
            (file, format!("{mark}# {theme}\n\n{about}\n{text}"))
        })
        .collect();
    let (page, script) = (book.join(WALK.0), root.join(SCRIPTS).join(WALK.1));
    let template = fs::read_to_string(&page).with_context(|| page.display().to_string())?;
    let transcript = fs::read_to_string(&script).with_context(|| script.display().to_string())?;
    pages.push((page, filled(&template, &transcript)?));
    Ok(pages)
}

fn section(story: &Story) -> String {
    let Story { title, introduction, transcript, .. } = story;
    format!("\n## {title}\n\n{introduction}\n\n```text\n{transcript}```\n")
}

/// All transcripts but that of the walk, in order.
fn stories(folder: &Path) -> Result<Vec<Story>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "out") && !path.ends_with(WALK.1));
    files.sort();
    files
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path)?;
            story(&text).with_context(|| path.display().to_string())
        })
        .collect()
}

fn story(text: &str) -> Result<Story> {
    let is_comment = |line: &&str| line.starts_with('#');
    let mut comments =
        text.lines().take_while(is_comment).map(|l| l.trim_start_matches(['#', ' ']));
    let head = comments.next().context("it has no title")?;
    let (theme, title) = head.split_once(": ").context("its title names no theme")?;
    let introduction = comments.collect::<Vec<_>>().join("\n");
    let transcript =
        text.lines().skip_while(is_comment).flat_map(|line| [line, "\n"]).collect::<String>();
    let (theme, title) = (theme.to_owned(), title.trim_end_matches('.').to_owned());
    Ok(Story { theme, title, introduction, transcript })
}

/// Puts into each block after `<!-- story: NAME -->` what the transcript says after `# == NAME`.
fn filled(template: &str, transcript: &str) -> Result<String> {
    let mut page = String::new();
    let mut lines = template.lines();
    while let Some(line) = lines.next() {
        page.extend([line, "\n"]);
        let name = line.strip_prefix("<!-- story: ").and_then(|l| l.strip_suffix(" -->"));
        let Some(name) = name else { continue };
        let marker = format!("# == {name}");
        let part = transcript.lines().skip_while(|line| *line != marker).skip(1);
        let part: Vec<&str> = part.take_while(|line| !line.starts_with("# ==")).collect();
        if part.is_empty() || lines.next() != Some("```text") {
            bail!("nothing is told about {name:?}, or no block begins after it");
        }
        page.push_str("```text\n");
        page.extend(part.iter().flat_map(|line| [*line, "\n"]));
        page.push_str("```\n");
        if !lines.any(|line| line == "```") {
            bail!("the block of {name:?} does not end");
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_has_a_theme_a_title_and_an_introduction() {
        let story =
            story("# Waiting: a value waits.\n# For\n# long.\nput b/1 1\n    ok\n").unwrap();
        assert_eq!((&*story.theme, &*story.title), ("Waiting", "a value waits"));
        assert_eq!(
            (&*story.introduction, &*story.transcript),
            ("For\nlong.", "put b/1 1\n    ok\n")
        );
        assert!(super::story("# no theme\n").is_err());
    }

    /// Without building the programs whose pages `cargo xtask check` compares too.
    #[test]
    fn the_guide_is_fresh() {
        for (path, text) in pages(&crate::run::root().unwrap(), crate::generate::MARK).unwrap() {
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                fs::write(&path, &text).unwrap();
            }
            let there = fs::read_to_string(&path).unwrap_or_default();
            assert!(there == text, "{} is stale: run `cargo xtask gen`", path.display());
        }
    }

    #[test]
    fn blocks_are_filled_from_the_transcript() {
        let template = "# Page\n<!-- story: two -->\n```text\nold\n```\nend\n";
        let transcript = "# == one\na\n# == two\nb\n    c\n";
        let page = "# Page\n<!-- story: two -->\n```text\nb\n    c\n```\nend\n";
        assert_eq!(filled(template, transcript).unwrap(), page);
        assert_eq!(filled(page, transcript).unwrap(), page);
        assert!(filled(template, "# == one\na\n").is_err());
    }
}
