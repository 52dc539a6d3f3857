//! The shell's own commands.

use std::collections::BTreeMap;

use super::super::arguments;
use super::super::parameter::is_name;
use super::super::value::{Field, Stream, Value, Variable};
use super::super::{Eval, decode};
use crate::effect::{Code, EffectKind, Labels};
use crate::programs::{Language, Program};
use crate::span::Span;
use crate::text::{ANY, Text};

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn labels_of(fields: &[Field]) -> Labels {
    fields.iter().fold(Labels::NONE, |all, field| all.and(field.labels))
}

fn joined(fields: &[Field]) -> Text {
    let mut text = Text::default();
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            text.push(" ");
        }
        text.push(field.text.raw());
    }
    text
}

pub(super) fn echo(_: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let mut words = rest(fields);
    let (mut newline, mut escapes, mut plain) = (true, false, false);
    while let Some(word) = words.first().and_then(Field::literal) {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        if !letters.bytes().all(|b| matches!(b, b'n' | b'e' | b'E')) {
            break;
        }
        newline &= !letters.contains('n');
        escapes |= letters.contains('e');
        plain |= letters.contains('E');
        words = rest(words);
    }
    let mut text = joined(words);
    // sh's echo decodes without being asked, so a backslash is decoded where
    // that is all the difference it can make.
    if let Some(known) = text.literal()
        && (escapes || known.contains('\\'))
    {
        let decoded = decode::escapes(known);
        text = if escapes || decoded == known {
            Text::new(decoded)
        } else if plain {
            text
        } else {
            // One shell decodes, another does not: what either prints.
            Text::new(format!("{known}\n{decoded}"))
        };
    }
    if newline {
        text.push("\n");
    }
    Stream::known(text).with_labels(labels_of(words).without(Labels::WRITTEN))
}

pub(super) fn printf(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let mut words = rest(fields);
    let mut target = None;
    match words.first().and_then(Field::literal) {
        Some("-v") => {
            target = words.get(1).cloned();
            words = words.get(2..).unwrap_or(&[]);
        }
        Some("--") => words = rest(words),
        Some(word) if word.starts_with("-v") => {
            target = words.first().map(|field| field.with(word.get(2..).unwrap_or("")));
            words = rest(words);
        }
        _ => {}
    }
    let labels = labels_of(words).without(Labels::WRITTEN);
    let known: Option<Vec<&str>> = words.iter().map(Field::literal).collect();
    let text = known
        .and_then(|words| {
            words.split_first().and_then(|(format, words)| decode::printf(format, words))
        })
        .map(Text::new);
    if let Some(target) = target {
        eval.subscript_code(target.text.raw(), target.labels);
        if let Some(name) = target.literal().filter(|name| is_name(name)) {
            let name = name.to_owned();
            eval.assign(&name, text.unwrap_or_else(Text::unknown), labels);
        }
        return Stream::nothing();
    }
    let text = text.or_else(|| {
        // What is known of the words still shows in the output.
        words
            .first()
            .and_then(Field::literal)
            .filter(|format| matches!(*format, "%s" | "%s\n" | "%s\\n"))
            .map(|format| {
                let mut all = Text::default();
                for word in rest(words) {
                    all.push(word.text.raw());
                    if format.len() > 2 {
                        all.push("\n");
                    }
                }
                all
            })
    });
    Stream { text, labels, ..Stream::default() }
}

/// `hash -p PATH NAME`: the name means that path from now on.
pub(super) fn hash(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    if let Some(path) = arguments.value(&["-p"]) {
        for name in arguments.operands.iter().filter_map(Field::literal) {
            eval.state.aliases.insert(name.into(), (path.text.raw().to_owned(), eval.line));
        }
    }
    Stream::nothing()
}

pub(super) fn eval_words(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let words: Vec<Field> =
        rest(fields).iter().filter(|field| field.literal() != Some("--")).cloned().collect();
    let code = joined(&words);
    let labels = labels_of(&words);
    let span = words.first().map(|field| field.span).unwrap_or_default();
    if code.is_empty() {
        return Stream::nothing();
    }
    let tainted = labels.has(Labels::DOWNLOADED) || labels.has(Labels::DECODED);
    // `eval "$(ssh-agent -s)"`: what known programs print for eval.
    if labels == Labels::SETUP && words.len() == 1 && code == Text::unknown() {
        return Stream::nothing();
    }
    if code.may_hold_code() || tainted {
        eval.emit(
            EffectKind::Execute { language: Language::Shell, code: Code::Opaque },
            labels,
            span,
        );
    }
    if code.is_unknown() {
        return Stream::unknown(labels);
    }
    let raw = code.raw().to_owned();
    eval.nested("eval", |eval| eval.code_here(&raw, span)).with_labels(labels)
}

