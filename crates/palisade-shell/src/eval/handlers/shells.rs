//! Shells, and programs that run other programs.

use super::super::arguments;
use super::super::lower::Flow;
use super::super::value::{Field, Stream};
use super::super::{Eval, decode};
use crate::effect::{EffectKind, Labels};
use crate::programs::{Language, Program, Role};
use crate::span::Span;
use crate::text::{ANY, Text};

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

/// `sh`, `bash` and their kin: `-c` and its bundles, a script file, or
/// standard input.
pub(super) fn shell(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    eval.child_shell(|eval| started(eval, program, fields))
}

fn started(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let words = rest(fields);
    let span = place(fields);
    eval.environment_twins(program, span);
    let mut at = 0;
    let (mut code, mut from_input, mut interactive, mut trace) = (false, false, false, false);
    let mut reads_only = false;
    while let Some(field) = words.get(at) {
        let raw = field.text.raw();
        match field.literal() {
            Some("--" | "-") => {
                at += 1;
                break;
            }
            Some("-o" | "+o" | "-O" | "+O") => {
                words.get(at + 1).into_iter().for_each(|name| eval.note_option(name));
                at += 2;
            }
            Some("--rcfile" | "--init-file") => {
                if let Some(file) = words.get(at + 1) {
                    let _ = eval.script_file(Language::Shell, file, std::slice::from_ref(file));
                }
                at += 2;
            }
            Some("--command") => {
                code = true;
                at += 1;
            }
            Some(long) if long.starts_with("--") => {
                if let Some((name, value)) = long.split_once('=') {
                    if matches!(name, "--command" | "--init-command") {
                        let text = Text::new(value);
                        return run_code(eval, &text, field, words.get(at + 1..).unwrap_or(&[]));
                    }
                    if matches!(name, "--rcfile" | "--init-file") {
                        let file = field.with(value);
                        let _ =
                            eval.script_file(Language::Shell, &file, std::slice::from_ref(&file));
                    }
                }
                at += 1;
            }
            Some(letters) if letters.len() > 1 && letters.starts_with(['-', '+']) => {
                code |= letters.starts_with('-') && letters.contains('c');
                from_input |= letters.starts_with('-') && letters.contains('s');
                interactive |= letters.contains('i');
                trace |= letters.contains('x');
                if letters.contains('n') {
                    reads_only = letters.starts_with('-');
                }
                at += 1;
                if letters.ends_with('o') || letters.ends_with('O') {
                    words.get(at).into_iter().for_each(|name| eval.note_option(name));
                    at += 1;
                }
            }
            None if raw.starts_with('-') => {
                code = true;
                at += 1;
            }
            _ => break,
        }
    }
    if trace && let Some((text, labels)) = eval.variable("PS4") {
        eval.prompt_code(&text, labels);
    }
    if interactive || !eval.state.variables.is_empty() {
        for name in ["BASH_ENV", "ENV"] {
            if let Some((text, labels)) = eval.variable(name) {
                let file = Field { text, labels, span };
                let _ = eval.script_file(Language::Shell, &file, std::slice::from_ref(&file));
            }
        }
    }
    let left = words.get(at..).unwrap_or(&[]);
    if reads_only {
        // `-n` parses and runs nothing.
        if let Some(file) = left.first().filter(|_| !code) {
            let _ = eval.read_operand(file);
        }
        return Stream::nothing();
    }
    if code {
        return match left.split_first() {
            Some((text, arguments)) => run_code(eval, &text.text.clone(), text, arguments),
            None => Stream::default(),
        };
    }
    let shows_itself =
        words.iter().any(|field| matches!(field.literal(), Some("--version" | "--help")));
    if eval.output_network {
        eval.emit(EffectKind::RemoteShell, eval.stdin.labels, span);
    } else if (left.is_empty() || from_input) && !shows_itself && eval.stdin.is_nothing() {
        // A shell that waits for a person: what is typed there is not seen.
        eval.hazard("execute/shell", span);
    }
    match left.first() {
        Some(file) if !from_input => eval.script_file(Language::Shell, file, left),
        _ => eval.with_arguments(left, |eval| eval.input_code(Language::Shell, span)),
    }
}

