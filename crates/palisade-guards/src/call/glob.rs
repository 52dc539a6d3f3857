//! Globs over names and values.

/// A pattern in which `*` stands for any run of characters and `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<char>);

impl Glob {
    /// The pattern of this text.
    pub fn new(text: &str) -> Self {
        Self(text.chars().collect())
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.0.iter().collect()
    }

    /// Whether all of `text` is as the pattern says.
    pub fn matches(&self, text: &str) -> bool {
        matches(&self.0, &text.chars().collect::<Vec<_>>(), |a, b| a == b)
    }

    /// The same, and letters of either case are equal.
    pub fn matches_any_case(&self, text: &str) -> bool {
        matches(&self.0, &text.chars().collect::<Vec<_>>(), |a, b| {
            a == b || a.to_lowercase().eq(b.to_lowercase())
        })
    }
}

/// Linear backtracking: only the last star is tried again.
fn matches(pattern: &[char], text: &[char], same: impl Fn(char, char) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some('?') => {
                p += 1;
                t += 1;
            }
            Some(wanted) if same(*wanted, *letter) => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn stars_and_marks() {
        assert!(Glob::new("docker_*").matches("docker_run"));
        assert!(Glob::new("*").matches(""));
        assert!(Glob::new("/etc/*").matches("/etc/a/b"));
        assert!(Glob::new("a?c").matches("a\u{e9}c"));
        assert!(Glob::new("*ab*ab").matches("xxabxabab"));
        assert!(!Glob::new("a*b").matches("a\nc"));
        assert!(!Glob::new("Run").matches("run"));
        assert!(Glob::new("Run").matches_any_case("rUN"));
    }
}