pub(super) fn source(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let words: Vec<&Field> =
        rest(fields).iter().filter(|field| field.literal() != Some("--")).collect();
    let Some(file) = words.first() else { return Stream::nothing() };
    let span = file.span;
    if matches!(file.literal(), Some("/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0")) {
        return eval.input_code(Language::Shell, span);
    }
    let path = eval.resolve(&file.text);
    let (labels, content) = match path.literal() {
        Some(known) if known.starts_with("/dev/fd/") => {
            let stream = eval.read(&path, span);
            (stream.labels, stream.text)
        }
        _ => eval.file_facts(&path),
    };
    let labels = labels.and(file.labels);
    // What a version manager has installed does more than is followed, and is
    // what it was unless the session has written it.
    if labels.is_none() && is_installed(&path, &eval.context.home) {
        eval.emit(
            EffectKind::Execute { language: Language::Shell, code: Code::File(path) },
            labels,
            span,
        );
        return Stream::unknown(labels);
    }
    let known_content = content.as_ref().is_some_and(|text| !text.has_unknown());
    let kind = if known_content { Code::Analysed } else { Code::File(path.clone()) };
    let shown = if known_content { labels.without(Labels::WRITTEN) } else { labels };
    eval.emit(EffectKind::Execute { language: Language::Shell, code: kind }, shown, span);
    let secret = (eval.context.classify.secret)(&path);
    match content {
        Some(text) if !text.is_unknown() => {
            let raw = text.raw().to_owned();
            let before = if secret { eval.fork().variables } else { BTreeMap::new() };
            let stream = eval.nested("source", |eval| eval.code_here(&raw, span));
            if secret {
                let set = eval.state.variables.iter_mut();
                for (_, variable) in set.filter(|(name, now)| before.get(*name) != Some(*now)) {
                    variable.add_labels(Labels::GIVEN);
                }
            }
            stream
        }
        _ if secret => {
            eval.state.sourced = eval.state.sourced.and(Labels::GIVEN);
            Stream::unknown(labels)
        }
        _ => {
            eval.want(&path);
            Stream::unknown(labels)
        }
    }
}

/// Whether it is a script by which a version manager sets up a shell, at the
/// very place in the home directory where that installs it.
fn is_installed(path: &Text, home: &str) -> bool {
    const SCRIPTS: &[&str] = &[
        ".asdf/asdf.sh",
        ".nvm/bash_completion",
        ".nvm/nvm.sh",
        ".sdkman/bin/sdkman-init.sh",
        "anaconda3/etc/profile.d/conda.sh",
        "miniconda3/etc/profile.d/conda.sh",
        "miniforge3/etc/profile.d/conda.sh",
    ];
    let below = path.literal().and_then(|path| path.strip_prefix(home)?.strip_prefix('/'));
    below.is_some_and(|below| SCRIPTS.contains(&below))
}

pub(super) fn exec(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]).to_vec();
    if words.is_empty() {
        return Stream::nothing();
    }
    eval.nested("exec", |eval| eval.run(words))
}

/// `command`, `builtin`: the rest without functions; `command -v` only looks.
pub(super) fn command(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]).to_vec();
    if arguments.has(&["-v", "-V"]) || words.is_empty() {
        return Stream::default();
    }
    let functions = std::mem::take(&mut eval.state.functions);
    let stream = eval.nested("wrapper", |eval| eval.run(words));
    let made = std::mem::replace(&mut eval.state.functions, functions);
    eval.state.functions.extend(made);
    stream
}

pub(super) fn alias(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    for field in rest(fields) {
        if let Some((name, value)) = field.text.raw().split_once('=') {
            if let Some(known) = Text::new(name).literal() {
                let name: Box<str> = known.into();
                eval.state.aliases.insert(name, (value.to_owned(), eval.line));
            }
            // It may be used in any later line, by a person too.
            let text = Text::new(value);
            let before = std::mem::replace(&mut eval.deferred, true);
            let stdin = std::mem::replace(&mut eval.stdin, Stream::nothing());
            let _ = eval.code(Language::Shell, &text, field.labels, "alias", field.span);
            eval.stdin = stdin;
            eval.deferred = before;
        }
        if matches!(field.literal(), Some("-g" | "-s")) {
            eval.emit(EffectKind::ZshOnly, Labels::NONE, field.span);
        }
    }
    Stream::nothing()
}

