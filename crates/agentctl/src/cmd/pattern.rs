//! Shell-style patterns: `*`, `?`, `[a-z]`, `[^a-z]`.

/// Does the whole text fit the pattern?
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    fits(&pattern, &text)
}

/// Backtracks to the last star only, so the cost is bounded by the product of the lengths.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(_) => {
                if let Some(length) = one(pattern.get(p..).unwrap_or_default(), c) {
                    p += length;
                    t += 1;
                    continue;
                }
            }
            None => {}
        }
        let Some((at, taken)) = star else { return false };
        p = at + 1;
        t = taken + 1;
        star = Some((at, taken + 1));
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// Does the first element of the pattern take the character? Its length in the pattern if so.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', rest @ ..] => {
            let end = rest.iter().position(|c| *c == ']')?;
            let set = rest.get(..end)?;
            let (negated, set) = match set {
                ['^' | '!', tail @ ..] => (true, tail),
                _ => (false, set),
            };
            (in_set(set, c) != negated).then_some(end + 2)
        }
        [first, ..] if *first == c => Some(1),
        _ => None,
    }
}

fn in_set(set: &[char], c: char) -> bool {
    match set {
        [from, '-', to, rest @ ..] => (*from..=*to).contains(&c) || in_set(rest, c),
        [one, rest @ ..] => *one == c || in_set(rest, c),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        assert!(matches("vpp.*", "vpp.interfaces"));
        assert!(matches("*", ""));
        assert!(matches("vpp.l?.*", "vpp.l2.fib"));
        assert!(matches("[a-l]*.l3.[!b]*", "linux.l3.route"));
        assert!(!matches("vpp.l2", "vpp.l2.fib"));
        assert!(!matches("[a-c]x", "dx"));
        assert!(!matches("a*b*c*d", &"a".repeat(2000)));
    }
}
