//! The text of one file.

use std::path::Path;
use std::sync::Arc;

use ligato_keyval::{Bytes, StoreKey};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::problem::{Place, Problem, ProblemKind};

/// An entry and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) key: StoreKey,
    pub(crate) value: Bytes,
    pub(crate) line: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    data: Vec<RawItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    key: Spanned<String>,
    value: serde_json::Value,
}

/// Whether a file of this name is read.
pub(crate) fn is_document(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("json" | "yaml" | "yml"))
}

/// Reads all documents of a file. Keys that cannot be keys are problems of their own; anything else
/// that is wrong spoils the file.
pub(crate) fn parse(
    file: &Arc<Path>,
    text: &str,
) -> Result<(Vec<Item>, Vec<Problem>), Box<Problem>> {
    // Files are written by those who may configure the agent; aliases stay limited.
    let options = serde_saphyr::options! { budget: None, strict_booleans: true };
    let documents: Vec<Document> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| {
            let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
            let place = Place { file: file.clone(), line };
            let why = error.without_snippet().to_string();
            Box::new(Problem { place, kind: ProblemKind::Malformed { why } })
        })?;
    let (mut items, mut problems) = (Vec::new(), Vec::new());
    for item in documents.into_iter().flat_map(|document| document.data) {
        let line = item.key.referenced.line();
        match StoreKey::new(item.key.value) {
            Ok(key) => items.push(Item { key, value: bytes(item.value), line }),
            Err(error) => problems.push(Problem {
                place: Place { file: file.clone(), line: Some(line) },
                kind: ProblemKind::BadKey { why: error.to_string() },
            }),
        }
    }
    Ok((items, problems))
}

fn bytes(value: serde_json::Value) -> Bytes {
    match value {
        serde_json::Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Vec<(String, String, u64)>, String> {
        let file = Arc::from(Path::new("f.yaml"));
        let (items, problems) = parse(&file, text).map_err(|problem| problem.to_string())?;
        if let Some(problem) = problems.first() {
            return Err(problem.to_string());
        }
        let text = |item: Item| {
            let value = String::from_utf8(item.value.to_vec()).unwrap();
            (item.key.to_string(), value, item.line)
        };
        Ok(items.into_iter().map(text).collect())
    }

    #[test]
    fn yaml_and_json_of_several_documents() {
        let yaml = "data:\n- key: /a\n  value:\n    n: 1\n    on: true\n---\ndata:\n- key: /b\n  value: '{\"x\": 2}'\n";
        let expected = [("/a", "{\"n\":1,\"on\":true}", 2), ("/b", "{\"x\": 2}", 8)];
        let expected = expected.map(|(k, v, l)| (k.to_owned(), v.to_owned(), l));
        assert_eq!(check(yaml).unwrap(), expected);
        let json = "{\"data\": [\n  {\"key\": \"/a\", \"value\": {\"list\": [1, \"x\", null]}}\n]}";
        let expected = ("/a".to_owned(), "{\"list\":[1,\"x\",null]}".to_owned(), 2);
        assert_eq!(check(json).unwrap(), [expected]);
        assert_eq!(check("").unwrap(), []);
    }

    #[test]
    fn faults_name_file_and_line() {
        for (text, start, word) in [
            ("data:\n- key: /a\n  value: {}\n  valeu: 1\n", "f.yaml:4: ", "valeu"),
            ("data:\n- key: /a\n", "f.yaml:", "value"),
            ("data:\n- key: [1\n", "f.yaml:", ""),
            ("dat: 1\n", "f.yaml:1: ", "dat"),
            ("data:\n- key: ''\n  value: 1\n", "f.yaml:2: ", "empty"),
            ("data:\n- key: /a\n  key: /b\n  value: 1\n", "f.yaml:3: ", "duplicate"),
        ] {
            let fault = check(text).unwrap_err();
            assert!(fault.starts_with(start) && fault.contains(word), "{text:?}: {fault}");
        }
    }
}