pub(super) fn unalias(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    for field in rest(fields) {
        match field.literal() {
            Some("-a") => eval.state.aliases.clear(),
            Some(name) => {
                eval.state.aliases.remove(name);
            }
            None => {}
        }
    }
    Stream::nothing()
}

pub(super) fn trap(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let words: Vec<&Field> = rest(fields)
        .iter()
        .filter(|field| !matches!(field.literal(), Some("--" | "-l" | "-p")))
        .collect();
    if words.len() >= 2
        && let Some(body) = words.first()
        && !matches!(body.literal(), Some("" | "-"))
    {
        // What runs between two commands may set what they use.
        if words.iter().skip(1).any(|signal| !matches!(signal.literal(), Some("EXIT" | "0"))) {
            eval.set_between(&body.text);
        }
        eval.run_later(&body.text, body.labels, "trap", body.span);
    }
    Stream::nothing()
}

/// `declare`, `export`, `local`, `readonly`, `typeset`.
pub(super) fn declare(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let name = fields.first().and_then(Field::literal).unwrap_or("").to_owned();
    let span = fields.first().map(|field| field.span).unwrap_or_default();
    let mut operands = 0;
    let own = matches!(name.as_str(), "local" | "declare" | "typeset") && !eval.locals.is_empty();
    let (mut exports, mut global) = (name == "export", false);
    let mut readonly = name == "readonly";
    let (mut integer, mut functions, mut listing, mut lower, mut upper, mut reference) =
        (false, false, false, false, false, false);
    for field in rest(fields) {
        let raw = field.text.raw().to_owned();
        if raw.starts_with(['-', '+']) && operands == 0 {
            integer |= raw.contains('i');
            functions |= raw.contains(['f', 'F']);
            listing |= raw.contains('p');
            lower |= raw.contains('l');
            upper |= raw.contains('u');
            reference |= raw.contains('n') && raw.starts_with('-');
            global |= raw.contains('g');
            readonly |= raw.contains('r') && raw.starts_with('-');
            exports |= raw.contains('x') && raw.starts_with('-');
            continue;
        }
        operands += 1;
        if integer {
            let known = raw.split(['=', '+', '[']).next().unwrap_or("");
            eval.state.integers.insert(known.into());
        }
        let Some((target, value)) = raw.split_once('=') else {
            eval.subscript_code(&raw, field.labels);
            if own && !global && is_name(&raw) {
                eval.local(&raw);
                eval.state.variables.remove(raw.as_str());
            }
            if exports {
                eval.state.exported.insert(raw.as_str().into());
            }
            if readonly {
                eval.state.readonly.insert(raw.as_str().into());
            }
            if name == "export"
                && let Some(known) = field.literal().filter(|known| is_name(known))
                && let Some((text, labels)) = eval.variable(known)
            {
                let known = known.to_owned();
                eval.variable_effect(&known, &text, labels, field.span);
            }
            continue;
        };
        eval.subscript_code(target, field.labels);
        let appends = target.ends_with('+');
        let target = target.trim_end_matches('+');
        let base = target.split('[').next().unwrap_or(target);
        let mut text = Text::new(value);
        if integer {
            eval.expression_code(&text, field.labels);
        }
        if let Some(known) = text.literal() {
            if lower {
                text = Text::new(known.to_lowercase());
            } else if upper {
                text = Text::new(known.to_uppercase());
            }
        }
        if !is_name(base) {
            continue;
        }
        let base = base.to_owned();
        if reference {
            // A name reference: what it names is what it is.
            if let Some(referred) = text.literal().map(str::to_owned) {
                eval.subscript_code(&referred, field.labels);
                // What is assigned to one is assigned to the other, which is
                // not followed.
                if is_name(&referred) {
                    eval.assign(&referred, Text::unknown(), field.labels);
                }
                text = Text::unknown();
            }
            // And it may be an integer.
            eval.state.integers.insert(base.as_str().into());
        }
        if own && !global {
            eval.local(&base);
        }
        if exports {
            eval.state.exported.insert(base.as_str().into());
        }
        if appends && let Some((mut before, _)) = eval.variable(&base) {
            before.push(text.raw());
            text = before;
        }
        eval.assign(&base, text.clone(), field.labels);
        if readonly {
            eval.state.readonly.insert(base.as_str().into());
        }
        eval.variable_effect(&base, &text, field.labels, field.span);
    }
    if operands == 0 && !functions {
        // `export -p`, `declare -x`, bare `export`: every variable printed.
        let dumps = match name.as_str() {
            "export" => true,
            "local" => false,
            _ => {
                listing
                    || rest(fields).iter().any(|field| field.text.raw().contains('x'))
                    || rest(fields).is_empty()
            }
        };
        if dumps {
            eval.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
            return Stream::unknown(Labels::ENVIRONMENT);
        }
    }
    // `declare -p NAME`: what it holds.
    if listing && operands > 0 {
        let names = rest(fields).iter().filter_map(Field::literal);
        let held = names.filter_map(|name| eval.state.variables.get(name));
        let labels = held.fold(Labels::NONE, |all, variable| all.and(variable.labels()));
        return Stream::unknown(labels);
    }
    Stream::nothing()
}

