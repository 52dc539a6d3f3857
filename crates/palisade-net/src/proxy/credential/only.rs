//! What may be asked for with a credential: methods and paths.

use super::request::opened;

/// Parts of a path that is looked at.
const MOST: usize = 128;

/// `GET /repos/**`: a method (`*` for any) and a path, in which `*` is one
/// part and `**` any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    method: String,
    parts: Vec<String>,
}

impl Only {
    /// Reads one.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{}` {why}", text.escape_debug()));
        let Some((method, path)) = text.split_once(' ') else {
            return wrong("is no method and path: write it as `GET /repos/**`");
        };
        let named = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if method != "*" && !named {
            return wrong("begins with no method: write it in capitals, or `*` for any");
        }
        let path = path.trim();
        let Some(parts) =
            path.strip_prefix('/').filter(|path| !path.contains(['?', '#', '%', ' ']))
        else {
            return wrong("has no path: it begins with `/`, without query and escapes");
        };
        let parts: Vec<String> = parts.split('/').map(str::to_owned).collect();
        if parts.iter().any(|part| part.contains('*') && part != "*" && part != "**") {
            return wrong("has a `*` inside a part: `*` is a whole part, `**` any number of them");
        }
        Ok(Self { method: method.into(), parts })
    }

    /// Whether it covers this. A path that two programs could read in two ways
    /// is covered by nothing.
    pub fn covers(&self, method: &str, path: &str) -> bool {
        let method = self.method == "*" || self.method == method;
        let Some(parts) = plain(path) else { return false };
        method && covers(&self.parts, &parts)
    }
}

fn covers(pattern: &[String], parts: &[String]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            // At the end it covers all that comes, and nothing at all.
            rest.is_empty()
                || (0..=parts.len()).any(|from| covers(rest, parts.get(from..).unwrap_or_default()))
        }
        (Some((first, pattern)), Some((part, parts))) => {
            (first == part || first == "*" && !part.is_empty()) && covers(pattern, parts)
        }
        _ => false,
    }
}

/// The parts of a path, without escapes; `None` where some program could read
/// another path.
fn plain(path: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').take(MOST + 1).collect();
    let last = parts.len().checked_sub(1).filter(|last| *last < MOST)?;
    let plain = parts.iter().enumerate().map(|(at, part)| {
        let part = String::from_utf8(opened(part.as_bytes())).ok()?;
        let odd = |c: char| c.is_control() || "/\\%?#".contains(c);
        let stem = part.split(';').next().unwrap_or_default();
        let steps = stem == "." || stem == ".." || part.is_empty() && at != last;
        (!steps && !part.contains(odd)).then_some(part)
    });
    plain.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named() {
        let covers = |rule: &str, asked: &str| {
            let (method, path) = asked.split_once(' ').unwrap();
            Only::parse(rule).unwrap().covers(method, path)
        };
        for (rule, asked) in [
            ("GET /repos/**", "GET /repos/a/b"),
            ("GET /repos/**", "GET /repos/"),
            ("GET /repos/*/pulls", "GET /repos/a/pulls"),
            ("GET /repos/*/pulls", "GET /repos/%61/pulls"),
            ("* /**", "DELETE /anything/at/all"),
            ("GET /**/x", "GET /a/b/x"),
            ("GET /", "GET /"),
        ] {
            assert!(covers(rule, asked), "{rule} {asked}");
        }
        for (rule, asked) in [
            ("GET /repos/**", "POST /repos/a"),
            ("GET /repos/**", "get /repos/a"),
            ("GET /repos/**", "GET /repos/../user/keys"),
            ("GET /repos/**", "GET /repos/%2e%2e/user"),
            ("GET /repos/**", "GET /repos/..%2fuser"),
            ("GET /repos/**", "GET /repos/..;/user"),
            ("GET /repos/**", "GET /repos/%252e%252e/user"),
            ("GET /repos/**", "GET /repos//user"),
            ("GET /repos/**", "GET /repos/a\\..\\b"),
            ("GET /repos/**", "GET /reposx/a"),
            ("GET /repos/*/pulls", "GET /repos/a/b/pulls"),
            ("GET /repos/*/pulls", "GET /repos//pulls"),
            ("GET /**", &format!("GET /{}", "a/".repeat(200))),
        ] {
            assert!(!covers(rule, asked), "{rule} {asked}");
        }
        for wrong in ["", "GET", "/x", "get /x", "GET x", "GET /x*", "GET /%2e", "GET /x?y"] {
            assert!(Only::parse(wrong).is_err(), "{wrong}");
        }
    }
}
