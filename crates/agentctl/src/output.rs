//! How results are printed: a table for people, JSON and YAML for programs, Go templates for
//! scripts written for the original.

use std::{cell::RefCell, collections::BTreeMap, convert::Infallible, io::Write, str::FromStr};

use anyhow::{Result, anyhow};
use serde::Serialize;

/// An output format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Made for reading; each command has its own.
    Table,
    /// Indented by two.
    Json,
    /// The same as YAML.
    Yaml,
    /// The textual log of transactions (`config history`).
    Log,
    /// A Go template over the JSON form.
    Template(String),
}

impl FromStr for Format {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "table" | "text" => Self::Table,
            "json" | "j" => Self::Json,
            "yaml" | "yml" | "y" => Self::Yaml,
            "log" => Self::Log,
            _ => Self::Template(text.to_owned()),
        })
    }
}

/// Prints a result: as asked for, or with `table` when a table is asked for.
pub(crate) fn print<T: Serialize>(
    data: &T,
    format: &Format,
    table: impl FnOnce(&T) -> String,
) -> Result<()> {
    let text = match format {
        Format::Table | Format::Log => table(data),
        Format::Json => serde_json::to_string_pretty(data)?,
        Format::Yaml => serde_saphyr::to_string(&serde_json::to_value(data)?)?,
        Format::Template(template) => render(template, &serde_json::to_value(data)?)?,
    };
    line(text.trim_end_matches('\n'));
    Ok(())
}

tokio::task_local! {
    /// Where output goes while it is captured.
    static CAPTURED: RefCell<String>;
}

/// What is printed meanwhile, and the outcome.
pub(crate) async fn captured<T>(work: impl Future<Output = T>) -> (String, T) {
    let printed = async {
        let outcome = work.await;
        (CAPTURED.with(RefCell::take), outcome)
    };
    CAPTURED.scope(RefCell::default(), printed).await
}

/// One line (or block) of the result.
pub(crate) fn line(text: &str) {
    let captured = CAPTURED.try_with(|captured| {
        let mut captured = captured.borrow_mut();
        captured.push_str(text);
        captured.push('\n');
    });
    if captured.is_ok() {
        return;
    }
    // A reader that has seen enough, as `head` does, is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn render(template: &str, data: &serde_json::Value) -> Result<String> {
    let mut parsed = gtmpl::Template::default();
    parsed.add_func("json", |args| to_text(args, |v| Ok(serde_json::to_string(v)?)));
    parsed.add_func(SHOW, show);
    parsed.add_func("yaml", |args| to_text(args, |v| Ok(serde_saphyr::to_string(v)?)));
    parsed
        .parse(shown(template))
        .map_err(|e| anyhow!("{template:?} is neither a format nor a template: {e}"))?;
    let context = gtmpl::Context::from(to_template_value(data));
    parsed.render(&context).map_err(|e| anyhow!("template {template:?}: {e}"))
}

/// The function that every printed value goes through.
const SHOW: &str = "ligato_show";

/// Lists and structures are printed as JSON, everything else as it is.
fn show(args: &[gtmpl::Value]) -> Result<gtmpl::Value, gtmpl::FuncError> {
    match args.last() {
        Some(gtmpl::Value::Array(_) | gtmpl::Value::Object(_) | gtmpl::Value::Map(_)) => {
            to_text(args, |v| Ok(serde_json::to_string(v)?))
        }
        Some(other) => Ok(other.clone()),
        None => Ok(gtmpl::Value::Nil),
    }
}

/// The template with [`SHOW`] at the end of everything that prints.
fn shown(template: &str) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        text.push_str("{{");
        let Some(end) = action_end(after) else {
            rest = after;
            break;
        };
        let (action, tail) = after.split_at(end);
        let words = action.trim_start_matches('-').trim();
        let (action, trim) = match action.strip_suffix('-') {
            Some(action) if prints(words) => (action, "-"),
            _ => (action, ""),
        };
        text.push_str(action);
        if prints(words) {
            text.push_str(" | ");
            text.push_str(SHOW);
            text.push(' ');
        }
        text.push_str(trim);
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// Where an action ends; braces in texts do not count.
fn action_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if text.get(at..).is_some_and(|rest| rest.starts_with("}}")) => return Some(at),
            None => {}
        }
    }
    None
}

