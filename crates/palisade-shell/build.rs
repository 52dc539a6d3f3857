//! Turns `programs/*.toml` into static tables. Any entry that does not hold
//! together stops the build with its file and name.

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
        if file.ends_with("classes.toml") || file.ends_with("handlers.toml") {
            continue;
        }
        println!("cargo:rerun-if-changed={}", file.display());
        let lines: BTreeMap<String, Line> = read(&file);
        for (name, line) in lines {
            let entry = match line {
                Line::Class(class) => Entry { class: Some(class), ..Entry::default() },
                Line::Full(entry) => *entry,
            };
            if env::var_os("PALISADE_LENIENT").is_some() && entries.contains_key(&name) {
                continue;
            }
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

    let mut programs = String::from("pub static PROGRAMS: &[Program] = &[\n");
    let mut names: BTreeMap<String, (usize, PathBuf)> = BTreeMap::new();
    let mut handlers: BTreeSet<String> = BTreeSet::new();
    for (index, (name, (file, entry))) in entries.iter().enumerate() {
        let merged = match &entry.class {
            None => entry.clone(),
            Some(class) => match classes.get(class) {
                Some(base) => merge(base, entry),
                None => stop(file, name, &format!("names class `{class}`, which classes.toml lacks")),
            },
        };
        for known in std::iter::once(name).chain(&entry.names) {
            if env::var_os("PALISADE_LENIENT").is_some() && (names.contains_key(known) || known != name && entries.contains_key(known)) {
                continue;
            }
            if let Some((_, other)) = names.insert(known.clone(), (index, file.clone())) {
                stop(file, known, &format!("is named twice, also in {}", other.display()));
            }
        }
        if let Some(handler) = &merged.handler {
            handlers.insert(handler.clone());
        }
        programs.push_str(&emit(file, name, &merged));
    }
    programs.push_str("];\npub static NAMES: &[(&str, u16)] = &[\n");
    for (name, (index, _)) in &names {
        writeln!(programs, "({name:?}, {index}),").expect("a string takes it");
    }
    programs.push_str("];\n");
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

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for found in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
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
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
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
        _note: None,
    }
}

fn emit(file: &Path, name: &str, entry: &Entry) -> String {
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
    let options: Vec<String> = entry
        .options
        .iter()
        .flatten()
        .map(|line| option(file, name, line))
        .collect();
    let whens: Vec<String> = entry.when.iter().map(|when| emit_when(file, name, when)).collect();
    let environment: Vec<String> = entry
        .environment
        .iter()
        .map(|line| match line.split_once('=') {
            Some((variable, kind)) => format!("({variable:?}, {})", role(file, name, kind)),
            None => stop(file, name, &format!("has environment `{line}`, not NAME=role")),
        })
        .collect();
    let hazards: Vec<String> = entry.hazards.iter().flatten().map(|one| hazard(file, name, one)).collect();
    let plain: Vec<String> =
        entry.plain.iter().flat_map(|line| line.split_whitespace()).map(|word| format!("{word:?}")).collect();
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
        "Program {{ name: {name:?}, handler: Handler::{handler}, style: Style::{style}, \
         options: &[{options}], operands: &[{operands}], rest: {rest}, last: {last}, \
         unknown: Unknown::{unknown}, output: Output::{output}, hazards: &[{hazards}], \
         whens: &[{whens}], environment: &[{environment}], subcommands: Subcommands::{subcommands}, \
         plain: &[{plain}], versioned: {versioned}, local: {local}, interpreter: {interpreter}, stdin: {stdin} }},\n",
        handler = entry.handler.as_deref().map_or("Data".to_string(), camel),
        options = options.join(", "),
        operands = fixed.join(", "),
        rest = rest.map_or("None".to_string(), |one| format!("Some({one})")),
        last = entry.last.as_deref().map_or("None".to_string(), |one| format!("Some({})", role(file, name, one))),
        hazards = hazards.join(", "),
        whens = whens.join(", "),
        environment = environment.join(", "),
        plain = plain.join(", "),
        versioned = entry.versioned.unwrap_or(false),
        local = entry.local.unwrap_or(false),
        interpreter = entry.interpreter.unwrap_or(false),
        stdin = entry.stdin.as_deref().map_or("None".to_string(), |one| format!("Some({})", role(file, name, one))),
    )
}

/// `-o --output =write`, `-i --in-place ?data` (optional, attached only), `-v`.
fn option(file: &Path, name: &str, line: &str) -> String {
    let mut spellings = Vec::new();
    let mut value = "None".to_string();
    let mut optional = false;
    for word in line.split_whitespace() {
        if let Some(kind) = word.strip_prefix('=') {
            value = format!("Some({})", role(file, name, kind));
        } else if let Some(kind) = word.strip_prefix('?') {
            value = format!("Some({})", role(file, name, kind));
            optional = true;
        } else if word.starts_with(['-', '+']) || entry_is_key(line) {
            spellings.push(format!("{word:?}"));
        } else {
            stop(file, name, &format!("has option word `{word}` in `{line}`"));
        }
    }
    if spellings.is_empty() {
        stop(file, name, &format!("has an option without a name: `{line}`"));
    }
    format!("OptionSpec {{ names: &[{}], value: {value}, optional: {optional} }}", spellings.join(", "))
}

/// `key-value` styles (dd) and bare-word options write names without dashes.
fn entry_is_key(line: &str) -> bool {
    line.contains('=') || line.split_whitespace().count() == 1
}

fn emit_when(file: &Path, name: &str, when: &WhenEntry) -> String {
    let words = |line: &str| {
        line.split_whitespace().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
    };
    let mut conditions = Vec::new();
    if let Some(line) = &when.has {
        conditions.push(format!("Condition::Has(&[{}])", words(line)));
    }
    if let Some(line) = &when.lacks {
        conditions.push(format!("Condition::Lacks(&[{}])", words(line)));
    }
    if let Some(line) = &when.operand {
        conditions.push(format!("Condition::Operand(&[{}])", words(line)));
    }
    if let Some(line) = &when.first {
        conditions.push(format!("Condition::First(&[{}])", words(line)));
    }
    if let Some(line) = &when.value {
        let Some((options, globs)) = line.split_once(':') else {
            stop(file, name, &format!("has value `{line}`, not `--opt -o: glob glob`"));
        };
        conditions.push(format!("Condition::Value(&[{}], &[{}])", words(options), words(globs)));
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
    let hazards: Vec<String> =
        when.hazard.split_whitespace().map(|one| hazard(file, name, one)).collect();
    format!("When {{ conditions: &[{}], hazards: &[{}] }}", conditions.join(", "), hazards.join(", "))
}

fn hazard(file: &Path, name: &str, text: &str) -> String {
    let shape = text.split_once('/').is_some_and(|(group, rest)| {
        !group.is_empty() && !rest.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'/')
    });
    if !shape {
        stop(file, name, &format!("has hazard `{text}`, not group/name"));
    }
    format!("{text:?}")
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
        "host" => "Host",
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
