//! What would be written where, worked out without writing anything.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::jsonc::{self, Kind, Node};
use super::splice::{self, Data};
use super::{Around, Client, Entries, Nest, Place, Program, Scope, What};

/// No configuration of a client is larger.
const MOST: u64 = 8 << 20;

/// One file before and after.
#[derive(Debug, Clone)]
pub struct Change {
    /// The path as the client says it.
    pub path: PathBuf,
    /// The file itself, behind links.
    pub real: PathBuf,
    /// Its bytes now; none where it is not there.
    pub before: Option<Vec<u8>>,
    /// Its bytes then; none where it goes.
    pub after: Option<Vec<u8>>,
    /// Whether a new file is a program.
    pub executable: bool,
    /// What was made in it to hold our entries, to be taken out with them.
    pub made: Vec<String>,
}

impl Change {
    /// Whether anything changes.
    pub fn is_any(&self) -> bool {
        self.before != self.after
    }
}

/// What installing `client` would change. Files that are right already are
/// answered too, without a change.
///
/// # Errors
/// In words for the user: what is in the way, and where.
pub fn install(
    client: &Client,
    around: &Around,
    scope: Scope,
    program: &Program,
) -> Result<Vec<Change>, String> {
    (client.files)(around, scope)
        .into_iter()
        .map(|place| put(&place, client, program).map_err(|why| at(&place.path, &why)))
        .collect()
}

/// What taking our entries out of the file of a place would change, `made`
/// being what was made to hold them.
///
/// # Errors
/// Where the file cannot be read or understood.
pub fn removal(place: &Place, client: &Client, made: &[String]) -> Result<Change, String> {
    take_out(place, client, made).map_err(|why| at(&place.path, &why))
}

fn at(path: &Path, why: &str) -> String {
    format!("`{}`: {why}", path.display())
}

fn put(place: &Place, client: &Client, program: &Program) -> Result<Change, String> {
    let (real, before) = read(&place.path)?;
    let mut change = Change {
        path: place.path.clone(),
        real,
        after: before.clone(),
        before,
        executable: false,
        made: Vec::new(),
    };
    match place.what {
        What::Own { make, executable } => {
            change.executable = executable;
            let wanted = make(program).into_bytes();
            if let Some(there) = &change.before
                && *there != wanted
                && !is_ours(there, client)
            {
                return Err(
                    "somebody else's file is in this place, and the client takes one: move it away first"
                        .into(),
                );
            }
            change.after = Some(wanted);
        }
        What::Entries(entries) => {
            let text = text(change.before.as_deref())?;
            let (after, made) = with_entries(&text, entries, program)?;
            change.made = made;
            if after != text || change.before.is_none() {
                change.after = Some(after.into_bytes());
            }
        }
    }
    Ok(change)
}

fn take_out(place: &Place, client: &Client, made: &[String]) -> Result<Change, String> {
    let (real, before) = read(&place.path)?;
    let mut change = Change {
        path: place.path.clone(),
        real,
        after: before.clone(),
        before,
        executable: false,
        made: Vec::new(),
    };
    let Some(there) = &change.before else { return Ok(change) };
    match place.what {
        What::Own { .. } => {
            if is_ours(there, client) {
                change.after = None;
            }
        }
        What::Entries(entries) => {
            let before = text(Some(there))?;
            let after = without_entries(&before, entries, made)?;
            if after != before {
                let empty = jsonc::parse(&after).is_ok_and(|root| {
                    matches!(&root.kind, Kind::Object(members) if members.iter()
                        .all(|member| entries.head.is_some_and(|(head, _)| head == member.key)))
                });
                // A file that holds nothing any more and was ours goes.
                let ours = made.iter().any(|path| path.is_empty());
                change.after = (!(empty && ours)).then(|| after.into_bytes());
            }
        }
    }
    Ok(change)
}

/// Whether a file of our own is ours.
pub fn is_ours(content: &[u8], client: &Client) -> bool {
    let mark = format!("Made by `palisade install {}`", client.name);
    String::from_utf8_lossy(content).contains(&mark)
}

/// The file behind a path, and its bytes.
///
/// # Errors
/// Where it is no ordinary file, too large, a link to nowhere, or not ours to
/// read.
pub fn read(path: &Path) -> Result<(PathBuf, Option<Vec<u8>>), String> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(path).is_ok() {
                return Err("this link leads to nothing: make the file it leads to first".into());
            }
            return Ok((resolved(path)?, None));
        }
        Err(error) => return Err(error.to_string()),
    };
    let found = fs::metadata(&real).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("this is no ordinary file".into());
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(&real).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST {
        return Err("this is too large for a configuration".into());
    }
    Ok((real, Some(bytes)))
}