fn run_code(eval: &mut Eval<'_>, code: &Text, field: &Field, arguments: &[Field]) -> Stream {
    let (labels, span) = (field.labels, field.span);
    eval.with_arguments(arguments, |eval| {
        eval.code(Language::Shell, code, labels, "shell code", span)
    })
}

/// `env [-i] [-u NAME] [-C DIR] [-S STRING] [NAME=VALUE].. [COMMAND]`
pub(super) fn env(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let mut words: Vec<Field> = Vec::new();
    for value in arguments.values(&["-S", "--split-string"]) {
        match value.literal() {
            Some(text) => {
                words.extend(decode::split_words(text).into_iter().map(|word| value.with(word)))
            }
            None => words.push(value.with(Text::unknown())),
        }
    }
    words.extend(rest(fields).get(arguments.first_operand..).unwrap_or(&[]).iter().cloned());
    // A split string may begin with options and assignments of its own.
    if words.first().and_then(Field::literal).is_some_and(|word| word.starts_with('-')) {
        let mut again = vec![fields.first().cloned().unwrap_or_default()];
        again.append(&mut words);
        if eval.depth < super::super::MAX_DEPTH {
            eval.depth += 1;
            let stream = env(eval, program, &again);
            eval.depth -= 1;
            return stream;
        }
        return Stream::default();
    }
    let outer = eval.state.cwd.clone();
    if let Some(directory) = arguments.value(&["-C", "--chdir"]) {
        eval.state.cwd = vec![eval.resolve(&directory.text)];
    }
    let mut saved = Vec::new();
    let temporary = eval.temporary.len();
    let mut at = 0;
    while let Some(field) = words.get(at) {
        let Some((name, value)) = field.text.raw().split_once('=') else { break };
        let name = name.to_owned();
        let value = Text::new(value);
        saved.push((name.clone(), eval.state.variables.get(name.as_str()).cloned()));
        eval.assign(&name, value.clone(), field.labels);
        eval.temporary.push((name.as_str().into(), field.with(value.clone())));
        eval.variable_effect(&name, &value, field.labels, field.span);
        at += 1;
    }
    let command = words.get(at..).unwrap_or(&[]).to_vec();
    let stream = if command.is_empty() {
        eval.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, place(fields));
        Stream::unknown(Labels::ENVIRONMENT)
    } else {
        eval.nested("wrapper", |eval| eval.run(command))
    };
    eval.temporary.truncate(temporary);
    for (name, old) in saved {
        match old {
            Some(old) => eval.state.variables.insert(name.into(), old),
            None => eval.state.variables.remove(name.as_str()),
        };
    }
    eval.state.cwd = outer;
    stream
}

/// `sudo`, `doas`: a shell with `-s` or `-i`, an editor with `-e`, or a
/// command behind options and assignments.
pub(super) fn sudo(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let span = place(fields);
    let arguments = arguments::read(program, rest(fields), true);
    eval.emit(EffectKind::Escalate, Labels::NONE, span);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    eval.hazards(program, &arguments, span);
    eval.environment_twins(program, span);
    let mut words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]).to_vec();
    let outer = eval.state.cwd.clone();
    if let Some(directory) = arguments.value(&["-D", "--chdir"]) {
        eval.state.cwd = vec![eval.resolve(&directory.text)];
    }
    let mut saved = Vec::new();
    let temporary = eval.temporary.len();
    while let Some(field) = words.first().cloned() {
        let Some((name, value)) = field.text.raw().split_once('=') else { break };
        if !super::super::parameter::is_name(name) {
            break;
        }
        let (name, value) = (name.to_owned(), Text::new(value));
        saved.push((name.clone(), eval.state.variables.get(name.as_str()).cloned()));
        eval.assign(&name, value.clone(), field.labels);
        eval.temporary.push((name.as_str().into(), field.with(value.clone())));
        eval.variable_effect(&name, &value, field.labels, field.span);
        words.remove(0);
    }
    let has = |names: &[&str]| arguments.has(names);
    let stream =
        if has(&["-e", "--edit"]) || fields.first().and_then(Field::literal) == Some("sudoedit") {
            for field in &words {
                let mut flow = Flow::default();
                eval.apply(Role::Edit, field, &mut flow);
            }
            Stream::default()
        } else if has(&["-s", "--shell", "-i", "--login"]) {
            if words.is_empty() {
                eval.input_code(Language::Shell, span)
            } else {
                // The shell gets the words as one command line.
                eval.nested("wrapper", |eval| eval.run(words))
            }
        } else if words.is_empty() {
            Stream::default()
        } else {
            eval.nested("wrapper", |eval| eval.run(words))
        };
    eval.temporary.truncate(temporary);
    for (name, old) in saved {
        match old {
            Some(old) => eval.state.variables.insert(name.into(), old),
            None => eval.state.variables.remove(name.as_str()),
        };
    }
    eval.state.cwd = outer;
    stream
}

