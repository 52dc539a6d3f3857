//! Programs that talk to hosts.

use super::super::Eval;
use super::super::arguments;
use super::super::lower::Flow;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::{Language, Program, Role};
use crate::span::Span;
use crate::text::Text;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

/// `curl`, `wget`, `aria2c`: by data, and files named after the URL carry
/// what was fetched.
pub(super) fn fetch(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = place(fields);
    let mut flow = Flow::default();
    eval.environment_twins(program, span);
    for field in rest(fields) {
        flow.words = flow.words.and(field.labels);
    }
    eval.options(program, &arguments, &mut flow);
    eval.hazards(program, &arguments, span);
    eval.operands(program, &arguments.operands, &mut flow, 0);
    // A file of options or addresses says where.
    let listed = arguments.options.iter().any(|(option, _)| option.value == Some(Role::FileList));
    if listed {
        eval.connect(&Text::unknown(), !flow.sent.is_none(), flow.sent, span);
    }
    // `wget -O -` and `curl -o -` print.
    flow.written
        .retain(|(path, _, _)| !matches!(path.literal(), Some("/dev/stdout" | "/dev/fd/1")));
    let to_output = arguments
        .values(&["-O", "--output-document", "-o", "--output"])
        .any(|field| matches!(field.literal(), Some("-" | "/dev/stdout")));
    let named_after = match program.name.get() {
        // It names a file too, but is read as printing: the strict reading.
        "fetch" => false,
        "curl" => arguments.has(&[
            "-O",
            "--remote-name",
            "-J",
            "--remote-header-name",
            "--remote-name-all",
        ]),
        _ => {
            !to_output
                && arguments.value(&["-O", "--output-document", "-o", "--out"]).is_none_or(|_| {
                    program.name == "wget"
                        && arguments.value(&["-O", "--output-document"]).is_none()
                })
        }
    };
    if program.name == "wget" || program.name == "aria2c" {
        // `-P DIR`, `-d DIR` say where.
        if let Some(directory) = arguments.value(&["-P", "--directory-prefix", "-d", "--dir"]) {
            let path = eval.resolve(&directory.text);
            eval.state.files.entry(path.raw().to_owned()).or_default().labels = Labels::DOWNLOADED;
        }
    }
    if named_after {
        for (host, at) in flow.hosts.clone() {
            let raw = host.raw();
            let name = raw
                .split(['?', '#'])
                .next()
                .unwrap_or(raw)
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or("");
            let directory =
                arguments.value(&["-P", "--directory-prefix", "--output-dir", "-d", "--dir"]);
            let name = match directory {
                Some(directory) => format!("{}/{name}", directory.text.raw()),
                None => name.to_owned(),
            };
            if !name.is_empty() && !raw.starts_with('-') {
                let path = eval.resolve(&Text::new(name));
                flow.written.push((path, Writing::Replace, at));
            }
        }
    }
    let silent = !flow.written.is_empty() && !to_output || program.name == "aria2c";
    let secret = flow.words.has(Labels::SECRET) || flow.words.has(Labels::ENVIRONMENT);
    if secret {
        flow.sends = true;
        flow.sent = flow.sent.and(flow.words.without(Labels::WRITTEN));
    }
    let fetched = !flow.hosts.is_empty();
    let mut stream = eval.finish_flow(program, flow, span);
    if fetched {
        stream.labels = stream.labels.and(Labels::DOWNLOADED);
        stream.text = None;
    }
    if silent && !arguments.has(&["-i", "-I", "--head", "-D", "--dump-header", "-w", "--write-out"])
    {
        return Stream::nothing();
    }
    stream
}

/// `nc`, `ncat`: a raw connection both ways; `-e` and `-c` wire a program to it.
pub(super) fn netcat(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = place(fields);
    let listens = arguments.has(&["-l", "--listen", "-L", "-k"]);
    let runs = ["-e", "--exec", "-c", "--sh-exec", "--lua-exec"];
    let mut wired = false;
    for value in arguments.values(&runs) {
        wired = true;
        let outer = std::mem::replace(
            &mut eval.stdin,
            Stream { labels: Labels::DOWNLOADED, network: true, ..Stream::default() },
        );
        let _ = eval.code(
            Language::Shell,
            &value.text.clone(),
            value.labels,
            "wired to the network",
            value.span,
        );
        eval.stdin = outer;
    }
    if wired || eval.stdin.shell {
        eval.emit(EffectKind::RemoteShell, Labels::NONE, span);
    }
    let scans = arguments.has(&["-z"]);
    if listens {
        eval.hazard("network/listen", span);
    } else if arguments.has(&["-U", "--unixsock"])
        && let Some(socket) = arguments.operands.first()
    {
        let path = eval.resolve(&socket.text);
        eval.emit(EffectKind::Write { path, how: Writing::Edit }, eval.stdin.labels, socket.span);
    } else if let Some(host) = arguments.operands.first() {
        let input = eval.stdin.clone();
        let sends = !scans && !input.is_nothing();
        eval.connect(&host.text.clone(), sends, input.labels, host.span);
    }
    if scans {
        return Stream::default();
    }
    Stream { labels: Labels::DOWNLOADED, network: true, ..Stream::default() }
}