pub(super) fn set(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let words = rest(fields);
    let span = fields.first().map(|field| field.span).unwrap_or_default();
    if words.is_empty() {
        eval.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
        return Stream::unknown(Labels::ENVIRONMENT);
    }
    for (at, field) in words.iter().enumerate() {
        match field.literal() {
            Some("--") => {
                bind(eval, words.get(at + 1..).unwrap_or(&[]));
                return Stream::nothing();
            }
            Some("-o" | "+o") if words.get(at + 1).is_some() => {
                if words.get(at + 1).and_then(Field::literal) == Some("xtrace") {
                    eval.state.xtrace = true;
                }
                if field.literal() == Some("+o")
                    && words.get(at + 1).and_then(Field::literal) == Some("history")
                {
                    eval.hazard("history/hidden", span);
                }
                return Stream::nothing();
            }
            Some(flags) if flags.starts_with(['-', '+']) && flags.len() > 1 => {
                if flags.starts_with('-') && flags.contains('x') {
                    eval.state.xtrace = true;
                    if let Some((text, labels)) = eval.variable("PS4") {
                        eval.prompt_code(&text, labels);
                    }
                }
            }
            _ => {
                bind(eval, words.get(at..).unwrap_or(&[]));
                return Stream::nothing();
            }
        }
    }
    Stream::nothing()
}

fn bind(eval: &mut Eval<'_>, words: &[Field]) {
    eval.state.positional =
        words.iter().map(|field| Value::new(field.text.clone(), field.labels)).collect();
    eval.positional_unknown = false;
}

pub(super) fn unset(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    for field in rest(fields) {
        eval.subscript_code(field.text.raw(), field.labels);
        if let Some(name) = field.literal() {
            let name = name.to_owned();
            if matches!(name.as_str(), "HISTFILE") {
                eval.hazard("history/hidden", field.span);
            }
            if eval.state.variables.remove(name.as_str()).is_some() {
                // Unset, but the ambient one of that name may show.
                eval.state.variables.insert(
                    name.clone().into(),
                    Variable::Scalar(Value::new(Text::default(), Labels::NONE)),
                );
            }
            // The variable of that name goes first, if there is one.
            if eval.state.functions.contains_key(name.as_str()) {
                eval.state.doubtful.insert(name.as_str().into());
            }
        }
    }
    Stream::nothing()
}

pub(super) fn shift(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let count = rest(fields)
        .first()
        .and_then(Field::literal)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let count = eval.state.positional.len().min(count);
    eval.state.positional.drain(..count);
    Stream::nothing()
}

/// How many lines a `read` in a loop is followed over.
const MAX_LINES: usize = 7;

