//! Programs that copy, move, link, delete and change files.

use super::super::Eval;
use super::super::arguments;
use super::super::lower::Flow;
use super::super::reaches::remote;
use super::super::state::File;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Program;
use crate::span::Span;
use crate::text::Text;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

/// `rm`, `rmdir`, `unlink`.
pub(super) fn remove(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let recursive = arguments.has(&["-r", "-R", "--recursive"]);
    eval.hazards(program, &arguments, place(fields));
    // No file has an empty name.
    for field in arguments.operands.iter().filter(|field| !field.text.is_empty()) {
        let path = eval.resolve_entry(&field.text);
        if let Some(known) = path.named() {
            eval.state.files.remove(known);
        }
        eval.emit(EffectKind::Delete { path, recursive }, Labels::NONE, field.span);
    }
    Stream::nothing()
}

/// `cp`, `mv`, `install`, `rsync`, `scp` on local paths: content and labels
/// go along.
pub(super) fn copy(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = place(fields);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    eval.hazards(program, &arguments, span);
    eval.environment_twins(program, span);
    let moves = matches!(program.name.get(), "mv");
    let empties =
        program.name == "rsync" && arguments.has(&["--remove-source-files", "--remove-sent-files"]);
    // `rsync --log-file`: written besides what is copied.
    for (path, how, at) in std::mem::take(&mut flow.written) {
        eval.store(&path, how, &Stream::unknown(Labels::NONE), at);
    }
    let directory = arguments.value(&["-t", "--target-directory"]).cloned();
    let (sources, target) = match &directory {
        Some(directory) => (arguments.operands.as_slice(), Some(directory.clone())),
        None => match arguments.operands.split_last() {
            Some((last, sources)) => (sources, Some(last.clone())),
            None => (&[][..], None),
        },
    };
    let Some(target) = target else { return Stream::nothing() };
    let link = arguments.has(&["-s", "--symbolic-link"]) && program.name == "cp";
    let away = remote(&target.text);
    let mut labels = Labels::NONE;
    let mut all: Option<Stream> = None;
    let target_path = eval.resolve(&target.text);
    for source in sources {
        if remote(&source.text) {
            eval.connect(&source.text, false, Labels::NONE, source.span);
            labels = labels.and(Labels::DOWNLOADED);
            all = Some(Stream::unknown(Labels::DOWNLOADED));
            let base = source.text.raw().rsplit(['/', ':']).next().unwrap_or("");
            match target_path.named() {
                Some(into) if !matches!(base, "" | "." | "*") => {
                    let labels = Labels::DOWNLOADED.and(Labels::WRITTEN);
                    let file = File { labels, ..File::default() };
                    eval.state.files.insert(format!("{into}/{base}"), file);
                }
                // All that is there.
                _ => eval.fetch_tree(&target_path),
            }
            continue;
        }
        let path = eval.resolve(&source.text);
        let stream = eval.read(&path, source.span).with_labels(source.labels);
        if moves || empties {
            eval.emit(
                EffectKind::Delete { path: path.clone(), recursive: empties },
                Labels::NONE,
                source.span,
            );
        }
        labels = labels.and(stream.labels);
        // The name it has below a directory is another file of the line.
        if let (Some(base), Some(into)) = (path.raw().rsplit('/').next(), target_path.named()) {
            let inside = format!("{into}/{base}");
            let file = File {
                labels: stream.labels.and(Labels::WRITTEN),
                content: stream.text.clone(),
                link: None,
                copy_of: None,
            };
            if !stream.labels.is_none() || stream.text.is_some() {
                eval.state.files.insert(inside, file);
            }
            // `cp x .git/hooks/`: where it lands may be code that runs later.
            let landed = Text::new(format!("{into}/{base}"));
            if (eval.context.classify.code)(&landed).is_some()
                && (eval.context.classify.code)(&target_path).is_none()
            {
                eval.store(&landed, Writing::Replace, &stream, target.span);
            }
        }
        if !away
            && let Some(into) = target_path.named()
            && let Some(tree) = super::trees::copied(program, &arguments)
        {
            eval.copy_tree(tree, &path, into);
        }
        if moves && let Some(known) = path.named() {
            eval.state.files.remove(known);
        }
        if moves && let Some(into) = target_path.named() {
            let base = path.raw().rsplit('/').next().unwrap_or("");
            for place in [into.to_owned(), format!("{into}/{base}")] {
                eval.spend(place.len(), source.span);
                eval.moved.push((place, path.clone()));
            }
        }
        match &mut all {
            None => all = Some(stream),
            Some(all) => all.then(stream),
        }
    }
    if away {
        eval.connect(&target.text, true, labels, target.span);
        return Stream::nothing();
    }
    if sources.is_empty() && directory.is_none() {
        // One operand alone: `rsync host:dir` lists, `cp x` fails.
        let path = eval.resolve(&target.text);
        let _ = eval.read(&path, target.span);
        return Stream::nothing();
    }
    let mut stream = all.unwrap_or_default();
    if sources.len() > 1 || stream.text.is_none() {
        stream.text = None;
    }
    stream.network = false;
    if link && let (Some(known), [source]) = (target_path.named(), sources) {
        let leads = eval.resolve(&source.text);
        eval.emit(
            EffectKind::Write { path: target_path.clone(), how: Writing::Link },
            labels,
            target.span,
        );
        eval.state.files.insert(known.to_owned(), File { link: Some(leads), ..File::default() });
        return Stream::nothing();
    }
    let before = target_path.named().and_then(|known| eval.state.files.get(known).cloned());
    eval.store(&target_path, Writing::Replace, &stream, target.span);
    // What is put into a directory says nothing of what else is in it.
    if let Some(known) = target_path.named()
        && target.text.raw().ends_with(['/', '.'])
    {
        match before {
            Some(before) => eval.state.files.insert(known.to_owned(), before),
            None => eval.state.files.remove(known),
        };
    }
    // A copy of a system program under another name is still that program.
    for source in sources {
        if let (Some(from), Some(to)) = (source.literal(), target_path.named())
            && from.starts_with('/')
            && crate::programs::lookup(from).is_some()
        {
            eval.state.files.entry(to.to_owned()).or_default().copy_of = Some(source.text.clone());
        }
    }
    if program.name == "rsync"
        && arguments.has(&[
            "--delete",
            "--delete-before",
            "--delete-after",
            "--delete-during",
            "--delete-excluded",
            "--del",
        ])
    {
        eval.emit(EffectKind::Delete { path: target_path, recursive: true }, Labels::NONE, span);
    }
    Stream::nothing()
}

