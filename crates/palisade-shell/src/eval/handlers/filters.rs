//! Filters whose result can be told: decoders, `cat`, `sed`, `awk`.

use super::super::arguments;
use super::super::lower::Flow;
use super::super::value::{Field, Stream};
use super::super::{Eval, decode};
use crate::effect::{Labels, Writing};
use crate::programs::{Language, Program, Role};
use crate::text::Text;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

/// The name that a program of several was started by.
fn invoked(fields: &[Field]) -> &str {
    let name = fields.first().and_then(Field::literal).unwrap_or("");
    name.rsplit('/').next().unwrap_or(name)
}

/// The content that a filter works on: its operands', or standard input's.
fn input(eval: &mut Eval<'_>, operands: &[Field]) -> Stream {
    if operands.is_empty() {
        return eval.stdin.clone();
    }
    let mut all = Stream::nothing();
    for field in operands {
        all.then(eval.read_operand(field));
    }
    all
}

/// A filter by its data whose output is known text, if it is.
fn with_text(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
    text: Option<String>,
    labels: Labels,
) -> Stream {
    let mut stream = eval.lower(program, fields);
    if let Some(text) = text {
        stream.text = Some(Text::new(text));
    }
    stream.labels = stream.labels.and(labels);
    stream
}

pub(super) fn cat(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    let mut stream = input(eval, &arguments.operands);
    let changes = !arguments.options.is_empty() || !arguments.unknown.is_empty();
    if changes && program.name != "cat" {
        stream.text = stream.text.filter(|text| text.is_empty());
    }
    stream
}

pub(super) fn base64(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let decodes = arguments.has(&["-d", "--decode", "-D", "-di", "-id"]);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    let from = input(eval, &arguments.operands);
    if !decodes {
        let stream = Stream { text: None, labels: from.labels, ..Stream::default() };
        return put(eval, flow, stream);
    }
    let text = from.text.as_ref().and_then(Text::literal).and_then(|text| match invoked(fields) {
        "base32" => decode::base32(text),
        _ => decode::base64(text),
    });
    let stream = Stream {
        text: text.map(Text::new),
        labels: from.labels.and(Labels::DECODED),
        network: from.network,
        shell: false,
        names: false,
    };
    put(eval, flow, stream)
}

/// What is printed, or written where an option says so.
fn put(eval: &mut Eval<'_>, flow: Flow, stream: Stream) -> Stream {
    if flow.written.is_empty() {
        return stream;
    }
    for (path, how, span) in &flow.written {
        eval.store(path, *how, &stream, *span);
    }
    Stream::nothing()
}

pub(super) fn xxd(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let reverts = arguments.has(&["-r", "-revert"])
        || rest(fields).iter().any(|field| {
            field.literal().is_some_and(|text| {
                text.starts_with('-')
                    && !text.starts_with("--")
                    && text.contains('r')
                    && text.len() <= 4
            })
        });
    if !reverts {
        return eval.lower(program, fields);
    }
    let first: Vec<Field> = arguments.operands.iter().take(1).cloned().collect();
    let from = input(eval, &first);
    let text = from.text.as_ref().and_then(Text::literal).and_then(decode::hex);
    let stream = Stream {
        text: text.map(Text::new),
        labels: from.labels.and(Labels::DECODED),
        network: from.network,
        shell: false,
        names: false,
    };
    if let Some(file) = arguments.operands.get(1) {
        let path = eval.resolve(&file.text);
        eval.store(&path, Writing::Replace, &stream, file.span);
        return Stream::nothing();
    }
    stream
}

pub(super) fn rev(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let from = input(eval, &arguments.operands);
    let text = from.text.as_ref().and_then(Text::literal).map(|text| {
        if invoked(fields) == "tac" {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.reverse();
            lines.join("\n") + "\n"
        } else {
            text.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect()
        }
    });
    Stream {
        text: text.map(Text::new),
        labels: from.labels,
        network: from.network,
        shell: false,
        names: false,
    }
}

pub(super) fn tr(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let from = eval.stdin.clone();
    let delete = arguments.has(&["-d", "--delete"]);
    let complement = arguments.has(&[
        "-c",
        "-C",
        "--complement",
        "-s",
        "--squeeze-repeats",
        "-t",
        "--truncate-set1",
    ]);
    let sets: Vec<&str> = arguments.operands.iter().filter_map(Field::literal).collect();
    let text = match (from.text.as_ref().and_then(Text::literal), complement) {
        (Some(text), false) => {
            sets.first().and_then(|set| decode::tr(text, set, sets.get(1).copied(), delete))
        }
        _ => None,
    };
    Stream {
        text: text.map(Text::new),
        labels: from.labels,
        network: from.network,
        shell: false,
        names: false,
    }
}

