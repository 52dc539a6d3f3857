//! `find` and `fd`, which run commands on what they find.

use super::super::arguments;
use super::super::value::{Field, Stream};
use super::super::{Eval, decode};
use super::shells::fill;
use super::trees;
use crate::effect::{EffectKind, Labels};
use crate::programs::{Program, Role};
use crate::span::Span;
use crate::text::{ANY, STAR, Text};

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

/// `find`: starting points, then an expression with actions.
pub(super) fn find(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let words = rest(fields);
    let span = place(fields);
    let mut at = 0;
    let mut roots: Vec<Text> = Vec::new();
    while let Some(field) = words.get(at) {
        let raw = field.text.raw();
        match field.literal() {
            Some("-H" | "-L" | "-P") => {}
            Some("-D" | "-f") => at += 1,
            Some(option) if option.starts_with("-O") => {}
            _ if raw.starts_with('-') || matches!(raw, "(" | "!" | ")" | ",") => break,
            _ => roots.push(field.text.clone()),
        }
        at += 1;
    }
    if roots.is_empty() {
        roots.push(Text::from("."));
    }
    for root in &roots {
        let path = eval.resolve(root);
        eval.emit(EffectKind::List { path }, Labels::NONE, span);
    }
    let mut names: Vec<Text> = Vec::new();
    let mut narrowed = false;
    let mut stream = Stream::default();
    let mut one_level = false;
    let mut only_roots = false;
    while let Some(field) = words.get(at) {
        at += 1;
        let Some(word) = field.literal() else { continue };
        match word {
            "-name" | "-iname" | "-path" | "-ipath" | "-wholename" | "-iwholename" | "-regex"
            | "-iregex" => {
                let before = at.checked_sub(2).and_then(|at| words.get(at));
                if before.is_some_and(|word| matches!(word.literal(), Some("!" | "-not"))) {
                    // What is left out says nothing of what is found.
                    narrowed = true;
                } else if let Some(next) = words.get(at) {
                    let folded = word.starts_with("-i");
                    let glob = next.literal().map(|glob| match folded {
                        true => glob.to_lowercase(),
                        false => glob.to_owned(),
                    });
                    let glob = match word.contains("regex") {
                        true => glob.as_deref().and_then(plain_end),
                        false => glob,
                    };
                    let glob = glob.as_deref();
                    if glob.is_some_and(|glob| glob.bytes().all(|b| b == b'*')) {
                        at += 1;
                        continue;
                    }
                    if let Some(glob) = glob {
                        let mut text = String::new();
                        super::super::expand::activate(glob, &mut text);
                        names.push(Text::new(super::super::expand::opened(&text)));
                    }
                    narrowed = true;
                }
                at += 1;
            }
            "-maxdepth" => {
                one_level = words
                    .get(at)
                    .and_then(Field::literal)
                    .is_some_and(|depth| depth == "1" || depth == "0");
                only_roots = words.get(at).and_then(Field::literal) == Some("0");
                at += 1;
            }
            "-delete" => {
                for root in &roots {
                    let path = eval.resolve(&below(root, &names, narrowed));
                    eval.emit(
                        EffectKind::Delete {
                            path,
                            recursive: !super::outcome::certain_files(words, &names)
                                && (!one_level || !narrowed),
                        },
                        Labels::NONE,
                        field.span,
                    );
                }
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let mut command: Vec<Field> = Vec::new();
                while let Some(next) = words.get(at) {
                    at += 1;
                    if next.literal() == Some(";")
                        || next.literal() == Some("+")
                            && command.last().is_some_and(|last| last.text.raw().contains("{}"))
                    {
                        break;
                    }
                    command.push(next.clone());
                }
                for root in roots.iter().take(64) {
                    let found = Field {
                        text: if only_roots { root.clone() } else { below(root, &names, narrowed) },
                        labels: Labels::NONE,
                        span: field.span,
                    };
                    let filled: Vec<Field> =
                        command.iter().map(|word| fill(word, "{}", &found)).collect();
                    stream = eval.nested("find -exec", |eval| eval.run(filled));
                    for text in deeper(eval, root, &names, narrowed, only_roots || one_level) {
                        let found = Field { text, ..found.clone() };
                        let filled: Vec<Field> =
                            command.iter().map(|word| fill(word, "{}", &found)).collect();
                        let _ = eval.nested("find -exec", |eval| eval.run(filled));
                    }
                    for text in trees::found(eval, root, words) {
                        let found = Field { text, ..found.clone() };
                        let filled: Vec<Field> =
                            command.iter().map(|word| fill(word, "{}", &found)).collect();
                        stream.then(eval.nested("find -exec", |eval| eval.run(filled)));
                    }
                }
            }
            "-fprint" | "-fprint0" | "-fls" => {
                if let Some(file) = words.get(at).cloned() {
                    let path = eval.resolve(&file.text);
                    eval.store(
                        &path,
                        crate::effect::Writing::Replace,
                        &Stream::default(),
                        file.span,
                    );
                }
                at += 1;
            }
            "-fprintf" => {
                if let (Some(file), Some(format)) = (words.get(at).cloned(), words.get(at + 1)) {
                    let text = format.literal().map(decode::escapes).map(Text::new);
                    let path = eval.resolve(&file.text);
                    eval.store(
                        &path,
                        crate::effect::Writing::Replace,
                        &Stream { text, ..Stream::default() },
                        file.span,
                    );
                }
                at += 2;
            }
            "-files0-from" => {
                if let Some(file) = words.get(at).cloned() {
                    eval.read_listed(&file);
                    if let Some(text) = eval.read_operand(&file).text {
                        roots.extend(text.raw().split(['\0', '\n']).map(Text::from).take(64));
                    }
                }
                at += 1;
            }
            "-mtime" | "-mmin" | "-atime" | "-amin" | "-ctime" | "-cmin" | "-size" | "-user"
            | "-group" | "-newer" | "-perm" | "-inum" | "-lname" | "-xtype" | "-nouser"
            | "-nogroup" | "-empty" | "-links" => {
                narrowed = true;
                if !matches!(word, "-nouser" | "-nogroup" | "-empty") {
                    at += 1;
                }
            }
            _ => {
                let takes = program.options.iter().any(|option| {
                    option.names.iter().any(|name| *name == word) && option.value.is_some()
                });
                if takes {
                    at += 1;
                }
            }
        }
    }
    if stream.text.is_none() && stream.labels.is_none() {
        // What find prints are the names it found.
        let nul = fields.iter().any(|field| field.literal() == Some("-print0"));
        let end = if nul { "\0" } else { "\n" };
        let mut all = Text::default();
        for root in &roots {
            all.push(below(root, &names, narrowed).raw());
            all.push(end);
            let mut more = deeper(eval, root, &names, narrowed, only_roots || one_level);
            let found = trees::found(eval, root, words);
            more.extend(found.iter().map(|path| trees::spelled(eval, path)));
            for text in more {
                all.push(text.raw());
                all.push(end);
            }
        }
        stream.text = Some(all);
    }
    stream
}