/// What archivers do beside what their words are: `pax -rw` copies, and some
/// delete what they have packed: `zip -m`, `7z a -sdel`, `rar m`.
pub(in super::super) fn packed_away(
    eval: &mut Eval<'_>,
    program: &'static Program,
    arguments: &arguments::Arguments,
) {
    // `pax -rw FILE.. DIRECTORY` copies.
    if program.name == "pax"
        && arguments.has(&["-r"])
        && arguments.has(&["-w"])
        && let Some((target, sources)) = arguments.operands.split_last()
    {
        let mut content = Stream::nothing();
        for source in sources {
            content.then(eval.read_operand(source));
        }
        content.text = None;
        let path = eval.resolve(&target.text);
        eval.store(&path, Writing::Replace, &content, target.span);
        return;
    }
    let first = arguments.operands.first().and_then(Field::literal);
    let from = match program.name.get() {
        "zip" if arguments.has(&["-m", "--move"]) => 1,
        "7z" if arguments.has(&["-sdel"]) => 2,
        "rar" if matches!(first, Some("m" | "mf")) || arguments.has(&["-df", "-dr", "-dw"]) => 2,
        _ => return,
    };
    for field in arguments.operands.iter().skip(from) {
        let path = eval.resolve_entry(&field.text);
        eval.emit(EffectKind::Delete { path, recursive: true }, Labels::NONE, field.span);
    }
}

