//! Turns `programs/*.toml` into static tables. Any entry that does not hold
//! together stops the build with its file and name.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a build script that cannot go on has to stop the build"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    names: Vec<String>,
    class: Option<String>,
    #[serde(skip)]
    handler: Option<String>,
    style: Option<String>,
    operands: Option<Vec<String>>,
    last: Option<String>,
    options: Option<Vec<String>>,
    unknown: Option<String>,
    output: Option<String>,
    hazards: Option<Vec<String>>,
    #[serde(default)]
    when: Vec<WhenEntry>,
    #[serde(default)]
    environment: Vec<String>,
    subcommands: Option<String>,
    plain: Option<String>,
    versioned: Option<bool>,
    local: Option<bool>,
    interpreter: Option<bool>,
    stdin: Option<String>,
    online: Option<bool>,
    method: Option<bool>,
    reaches: Option<String>,
    /// Why the entry is as it is; for the reader only.
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenEntry {
    has: Option<String>,
    lacks: Option<String>,
    operand: Option<String>,
    first: Option<String>,
    value: Option<String>,
    at_least: Option<u8>,
    at_most: Option<u8>,
    hazard: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Class(String),
    Full(Box<Entry>),
}

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let folder = root.join("programs");
    println!("cargo:rerun-if-changed=programs");
    println!("cargo:rerun-if-changed=build.rs");

    let classes: BTreeMap<String, Entry> = read(&folder.join("classes.toml"));
    let mut files = Vec::new();
    walk(&folder, &mut files);
    files.sort();

    let mut entries: BTreeMap<String, (PathBuf, Entry)> = BTreeMap::new();
    for file in files {
        if ["classes.toml", "handlers.toml", "obeys.toml"].iter().any(|name| file.ends_with(name)) {
            continue;
        }
        println!("cargo:rerun-if-changed={}", file.display());
        let lines: BTreeMap<String, Line> = read(&file);
        for (name, line) in lines {
            let entry = match line {
                Line::Class(class) => Entry { class: Some(class), ..Entry::default() },
                Line::Full(entry) => *entry,
            };
            if let Some((earlier, _)) = entries.insert(name.clone(), (file.clone(), entry)) {
                stop(&file, &name, &format!("is also in {}", earlier.display()));
            }
        }
    }

    // One file says which programs are lowered by which Rust code.
    let assigned: BTreeMap<String, String> = read(&folder.join("handlers.toml"));
    for (handler, names) in &assigned {
        for name in names.split_whitespace() {
            let name = name.replace('_', " ");
            match entries.get_mut(&name) {
                Some((_, entry)) => entry.handler = Some(handler.clone()),
                None => stop(&folder.join("handlers.toml"), &name, "is in no other file"),
            }
        }
    }

    let obeyed = Obeyed::read(&folder.join("obeys.toml"), &entries);
    let mut pools = Pools::default();
    let mut programs = String::from("pub static PROGRAMS: &[Program] = &[\n");
    let mut names: BTreeMap<String, (usize, PathBuf)> = BTreeMap::new();
    let mut handlers: BTreeSet<String> = BTreeSet::new();
    for (index, (name, (file, entry))) in entries.iter().enumerate() {
        let merged = match &entry.class {
            None => entry.clone(),
            Some(class) => match classes.get(class) {
                Some(base) => merge(base, entry),
                None => {
                    stop(file, name, &format!("names class `{class}`, which classes.toml lacks"))
                }
            },
        };
        for known in std::iter::once(name).chain(&entry.names) {
            if let Some((_, other)) = names.insert(known.clone(), (index, file.clone())) {
                stop(file, known, &format!("is named twice, also in {}", other.display()));
            }
        }
        if let Some(handler) = &merged.handler {
            handlers.insert(handler.clone());
        }
        programs.push_str(&emit(&mut pools, file, name, &merged, &obeyed));
    }
    programs.push_str("];\npub static NAMES: &[(Name, u16)] = &[\n");
    for (name, (index, _)) in &names {
        writeln!(programs, "({}, {index}),", pools.text(name)).expect("a string takes it");
    }
    programs.push_str("];\n");
    programs.push_str(&pools.emit());
    fs::write(out.join("programs.rs"), programs).expect("OUT_DIR can be written");

    let mut list = String::from(
        "/// The code that lowers a program whose data alone does not suffice.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\n#[allow(missing_docs)]\n\
         pub enum Handler {\n    Data,\n",
    );
    for handler in &handlers {
        writeln!(list, "    {},", camel(handler)).expect("a string takes it");
    }
    list.push_str("}\n");
    fs::write(out.join("handlers.rs"), list).expect("OUT_DIR can be written");
}