/// A path to a file that is not there, with the links of what is there above
/// it resolved.
fn resolved(path: &Path) -> Result<PathBuf, String> {
    for above in path.ancestors().skip(1) {
        match fs::canonicalize(above) {
            Ok(real) if real.is_dir() => {
                let rest = path.strip_prefix(above).map_err(|error| error.to_string())?;
                return Ok(real.join(rest));
            }
            Ok(_) => return Err(format!("`{}` is no directory", above.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(above).is_ok() {
                    return Err(format!("the link `{}` leads to nothing", above.display()));
                }
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Err("there is no directory for it".into())
}

fn text(bytes: Option<&[u8]>) -> Result<String, String> {
    let Some(bytes) = bytes else { return Ok(String::new()) };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) => {
            Err("this is UTF-16: save it as UTF-8 first".into())
        }
        Err(error) => {
            let line = bytes.get(..error.valid_up_to()).unwrap_or(&[]);
            let line = line.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(format!("line {line} is not UTF-8"))
        }
    }
}

/// The text with our entries in it, and what was made to hold them: the empty
/// path stands for the file itself.
fn with_entries(
    before: &str,
    entries: &Entries,
    program: &Program,
) -> Result<(String, Vec<String>), String> {
    let mut made = Vec::new();
    // A file of blanks counts as none; what clients make of one differs.
    let mut text = before.to_owned();
    if is_blank(before) {
        made.push(String::new());
        text = match entries.head {
            Some((key, value)) => format!("{{\n  \"{key}\": {value}\n}}\n"),
            None => "{}\n".into(),
        };
    }
    let root = jsonc::parse(&text).map_err(|broken| format!("this is no JSON: {broken}"))?;
    if entries.events.iter().all(|event| is_right(&root, entries, event, program)) {
        return Ok((text, made));
    }
    for event in entries.events {
        let root = jsonc::parse(&text).map_err(|broken| broken.to_string())?;
        if is_right(&root, entries, event, program) {
            continue;
        }
        text = without_event(&text, entries, event.name)?;
        let element = entries.element(event, program);
        let (after, new) = splice::append(&text, &["hooks", event.name], &element)?;
        text = after;
        made.extend(new);
    }
    Ok((text, made))
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

/// Whether an event has our entry, once, as it would be written now.
pub fn is_right(root: &Node, entries: &Entries, event: &super::Event, program: &Program) -> bool {
    let Some(list) = root.at(&["hooks", event.name]).and_then(Node::elements) else { return false };
    let wanted: Data = entries.element(event, program);
    let ours = list.iter().map(|element| handlers(element, entries).filter(|one| one.1).count());
    ours.sum::<usize>() == 1 && list.iter().any(|element| wanted.is(element))
}

/// The handlers of an element of an event's list, each with whether it is ours.
fn handlers<'a>(element: &'a Node, entries: &'a Entries) -> impl Iterator<Item = (&'a Node, bool)> {
    let inner: &[Node] = match entries.nest {
        Nest::Flat => std::slice::from_ref(element),
        Nest::Groups(_) => element.get("hooks").and_then(Node::elements).unwrap_or(&[]),
    };
    inner.iter().map(|handler| {
        let command = handler.get(entries.key).and_then(Node::text);
        (handler, command.is_some_and(|command| entries.is_ours(command)))
    })
}

/// The commands of ours for an event in a text that parses.
pub fn commands<'a>(root: &'a Node, entries: &'a Entries, event: &str) -> Vec<&'a str> {
    let list = root.at(&["hooks", event]).and_then(Node::elements).unwrap_or(&[]);
    let ours = list.iter().flat_map(|element| handlers(element, entries)).filter(|(_, ours)| *ours);
    ours.filter_map(|(handler, _)| handler.get(entries.key).and_then(Node::text)).collect()
}

/// The text without our entries under one event; what others put there stays.
fn without_event(text: &str, entries: &Entries, event: &str) -> Result<String, String> {
    let mut text = text.to_owned();
    if is_blank(&text) {
        return Ok(text);
    }
    loop {
        let root = jsonc::parse(&text).map_err(|broken| format!("this is no JSON: {broken}"))?;
        let Some(list) = root.at(&["hooks", event]) else { return Ok(text) };
        let elements = list.elements().unwrap_or(&[]);
        let found = elements.iter().enumerate().find_map(|(index, element)| {
            let ours = handlers(element, entries).position(|(_, ours)| ours)?;
            Some((index, element, ours, handlers(element, entries).count()))
        });
        let Some((index, element, handler, count)) = found else { return Ok(text) };
        let inner = element.get("hooks").filter(|_| count > 1);
        text = match (entries.nest, inner) {
            // Somebody put another one beside ours: theirs stays.
            (Nest::Groups(_), Some(inner)) => splice::without(&text, inner, handler),
            _ => splice::without(&text, list, index),
        };
    }
}

/// The text without our entries, and without what was made for them where
/// nothing else is in it now.
fn without_entries(before: &str, entries: &Entries, made: &[String]) -> Result<String, String> {
    let mut text = before.to_owned();
    for event in entries.events {
        text = without_event(&text, entries, event.name)?;
    }
    if text == before {
        return Ok(text);
    }
    for path in made.iter().rev().filter(|path| !path.is_empty()) {
        let root = jsonc::parse(&text).map_err(|broken| broken.to_string())?;
        let keys: Vec<&str> = path.split('.').collect();
        let Some((key, above)) = keys.split_last() else { continue };
        let Some(holder) = root.at(above) else { continue };
        let empty = holder.get(key).is_some_and(|node| match &node.kind {
            Kind::Array(elements) => elements.is_empty(),
            Kind::Object(members) => members.is_empty(),
            Kind::Text(_) | Kind::Bare(_) => false,
        });
        if let (true, Kind::Object(members)) = (empty, &holder.kind)
            && let Some(index) = members.iter().position(|member| member.key == *key)
        {
            text = splice::without(&text, holder, index);
        }
    }
    Ok(text)
}
