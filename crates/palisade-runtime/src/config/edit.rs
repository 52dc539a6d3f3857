//! Changes to a configuration file that leave every other byte as it is:
//! comments, order, indentation and line ends are the person's own.

use std::ops::Range;
use std::path::Path;

use super::tree::{Node, Shape, read};
use super::{Config, Entry, parse};

/// The keys from the top to the allowlist.
const KEYS: [&str; 4] = ["tools", "terminal", "approval", "allowlist"];

/// The text with `line`, an entry as YAML, added to the end of the allowlist.
/// `None` where there is no place for it that means exactly that and nothing
/// else: then the person must add it by hand.
pub fn add(text: &str, line: &str) -> Option<String> {
    let edited = added(text, line)?;
    let (mut wanted, found) = (meaning(text)?, meaning(&edited)?);
    let [entry] = &allowlist(&meaning(&format!(
        "tools: {{terminal: {{approval: {{allowlist: [{line}]}}}}}}"
    ))?)[..] else {
        return None;
    };
    wanted.tools.terminal.approval.allowlist.push(entry.clone());
    (wanted == found).then_some(edited)
}

/// The text without the entry at `index` of the allowlist.
pub fn remove(text: &str, index: usize) -> Option<String> {
    let edited = removed(text, index)?;
    let (mut wanted, found) = (meaning(text)?, meaning(&edited)?);
    let entries = &mut wanted.tools.terminal.approval.allowlist;
    if index >= entries.len() {
        return None;
    }
    entries.remove(index);
    (wanted == found).then_some(edited)
}

/// The line, from 1, on which the value under `keys` stands, and within a list
/// the entry at `index`. `None` where it is not there, so that its default is
/// in force.
pub fn line_of(text: &str, keys: &[&str], index: Option<usize>) -> Option<usize> {
    let root = read(text)?;
    let mut node = &root;
    for key in keys {
        let Shape::Map { entries, .. } = &node.shape else { return None };
        node = &entries.iter().find(|entry| entry.key == *key)?.value;
    }
    if let (Some(index), Shape::List { items, .. }) = (index, &node.shape) {
        node = items.get(index)?;
    }
    Some(text.get(..node.bytes.start)?.bytes().filter(|byte| *byte == b'\n').count() + 1)
}

fn meaning(text: &str) -> Option<Config> {
    parse(Path::new(""), text).ok()
}

fn allowlist(config: &Config) -> Vec<Entry> {
    config.tools.terminal.approval.allowlist.clone()
}

fn added(text: &str, line: &str) -> Option<String> {
    let Some(root) = read(text) else {
        return Some(spliced(text, text.len(), &block(text, 0, &KEYS, line)));
    };
    let (node, missing) = deepest(&root);
    match (&node.shape, missing) {
        (Shape::List { flow: false, items }, []) => {
            let column = column(text, items.first()?.bytes.start, "-")?;
            let end = line_end(text, node.bytes.end);
            let item = format!("{}- {line}", " ".repeat(column));
            Some(spliced(text, end, &as_line(text, &item)))
        }
        // An empty list becomes one by lines, which is easier to read.
        (Shape::List { flow: true, items }, []) if items.is_empty() && owns_line(text, node) => {
            let column = column(text, key(&root)?.start, "")? + 2;
            let end = line_end(text, node.bytes.end);
            let item = as_line(text, &format!("{}- {line}", " ".repeat(column)));
            let mut edited = spliced(text, end, &item);
            edited.replace_range(node.bytes.clone(), "");
            Some(edited)
        }
        (Shape::List { flow: true, items }, []) => {
            Some(within(text, node, items.last().map(|item| item.bytes.end), line))
        }
        (Shape::Map { flow: false, entries }, keys) if !keys.is_empty() => {
            let column = column(text, entries.first()?.key_bytes.start, "")?;
            let end = line_end(text, node.bytes.end);
            Some(spliced(text, end, &block(text, column, keys, line)))
        }
        (Shape::Map { flow: true, entries }, keys) if !keys.is_empty() => {
            let last = entries.last().map(|entry| entry.value.bytes.end);
            let (open, close) = (keys.join(": {"), "}".repeat(keys.len() - 1));
            Some(within(text, node, last, &format!("{open}: [{line}]{close}")))
        }
        _ => None,
    }
}