/// `busybox APPLET ..`, `toybox`, `coreutils --coreutils-prog=APPLET`.
pub(super) fn busybox(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let mut words = rest(fields).to_vec();
    if let Some(first) = words.first()
        && let Some(applet) = first.text.raw().strip_prefix("--coreutils-prog=")
    {
        let applet = first.with(applet);
        words.splice(..1, [applet]);
    }
    match words.first().and_then(Field::literal) {
        None if words.is_empty() => Stream::default(),
        Some(option) if option.starts_with('-') => eval.lower(program, fields),
        _ => eval.nested("wrapper", |eval| eval.run(words)),
    }
}

/// The dynamic loader as a wrapper: options, then the program by its path.
pub(super) fn ld_so(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]).to_vec();
    if words.is_empty() {
        return Stream::default();
    }
    eval.nested("wrapper", |eval| eval.run(words))
}

/// How many items of `xargs` and `parallel` are followed.
const MAX_ITEMS: usize = 256;

/// `xargs`: standard input becomes operands.
pub(super) fn xargs(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]).to_vec();
    let span = place(fields);
    let input = match arguments.value(&["-a", "--arg-file"]) {
        Some(file) => eval.read_operand(&file.clone()),
        None => eval.stdin.clone(),
    };
    let replace = arguments
        .value(&["-I", "--replace-str", "-J"])
        .map(|field| field.text.raw().to_owned())
        .or_else(|| arguments.has(&["-i", "--replace"]).then(|| "{}".to_owned()));
    let items: Vec<Field> = match &input.text {
        Some(text) if !text.is_unknown() => {
            let raw = text.raw();
            let pieces: Vec<String> = if replace.is_some() {
                raw.lines().map(|line| line.trim().to_owned()).collect()
            } else if arguments.has(&["-0", "--null"]) || raw.contains('\0') {
                raw.split('\0').map(str::to_owned).collect()
            } else if let Some(delimiter) =
                arguments.value(&["-d", "--delimiter"]).and_then(Field::literal)
            {
                let delimiter = decode::escapes(delimiter);
                raw.split(delimiter.as_str()).map(str::to_owned).collect()
            } else {
                decode::split_words(raw)
            };
            pieces
                .into_iter()
                .filter(|piece| !piece.is_empty())
                .take(MAX_ITEMS)
                .map(|piece| Field { text: Text::new(piece), labels: input.labels, span })
                .collect()
        }
        _ if input.names => {
            vec![Field { text: Text::new(format!("./{ANY}")), labels: input.labels, span }]
        }
        _ => {
            eval.lists = true;
            vec![Field { text: Text::unknown(), labels: input.labels, span }]
        }
    };
    if items.len() >= MAX_ITEMS {
        eval.over_budget(span, "more items than are followed");
    }
    let command = if words.is_empty() { vec![Field::new("echo", span)] } else { words };
    let outer = std::mem::replace(&mut eval.stdin, Stream::nothing());
    let stream = match replace {
        Some(mark) if !mark.is_empty() => {
            let mut printed = Stream::nothing();
            for item in &items {
                let filled: Vec<Field> =
                    command.iter().map(|field| fill(field, &mark, item)).collect();
                eval.spend(filled.iter().map(|field| field.text.raw().len()).sum(), span);
                if eval.overrun {
                    break;
                }
                printed.then(eval.nested("xargs", |eval| eval.run(filled)));
            }
            printed
        }
        _ => {
            // `-n` and `-L` part the items over several runs.
            let most = ["-n", "--max-args", "-L", "--max-lines", "-l"]
                .iter()
                .find_map(|name| arguments.value(&[*name]).and_then(Field::literal)?.parse().ok())
                .unwrap_or(items.len())
                .max(1);
            let mut printed = Stream::nothing();
            for group in items.chunks(most) {
                let mut filled = command.clone();
                filled.extend(group.iter().cloned());
                printed.then(eval.nested("xargs", |eval| eval.run(filled)));
            }
            if items.is_empty() {
                printed = eval.nested("xargs", |eval| eval.run(command));
            }
            printed
        }
    };
    eval.stdin = outer;
    stream
}