pub(super) fn read(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let input = read_from(eval, arguments.value(&["-u"]));
    let known = input.text.as_ref().filter(|text| !text.is_unknown()).map(Text::raw);
    eval.lists |= known.is_none();
    // Lines that are known only in part may be others as well.
    let partly = known.is_some() && input.text.as_ref().and_then(Text::literal).is_none();
    let lines: Option<Vec<&str>> =
        known.map(|text| match arguments.value(&["-d"]).map(Field::literal) {
            Some(Some("")) => text.split('\0').collect(),
            Some(Some(mark)) => text.split(|letter| mark.starts_with(letter)).collect(),
            Some(None) => vec![text],
            None => text.lines().collect(),
        });
    let mut lines = lines;
    if arguments.has(&["-n", "-N"]) {
        lines = None;
    }
    let ifs = match eval.variable("IFS") {
        Some((text, _)) => text.literal().map(str::to_owned),
        None => Some(" \t\n".to_owned()),
    };
    let unknown = || Value::new(Text::unknown(), input.labels);
    let below = || Value::new(Text::new(format!("./{ANY}")), input.labels);
    if let Some(array) = arguments.value(&["-a"]).and_then(Field::literal) {
        let mut values: Vec<(Text, Value)> = Vec::new();
        match (&lines, &ifs) {
            (Some(lines), Some(ifs)) => {
                // A loop reads more lines than the first.
                for line in lines.iter().take(MAX_LINES) {
                    let words =
                        line.split(|letter| ifs.contains(letter)).filter(|word| !word.is_empty());
                    for (at, word) in words.take(256).enumerate() {
                        let value = Value::new(Text::new(word), input.labels);
                        match values.get_mut(at) {
                            Some((_, before)) => before.join(&value),
                            None => values.push((Text::new(at.to_string()), value)),
                        }
                    }
                }
                if lines.len() > MAX_LINES || partly {
                    for (_, value) in &mut values {
                        value.join(&unknown());
                    }
                }
            }
            _ => values.push((Text::from("0"), unknown())),
        }
        eval.give(array, Variable::Array(values));
        return Stream::nothing();
    }
    let reply = [Field::new("REPLY", Span::default())];
    let names = if arguments.operands.is_empty() { &reply[..] } else { &arguments.operands[..] };
    for field in names {
        eval.subscript_code(field.text.raw(), field.labels);
    }
    let mut values: Vec<Option<Value>> = vec![None; names.len()];
    if let (Some(lines), Some(ifs)) = (&lines, &ifs) {
        let first = [""];
        let lines = if lines.is_empty() { &first[..] } else { lines };
        for line in lines.iter().take(MAX_LINES) {
            let mut left =
                line.trim_matches(|letter: char| letter.is_whitespace() && ifs.contains(letter));
            let last = values.len().saturating_sub(1);
            for (at, value) in values.iter_mut().enumerate() {
                let (word, more) = match left.split_once(|letter| ifs.contains(letter)) {
                    Some((word, more)) if at < last => (word, more.trim_start_matches([' ', '\t'])),
                    _ => (left, ""),
                };
                left = more;
                let word = Value::new(Text::new(word), input.labels);
                match value {
                    Some(before) => before.join(&word),
                    None => *value = Some(word),
                }
            }
        }
        if lines.len() > MAX_LINES || partly {
            let more = if input.names && names.len() == 1 { below() } else { unknown() };
            values.iter_mut().flatten().for_each(|value| value.join(&more));
        }
    }
    for (field, value) in names.iter().zip(values) {
        if let Some(name) = field.literal().filter(|name| is_name(name)) {
            let value = value.unwrap_or_else(|| {
                if input.names && names.len() == 1 && !arguments.has(&["-n", "-N"]) {
                    below()
                } else {
                    unknown()
                }
            });
            eval.give(name, Variable::Scalar(value));
        }
    }
    Stream::nothing()
}

/// What `-u FD` names, or standard input.
fn read_from(eval: &Eval<'_>, fd: Option<&Field>) -> Stream {
    match fd.map(|fd| fd.literal().and_then(|number| number.parse::<u32>().ok())) {
        None | Some(Some(0)) => eval.stdin.clone(),
        Some(Some(number)) => eval.state.descriptors.get(&number).cloned().unwrap_or_default(),
        Some(None) => eval.state.descriptors.values().fold(Stream::default(), |mut all, one| {
            all.labels = all.labels.and(one.labels);
            all
        }),
    }
}

/// `mapfile` and `readarray`, whose `-C` is code.
pub(super) fn array_read(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    if let Some(code) = arguments.value(&["-C"]).cloned() {
        let _ = eval.code(Language::Shell, &code.text, code.labels, "callback", code.span);
    }
    let name = arguments.operands.first().and_then(Field::literal).unwrap_or("MAPFILE").to_owned();
    let input = read_from(eval, arguments.value(&["-u"]));
    let plain = ["-n", "-O", "-s", "-d"].iter().all(|option| !arguments.has(&[option]));
    let known = input.text.as_ref().filter(|text| !text.is_unknown());
    eval.lists |= known.is_none();
    let values = match known {
        Some(text) if plain && text.raw().lines().count() <= 1024 => {
            // Lines that are known only in part may be others as well.
            let more = text.literal().is_none().then_some("\u{F0000}");
            text.raw()
                .lines()
                .chain(more)
                .enumerate()
                .map(|(at, line)| {
                    (Text::new(at.to_string()), Value::new(Text::new(line), input.labels))
                })
                .collect()
        }
        _ => vec![(Text::unknown(), Value::new(Text::unknown(), input.labels))],
    };
    eval.state.variables.insert(name.into(), Variable::Array(values));
    Stream::nothing()
}