/// `fd PATTERN ROOT.. -x COMMAND`: what was found is put at `{}` or behind.
pub(super) fn fd(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let words = rest(fields);
    let arguments = arguments::read(program, words, false);
    let at = arguments.command;
    let span = place(fields);
    let roots: Vec<Text> = match arguments.operands.get(1..) {
        Some(roots) if !roots.is_empty() => roots.iter().map(|field| field.text.clone()).collect(),
        _ => vec![Text::from(".")],
    };
    let narrowed = arguments
        .operands
        .first()
        .and_then(Field::literal)
        .is_some_and(|pattern| !matches!(pattern, "." | "" | ".*"));
    let mut names: Vec<Text> = Vec::new();
    if let Some(pattern) = arguments.operands.first().and_then(Field::literal)
        && narrowed
    {
        // It fits anywhere in a name; only plain letters are read.
        let plain = pattern.trim_start_matches('^').trim_end_matches('$');
        if plain.chars().all(|letter| letter.is_alphanumeric() || "_-.".contains(letter)) {
            names.push(Text::new(format!("{STAR}{plain}{STAR}")));
        }
    }
    let Some(at) = at else {
        let mut stream = eval.lower(program, fields);
        let mut all = Text::default();
        for root in &roots {
            if narrowed {
                for text in deeper(eval, root, &names, narrowed, false) {
                    all.push(text.raw());
                    all.push("\n");
                }
            } else if root.raw() != "." {
                found(eval, root, &mut all);
            }
        }
        if !all.is_empty() {
            stream.text = Some(all);
        }
        let nul = arguments.has(&["-0", "--print0"]);
        for root in &roots {
            let found = trees::found_by_pattern(eval, root, &arguments, &names);
            trees::more_names(eval, &mut stream, &found, true, if nul { "\0" } else { "\n" });
        }
        return stream;
    };
    let mut command: Vec<Field> =
        arguments.options.last().and_then(|(_, value)| value.clone()).into_iter().collect();
    command.extend(
        words
            .get(at + 1..)
            .unwrap_or(&[])
            .iter()
            .take_while(|field| field.literal() != Some(";"))
            .cloned(),
    );
    let marked = command.iter().any(|field| field.text.raw().contains("{}"));
    let mut stream = Stream::default();
    for root in roots.iter().take(64) {
        let found = Field { text: below(root, &[], narrowed), labels: Labels::NONE, span };
        let mut filled: Vec<Field> = command.iter().map(|word| fill(word, "{}", &found)).collect();
        if !marked {
            filled.push(found.clone());
        }
        stream = eval.nested("fd -x", |eval| eval.run(filled));
        let mut more = deeper(eval, root, &names, narrowed, false);
        more.extend(trees::found_by_pattern(eval, root, &arguments, &names));
        for text in more {
            let found = Field { text, ..found.clone() };
            let mut filled: Vec<Field> =
                command.iter().map(|word| fill(word, "{}", &found)).collect();
            if !marked {
                filled.push(found);
            }
            stream.then(eval.nested("fd -x", |eval| eval.run(filled)));
        }
    }
    stream
}