/// `openssl enc -d`, `openssl base64 -d`; and its hazards by data.
pub(super) fn openssl(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let words = rest(fields);
    let has = |word: &str| words.iter().any(|field| field.literal() == Some(word));
    let decodes = has("-d");
    let from = eval.stdin.clone();
    let plain = decodes
        && (has("base64") || has("-base64") || has("-a"))
        && !words.iter().any(|field| {
            field.literal().is_some_and(|text| {
                text.starts_with("-aes")
                    || text.starts_with("-des")
                    || text.starts_with("-chacha")
                    || text == "-k"
                    || text == "-pass"
            })
        });
    let text = plain
        .then(|| from.text.as_ref().and_then(Text::literal).and_then(decode::base64))
        .flatten();
    let labels = if decodes { from.labels.and(Labels::DECODED) } else { from.labels };
    let mut stream = with_text(eval, program, fields, text, labels);
    if has("s_client") {
        stream.labels = stream.labels.and(Labels::DOWNLOADED);
        if from.shell {
            eval.emit(
                crate::effect::EffectKind::RemoteShell,
                Labels::NONE,
                crate::span::Span::default(),
            );
        }
    }
    stream
}

/// `sed`: scripts are code, `-i` edits operands, and the plainest scripts have
/// a known result.
pub(super) fn sed(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let mut operands = arguments.operands.clone();
    let mut scripts: Vec<Field> = arguments.values(&["-e", "--expression"]).cloned().collect();
    for file in arguments.values(&["-f", "--file"]).cloned().collect::<Vec<_>>() {
        let stream = eval.read_operand(&file);
        match stream.text {
            Some(text) if !text.is_unknown() => {
                scripts.push(Field { text, labels: stream.labels, span: file.span });
            }
            _ => {
                let kind = crate::effect::Code::File(eval.resolve(&file.text));
                eval.emit(
                    crate::effect::EffectKind::Execute { language: Language::Sed, code: kind },
                    stream.labels,
                    file.span,
                );
            }
        }
    }
    if scripts.is_empty() && !arguments.has(&["-f", "--file"]) && !operands.is_empty() {
        scripts.push(operands.remove(0));
    }
    let edits = arguments.has(&["-i", "--in-place", "-I"]);
    let from = if edits {
        let mut labels = Labels::NONE;
        for field in &operands {
            let path = eval.resolve(&field.text);
            let stream = eval.read(&path, field.span);
            labels = labels.and(stream.labels);
            eval.store(&path, Writing::Edit, &Stream::unknown(stream.labels), field.span);
        }
        Stream::unknown(labels)
    } else {
        input(eval, &operands)
    };
    let known = from.text.as_ref().filter(|text| !text.is_unknown());
    let partly = known.is_some_and(|text| text.literal().is_none());
    let mut text = known.map(|text| text.raw().to_owned());
    for script in &scripts {
        let outer = std::mem::replace(&mut eval.stdin, from.clone());
        let _ = eval.code(Language::Sed, &script.text, script.labels, "sed code", script.span);
        eval.stdin = outer;
        text = match (text, script.literal()) {
            (Some(text), Some(script)) => super::super::languages::sed_result(script, &text),
            _ => None,
        };
    }
    if arguments.has(&["-n", "--quiet", "--silent"]) {
        text = None;
    }
    let mut text = text.map(Text::new);
    if partly {
        // What stands where it is not known may have been changed.
        text = text.map(super::outcome::among_others);
    }
    if edits {
        return Stream::nothing();
    }
    Stream { text, labels: from.labels, network: from.network, shell: false, names: false }
}

/// `awk`: the program is code; `-v` values and operands are data or files.
pub(super) fn awk(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let mut operands = arguments.operands.clone();
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    eval.hazards(program, &arguments, fields.first().map(|field| field.span).unwrap_or_default());
    let mut printed = None;
    let given = arguments.has(&["-f", "--file", "-e", "--source", "-E", "--exec"]);
    // The library that writes what is printed back (gawk's inplace.awk).
    let inplace = |field: &Field| matches!(field.literal(), Some("inplace" | "inplace.awk"));
    if arguments.values(&["-i", "--include"]).any(inplace) {
        for field in operands.iter().skip(usize::from(!given)) {
            if !field.text.raw().contains('=') {
                eval.apply(Role::Edit, field, &mut flow);
            }
        }
    }
    if !given && !operands.is_empty() {
        let code = operands.remove(0);
        let from_operands: Vec<Field> =
            operands.iter().filter(|field| !field.text.raw().contains('=')).cloned().collect();
        let mut from = input(eval, &from_operands);
        // `-v f=NAME` and `f=NAME`: what is read by a variable's name.
        if code.text.raw().contains("getline") {
            let given = arguments.values(&["-v", "--assign"]).chain(&operands);
            let names =
                given.filter_map(|field| Some(field.with(field.text.raw().split_once('=')?.1)));
            for name in names.collect::<Vec<_>>() {
                if (eval.context.classify.secret)(&eval.resolve(&name.text)) {
                    from.then(eval.read_operand(&name));
                    from.text = None;
                }
            }
        }
        let outer = std::mem::replace(&mut eval.stdin, from.clone());
        let stream = eval.code(Language::Awk, &code.text, code.labels, "awk code", code.span);
        eval.stdin = outer;
        let labels = from.labels.and(stream.labels);
        printed = Some(Stream {
            text: stream.text,
            labels,
            network: from.network,
            shell: false,
            names: false,
        });
    } else {
        let from = input(eval, &operands);
        printed.get_or_insert(Stream { text: None, labels: from.labels, ..Stream::default() });
    }
    printed.unwrap_or_default()
}