/// `ln`: the link is written, and leads where it says.
pub(super) fn link(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let symbolic = arguments.has(&["-s", "--symbolic"]);
    let (sources, target) = match arguments.value(&["-t", "--target-directory"]) {
        Some(directory) => (arguments.operands.clone(), directory.clone()),
        None => match arguments.operands.split_last() {
            Some((last, [])) => {
                let base = last
                    .text
                    .raw()
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or("")
                    .to_owned();
                (vec![last.clone()], last.with(base))
            }
            Some((last, sources)) => (sources.to_vec(), last.clone()),
            None => return Stream::nothing(),
        },
    };
    let target_path = eval.resolve(&target.text);
    eval.emit(
        EffectKind::Write { path: target_path.clone(), how: Writing::Link },
        Labels::NONE,
        target.span,
    );
    for source in &sources {
        let leads = eval.resolve(&source.text);
        if !symbolic {
            // A second name for the file: content through it is that file's.
            let _ = eval.read(&leads, source.span);
        }
        let Some(known) = target_path.named() else { continue };
        let base = leads.raw().rsplit('/').next().unwrap_or("").to_owned();
        for name in [known.to_owned(), format!("{known}/{base}")] {
            if leads.named() == Some(name.as_str()) {
                continue;
            }
            eval.state.files.insert(name, File { link: Some(leads.clone()), ..File::default() });
        }
    }
    Stream::nothing()
}

/// `chmod MODE FILE..`
pub(super) fn change_mode(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let recursive = arguments.has(&["-R", "--recursive"]);
    let mut operands = arguments.operands.clone();
    let mode = if arguments.has(&["--reference"]) {
        Text::unknown()
    } else if let Some(flag) = arguments.unknown.iter().find(|field| {
        field.literal().is_some_and(|text| text.bytes().skip(1).all(|b| b"rwxXstugo".contains(&b)))
    }) {
        // `chmod -x file`: the mode looks like an option.
        flag.text.clone()
    } else if operands.is_empty() {
        return Stream::nothing();
    } else {
        operands.remove(0).text
    };
    for field in &operands {
        let path = eval.resolve(&field.text);
        eval.emit(
            EffectKind::Mode { path, mode: mode.clone(), recursive },
            Labels::NONE,
            field.span,
        );
    }
    Stream::nothing()
}

/// `chown`, `chgrp`.
pub(super) fn change_owner(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let recursive = arguments.has(&["-R", "--recursive"]);
    let skip = usize::from(!arguments.has(&["--reference"]));
    for field in arguments.operands.iter().skip(skip) {
        let path = eval.resolve(&field.text);
        eval.emit(EffectKind::Owner { path, recursive }, Labels::NONE, field.span);
    }
    Stream::nothing()
}

/// `dd if= of=`
pub(super) fn dd(eval: &mut Eval<'_>, _: &'static Program, fields: &[Field]) -> Stream {
    let mut input = None;
    let mut output = None;
    for field in rest(fields) {
        match field.text.raw().split_once('=') {
            Some(("if", value)) => input = Some(field.with(value)),
            Some(("of", value)) => output = Some(field.with(value)),
            _ => {}
        }
    }
    let mut stream = match &input {
        Some(file) => eval.read_operand(file),
        None => eval.stdin.clone(),
    };
    match output {
        Some(file) => {
            let path = eval.resolve(&file.text);
            eval.store(&path, Writing::Replace, &stream, file.span);
            Stream::nothing()
        }
        None => {
            stream.shell = false;
            stream
        }
    }
}

/// `tee`: standard input to files and on.
pub(super) fn tee(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let how = if arguments.has(&["-a", "--append"]) { Writing::Append } else { Writing::Replace };
    let stream = eval.stdin.clone();
    for field in &arguments.operands {
        let path = eval.resolve(&field.text);
        if path.known_prefix().starts_with("/dev/tcp/") {
            eval.connect(&path, true, stream.labels, field.span);
            continue;
        }
        eval.store(&path, how, &stream, field.span);
    }
    stream
}