/// One table of the files that programs obey without being told so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    programs: String,
    certain: String,
    sources: Option<String>,
}

/// Files with their languages, by program; a source has none.
#[derive(Default)]
struct Obeyed {
    by_program: BTreeMap<String, Vec<(String, String)>>,
    any: Vec<(String, String)>,
}

impl Obeyed {
    fn read(file: &Path, entries: &BTreeMap<String, (PathBuf, Entry)>) -> Self {
        let tables: BTreeMap<String, Table> = read(file);
        let mut obeyed = Self::default();
        let sources = |line: &str| -> Vec<(String, String)> {
            line.split_whitespace().map(|name| (name.to_owned(), String::new())).collect()
        };
        let any = tables.get("any").and_then(|table| table.sources.clone()).unwrap_or_default();
        obeyed.any = sources(&any);
        for (table, Table { programs, certain, sources: own }) in &tables {
            let mut files: Vec<(String, String)> = Vec::new();
            for word in certain.split_whitespace() {
                match word.split_once('=') {
                    Some((name, language)) => files.push((name.to_owned(), language.to_owned())),
                    None => stop(file, table, &format!("has `{word}`, not NAME=LANGUAGE")),
                }
            }
            files.extend(own.as_deref().map_or_else(|| obeyed.any.clone(), sources));
            for name in programs.split_whitespace() {
                if !entries.contains_key(name) {
                    stop(file, name, "is in no other file");
                }
                if obeyed.by_program.insert(name.to_owned(), files.clone()).is_some() {
                    stop(file, name, "is in two tables");
                }
            }
        }
        obeyed
    }

    /// What a program obeys: a subcommand what its program does, and whatever
    /// else runs the project's code any source of it.
    fn of(&self, name: &str, entry: &Entry) -> &[(String, String)] {
        const PROJECT: &str = "run/project-code";
        let program = name.split(' ').next().unwrap_or(name);
        let runs = entry.hazards.iter().flatten().any(|id| id == PROJECT)
            || entry.when.iter().any(|when| when.hazard.contains(PROJECT));
        match self.by_program.get(program) {
            Some(files) => files,
            None if runs => &self.any,
            None => &[],
        }
    }
}

/// What entries share: each kind in one static array, so that the table holds
/// places in arrays rather than pointers.
#[derive(Default)]
struct Pools {
    text: String,
    known: BTreeMap<String, usize>,
    lists: BTreeMap<&'static str, Pool>,
}

/// One kind's items, and where each run of them begins.
#[derive(Default)]
struct Pool {
    items: Vec<String>,
    runs: BTreeMap<Vec<String>, usize>,
}

impl Pools {
    fn text(&mut self, text: &str) -> String {
        let at = match self.known.get(text) {
            Some(at) => *at,
            None => {
                let at = self.text.len();
                self.text.push_str(text);
                self.known.insert(text.to_owned(), at);
                at
            }
        };
        format!("t({at}, {})", text.len())
    }

    fn list(&mut self, pool: &'static str, items: Vec<String>) -> String {
        let pool = self.lists.entry(pool).or_default();
        let count = items.len();
        let at = *pool.runs.entry(items.clone()).or_insert_with(|| {
            let at = pool.items.len();
            pool.items.extend(items);
            at
        });
        format!("l({at}, {count})")
    }

    fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) -> String {
        let items = texts.map(|text| self.text(text)).collect();
        self.list("LISTED", items)
    }

    fn emit(&self) -> String {
        let mut out = format!("pub static TEXT: &str = {:?};\n", self.text);
        for (pool, kind) in [
            ("LISTED", "Name"),
            ("ROLES", "Role"),
            ("OPTIONS", "OptionSpec"),
            ("WHENS", "When"),
            ("CONDITIONS", "Condition"),
            ("VARIABLES", "(Name, Role)"),
        ] {
            let items = self.lists.get(pool).map(|pool| pool.items.join(",\n")).unwrap_or_default();
            writeln!(out, "pub static {pool}: &[{kind}] = &[{items}];").expect("a string takes it");
        }
        out
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for found in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = found.expect("the folder can be listed").path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn stop(file: &Path, name: &str, what: &str) -> ! {
    panic!("\n{}: `{name}` {what}\n", file.display())
}

fn merge(base: &Entry, over: &Entry) -> Entry {
    Entry {
        names: over.names.clone(),
        class: None,
        handler: over.handler.clone().or_else(|| base.handler.clone()),
        style: over.style.clone().or_else(|| base.style.clone()),
        operands: over.operands.clone().or_else(|| base.operands.clone()),
        last: over.last.clone().or_else(|| base.last.clone()),
        options: over.options.clone().or_else(|| base.options.clone()),
        unknown: over.unknown.clone().or_else(|| base.unknown.clone()),
        output: over.output.clone().or_else(|| base.output.clone()),
        hazards: over.hazards.clone().or_else(|| base.hazards.clone()),
        when: over.when.clone(),
        environment: over.environment.clone(),
        subcommands: over.subcommands.clone().or_else(|| base.subcommands.clone()),
        plain: over.plain.clone(),
        versioned: over.versioned.or(base.versioned),
        local: over.local.or(base.local),
        interpreter: over.interpreter.or(base.interpreter),
        stdin: over.stdin.clone().or_else(|| base.stdin.clone()),
        online: over.online.or(base.online),
        method: over.method.or(base.method),
        reaches: over.reaches.clone().or_else(|| base.reaches.clone()),
        _note: None,
    }
}

fn emit(pools: &mut Pools, file: &Path, name: &str, entry: &Entry, obeyed: &Obeyed) -> String {
    let mut fixed = Vec::new();
    let mut rest = None;
    let operands = entry.operands.clone().unwrap_or_default();
    for (at, operand) in operands.iter().enumerate() {
        match operand.strip_suffix("...") {
            Some(all) if at + 1 == operands.len() => rest = Some(role(file, name, all)),
            Some(_) => stop(file, name, "has `...` before its last operand"),
            None if operand == "command" => {
                if at + 1 != operands.len() {
                    stop(file, name, "has operands after `command`");
                }
                fixed.push("Role::Command".to_string());
            }
            None => fixed.push(role(file, name, operand)),
        }
    }
    let options: Vec<String> =
        entry.options.iter().flatten().map(|line| option(pools, file, name, line)).collect();
    let whens: Vec<String> =
        entry.when.iter().map(|when| emit_when(pools, file, name, when)).collect();
    let environment: Vec<String> = entry
        .environment
        .iter()
        .map(|line| match line.split_once('=') {
            Some((variable, kind)) => {
                format!("({}, {})", pools.text(variable), role(file, name, kind))
            }
            None => stop(file, name, &format!("has environment `{line}`, not NAME=role")),
        })
        .collect();
    for one in entry.hazards.iter().flatten() {
        check_hazard(file, name, one);
    }
    let hazards = pools.texts(entry.hazards.iter().flatten().map(String::as_str));
    let plain = pools.texts(entry.plain.iter().flat_map(|line| line.split_whitespace()));
    let options = pools.list("OPTIONS", options);
    let fixed = pools.list("ROLES", fixed);
    let whens = pools.list("WHENS", whens);
    let environment = pools.list("VARIABLES", environment);
    let obeys: Vec<String> = obeyed
        .of(name, entry)
        .iter()
        .map(|(pattern, kind)| {
            let kind = match kind.as_str() {
                "" => "Role::Path".to_owned(),
                kind if kind.contains(':') => role(file, name, kind),
                kind => role(file, name, &format!("script:{kind}")),
            };
            format!("({}, {kind})", pools.text(pattern))
        })
        .collect();
    let obeys = pools.list("VARIABLES", obeys);
    let text = pools.text(name);
    let reaches = entry.reaches.as_deref().map(|host| pools.text(host));
    let style = match entry.style.as_deref() {
        None if operands.iter().any(|operand| operand == "command") => "Posix",
        None | Some("gnu") => "Gnu",
        Some("posix") => "Posix",
        Some("single-dash") => "SingleDash",
        Some("bundle") => "Bundle",
        Some("key-value") => "KeyValue",
        Some("plain") => "Plain",
        Some(other) => stop(file, name, &format!("has style `{other}`")),
    };
    let unknown = match entry.unknown.as_deref() {
        None | Some("harmless") => "Harmless",
        Some("ask") => "Ask",
        Some(other) => stop(file, name, &format!("has unknown `{other}`")),
    };
    let output = match entry.output.as_deref() {
        None | Some("text") => "Text",
        Some("operands") => "Operands",
        Some("input") => "Input",
        Some("download") => "Download",
        Some("decoded") => "Decoded",
        Some("arguments") => "Arguments",
        Some("nothing") => "Nothing",
        Some(other) => stop(file, name, &format!("has output `{other}`")),
    };
    let subcommands = match entry.subcommands.as_deref() {
        None => "None",
        Some("ask") => "Ask",
        Some("plain") => "Plain",
        Some(other) => stop(file, name, &format!("has subcommands `{other}`")),
    };
    format!(
        "Program {{ name: {text}, handler: Handler::{handler}, style: Style::{style}, \
         options: {options}, operands: {fixed}, rest: {rest}, last: {last}, \
         unknown: Unknown::{unknown}, output: Output::{output}, hazards: {hazards}, \
         whens: {whens}, environment: {environment}, subcommands: Subcommands::{subcommands}, \
         plain: {plain}, versioned: {versioned}, local: {local}, interpreter: {interpreter}, online: {online}, method: {method}, reaches: {reaches}, stdin: {stdin}, obeys: {obeys} }},\n",
        handler = entry.handler.as_deref().map_or("Data".to_string(), camel),
        rest = rest.map_or("None".to_string(), |one| format!("Some({one})")),
        last = entry
            .last
            .as_deref()
            .map_or("None".to_string(), |one| format!("Some({})", role(file, name, one))),
        versioned = entry.versioned.unwrap_or(false),
        local = entry.local.unwrap_or(false),
        interpreter = entry.interpreter.unwrap_or(false),
        online = entry.online.unwrap_or(false),
        method = entry.method.unwrap_or(false),
        reaches = reaches.map_or("None".to_string(), |one| format!("Some({one})")),
        stdin = entry
            .stdin
            .as_deref()
            .map_or("None".to_string(), |one| format!("Some({})", role(file, name, one))),
    )
}

/// `-o --output =write`, `-i --in-place ?data` (optional, attached only), `-v`.
fn option(pools: &mut Pools, file: &Path, name: &str, line: &str) -> String {
    let mut spellings = Vec::new();
    let mut value = "None".to_string();
    let mut optional = false;
    let mut then = "None".to_string();
    for word in line.split_whitespace() {
        if let Some(kind) = word.strip_prefix('=')
            && value != "None"
        {
            then = format!("Some({})", role(file, name, kind));
        } else if let Some(kind) = word.strip_prefix('=') {
            value = format!("Some({})", role(file, name, kind));
        } else if let Some(kind) = word.strip_prefix('?') {
            value = format!("Some({})", role(file, name, kind));
            optional = true;
        } else if word.starts_with(['-', '+']) || entry_is_key(line) {
            spellings.push(word);
        } else {
            stop(file, name, &format!("has option word `{word}` in `{line}`"));
        }
    }
    if spellings.is_empty() {
        stop(file, name, &format!("has an option without a name: `{line}`"));
    }
    let names = pools.texts(spellings.into_iter());
    format!("OptionSpec {{ names: {names}, value: {value}, then: {then}, optional: {optional} }}")
}

/// `key-value` styles (dd) and bare-word options write names without dashes.
fn entry_is_key(line: &str) -> bool {
    line.contains('=') || line.split_whitespace().count() == 1
}

fn emit_when(pools: &mut Pools, file: &Path, name: &str, when: &WhenEntry) -> String {
    let mut conditions = Vec::new();
    for (kind, line) in [
        ("Has", &when.has),
        ("Lacks", &when.lacks),
        ("Operand", &when.operand),
        ("First", &when.first),
    ] {
        if let Some(line) = line {
            conditions.push(format!("Condition::{kind}({})", pools.texts(line.split_whitespace())));
        }
    }
    if let Some(line) = &when.value {
        let Some((options, globs)) = line.split_once(": ") else {
            stop(file, name, &format!("has value `{line}`, not `--opt -o: glob glob`"));
        };
        let (options, globs) =
            (pools.texts(options.split_whitespace()), pools.texts(globs.split_whitespace()));
        conditions.push(format!("Condition::Value({options}, {globs})"));
    }
    if let Some(count) = when.at_least {
        conditions.push(format!("Condition::AtLeast({count})"));
    }
    if let Some(count) = when.at_most {
        conditions.push(format!("Condition::AtMost({count})"));
    }
    if conditions.is_empty() {
        stop(file, name, "has a `when` without a condition");
    }
    for one in when.hazard.split_whitespace() {
        check_hazard(file, name, one);
    }
    let conditions = pools.list("CONDITIONS", conditions);
    let hazards = pools.texts(when.hazard.split_whitespace());
    format!("When {{ conditions: {conditions}, hazards: {hazards} }}")
}

fn check_hazard(file: &Path, name: &str, text: &str) {
    let shape = text.split_once('/').is_some_and(|(group, rest)| {
        let letters =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'/';
        !group.is_empty() && !rest.is_empty() && text.bytes().all(letters)
    });
    if !shape {
        stop(file, name, &format!("has hazard `{text}`, not group/name"));
    }
}

fn role(file: &Path, name: &str, text: &str) -> String {
    let language = |word: &str| match word {
        "sh" => "Shell",
        "python" => "Python",
        "perl" => "Perl",
        "ruby" => "Ruby",
        "javascript" => "JavaScript",
        "php" => "Php",
        "lua" => "Lua",
        "awk" => "Awk",
        "sed" => "Sed",
        "sql" => "Sql",
        "ex" => "Ex",
        "make" => "Make",
        "powershell" => "PowerShell",
        "applescript" => "AppleScript",
        "tcl" => "Tcl",
        "r" => "R",
        "debugger" => "Debugger",
        "jq" => "Jq",
        "cron" => "Cron",
        "settings" => "Settings",
        "other" => "Other",
        other => stop(file, name, &format!("has language `{other}`")),
    };
    if let Some(word) = text.strip_prefix("code:") {
        return format!("Role::Code(Language::{})", language(word));
    }
    if let Some(word) = text.strip_prefix("script:") {
        return format!("Role::Script(Language::{})", language(word));
    }
    let known = match text {
        "data" => "Data",
        "path" => "Path",
        "read" => "Read",
        "read-named" => "ReadNamed",
        "list" => "List",
        "write" => "Write",
        "append" => "Append",
        "edit" => "Edit",
        "convert" => "Convert",
        "delete" => "Delete",
        "delete-tree" => "DeleteTree",
        "upload" => "Upload",
        "upload-data" => "UploadData",
        "upload-form" => "UploadForm",
        "url" => "Url",
        "service" => "Service",
        "host" => "Host",
        "image" => "Image",
        "detour" => "Detour",
        "endpoint" => "Endpoint",
        "remote" => "Remote",
        "remote-path" => "RemotePath",
        "exec" => "Exec",
        "command" => "Command",
        "load" => "Load",
        "environment" => "Environment",
        "chdir" => "Chdir",
        "mount" => "Mount",
        "device" => "Device",
        "process" => "Process",
        "git-config" => "GitConfig",
        "ssh-config" => "SshConfig",
        "sql" => "Sql",
        "file-list" => "FileList",
        "names" => "Names",
        "variable" => "Variable",
        "unpack" => "Unpack",
        "glob" => "Glob",
        other => stop(file, name, &format!("has role `{other}`")),
    };
    format!("Role::{known}")
}

fn camel(text: &str) -> String {
    text.split('-')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + letters.as_str()
            })
        })
        .collect()
}