fn removed(text: &str, index: usize) -> Option<String> {
    let root = read(text)?;
    let (Node { shape: Shape::List { flow, items }, .. }, []) = deepest(&root) else {
        return None;
    };
    let item = items.get(index)?;
    let mut edited = text.to_owned();
    if *flow {
        let (from, to) = match (items.get(index.wrapping_sub(1)), items.get(index + 1)) {
            (_, Some(next)) => (item.bytes.start, next.bytes.start),
            (Some(before), None) => (before.bytes.end, item.bytes.end),
            (None, None) => (item.bytes.start, item.bytes.end),
        };
        edited.replace_range(from..to, "");
        return Some(edited);
    }
    let from = line_start(text, item.bytes.start);
    edited.replace_range(from..line_end(text, item.bytes.end), "");
    if items.len() == 1 {
        // The key keeps an empty list, or it would mean nothing at all.
        let key = key(&root)?;
        let colon = key.end + text.get(key.end..)?.find(':')? + 1;
        edited.insert_str(colon, " []");
    }
    Some(edited)
}

/// The node that the keys lead to as far as they are there, and the rest.
fn deepest(root: &Node) -> (&Node, &'static [&'static str]) {
    let (mut node, mut keys) = (root, &KEYS[..]);
    while let (Shape::Map { entries, .. }, [key, rest @ ..]) = (&node.shape, keys) {
        let Some(entry) = entries.iter().find(|entry| entry.key == *key) else { break };
        (node, keys) = (&entry.value, rest);
    }
    (node, keys)
}

/// Where the key of the allowlist stands.
fn key(root: &Node) -> Option<Range<usize>> {
    let mut node = root;
    let mut found = None;
    for key in KEYS {
        let Shape::Map { entries, .. } = &node.shape else { return None };
        let entry = entries.iter().find(|entry| entry.key == key)?;
        found = Some(entry.key_bytes.clone());
        node = &entry.value;
    }
    found
}

/// Whether nothing but a comment follows a node on its line.
fn owns_line(text: &str, node: &Node) -> bool {
    let rest = text.get(node.bytes.end..line_end(text, node.bytes.end)).unwrap_or("").trim();
    rest.is_empty() || rest.starts_with('#')
}

/// How far `mark`, or what follows it, stands from the start of its line,
/// where nothing but spaces stands before it.
fn column(text: &str, at: usize, mark: &str) -> Option<usize> {
    let before = text.get(line_start(text, at)..at)?;
    let spaces = before.trim_end_matches(' ').strip_suffix(mark)?;
    spaces.bytes().all(|byte| byte == b' ').then_some(if mark.is_empty() {
        before.len()
    } else {
        spaces.len()
    })
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1)
}

/// One past the line end after `at`.
fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|tail| tail.find('\n')).map_or(text.len(), |more| at + more + 1)
}

/// The keys and the list under them, each a line, the first at `column`.
fn block(text: &str, column: usize, keys: &[&str], line: &str) -> String {
    let mut lines = String::new();
    for (depth, key) in keys.iter().enumerate() {
        lines.push_str(&as_line(text, &format!("{}{key}:", " ".repeat(column + 2 * depth))));
    }
    let column = column + 2 * keys.len();
    lines.push_str(&as_line(text, &format!("{}- {line}", " ".repeat(column))));
    lines
}

/// A line with the line end that the text uses.
fn as_line(text: &str, line: &str) -> String {
    format!("{line}{}", end_of_line(text))
}