pub(super) fn fill(field: &Field, mark: &str, item: &Field) -> Field {
    if !field.text.raw().contains(mark) {
        return field.clone();
    }
    Field {
        text: Text::new(field.text.raw().replace(mark, item.text.raw())),
        labels: field.labels.and(item.labels),
        span: field.span,
    }
}

/// GNU parallel: a command template, then arguments behind `:::`, or lines of
/// standard input.
pub(super) fn parallel(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]);
    let span = place(fields);
    let mut template: Vec<Field> = Vec::new();
    let mut items: Vec<Field> = Vec::new();
    let mut behind = false;
    let (mut listed, mut files) = (false, false);
    for field in words {
        match field.literal() {
            Some(":::" | ":::+") => {
                behind = true;
                listed = true;
            }
            Some("::::" | "::::+") => {
                behind = true;
                listed = true;
                items.push(field.with(Text::unknown()));
                files = true;
            }
            _ if files => {
                let Stream { text, labels, .. } = eval.read_operand(field);
                let field = Field { labels: field.labels.and(labels), ..field.clone() };
                if let Some(text) = text {
                    items.extend(text.raw().lines().take(MAX_ITEMS).map(|line| field.with(line)));
                } else {
                    eval.lists = true;
                    if field.labels.has(Labels::SECRET) {
                        items.push(field.with(Text::unknown()));
                    }
                }
            }
            _ if behind => items.push(field.clone()),
            _ => template.push(field.clone()),
        }
    }
    for file in arguments.values(&["-a", "--arg-file"]).cloned().collect::<Vec<_>>() {
        listed = true;
        let Stream { text, labels, .. } = eval.read_operand(&file);
        let file = Field { labels: file.labels.and(labels), ..file };
        match text {
            Some(text) if !text.is_unknown() => {
                items.extend(text.raw().lines().take(MAX_ITEMS).map(|line| file.with(line)));
            }
            _ => {
                eval.lists = true;
                items.push(file.with(Text::unknown()));
            }
        }
    }
    if !listed {
        match &eval.stdin.text {
            Some(text) if !text.is_unknown() => {
                let labels = eval.stdin.labels;
                items.extend(text.raw().lines().take(MAX_ITEMS).map(|line| Field {
                    text: Text::new(line),
                    labels,
                    span,
                }));
            }
            _ => {
                eval.lists = true;
                items.push(Field { text: Text::unknown(), labels: eval.stdin.labels, span });
            }
        }
    }
    let outer = std::mem::replace(&mut eval.stdin, Stream::nothing());
    let mut printed = Stream::nothing();
    if items.len() >= MAX_ITEMS {
        eval.over_budget(span, "more items than are followed");
    }
    for item in items.iter().take(MAX_ITEMS) {
        let marked = template.iter().any(|field| field.text.raw().contains('{'));
        // The template is a line for a shell, whatever its quoting was.
        let mut line = String::new();
        for field in &template {
            let mut filled = fill(field, "{}", item);
            eval.spend(filled.text.raw().len(), span);
            if eval.overrun {
                break;
            }
            for mark in ["{.}", "{/}", "{//}", "{/.}", "{1}", "{2}"] {
                filled = fill(&filled, mark, item);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(filled.text.raw());
        }
        if template.is_empty() || !marked {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(item.text.raw());
        }
        let code = Text::new(line);
        printed.then(if code.has_unknown() && !template.is_empty() {
            let mut filled = template.clone();
            filled.push(item.clone());
            eval.nested("parallel", |eval| eval.run(filled))
        } else {
            eval.code(Language::Shell, &code, item.labels, "parallel", span)
        });
    }
    eval.stdin = outer;
    printed
}
