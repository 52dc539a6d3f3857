//! Interpreters of other languages.

use super::super::Eval;
use super::super::arguments;
use super::super::lower::Flow;
use super::super::value::{Field, Stream};
use crate::effect::{Code, EffectKind};
use crate::programs::{self, Language, Program, Role};
use crate::span::Span;
use crate::text::Text;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

/// An interpreter by its data; `-` and no operand are standard input.
pub(super) fn interpreter(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
) -> Stream {
    // Perl's `<>` opens operands with its two-argument open: a pipe sign at
    // either end runs the rest.
    if program.name == "perl" {
        for field in rest(fields) {
            let raw = field.text.raw().trim();
            if let Some(code) = raw.strip_suffix('|').or_else(|| raw.strip_prefix('|'))
                && code.len() > 1
            {
                let code = Text::new(code);
                let _ = eval.code(Language::Shell, &code, field.labels, "perl open", field.span);
            }
        }
    }
    let arguments = arguments::read(program, rest(fields), false);
    let edits = arguments.has(&["-i"])
        || rest(fields).iter().any(|field| {
            field.literal().is_some_and(|text| {
                text.starts_with('-')
                    && !text.starts_with("--")
                    && text.get(1..).is_some_and(|letters| {
                        letters.find('i').is_some_and(|at| {
                            letters.bytes().take(at).all(|b| b"pnlawse0".contains(&b))
                        })
                    })
            })
        });
    // A module that is named before the code is used by it.
    let (language, modules, using) = match program.name.get() {
        "perl" => (Language::Perl, &["-M", "-m"], "use "),
        _ => (Language::Ruby, &["-r", "--require"], "require "),
    };
    for module in arguments.values(modules).cloned().collect::<Vec<_>>() {
        let name = module.text.raw().split('=').next().unwrap_or("");
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte)) {
            let quote = if language == Language::Ruby { "'" } else { "" };
            let code = Text::new(format!("{using}{quote}{name}{quote};"));
            let _ = eval.code(language, &code, module.labels, "module", module.span);
        } else if language == Language::Perl {
            // What stands behind the name is code as well.
            let code = Text::new(format!("use {};", module.text.raw()));
            let _ = eval.code(language, &code, module.labels, "module", module.span);
        }
    }
    // Ruby's un.rb has the tools of the shell: `ruby -run -e rm -- -rf x`.
    if language == Language::Ruby
        && rest(fields).iter().any(|field| field.literal() == Some("-run"))
        && let Some(tool) = arguments.values(&["-e"]).next().cloned()
        && matches!(
            tool.text.literal(),
            Some("rm" | "rmdir" | "cp" | "mv" | "ln" | "install" | "chmod" | "touch" | "mkdir")
        )
    {
        let mut words = vec![tool];
        words.extend(arguments.operands.iter().cloned());
        let _ = eval.nested("un.rb", |eval| eval.run(words));
    }
    if language == Language::Ruby
        && rest(fields).iter().any(|field| field.literal() == Some("-run"))
        && arguments.values(&["-e"]).any(|field| field.text.raw().contains("httpd"))
    {
        eval.hazard("network/listen", place(fields));
    }
    if edits {
        for field in arguments
            .operands
            .iter()
            .filter(|field| !field.text.raw().contains(['(', '{', ';', '$']))
        {
            let mut flow = Flow::default();
            eval.apply(Role::Edit, field, &mut flow);
        }
    }
    eval.lower(program, fields)
}

/// Python: `-c` ends the options, `-m` names a module.
pub(super) fn python(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let stream = python_words(eval, program, fields);
    eval.obeyed(program, place(fields));
    stream
}