/// `tar` and kin: packing reads, unpacking writes below a directory, and what
/// comes out of an archive carries what the archive does.
pub(super) fn tar(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = place(fields);
    eval.hazards(program, &arguments, span);
    eval.environment_twins(program, span);
    let mut flow = Flow::default();
    let outer = eval.state.cwd.clone();
    let has = |names: &[&str]| arguments.has(names);
    let creates = has(&["-c", "--create", "-r", "--append", "-u", "--update"]);
    let extracts = has(&["-x", "--extract", "--get"]);
    let archive = arguments.value(&["-f", "--file"]).cloned();
    // Options that carry code; directories and files by hand.
    for (option, value) in &arguments.options {
        let (Some(role), Some(value)) = (option.value, value) else { continue };
        if option.names.iter().any(|name| {
            matches!(
                name.get(),
                "-f" | "--file"
                    | "-C"
                    | "--directory"
                    | "--checkpoint-action"
                    | "-T"
                    | "--files-from"
            )
        }) {
            continue;
        }
        eval.apply(role, value, &mut flow);
    }
    for value in arguments.values(&["--checkpoint-action"]) {
        if let Some(code) = value.text.raw().strip_prefix("exec=") {
            let code = Text::new(code);
            let _ = eval.code(
                crate::programs::Language::Shell,
                &code,
                value.labels,
                "tar checkpoint",
                value.span,
            );
        }
    }
    if let Some(list) = arguments.value(&["-T", "--files-from"]) {
        eval.read_listed(list);
    }
    let mut archived = match &archive {
        Some(file) if file.literal() == Some("-") => None,
        Some(file) if remote(&file.text) => {
            eval.connect(&file.text, creates, Labels::NONE, file.span);
            None
        }
        Some(file) => Some((eval.resolve(&file.text), file.span)),
        None => None,
    };
    if let Some(directory) = arguments.value(&["-C", "--directory"]) {
        let path = eval.resolve(&directory.text);
        eval.state.cwd = vec![path];
    }
    let mut stream = Stream::default();
    if creates {
        let mut content = Stream::nothing();
        for field in &arguments.operands {
            content.then(eval.read_operand(field));
            if has(&["--remove-files"]) {
                let path = eval.resolve_entry(&field.text);
                eval.emit(EffectKind::Delete { path, recursive: true }, Labels::NONE, field.span);
            }
        }
        for tree in super::trees::archived(eval, &arguments) {
            content.labels = content.labels.and(eval.carried_below(tree, span));
        }
        content.text = None;
        match archived.take() {
            Some((path, at)) => eval.store(&path, Writing::Replace, &content, at),
            None => stream = content,
        }
    } else {
        let content = match &archived {
            Some((path, at)) => eval.read(path, *at),
            None => eval.stdin.clone(),
        };
        if extracts {
            if has(&["-O", "--to-stdout"]) {
                stream = Stream { text: None, ..content };
            } else {
                let into = eval.directory().clone();
                let mut below = into.clone();
                below.push("/");
                below.push(&crate::text::STAR.to_string());
                let path = eval.resolve(&below);
                eval.emit(EffectKind::Write { path, how: Writing::Edit }, content.labels, span);
                for field in &arguments.operands {
                    let path = eval.resolve(&field.text);
                    eval.emit(
                        EffectKind::Write { path, how: Writing::Edit },
                        content.labels,
                        field.span,
                    );
                }
                if content.labels.has(Labels::SECRET) {
                    eval.unpack(&into);
                }
                // What came over the network is not kept of what was unpacked:
                // that is of this line, in which nobody can look.
                if content.labels.has(Labels::DOWNLOADED) {
                    eval.fetch_tree(&into);
                }
                if has(&["-P", "--absolute-names"]) {
                    eval.hazard("file/absolute-unpack", span);
                }
            }
        }
    }
    eval.state.cwd = outer;
    stream
}
