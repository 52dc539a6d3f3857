//! Where the arguments of a tool say what it would do.

use palisade_core::FileUse;

use crate::{Json, Malformed, Use, patch};

/// The shape of a tool's arguments: one column of every client's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A shell line under the first name; the second, where not empty, may
    /// name the directory.
    Shell(&'static str, &'static str),
    /// A list of shell lines, or one.
    Shells(&'static str),
    /// A path, and under the second name, where not empty, what is written.
    File(FileUse, &'static str, &'static str),
    /// Paths: a text, a list of texts, or a list of objects with that field in
    /// them. What lists or searches does so where the agent works if there is
    /// none.
    Files(FileUse, &'static str, &'static str),
    /// The path of a notebook.
    Notebook(&'static str),
    /// A patch that names several files, under one of these names.
    Patch(&'static [&'static str]),
    /// A file under the first name that a diff under the second changes, and
    /// the other files that the diff names.
    Diff(&'static str, &'static str),
    /// An address.
    Fetch(&'static str),
    /// A list of objects with an address under the second name.
    Fetches(&'static str, &'static str),
    /// A text in which addresses stand.
    FetchProse(&'static str),
    /// Text typed into a process that runs.
    WriteStdin(&'static str),
    /// The name and the arguments of another tool.
    Another(&'static str, &'static str),
    /// All of these that the arguments have.
    AnyOf(&'static [Shape]),
    /// What somebody else wrote is read, and nothing else happens.
    Untrusted,
    /// A search of the web.
    WebSearch,
    /// Another agent.
    Subagent,
    /// Nothing beyond the conversation.
    Internal,
}

/// More files, lines or addresses than this are in no call.
const MOST: usize = 512;

/// Under these names clients take a path, whatever their schema says: some
/// mend what the model wrote before they use it. All that are there count.
const PATHS: &[&str] = &[
    "path",
    "paths",
    "file_path",
    "file_paths",
    "filePath",
    "filePaths",
    "file",
    "files",
    "absolute_path",
    "notebook_path",
    "dir_path",
    "directory",
];
/// The same for a shell line.
const COMMANDS: &[&str] = &["command", "commands", "cmd"];
/// The same for an address.
const ADDRESSES: &[&str] = &["url", "urls"];

/// Under these names a search takes patterns of the files that it looks into.
const GLOBS: &[&str] =
    &["glob", "globs", "include", "include_pattern", "file_pattern", "glob_pattern"];

impl Shape {
    /// Whether any operand of this shape is there.
    fn is_named(self, arguments: &Json) -> bool {
        let any = |key: &str, more: &[&str]| present(arguments, key, more).next().is_some();
        match self {
            Self::Shell(key, _) | Self::Shells(key) => any(key, COMMANDS),
            Self::File(_, key, _) | Self::Files(_, key, _) | Self::Notebook(key) => any(key, PATHS),
            Self::Diff(key, diff) => any(key, PATHS) || any(diff, &[]),
            Self::Fetch(key) | Self::Fetches(key, _) => any(key, ADDRESSES),
            Self::Patch(keys) => any("", keys),
            Self::FetchProse(key) | Self::WriteStdin(key) => any(key, &[]),
            _ => true,
        }
    }

    /// Other arguments with these lines; `None` where there are several places
    /// for them, since which of them the client would take is not known.
    pub(crate) fn with_lines(self, arguments: &Json, lines: &[String]) -> Option<Json> {
        let (Self::Shell(key, _) | Self::Shells(key)) = self else { return None };
        let mut names = present(arguments, key, COMMANDS).map(|(name, _)| name);
        let (name, more) = (names.next()?, names.next());
        match (self, lines, more) {
            (_, _, Some(_)) => None,
            (Self::Shell(..), [line], None) => {
                Some(arguments.clone().with(name, line.as_str().into()))
            }
            (Self::Shells(key), lines, None) => {
                let lines: Vec<Json> = lines.iter().map(|line| line.as_str().into()).collect();
                let arguments = if name == key {
                    arguments.clone()
                } else {
                    // The line is whole now: no words belong to it any more.
                    Json::Object(Vec::new())
                };
                Some(arguments.with(key, Json::List(lines)))
            }
            _ => None,
        }
    }

    /// What a call with these arguments would do. `Another` is resolved by the
    /// caller, who knows the table.
    ///
    /// # Errors
    /// Where an argument is missing or is something else.
    pub(crate) fn uses(self, arguments: &Json) -> Result<Vec<Use>, Malformed> {
        let text = |key: &str| required(arguments, key).map(str::to_owned);
        let mut uses: Vec<Use> = match self {
            Self::Shell(command, cwd) => {
                let cwd = optional(arguments, cwd)?;
                let mut lines = needed(arguments, command, COMMANDS, line)?;
                // A list in the place of the one line may also be a program
                // with its words, so it is judged as that as well.
                for (_, value) in present(arguments, command, COMMANDS) {
                    lines.extend(one_program(value));
                }
                let shell = |command| Use::Shell { command, cwd: cwd.clone() };
                lines.into_iter().map(shell).collect()
            }
            Self::Shells(key) => {
                let shell = |command| Use::Shell { command, cwd: None };
                lines_of(arguments, key)?.into_iter().map(shell).collect()
            }
            Self::File(how, path, content) => {
                let content = optional(arguments, content)?;
                let paths = needed(arguments, path, PATHS, path_of)?;
                let file = |path| Use::File { how, path, content: content.clone() };
                paths.into_iter().map(file).collect()
            }
            Self::Files(how, key, _) => {
                let listing = matches!(how, FileUse::List | FileUse::Search);
                if !matches!(arguments, Json::Object(_)) {
                    return Err(Malformed::new("its arguments are no object"));
                }
                let mut paths = all(arguments, key, PATHS, path_of)?;
                if how == FileUse::List {
                    paths.extend(optional(arguments, "pattern")?.as_deref().and_then(outside));
                }
                if paths.is_empty() && listing {
                    paths.push(".".to_owned());
                }
                if how == FileUse::Search {
                    let globs =
                        all(arguments, "", GLOBS, |one| Some(vec![one.text()?.to_owned()]))?;
                    let mut named: Vec<String> = Vec::new();
                    for glob in globs.iter().filter(|glob| !glob.starts_with('!')) {
                        named.extend(alternatives(glob)?.iter().filter_map(|one| named_by(one)));
                    }
                    let below: Vec<String> = named
                        .iter()
                        .flat_map(|named| paths.iter().map(move |path| joined(path, named)))
                        .collect();
                    paths.extend(below);
                }
                paths.into_iter().map(|path| Use::File { how, path, content: None }).collect()
            }
            Self::Notebook(key) => {
                let paths = needed(arguments, key, PATHS, path_of)?;
                paths.into_iter().map(|path| Use::Notebook { path }).collect()
            }
            Self::Patch(keys) => {
                let mut uses = Vec::new();
                if let Json::Text(patch) = arguments {
                    uses.extend(patch::uses(patch)?);
                }
                for key in keys {
                    if let Some(patch) = optional(arguments, key)? {
                        uses.extend(patch::uses(&patch)?);
                    }
                }
                if uses.is_empty() {
                    return Err(Malformed::new("there is no patch"));
                }
                uses
            }
            Self::Diff(path, diff) => {
                let paths = needed(arguments, path, PATHS, path_of)?;
                let edit = |path| Use::File { how: FileUse::Edit, path, content: None };
                let mut uses: Vec<Use> = paths.into_iter().map(edit).collect();
                if let Some(diff) = optional(arguments, diff)? {
                    uses.extend(patch::named_in_diff(&diff));
                }
                uses
            }
            Self::Fetch(key) | Self::Fetches(key, _) => {
                let urls = needed(arguments, key, ADDRESSES, url_of)?;
                urls.into_iter().map(|url| Use::Fetch { url }).collect()
            }
            Self::FetchProse(key) => {
                let prose = text(key)?;
                let urls: Vec<Use> = addresses(&prose).map(|url| Use::Fetch { url }).collect();
                if urls.is_empty() { vec![Use::Unknown] } else { urls }
            }
            Self::WriteStdin(key) => {
                vec![Use::WriteStdin { text: optional(arguments, key)?.unwrap_or_default() }]
            }
            Self::AnyOf(shapes) => {
                let mut uses = Vec::new();
                for shape in shapes.iter().filter(|shape| shape.is_named(arguments)) {
                    uses.extend(shape.uses(arguments)?);
                }
                if uses.is_empty() {
                    return Err(Malformed::new("its arguments are not those of the tool"));
                }
                uses
            }
            Self::Untrusted => {
                // A resource may be a file of this machine.
                let address = optional(arguments, "uri")?;
                let file = address.as_deref().and_then(file_of).map(|path| Use::File {
                    how: FileUse::Read,
                    path,
                    content: None,
                });
                file.into_iter().chain([Use::Untrusted]).collect()
            }
            Self::WebSearch => vec![Use::WebSearch],
            Self::Subagent => vec![Use::Subagent],
            Self::Internal => vec![Use::Internal],
            Self::Another(..) => vec![Use::Unknown],
        };
        if uses.len() <= MOST {
            let mut once: Vec<Use> = Vec::new();
            for one in uses {
                // Lines are told apart by their number.
                if matches!(one, Use::Shell { .. }) || !once.contains(&one) {
                    once.push(one);
                }
            }
            uses = once;
        }
        if uses.is_empty() || uses.len() > MOST {
            return Err(Malformed::new("it names nothing, or too many things at once"));
        }
        let clean = |path: &str| !path.contains('\0');
        let sound = uses.iter().all(|one| match one {
            Use::Shell { command, cwd } => clean(command) && cwd.as_deref().is_none_or(clean),
            Use::File { path, .. } | Use::Notebook { path } => !path.is_empty() && clean(path),
            Use::Fetch { url } => !url.is_empty() && clean(url),
            _ => true,
        });
        if sound { Ok(uses) } else { Err(Malformed::new("an argument is empty or holds a NUL")) }
    }
}

pub(crate) fn required<'a>(arguments: &'a Json, key: &str) -> Result<&'a str, Malformed> {
    arguments
        .at(key)
        .and_then(Json::text)
        .ok_or_else(|| Malformed::new(format!("`{key}` is missing or is no text")))
}

/// A text that may be missing, but is not something else.
pub(crate) fn optional(from: &Json, key: &str) -> Result<Option<String>, Malformed> {
    if key.is_empty() {
        return Ok(None);
    }
    match from.at(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Malformed::new(format!("`{key}` is no text"))),
    }
}

/// What stands under any of these names.
fn present<'a>(
    arguments: &'a Json,
    key: &'a str,
    more: &'a [&'a str],
) -> impl Iterator<Item = (&'a str, &'a Json)> {
    let others = more.iter().copied().filter(move |other| *other != key);
    let names = std::iter::once(key).chain(others).filter(|name| !name.is_empty());
    names.filter_map(|name| {
        let value = arguments.at(name).filter(|value| **value != Json::Null)?;
        Some((name, value))
    })
}

