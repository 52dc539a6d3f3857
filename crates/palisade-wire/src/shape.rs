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
    /// them; the place where the agent works where there is none.
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
    /// The first of these that the arguments have.
    FirstOf(&'static [Shape]),
    /// A search of the web.
    WebSearch,
    /// Another agent.
    Subagent,
    /// Nothing beyond the conversation.
    Internal,
}

/// More files, lines or addresses than this are in no call.
const MOST: usize = 512;

impl Shape {
    /// What a call with these arguments would do. `Another` is resolved by the
    /// caller, who knows the table.
    ///
    /// # Errors
    /// Where an argument is missing or is something else.
    pub(crate) fn uses(self, arguments: &Json) -> Result<Vec<Use>, Malformed> {
        let text = |key: &str| required(arguments, key).map(str::to_owned);
        let uses = match self {
            Self::Shell(command, cwd) => {
                vec![Use::Shell { command: text(command)?, cwd: optional(arguments, cwd)? }]
            }
            Self::Shells(key) => texts(arguments, key, "command")?
                .into_iter()
                .map(|command| Use::Shell { command, cwd: None })
                .collect(),
            Self::File(how, path, content) => {
                vec![Use::File { how, path: text(path)?, content: optional(arguments, content)? }]
            }
            Self::Files(how, key, field) => {
                let mut paths = match arguments.at(key) {
                    None | Some(Json::Null) => Vec::new(),
                    Some(_) => texts(arguments, key, field)?,
                };
                if how == FileUse::List {
                    paths.extend(optional(arguments, "pattern")?.as_deref().and_then(outside));
                }
                if paths.is_empty() {
                    paths.push(".".to_owned());
                }
                paths.into_iter().map(|path| Use::File { how, path, content: None }).collect()
            }
            Self::Notebook(key) => vec![Use::Notebook { path: text(key)? }],
            Self::Patch(keys) => {
                let patch = match arguments {
                    Json::Text(patch) => Some(patch.as_str()),
                    _ => keys.iter().find_map(|key| arguments.at(key)).and_then(Json::text),
                };
                patch::uses(patch.ok_or_else(|| Malformed::new("there is no patch"))?)?
            }
            Self::Diff(path, diff) => {
                let mut uses =
                    vec![Use::File { how: FileUse::Edit, path: text(path)?, content: None }];
                if let Some(diff) = optional(arguments, diff)? {
                    uses.extend(patch::named_in_diff(&diff));
                }
                uses
            }
            Self::Fetch(key) => vec![Use::Fetch { url: text(key)? }],
            Self::Fetches(key, field) => {
                texts(arguments, key, field)?.into_iter().map(|url| Use::Fetch { url }).collect()
            }
            Self::FetchProse(key) => {
                let prose = text(key)?;
                let urls: Vec<Use> = addresses(&prose).map(|url| Use::Fetch { url }).collect();
                if urls.is_empty() { vec![Use::Unknown] } else { urls }
            }
            Self::WriteStdin(key) => {
                vec![Use::WriteStdin { text: optional(arguments, key)?.unwrap_or_default() }]
            }
            Self::FirstOf(shapes) => {
                let found = shapes.iter().find_map(|shape| shape.uses(arguments).ok());
                found.ok_or_else(|| Malformed::new("its arguments are not those of the tool"))?
            }
            Self::WebSearch => vec![Use::WebSearch],
            Self::Subagent => vec![Use::Subagent],
            Self::Internal => vec![Use::Internal],
            Self::Another(..) => vec![Use::Unknown],
        };
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

/// A text, or a list of texts or of objects with a text under `field`. Some
/// clients give the list itself as a text.
fn texts(arguments: &Json, key: &str, field: &str) -> Result<Vec<String>, Malformed> {
    let wrong = || Malformed::new(format!("`{key}` does not hold texts"));
    let one = |value: &Json| match value {
        Json::Text(text) => Ok(text.clone()),
        Json::Object(_) => {
            value.at(field).and_then(Json::text).map(str::to_owned).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    };
    match arguments.at(key).ok_or_else(wrong)? {
        Json::List(values) => values.iter().map(one).collect(),
        Json::Text(text) if text.trim_start().starts_with('[') => {
            match Json::parse(text.as_bytes()) {
                Ok(Json::List(values)) => values.iter().map(one).collect(),
                // A shell line may begin with `[` as well.
                _ => Ok(vec![text.clone()]),
            }
        }
        value => Ok(vec![one(value)?]),
    }
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

/// What looks like an address in prose.
fn addresses(prose: &str) -> impl Iterator<Item = String> + '_ {
    let edge = |letter: char| letter.is_whitespace() || "\"'`<>()[]{},".contains(letter);
    prose
        .split(edge)
        .filter(|word| word.contains("://"))
        .map(|word| word.trim_end_matches(['.', ';', '!', ':']).to_owned())
}