/// Whether an action prints what it says, rather than steering.
fn prints(action: &str) -> bool {
    const STEERING: [&str; 8] =
        ["range", "if", "else", "end", "with", "define", "template", "block"];
    let first = action.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let assigns = action.starts_with('$') && action.contains('=');
    !action.is_empty() && !action.starts_with("/*") && !assigns && !STEERING.contains(&first)
}

fn to_text(
    args: &[gtmpl::Value],
    render: fn(&serde_json::Value) -> Result<String>,
) -> Result<gtmpl::Value, gtmpl::FuncError> {
    let data = args.first().map_or(serde_json::Value::Null, from_template_value);
    render(&data).map(gtmpl::Value::String).map_err(|e| gtmpl::FuncError::Generic(e.to_string()))
}

fn to_template_value(data: &serde_json::Value) -> gtmpl::Value {
    use serde_json::Value as J;
    match data {
        J::Null => gtmpl::Value::Nil,
        J::Bool(b) => gtmpl::Value::Bool(*b),
        J::Number(n) => {
            n.as_i64().map_or_else(|| n.as_f64().unwrap_or_default().into(), gtmpl::Value::from)
        }
        J::String(s) => gtmpl::Value::String(s.clone()),
        J::Array(items) => gtmpl::Value::Array(items.iter().map(to_template_value).collect()),
        J::Object(fields) => gtmpl::Value::Object(
            fields.iter().map(|(k, v)| (k.clone(), to_template_value(v))).collect(),
        ),
    }
}

fn from_template_value(value: &gtmpl::Value) -> serde_json::Value {
    use serde_json::Value as J;
    match value {
        gtmpl::Value::Bool(b) => J::Bool(*b),
        gtmpl::Value::String(s) => J::String(s.clone()),
        gtmpl::Value::Number(n) => n
            .as_i64()
            .map(J::from)
            .or_else(|| n.as_f64().and_then(serde_json::Number::from_f64).map(J::Number))
            .unwrap_or(J::Null),
        gtmpl::Value::Array(items) => J::Array(items.iter().map(from_template_value).collect()),
        gtmpl::Value::Object(map) | gtmpl::Value::Map(map) => {
            // The template's maps have no order.
            let sorted: BTreeMap<_, _> = map.iter().collect();
            J::Object(
                sorted.into_iter().map(|(k, v)| (k.clone(), from_template_value(v))).collect(),
            )
        }
        _ => J::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_templates() {
        assert_eq!("JSON".parse(), Ok(Format::Json));
        assert_eq!("yml".parse(), Ok(Format::Yaml));
        assert_eq!("{{.Key}}".parse(), Ok(Format::Template("{{.Key}}".into())));
    }

    #[test]
    fn templates_see_the_json_form() {
        let data = serde_json::json!([{"Key": "a", "N": 3}, {"Key": "b", "N": 4}]);
        let text = render("{{range .}}{{.Key}}={{.N}} {{end}}", &data).unwrap();
        assert_eq!(text, "a=3 b=4 ");
        let nested = serde_json::json!({"x": [1, {"y": "z"}], "s": "a{}"});
        for (template, expected) in [
            ("{{.x}}", r#"[1,{"y":"z"}]"#),
            ("{{ .s -}} !", "a{}!"),
            ("{{.}}", r#"{"s":"a{}","x":[1,{"y":"z"}]}"#),
            ("{{if .s}}{{.s}}{{else}}-{{end}}", "a{}"),
            ("{{printf \"}}%s\" .s}}", "}}a{}"),
            ("{{range .x}}[{{.}}]{{end}}", r#"[1][{"y":"z"}]"#),
            ("{{$v := .s}}{{$v}}", "a{}"),
        ] {
            assert_eq!(render(template, &nested).unwrap(), expected, "{template}");
        }
        assert_eq!(render("{{json .}}", &serde_json::json!({"x": [1]})).unwrap(), r#"{"x":[1]}"#);
    }

    #[test]
    fn a_bad_template_is_an_error_and_not_a_crash() {
        assert!(render("{{range", &serde_json::json!({})).is_err());
        assert!(render("{{.x.y.z}}", &serde_json::json!({"x": 1})).is_err());
    }
}
