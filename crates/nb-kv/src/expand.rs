//! `$VAR` and `${VAR}` in values, as shells write them.

/// Replaces `$NAME` and `${NAME}` by what `get` says, or by nothing when it says nothing.
///
/// A name is made of letters, digits and underscores and does not begin with a digit. A dollar sign
/// before anything else stays.
pub fn expand(text: &str, get: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        match variable(after) {
            Some((name, tail)) => {
                expanded.push_str(&get(name).unwrap_or_default());
                rest = tail;
            }
            None => {
                expanded.push('$');
                rest = after;
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

fn variable(after: &str) -> Option<(&str, &str)> {
    match after.strip_prefix('{') {
        Some(braced) => {
            let (name, tail) = braced.split_once('}')?;
            (name_length(name) == name.len() && !name.is_empty()).then_some((name, tail))
        }
        None => {
            let (name, tail) = after.split_at(name_length(after));
            (!name.is_empty()).then_some((name, tail))
        }
    }
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_nothing_else() {
        let get = |name: &str| (name == "MTU" || name == "_a1").then(|| "9000".to_owned());
        for (text, expanded) in [
            ("{\"mtu\": $MTU}", "{\"mtu\": 9000}"),
            ("${MTU}x$_a1.", "9000x9000."),
            ("$MTUX|${NONE}|", "||"),
            ("a $ b $1 ${1} ${a-b} ${ $", "a $ b $1 ${1} ${a-b} ${ $"),
            ("", ""),
            ("größe $MTU", "größe 9000"),
        ] {
            assert_eq!(expand(text, get), expanded, "{text}");
        }
    }
}