/// Files that a search reads by patterns for their names: `grep -r KEY
/// --include=.env`, `rg -uu -g '.env*'`.
pub(in super::super) fn searched(
    eval: &mut Eval<'_>,
    program: &'static Program,
    arguments: &arguments::Arguments,
) {
    let globs = arguments.options.iter().filter_map(|(option, value)| {
        let glob = value.as_ref().filter(|_| option.value == Some(Role::Glob))?;
        (!glob.text.raw().starts_with('!')).then(|| glob.clone())
    });
    let globs: Vec<Field> = globs.collect();
    if globs.is_empty() || program.operands.is_empty() {
        return;
    }
    let roots: Vec<Text> = match arguments.operands.get(1..) {
        Some(roots) if !roots.is_empty() => roots.iter().map(|root| root.text.clone()).collect(),
        _ => vec![Text::from(".")],
    };
    for glob in globs.iter().take(16) {
        let mut text = String::new();
        super::super::expand::activate(glob.text.raw(), &mut text);
        let name = Text::new(super::super::expand::opened(&text));
        for root in roots.iter().take(16) {
            let path = eval.resolve(&below(root, std::slice::from_ref(&name), true));
            let _ = eval.read(&path, glob.span);
        }
    }
}

/// Adds the names, a line each, of all that may lie below `root`.
pub(super) fn found(eval: &Eval<'_>, root: &Text, all: &mut Text) {
    let deeper = deeper(eval, root, &[], false, false);
    for text in std::iter::once(below(root, &[], false)).chain(deeper) {
        all.push(text.raw());
        all.push("\n");
    }
}

/// What else a search through a whole home or the root may find, in a form
/// that says at which depth: `ROOT/…/NAME`.
fn deeper(
    eval: &Eval<'_>,
    root: &Text,
    names: &[Text],
    narrowed: bool,
    shallow: bool,
) -> Vec<Text> {
    let at = eval.resolve(root);
    if !eval.is_whole(&at) || shallow {
        return Vec::new();
    }
    let at = at.raw().trim_end_matches('/');
    if !narrowed || names.is_empty() {
        return vec![Text::new(format!("{at}/{ANY}/{STAR}"))];
    }
    let last = |name: &Text| name.raw().rsplit('/').next().unwrap_or("").to_owned();
    names.iter().take(16).map(|name| Text::new(format!("{at}/{ANY}/{}", last(name)))).collect()
}

/// Whether a pattern says what the last part of a path is.
fn says(name: &Text) -> bool {
    match name.raw().rsplit_once('/') {
        None => true,
        Some((_, last)) => last.contains(char::is_alphanumeric),
    }
}

/// A regular expression that ends in plain letters, as a pattern of names.
fn plain_end(expression: &str) -> Option<String> {
    let end = expression.trim_end_matches('$').replace("\\.", "\u{1}");
    let end = end.rsplit(['*', '+', '/', ')']).next()?.replace('\u{1}', ".");
    let plain = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
    (!end.is_empty() && end.chars().all(plain)).then(|| format!("*{end}"))
}

/// What a search below `root` may find.
fn below(root: &Text, names: &[Text], narrowed: bool) -> Text {
    let mut text = root.clone();
    if !narrowed {
        text.push("/");
        text.push(&STAR.to_string());
        return text;
    }
    match names {
        [name] if says(name) && !root.raw().ends_with('/') => {
            // A file of that name, at any depth.
            text.push("/");
            text.push(&ANY.to_string());
            text.push("/");
            text.push(name.raw().rsplit('/').next().unwrap_or(""));
            text
        }
        _ => {
            text.push("/");
            text.push(&ANY.to_string());
            text
        }
    }
}
