//! Redirections, and what reading and writing files means for the flow.

use super::Eval;
use super::reaches::addressed;
use super::state::File;
use super::value::{Field, Stream, Value, Variable};
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::Language;
use crate::span::Span;
use crate::syntax::tree::{Descriptor, Redirect, RedirectOperator};
use crate::text::Text;

/// What a command's redirections changed, to be undone and completed.
#[derive(Default)]
pub(super) struct Redirected {
    stdin: Option<Stream>,
    outputs: Vec<(Text, Writing, Span)>,
    network: Option<Text>,
    outer_network: bool,
    nowhere: bool,
    /// `exec` without a command: they last.
    pub persist: bool,
}

/// How many files are noted whose content may be wanted.
const MOST_UNREAD: usize = 16;

impl Eval<'_> {
    pub(super) fn redirect(&mut self, redirects: &[Redirect]) -> Redirected {
        let mut out = Redirected { outer_network: self.output_network, ..Redirected::default() };
        for redirect in redirects {
            let span = self.span(redirect.span);
            use RedirectOperator as Op;
            let input = matches!(
                redirect.operator,
                Op::Read | Op::ReadWrite | Op::DuplicateInput | Op::HereDocument | Op::HereString
            );
            let fd = match &redirect.fd {
                Descriptor::Default => u32::from(!input),
                Descriptor::Number(number) => *number,
                Descriptor::Variable(name) => {
                    let value = Value::new(Text::from("10"), Labels::NONE);
                    self.state.variables.insert(name.clone(), Variable::Scalar(value));
                    10
                }
            };
            match redirect.operator {
                Op::HereDocument => {
                    let field = self.expand_text(&redirect.target);
                    let stream = Stream::known(field.text).with_labels(field.labels);
                    self.set_input(fd, stream, &mut out);
                }
                Op::HereString => {
                    let field = self.expand_single(&redirect.target);
                    let mut text = field.text;
                    text.push("\n");
                    self.set_input(fd, Stream::known(text).with_labels(field.labels), &mut out);
                }
                Op::Read => {
                    let field = self.expand_target(&redirect.target);
                    let stream = match network_path(&field.text) {
                        true => {
                            self.connect(&field.text, false, Labels::NONE, span);
                            Stream {
                                labels: Labels::DOWNLOADED,
                                network: true,
                                ..Stream::default()
                            }
                        }
                        false => {
                            let path = self.resolve(&field.text);
                            self.read(&path, span).with_labels(field.labels)
                        }
                    };
                    self.set_input(fd, stream, &mut out);
                }
                Op::ReadWrite => {
                    let field = self.expand_target(&redirect.target);
                    if network_path(&field.text) {
                        self.connect(&field.text, false, Labels::NONE, span);
                        let stream = Stream {
                            labels: Labels::DOWNLOADED,
                            network: true,
                            ..Stream::default()
                        };
                        self.set_input(fd, stream, &mut out);
                    } else {
                        let path = self.resolve(&field.text);
                        let stream = self.read(&path, span);
                        self.emit(
                            EffectKind::Write { path, how: Writing::Edit },
                            Labels::NONE,
                            span,
                        );
                        self.set_input(fd, stream, &mut out);
                    }
                }
                Op::DuplicateInput => {
                    let field = self.expand_single(&redirect.target);
                    let number = field
                        .literal()
                        .and_then(|text| text.trim_end_matches('-').parse::<u32>().ok());
                    match number {
                        Some(0) if fd == 0 => {}
                        Some(0) => {
                            let stream = self.stdin.clone();
                            self.set_input(fd, stream, &mut out);
                        }
                        Some(1 | 2) if out.network.is_some() || self.output_network => {
                            let stream = Stream {
                                labels: Labels::DOWNLOADED,
                                network: true,
                                ..Stream::default()
                            };
                            self.set_input(fd, stream, &mut out);
                        }
                        Some(number) => {
                            if let Some(stream) = self.state.descriptors.get(&number).cloned() {
                                self.set_input(fd, stream, &mut out);
                            }
                        }
                        None if field.literal() == Some("-") => {
                            self.set_input(fd, Stream::nothing(), &mut out)
                        }
                        None => {
                            // A coproc's or an unknown descriptor.
                            let labels = self
                                .state
                                .descriptors
                                .values()
                                .fold(Labels::NONE, |all, one| all.and(one.labels));
                            let network = self.state.descriptors.values().any(|one| one.network);
                            self.set_input(
                                fd,
                                Stream { labels, network, ..Stream::default() },
                                &mut out,
                            );
                        }
                    }
                }
                Op::DuplicateOutput => {
                    let field = self.expand_single(&redirect.target);
                    let number = field
                        .literal()
                        .and_then(|text| text.trim_end_matches('-').parse::<u32>().ok());
                    match number {
                        Some(number) if number > 2 => {
                            if let Some(path) = self.state.outputs.get(&number).cloned() {
                                if fd == 1 {
                                    out.outputs.push((path, Writing::Append, span));
                                } else if fd > 2 {
                                    self.state.outputs.insert(fd, path);
                                }
                            }
                            if self
                                .state
                                .descriptors
                                .get(&number)
                                .is_some_and(|stream| stream.network)
                                && fd <= 2
                            {
                                out.network = Some(Text::unknown());
                                self.output_network = true;
                            }
                        }
                        Some(1 | 2)
                            if fd == 0 && (self.output_network || out.network.is_some()) =>
                        {
                            let stream = Stream {
                                labels: Labels::DOWNLOADED,
                                network: true,
                                ..Stream::default()
                            };
                            self.set_input(0, stream, &mut out);
                        }
                        Some(_) => {}
                        None if field.literal() == Some("-") => {}
                        None => {
                            if self.state.descriptors.values().any(|one| one.network) {
                                out.network = Some(Text::unknown());
                                self.output_network = true;
                            }
                        }
                    }
                }
                Op::Write | Op::Clobber | Op::Append | Op::WriteBoth | Op::AppendBoth => {
                    let field = self.expand_target(&redirect.target);
                    let append = matches!(redirect.operator, Op::Append | Op::AppendBoth);
                    let how = if append { Writing::Append } else { Writing::Replace };
                    if network_path(&field.text) {
                        if fd <= 2 || matches!(redirect.operator, Op::WriteBoth | Op::AppendBoth) {
                            out.network = Some(field.text.clone());
                            self.output_network = true;
                            if fd > 0 {
                                // Both ends: `0>&1` after this reads from it.
                                self.state.descriptors.insert(
                                    fd,
                                    Stream {
                                        labels: Labels::DOWNLOADED,
                                        network: true,
                                        ..Stream::default()
                                    },
                                );
                            }
                        } else {
                            self.connect(&field.text, true, Labels::NONE, span);
                            self.state.descriptors.insert(
                                fd,
                                Stream {
                                    labels: Labels::DOWNLOADED,
                                    network: true,
                                    ..Stream::default()
                                },
                            );
                        }
                        if fd == 0 {
                            let stream = Stream {
                                labels: Labels::DOWNLOADED,
                                network: true,
                                ..Stream::default()
                            };
                            self.set_input(0, stream, &mut out);
                        }
                        continue;
                    }
                    if matches!(field.literal(), Some("/dev/null")) {
                        out.nowhere |= fd == 1;
                        continue;
                    }
                    if matches!(
                        field.literal(),
                        Some(
                            "/dev/stdout" | "/dev/stderr" | "/dev/fd/1" | "/dev/fd/2" | "/dev/tty"
                        )
                    ) {
                        continue;
                    }
                    let path = self.resolve(&field.text);
                    let both = matches!(redirect.operator, Op::WriteBoth | Op::AppendBoth);
                    if fd == 1 || both {
                        out.outputs.push((path, how, span));
                    } else {
                        let stream =
                            if fd > 2 { Stream::nothing() } else { Stream::unknown(field.labels) };
                        self.store(&path, how, &stream, span);
                        if fd > 2 {
                            self.state.outputs.insert(fd, path);
                        }
                    }
                }
            }
        }
        out
    }

    fn set_input(&mut self, fd: u32, stream: Stream, out: &mut Redirected) {
        if fd == 0 {
            let outer = std::mem::replace(&mut self.stdin, stream);
            out.stdin.get_or_insert(outer);
        } else {
            self.state.descriptors.insert(fd, stream);
        }
    }

    /// Completes the redirections of a command that printed `stream`: files
    /// are written, standard input is what it was. What remains to be printed.
    pub(super) fn redirected(&mut self, redirected: Redirected, mut stream: Stream) -> Stream {
        if redirected.persist {
            if let Some((path, ..)) = redirected.outputs.last() {
                self.state.exec_output = Some(path.clone());
            }
            for (path, how, span) in &redirected.outputs {
                self.store(path, *how, &Stream::nothing(), *span);
            }
            return Stream::nothing();
        }
        if let Some(host) = &redirected.network {
            let sends = !stream.labels.is_none()
                || stream.text.as_ref().is_none_or(|text| !text.is_empty());
            if stream.shell {
                self.emit(EffectKind::RemoteShell, stream.labels, Span::default());
            }
            self.connect(host, sends, stream.labels, Span::default());
            stream = Stream::nothing();
        }
        self.output_network = redirected.outer_network;
        if !redirected.outputs.is_empty() {
            for (path, how, span) in &redirected.outputs {
                self.store(path, *how, &stream, *span);
            }
            stream = Stream::nothing();
        }
        if redirected.nowhere {
            stream = Stream::nothing();
        }
        if let Some(outer) = redirected.stdin {
            self.stdin = outer;
        }
        stream
    }

    /// A connection out.
    pub(super) fn connect(&mut self, host: &Text, sends: bool, labels: Labels, span: Span) {
        self.emit(EffectKind::Connect { host: host.clone(), sends }, labels, span);
    }

    /// Reads a file: the effect, and what is known of its content. `path` is
    /// resolved.
    pub(super) fn read(&mut self, path: &Text, span: Span) -> Stream {
        if let Some(known) = path.named() {
            match known {
                "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0" => return self.stdin.clone(),
                "/dev/null" => return Stream::nothing(),
                _ => {}
            }
            if let Some(number) =
                known.strip_prefix("/dev/fd/").or(known.strip_prefix("/proc/self/fd/"))
            {
                if let Some(file) = self.state.files.get(known) {
                    return Stream {
                        text: file.content.clone(),
                        labels: file.labels,
                        ..Stream::default()
                    };
                }
                if let Some(stream) =
                    number.parse().ok().and_then(|fd: u32| self.state.descriptors.get(&fd))
                {
                    return stream.clone();
                }
            }
            if matches!(known, "/proc/self/environ")
                || known.starts_with("/proc/") && known.ends_with("/environ")
            {
                self.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
                return Stream::unknown(Labels::ENVIRONMENT);
            }
        } else if path.must_match("/proc/*/environ") {
            self.emit(EffectKind::DumpEnvironment, Labels::ENVIRONMENT, span);
            return Stream::unknown(Labels::ENVIRONMENT);
        }
        if self.needle.is_some() && (self.context.classify.secret)(path) && self.passes_over(path) {
            self.emit(EffectKind::List { path: path.clone() }, Labels::NONE, span);
            return Stream::unknown(Labels::NONE);
        }
        if path.has_pattern() {
            self.spend(self.state.files.len().saturating_mul(path.raw().len()), span);
        }
        let (mut labels, content) = self.file_facts(path);
        if (self.context.classify.secret)(path)
            || self.other_readings(path).iter().any(self.context.classify.secret)
        {
            labels = labels.and(Labels::SECRET);
        } else if content.is_none()
            && self.unread.len() < MOST_UNREAD
            && let Some(known) = path.literal()
            && !self.state.files.contains_key(known)
            && !self.unread.iter().any(|one| one == known)
        {
            self.unread.push(known.to_owned());
        }
        self.emit(EffectKind::Read { path: path.clone() }, labels, span);
        Stream { text: content, labels, ..Stream::default() }
    }

    /// Reads the files that a list names, one a line or ended by NUL.
    pub(super) fn read_listed(&mut self, list: &Field) {
        let stream = self.read_operand(list);
        self.read_names(stream.text.as_ref(), list.labels, list.span);
    }

    /// Reads the files whose names are the lines of a text.
    pub(super) fn read_names(&mut self, text: Option<&Text>, labels: Labels, span: Span) {
        let Some(text) = text.filter(|text| !text.is_unknown()) else {
            self.lists = true;
            return;
        };
        for name in text.raw().split(['\n', '\0']).filter(|name| !name.is_empty()) {
            if self.overrun {
                return;
            }
            self.spend(name.len(), span);
            let _ = self.read_operand(&Field { text: Text::new(name), labels, span });
        }
    }

    /// What files and directories above them carry, and a file's content.
    pub(super) fn file_facts(&self, path: &Text) -> (Labels, Option<Text>) {
        let Some(known) = path.named() else {
            // A pattern may mean any file of the line that it fits.
            let mut labels = Labels::NONE;
            if !self.state.files.is_empty() && !path.is_unknown() {
                for (name, file) in &self.state.files {
                    if path.may_match(name) {
                        labels = labels.and(file.labels);
                    }
                }
            }
            if !path.is_unknown() {
                for (name, fact) in &self.context.files {
                    if !fact.labels.is_none() && path.may_match(name) {
                        labels = labels.and(fact.labels);
                    }
                }
            }
            return (labels, None);
        };
        if let Some(file) = self.state.files.get(known) {
            return (file.labels, file.content.clone());
        }
        if self.context.files.is_empty() && self.state.files.is_empty() {
            return (Labels::NONE, None);
        }
        if let Some(fact) = self.context.files.get(known)
            && (!fact.labels.is_none() || fact.content.is_some())
        {
            return (fact.labels, fact.content.as_deref().map(Text::from));
        }
        // A label on a directory holds for all below it.
        let mut at = known;
        while let Some(cut) = at.rfind('/') {
            at = at.get(..cut).unwrap_or("");
            if at.is_empty() {
                break;
            }
            if let Some(file) = self.state.files.get(at) {
                return (file.labels, None);
            }
            if let Some(fact) = self.context.files.get(at)
                && !fact.labels.is_none()
            {
                return (fact.labels, None);
            }
        }
        (Labels::NONE, None)
    }

    /// Writes a stream to a file: the effect, and what the file holds now.
    /// Code put where it is run later is looked at as code. `path` is resolved.
    pub(super) fn store(&mut self, path: &Text, how: Writing, stream: &Stream, span: Span) {
        if let Some(
            "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/fd/1" | "/dev/fd/2",
        ) = path.named()
        {
            return;
        }
        if let Some(known) = path.named()
            && known.starts_with("/dev/fd/")
        {
            if let Some(number) = known.strip_prefix("/dev/fd/").and_then(|n| n.parse::<u32>().ok())
                && self.state.descriptors.get(&number).is_some_and(|one| one.network)
            {
                self.connect(&Text::unknown(), true, stream.labels, span);
            }
            let file = self.state.files.entry(known.to_owned()).or_default();
            file.labels = file.labels.and(stream.labels);
            file.content = match (file.content.take(), &stream.text) {
                (Some(mut before), Some(after)) if how == Writing::Append => {
                    before.push(after.raw());
                    Some(before)
                }
                (_, text) => text.clone(),
            };
            return;
        }
        let how = match (path.named(), stream.text.as_ref().and_then(Text::literal)) {
            (Some(path), Some(text))
                if how == Writing::Replace
                    && stream.labels.is_none()
                    && (self.context.classify.plain)(path, text) =>
            {
                Writing::Settings
            }
            _ => how,
        };
        let ignored = self.ignored.clone();
        self.emit(EffectKind::Write { path: path.clone(), how }, stream.labels, span);
        self.ignored = ignored;
        self.ignores(path, Some(how), stream);
        if stream.shell || stream.network {
            self.state.files.entry(path.raw().to_owned()).or_default().labels =
                stream.labels.and(Labels::DOWNLOADED);
        }
        let content = match how {
            Writing::Replace | Writing::Settings => stream.text.clone(),
            Writing::Append => match path.named().and_then(|known| self.state.files.get(known)) {
                Some(file) => match (&file.content, &stream.text) {
                    (Some(before), Some(after)) => {
                        let mut all = before.clone();
                        all.push(after.raw());
                        Some(all)
                    }
                    _ => None,
                },
                None => None,
            },
            Writing::Edit | Writing::Attributes | Writing::Link => None,
        };
        if how != Writing::Settings
            && let Some(language) = (self.context.classify.code)(path)
            && language != Language::Other
            && let Some(code) = &stream.text
            && !code.is_empty()
        {
            let deferred = std::mem::replace(&mut self.deferred, true);
            let _ = self.code(language, code, stream.labels, "run later", span);
            self.deferred = deferred;
        }
        if let Some(known) = path.named() {
            let labels = match how {
                Writing::Append | Writing::Edit => {
                    let (before, _) = self.file_facts(path);
                    before.and(stream.labels)
                }
                _ => stream.labels,
            };
            let labels = labels.and(Labels::WRITTEN);
            self.state
                .files
                .insert(known.to_owned(), File { labels, content, link: None, copy_of: None });
        }
    }

    /// The content of an operand that is read: standard input for `-`.
    pub(super) fn read_operand(&mut self, field: &Field) -> Stream {
        if field.literal() == Some("-") {
            return self.stdin.clone();
        }
        // Programs that open files often open addresses as well.
        if addressed(field.text.known_prefix()) {
            self.connect(&field.text, false, field.labels, field.span);
            return Stream::unknown(field.labels.and(Labels::DOWNLOADED));
        }
        let path = self.resolve(&field.text);
        self.read(&path, field.span).with_labels(field.labels)
    }
}

/// `/dev/tcp/host/port`, which is a connection and no file.
fn network_path(path: &Text) -> bool {
    let known = path.known_prefix();
    known.starts_with("/dev/tcp/") || known.starts_with("/dev/udp/")
}