/// `socat ADDRESS ADDRESS`: `EXEC:` and `SYSTEM:` run, `TCP:` and kin connect.
pub(super) fn socat(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = place(fields);
    let mut network = false;
    let mut runs: Vec<Field> = Vec::new();
    let mut printed = Stream::default();
    for field in &arguments.operands {
        let raw = field.text.raw().to_owned();
        let (kind, value) = raw.split_once(':').unwrap_or((raw.as_str(), ""));
        let kind = kind.to_ascii_uppercase();
        match kind.as_str() {
            "EXEC" | "SYSTEM" | "SHELL" => {
                runs.push(field.with(value.split(',').next().unwrap_or(value)))
            }
            "OPEN" | "FILE" | "GOPEN" => {
                let file = field.with(value.split(',').next().unwrap_or(value));
                let path = eval.resolve(&file.text);
                let stream = eval.read(&path, file.span);
                printed.labels = printed.labels.and(stream.labels);
                eval.emit(EffectKind::Write { path, how: Writing::Edit }, Labels::NONE, field.span);
            }
            "CREATE" => {
                let file = field.with(value.split(',').next().unwrap_or(value));
                let path = eval.resolve(&file.text);
                eval.emit(
                    EffectKind::Write { path, how: Writing::Replace },
                    Labels::NONE,
                    field.span,
                );
            }
            "-" | "STDIO" | "STDIN" | "STDOUT" | "PIPE" | "PTY" | "READLINE" => {}
            _ if kind.contains("LISTEN") || kind.contains("RECV") => {
                network = true;
                eval.hazard("network/listen", field.span);
            }
            _ if kind.starts_with("UNIX") => {
                let path = eval.resolve(&Text::new(value.split(',').next().unwrap_or(value)));
                eval.emit(EffectKind::Write { path, how: Writing::Edit }, Labels::NONE, field.span);
            }
            _ if kind.starts_with("ABSTRACT") => {}
            _ => {
                network = true;
                let host = field.with(value);
                let input = eval.stdin.labels;
                eval.connect(&host.text, !input.is_none(), input.and(printed.labels), field.span);
            }
        }
    }
    for field in &runs {
        if network {
            eval.emit(EffectKind::RemoteShell, Labels::NONE, span);
        }
        let outer = std::mem::replace(
            &mut eval.stdin,
            Stream {
                labels: if network { Labels::DOWNLOADED } else { Labels::NONE },
                network,
                ..Stream::default()
            },
        );
        let _ = eval.code(Language::Shell, &field.text.clone(), field.labels, "socat", field.span);
        eval.stdin = outer;
    }
    if network {
        Stream { labels: Labels::DOWNLOADED, network: true, ..Stream::default() }
    } else {
        printed
    }
}

/// `ssh HOST COMMAND`: the command runs elsewhere, but as the user there; what
/// it destroys is no less gone.
pub(super) fn ssh(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let span = place(fields);
    let mut flow = Flow::default();
    eval.environment_twins(program, span);
    eval.options(program, &arguments, &mut flow);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]);
    let Some((host, command)) = words.split_first() else { return Stream::default() };
    // `ssh -T git@github.com`: a forge greets, and runs nothing.
    let greets = words.len() == 1
        && matches!(
            host.literal(),
            Some("git@github.com" | "git@gitlab.com" | "git@bitbucket.org" | "git@codeberg.org")
        )
        && rest(fields)
            .iter()
            .all(|word| word.span == host.span || matches!(word.literal(), Some("-T" | "-v")));
    if !greets {
        eval.hazards(program, &arguments, span);
    }
    // Options may stand behind the host as well.
    let after = arguments::read(program, command, true);
    eval.options(program, &after, &mut flow);
    let command = command.get(after.first_operand..).unwrap_or(&[]);
    let input = eval.stdin.clone();
    let sends = !input.is_nothing();
    eval.connect(&host.text, sends, input.labels, host.span);
    if command.is_empty() {
        if !input.is_nothing() {
            let _ = eval.input_code(Language::Shell, span);
        }
        return Stream { labels: Labels::DOWNLOADED, network: true, ..Stream::default() };
    }
    eval.hazard("remote/command", span);
    let mut line = Text::default();
    let mut labels = Labels::NONE;
    for (at, field) in command.iter().enumerate() {
        if at > 0 {
            line.push(" ");
        }
        line.push(field.text.raw());
        labels = labels.and(field.labels);
    }
    // Elsewhere is not here: what it changes there says nothing of here.
    let before = eval.state.clone();
    let stream = eval.code(
        Language::Shell,
        &line,
        labels,
        "ssh",
        command.first().map(|field| field.span).unwrap_or(span),
    );
    eval.state = before;
    Stream {
        text: None,
        labels: stream.labels.and(Labels::DOWNLOADED),
        network: false,
        shell: false,
        names: false,
    }
}