type One = fn(&Json) -> Option<Vec<String>>;

/// All texts under any of these names: a text, or a list of texts or of
/// objects, of which `one` knows what they say.
fn all(arguments: &Json, key: &str, more: &[&str], one: One) -> Result<Vec<String>, Malformed> {
    let mut found = Vec::new();
    for (name, value) in present(arguments, key, more) {
        let texts = texts(value, one);
        found.extend(texts.ok_or_else(|| Malformed::new(format!("`{name}` is no text")))?);
    }
    Ok(found)
}

fn needed(arguments: &Json, key: &str, more: &[&str], one: One) -> Result<Vec<String>, Malformed> {
    let found = all(arguments, key, more, one)?;
    if found.is_empty() {
        return Err(Malformed::new(format!("`{key}` is missing or is no text")));
    }
    Ok(found)
}

/// Some clients give the list itself as a text.
fn texts(value: &Json, one: One) -> Option<Vec<String>> {
    let list = |values: &[Json]| {
        let all: Option<Vec<Vec<String>>> = values.iter().map(one).collect();
        all.map(|all| all.into_iter().flatten().collect())
    };
    match value {
        Json::List(values) => list(values),
        Json::Text(text) if text.trim_start().starts_with('[') => {
            match Json::parse(text.as_bytes()) {
                Ok(Json::List(values)) => list(&values),
                // A shell line may begin with `[` as well.
                _ => Some(vec![text.clone()]),
            }
        }
        value => one(value),
    }
}