fn end_of_line(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// `more` put in at `at`, which is the start of a line or the end of a text
/// whose last line may lack its end.
fn spliced(text: &str, at: usize, more: &str) -> String {
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
    let unfinished = !head.is_empty() && !head.ends_with('\n');
    let end = if unfinished { end_of_line(text) } else { "" };
    format!("{head}{end}{more}{tail}")
}

/// `more` put in after the last thing between brackets.
fn within(text: &str, node: &Node, last: Option<usize>, more: &str) -> String {
    let (at, before) = match last {
        Some(at) => (at, ", "),
        None => (node.bytes.start + 1, ""),
    };
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
    format!("{head}{before}{more}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{rule: "a/b", program: "rm", arguments: ["-r", "x"], in: "/w"}"#;

    fn expect(before: &str, after: &str) {
        let after = after.replace("LINE", LINE);
        assert_eq!(add(before, LINE).as_deref(), Some(after.as_str()), "{before}");
        let count = allowlist(&meaning(&after).expect("parses")).len();
        let back = remove(&after, count - 1).expect("can be removed");
        assert_eq!(meaning(&back), meaning(before), "{back}");
    }

    #[test]
    fn every_shape_of_list_takes_an_entry() {
        expect("", "tools:\n  terminal:\n    approval:\n      allowlist:\n        - LINE\n");
        expect(
            "# mine\nworkspace: /w",
            "# mine\nworkspace: /w\ntools:\n  terminal:\n    approval:\n      allowlist:\n        - LINE\n",
        );
        expect(
            "tools:\n    terminal:\n        sandbox: true # yes\n\n# end\n",
            "tools:\n    terminal:\n        sandbox: true # yes\n        approval:\n          allowlist:\n            - LINE\n\n# end\n",
        );
        expect(
            "tools:\n  terminal:\n    approval:\n      allowlist: []   # none\n      timeout_s: 5\n",
            "tools:\n  terminal:\n    approval:\n      allowlist:    # none\n        - LINE\n      timeout_s: 5\n",
        );
        expect(
            "tools:\n  terminal:\n    approval:\n      allowlist:\n      - 'npm *'   # x\n\n      # after\n      timeout_s: 5\n",
            "tools:\n  terminal:\n    approval:\n      allowlist:\n      - 'npm *'   # x\n      - LINE\n\n      # after\n      timeout_s: 5\n",
        );
        expect(
            "tools: {terminal: {sandbox: true}, deny: [x]}\n",
            "tools: {terminal: {sandbox: true, approval: {allowlist: [LINE]}}, deny: [x]}\n",
        );
        expect(
            "tools: {terminal: {approval: {allowlist: [ 'a *' , ]}}}\n",
            "tools: {terminal: {approval: {allowlist: [ 'a *', LINE , ]}}}\n",
        );
        expect("{}\n", "{tools: {terminal: {approval: {allowlist: [LINE]}}}}\n");
        expect(
            "workspace: /w\r\ntools:\r\n  deny: []\r\n",
            "workspace: /w\r\ntools:\r\n  deny: []\r\n  terminal:\r\n    approval:\r\n      allowlist:\r\n        - LINE\r\n",
        );
        expect(
            "---\ntools:\n  terminal:\n    approval:\n      allowlist:\n        - rule: x\n          program: y\n          in: /\n...\n",
            "---\ntools:\n  terminal:\n    approval:\n      allowlist:\n        - rule: x\n          program: y\n          in: /\n        - LINE\n...\n",
        );
    }

    #[test]
    fn what_cannot_be_edited_safely_is_left_alone() {
        // The same list under a second name would change with it.
        assert_eq!(
            add("tools:\n  deny: &a [x]\n  terminal: {approval: {allowlist: *a}}\n", LINE),
            None
        );
        // An entry that would be more than one.
        assert_eq!(add("", "a, b"), None);
        assert_eq!(add("", "\"a\"\n        - \"b\""), None);
        assert_eq!(add("not: known\n", LINE), None);
    }
}