fn python_words(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let words = rest(fields);
    let span = place(fields);
    eval.environment_twins(program, span);
    let mut at = 0;
    while let Some(field) = words.get(at) {
        let Some(word) = field.literal() else { break };
        if word == "-" || !word.starts_with('-') {
            break;
        }
        at += 1;
        if word.starts_with("--") {
            if matches!(word, "--check-hash-based-pycs") {
                at += 1;
            }
            continue;
        }
        let letters = word.get(1..).unwrap_or("");
        if let Some(cut) = letters.find(['c', 'm', 'W', 'X', 'Q']) {
            let kind = letters.get(cut..=cut).unwrap_or("");
            let attached = letters.get(cut + 1..).unwrap_or("");
            let value = if attached.is_empty() {
                at += 1;
                words.get(at - 1).cloned()
            } else {
                Some(field.with(attached))
            };
            let Some(value) = value else { continue };
            match kind {
                "c" => {
                    let arguments = words.get(at - 1..).unwrap_or(&[]).to_vec();
                    return eval.with_arguments(&arguments, |eval| {
                        eval.code(
                            Language::Python,
                            &value.text,
                            value.labels,
                            "python code",
                            value.span,
                        )
                    });
                }
                "m" => {
                    let arguments = words.get(at..).unwrap_or(&[]);
                    return module(eval, program, &value, arguments);
                }
                _ => {}
            }
        }
    }
    let left = words.get(at..).unwrap_or(&[]);
    match left.first() {
        Some(file) => {
            for word in left.iter().skip(1) {
                eval.maybe_path(word);
            }
            eval.script_file(Language::Python, file, left)
        }
        None if !eval.stdin.is_nothing() => eval.input_code(Language::Python, span),
        None => Stream::default(),
    }
}

/// Whether a server is bound to this machine alone.
fn here_only(arguments: &[Field]) -> bool {
    const HERE: &[&str] = &["127.0.0.1", "localhost", "::1"];
    let mut words = arguments.iter().map(|field| field.literal().unwrap_or(""));
    let mut bound = false;
    while let Some(word) = words.next() {
        let address = match word {
            "-b" | "--bind" => words.next(),
            _ => word
                .strip_prefix("--bind=")
                .or_else(|| word.strip_prefix("-b").filter(|_| !word.starts_with("--"))),
        };
        if let Some(address) = address {
            bound = HERE.contains(&address);
        }
    }
    bound
}

/// `python -m MODULE ARGUMENTS`: the module's own entry where there is one
/// (`python -m pip` is `pip`).
fn module(eval: &mut Eval<'_>, _: &'static Program, name: &Field, arguments: &[Field]) -> Stream {
    let Some(module) = name.literal() else {
        eval.emit(
            EffectKind::Execute { language: Language::Python, code: Code::Opaque },
            name.labels,
            name.span,
        );
        return Stream::default();
    };
    let known = format!("python -m {module}");
    let entry = programs::entry(&known).or_else(|| programs::entry(module));
    let mut fields = vec![name.clone()];
    fields.extend(arguments.iter().cloned());
    match entry {
        Some(entry) if entry.handler != crate::programs::Handler::Python => {
            eval.invoke(entry, fields)
        }
        _ => match module {
            "webbrowser" => {
                for field in arguments.iter().filter(|field| !field.text.raw().starts_with('-')) {
                    eval.connect(&field.text, false, field.labels, field.span);
                }
                Stream::default()
            }
            "http.server" | "SimpleHTTPServer" | "pdb" | "code" | "trace" | "cProfile"
            | "profile" | "timeit" => {
                match module {
                    "http.server" | "SimpleHTTPServer" if here_only(arguments) => {}
                    "http.server" | "SimpleHTTPServer" => eval.hazard("network/listen", name.span),
                    "timeit" => {
                        for field in arguments {
                            if !field.text.raw().starts_with('-') {
                                let _ = eval.code(
                                    Language::Python,
                                    &field.text,
                                    field.labels,
                                    "python code",
                                    field.span,
                                );
                            }
                        }
                    }
                    _ => {
                        if let Some(file) =
                            arguments.iter().find(|field| !field.text.raw().starts_with('-'))
                        {
                            let _ = eval.script_file(
                                Language::Python,
                                file,
                                std::slice::from_ref(file),
                            );
                        }
                    }
                }
                Stream::default()
            }
            _ => {
                eval.hazard("run/project-code", name.span);
                if let Some(path) = eval.written_module(module) {
                    let (labels, _) = eval.file_facts(&path);
                    eval.emit(EffectKind::Load { path }, labels, name.span);
                }
                for field in arguments {
                    eval.maybe_path(field);
                }
                Stream::default()
            }
        },
    }
}