fn field_of(value: &Json, names: &[&str]) -> Option<Vec<String>> {
    if let Json::Text(text) = value {
        return Some(vec![text.clone()]);
    }
    let found: Option<Vec<String>> =
        present(value, "", names).map(|(_, value)| value.text().map(str::to_owned)).collect();
    found.filter(|found| !found.is_empty())
}

/// The path that an address of the scheme `file` names (RFC 8089), in any
/// capitals; its escapes undone.
fn file_of(address: &str) -> Option<String> {
    let scheme = address.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:"))?;
    let rest = address.get(scheme.len()..)?;
    let path = match rest.strip_prefix("//") {
        Some(host) => host.find('/').and_then(|at| host.get(at..)).unwrap_or(host),
        None => rest,
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let mut bytes = Vec::with_capacity(path.len());
    let mut letters = path.bytes();
    while let Some(byte) = letters.next() {
        let mut ahead = letters.clone();
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let escape = (byte == b'%').then(|| Some(digit(ahead.next())? * 16 + digit(ahead.next())?));
        match escape.flatten().and_then(|code| u8::try_from(code).ok()) {
            Some(code) => {
                bytes.push(code);
                letters = ahead;
            }
            None => bytes.push(byte),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn path_of(value: &Json) -> Option<Vec<String>> {
    field_of(value, PATHS)
}

fn url_of(value: &Json) -> Option<Vec<String>> {
    field_of(value, ADDRESSES)
}

/// A shell line, or a program with its words as one.
fn line(value: &Json) -> Option<Vec<String>> {
    let mut names = present(value, "", &["command", "cmd"]);
    let program = match (value, names.next(), names.next()) {
        (Json::Text(text), ..) => return Some(vec![text.clone()]),
        (Json::Object(_), Some((_, program)), None) => program.text()?,
        _ => return None,
    };
    let words = match value.at("args") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::List(words)) => words.iter().map(Json::text).collect::<Option<Vec<_>>>()?,
        Some(_) => return None,
    };
    if words.is_empty() {
        return Some(vec![program.to_owned()]);
    }
    let words: Vec<String> = std::iter::once(program).chain(words).map(word).collect();
    Some(vec![words.join(" ")])
}

/// The line that a list of several texts is, as a program with its words.
fn one_program(value: &Json) -> Option<String> {
    let Json::List(values) = value else { return None };
    let words: Vec<String> =
        values.iter().map(|value| value.text().map(word)).collect::<Option<_>>()?;
    (words.len() > 1).then(|| words.join(" "))
}

/// A word that a shell reads as just this one.
fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,+@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The lines of a call: under the first name, and all of the call where it is
/// itself a program with its words.
fn lines_of(arguments: &Json, key: &str) -> Result<Vec<String>, Malformed> {
    let mut lines = all(arguments, key, &[], line)?;
    if present(arguments, "", &["command", "cmd"]).next().is_some() {
        let own = line(arguments).ok_or_else(|| Malformed::new("`command` is no text"))?;
        lines.extend(own);
    }
    if lines.is_empty() {
        return Err(Malformed::new(format!("`{key}` is missing or is no text")));
    }
    Ok(lines)
}

/// Where a pattern of names begins, if it leads out of the place where it is
/// used.
fn outside(pattern: &str) -> Option<String> {
    if !pattern.starts_with(['/', '~']) && !pattern.contains("..") {
        return None;
    }
    let plain = pattern.find(['*', '?', '[', '{']).and_then(|at| pattern.get(..at));
    let head = match plain {
        Some(plain) => plain.rfind('/').and_then(|at| plain.get(..=at)).unwrap_or("."),
        None => pattern,
    };
    Some(head.to_owned())
}

/// The file that a pattern of names means, or the directory before its first
/// wildcard; behind wildcards that only say where, the name. `None` where it
/// names none.
fn named_by(glob: &str) -> Option<String> {
    let wild = ['*', '?', '[', '{'];
    let Some(at) = glob.find(wild) else { return Some(glob.to_owned()) };
    let name = glob.rsplit('/').next().filter(|name| !name.is_empty() && !name.contains(wild));
    let plain = glob.get(..at)?;
    let directory = plain.rfind('/').and_then(|end| plain.get(..=end));
    let name = name.map(str::to_owned).or_else(|| environment_file(glob));
    match (directory, name) {
        (None, None) => None,
        (directory, name) => {
            Some(format!("{}{}", directory.unwrap_or_default(), name.unwrap_or_default()))
        }
    }
}

/// The `.env` file that a pattern takes in and means: a search shows what its
/// pattern names, though it is hidden and ignored.
fn environment_file(glob: &str) -> Option<String> {
    const NAME: &str = ".env";
    let part = glob.rsplit('/').next()?;
    let (before, _) = part.split_once(['*', '?', '['])?;
    if before.starts_with(NAME) {
        return Some(before.trim_end_matches('.').to_owned());
    }
    let behind = part.rsplit(['*', '?', ']']).next()?;
    let fits = NAME.starts_with(before) && NAME.ends_with(behind);
    let says = !before.is_empty() || !behind.is_empty();
    (fits && says && before.len() + behind.len() <= NAME.len()).then(|| NAME.to_owned())
}

/// Where a pattern with braces (`{.env,*.pem}`) is several, all of them.
fn alternatives(glob: &str) -> Result<Vec<String>, Malformed> {
    let mut all = vec![glob.to_owned()];
    let mut done = Vec::new();
    while let Some(next) = all.pop() {
        if all.len() + done.len() > MOST {
            return Err(Malformed::new("its pattern names too many things at once"));
        }
        match braced(&next) {
            Some(several) => all.extend(several),
            None => done.push(next),
        }
    }
    done.reverse();
    Ok(done)
}

/// What the first innermost braces of a pattern stand for. Braces that do not
/// belong together stand for themselves.
fn braced(glob: &str) -> Option<Vec<String>> {
    let close = glob.find('}')?;
    let open = glob.get(..close)?.rfind('{')?;
    let (before, inner) = (glob.get(..open)?, glob.get(open + 1..close)?);
    let after = glob.get(close + 1..)?;
    Some(inner.split(',').map(|one| format!("{before}{one}{after}")).collect())
}

fn joined(path: &str, named: &str) -> String {
    if named.starts_with(['/', '~']) {
        return named.to_owned();
    }
    format!("{}/{named}", path.trim_end_matches('/'))
}

/// What looks like an address in prose.
fn addresses(prose: &str) -> impl Iterator<Item = String> + '_ {
    let edge = |letter: char| letter.is_whitespace() || "\"'`<>()[]{},".contains(letter);
    prose
        .split(edge)
        .filter(|word| word.contains("://"))
        .map(|word| word.trim_end_matches(['.', ';', '!', ':']).to_owned())
}