pub(super) fn let_words(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    for field in rest(fields) {
        eval.prompt_code(&field.text, field.labels);
        let name = field.text.raw().split(['=', '+', '-']).next().unwrap_or("").to_owned();
        if is_name(&name) {
            eval.assign(&name, Text::unknown(), field.labels);
        }
    }
    Stream::nothing()
}

/// `test` and `[`: `-v` and integer comparisons evaluate subscripts.
pub(super) fn test(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let words = rest(fields);
    for (at, field) in words.iter().enumerate() {
        match field.literal() {
            Some("-v" | "-R") => {
                if let Some(next) = words.get(at + 1) {
                    eval.subscript_code(next.text.raw(), next.labels);
                }
            }
            Some("-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge") => {
                for side in [at.checked_sub(1), at.checked_add(1)].into_iter().flatten() {
                    if let Some(side) = words.get(side) {
                        eval.prompt_code(&side.text.clone(), side.labels);
                    }
                }
            }
            _ => {}
        }
    }
    Stream::nothing()
}

/// `complete`, `compgen`, `bind`: options that carry code.
pub(super) fn complete(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = fields.first().map(|field| field.span).unwrap_or_default();
    if program.name == "bind"
        && let Some(value) = arguments.value(&["-x"])
        && let Some((_, code)) = value.text.raw().split_once(':')
    {
        // `"key": command`
        let code = Text::new(code.trim());
        let _ = eval.code(Language::Shell, &code, value.labels, "key binding", value.span);
        return Stream::nothing();
    }
    let action = arguments.value(&["-A"]).and_then(Field::literal);
    if program.name == "compgen"
        && (arguments.has(&["-e", "-v"]) || matches!(action, Some("variable" | "export")))
    {
        eval.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
    }
    eval.lower(program, fields)
}

pub(super) fn enable(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let words = rest(fields);
    for (at, field) in words.iter().enumerate() {
        if field.literal().is_some_and(|text| text.starts_with('-') && text.contains('f')) {
            let path = words.get(at + 1).map(|next| next.text.clone()).unwrap_or_default();
            let path = eval.resolve(&path);
            eval.emit(EffectKind::Load { path }, field.labels, field.span);
            eval.hazard("code/native-into-shell", field.span);
        }
    }
    Stream::nothing()
}

/// `fc -s`, `fc`, `history -c` ...
pub(super) fn fix_command(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let span = fields.first().map(|field| field.span).unwrap_or_default();
    let name = fields.first().and_then(Field::literal).unwrap_or("");
    let words = rest(fields);
    let has = |flag: char| {
        words.iter().any(|field| {
            field.literal().is_some_and(|text| text.starts_with('-') && text.contains(flag))
        })
    };
    if name == "history" {
        if has('c') || has('d') {
            eval.hazard("history/erase", span);
        }
        if has('p') || has('s') {
            return Stream::default();
        }
        return Stream::unknown(Labels::NONE);
    }
    if !has('l') {
        eval.emit(
            EffectKind::Execute { language: Language::Shell, code: Code::Opaque },
            Labels::NONE,
            span,
        );
    }
    Stream::default()
}

/// `env` and `printenv` without more than options, and their kin.
pub(super) fn print_environment(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = fields.first().map(|field| field.span).unwrap_or_default();
    if arguments.operands.is_empty() {
        eval.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
        return Stream::unknown(Labels::ENVIRONMENT);
    }
    if arguments.operands.iter().any(|field| field.literal().is_none_or(secret_name)) {
        eval.hazard("env/secret-variable", span);
        return Stream::unknown(Labels::ENVIRONMENT);
    }
    Stream::default()
}

/// Whether a variable's name says that it holds a credential.
pub(crate) fn secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "APIKEY",
        "API_KEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "CREDENTIAL",
    ]
    .iter()
    .any(|part| upper.contains(part))
}
