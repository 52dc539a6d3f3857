//! Lowering by data: an entry of the table, its arguments, their roles.

use super::Eval;
use super::arguments::{self, Arguments};
use super::reaches::{addressed, registry, remote};
use super::value::{Field, Stream};
use crate::effect::{Code, EffectKind, Labels, Writing};
use crate::programs::{self, Language, Output, Program, Role, Subcommands, Unknown};
use crate::span::Span;
use crate::text::Text;

/// What the words of one invocation came to.
#[derive(Default)]
pub(super) struct Flow {
    /// Content of what was read.
    pub read: Option<Stream>,
    /// Hosts and URLs named.
    pub hosts: Vec<(Text, Span)>,
    /// What is sent to them beyond the words themselves.
    pub sent: Labels,
    /// Whether anything is.
    pub sends: bool,
    /// Labels of all words.
    pub words: Labels,
    /// What nested code printed.
    pub printed: Option<Stream>,
    /// Whether code, a script or a command was given.
    pub code: bool,
    /// Files written with what is printed.
    pub written: Vec<(Text, Writing, Span)>,
    /// Whether standard input was read as an operand.
    pub input: bool,
    /// Whether a local file was named that a remote place may get.
    pub local: bool,
}

impl Eval<'_> {
    /// Lowers an invocation by its entry alone. `fields` begin with the name.
    pub(super) fn lower(&mut self, program: &'static Program, fields: &[Field]) -> Stream {
        let restated = super::restate::restated(program, fields);
        let fields = restated.as_deref().unwrap_or(fields);
        let words = fields.get(1..).unwrap_or(&[]);
        if let [only] = words
            && matches!(only.literal(), Some("--help" | "--version"))
        {
            return Stream::default();
        }
        if program.subcommands != Subcommands::None {
            return self.lower_subcommand(program, fields);
        }
        let arguments = arguments::read(program, words, false);
        self.lower_arguments(program, fields, arguments)
    }

    pub(super) fn lower_arguments(
        &mut self,
        program: &'static Program,
        fields: &[Field],
        arguments: Arguments,
    ) -> Stream {
        let words = fields.get(1..).unwrap_or(&[]);
        let mut flow = Flow::default();
        let outer = self.state.cwd.clone();
        let span = fields.first().map(|field| field.span).unwrap_or_default();
        for field in words {
            flow.words = flow.words.and(field.labels);
        }
        self.environment_twins(program, span);
        self.options(program, &arguments, &mut flow);
        self.hazards(program, &arguments, span);
        if let Some(at) = arguments.command
            && let Some((_, Some(first))) = arguments.options.last()
        {
            let mut command = vec![first.clone()];
            command.extend(words.get(at + 1..).unwrap_or(&[]).iter().cloned());
            flow.code = true;
            flow.printed = Some(self.nested("wrapper", |eval| eval.run(command)));
        }
        self.operands(program, &arguments.operands, &mut flow, 0);
        // `lldb -- PROGRAM ARGUMENT..`: what it starts.
        if program.name == "lldb" && words.iter().any(|word| word.literal() == Some("--")) {
            flow.printed = Some(self.wrapped(program, &arguments.operands));
        }
        super::handlers::packed_away(self, program, &arguments);
        super::handlers::searched(self, program, &arguments);
        if let Some(role) = program.stdin
            && !flow.code
        {
            self.standard_input(role, &mut flow, span);
        }
        self.obeyed(program, span);
        let stream = self.finish_flow(program, flow, span);
        self.state.cwd = outer;
        stream
    }

    /// `program [options] sub ..`: the options by the program's entry, the rest
    /// by the subcommand's.
    fn lower_subcommand(&mut self, program: &'static Program, fields: &[Field]) -> Stream {
        let words = fields.get(1..).unwrap_or(&[]);
        let span = fields.first().map(|field| field.span).unwrap_or_default();
        let arguments = arguments::read(program, words, true);
        let outer = self.state.cwd.clone();
        let mut flow = Flow::default();
        self.environment_twins(program, span);
        self.options(program, &arguments, &mut flow);
        let rest = words.get(arguments.first_operand..).unwrap_or(&[]);
        let stream = match rest.first() {
            None => {
                self.online(program, span);
                self.hazards(program, &arguments, span);
                self.obeyed(program, span);
                Stream::default()
            }
            Some(sub) => match sub.literal() {
                None => {
                    self.online(program, span);
                    self.hazards(program, &arguments, span);
                    if program.subcommands == Subcommands::Ask || sub.text.is_unknown() {
                        self.emit(EffectKind::UnknownWord, sub.labels, sub.span);
                    }
                    Stream::default()
                }
                Some(word) => {
                    let mut name = String::with_capacity(program.name.len() + word.len() + 1);
                    name.push_str(program.name.get());
                    name.push(' ');
                    name.push_str(word);
                    match programs::entry(&name) {
                        Some(entry) => {
                            self.hazards(program, &arguments, span);
                            super::handlers::run(self, entry, rest)
                        }
                        None => {
                            self.online(program, span);
                            let known = program.plain.iter().any(|known| *known == word)
                                || program.subcommands == Subcommands::Plain;
                            if !known {
                                self.emit(EffectKind::UnrecognisedOption, Labels::NONE, sub.span);
                            }
                            // By the program's own operands, the subcommand
                            // being the first of them.
                            let arguments = arguments::read(program, words, false);
                            self.hazards(program, &arguments, span);
                            let mut flow = Flow::default();
                            self.options(program, &arguments, &mut flow);
                            self.operands(program, &arguments.operands, &mut flow, 0);
                            self.obeyed(program, span);
                            self.finish_flow(program, flow, span)
                        }
                    }
                }
            },
        };
        self.state.cwd = outer;
        stream
    }

    /// Variables that carry code for a program, set before it or earlier.
    pub(super) fn environment_twins(&mut self, program: &'static Program, span: Span) {
        if program.environment.is_empty() || self.state.variables.is_empty() {
            return;
        }
        for (name, role) in program.environment.items() {
            // `EDITOR=vim`: vim itself looks at EDITOR too.
            if self.twins.contains(&name.get()) || !self.state.variables.contains_key(name.get()) {
                continue;
            }
            if let Some((text, labels)) = self.variable(name.get()) {
                let field = Field { text, labels, span };
                let mut flow = Flow::default();
                self.twins.push(name.get());
                self.apply(*role, &field, &mut flow);
                self.twins.pop();
                // A proxy, an engine elsewhere.
                for (host, at) in flow.hosts {
                    self.connect(&host, false, labels, at);
                }
            }
        }
    }

    pub(super) fn options(
        &mut self,
        program: &'static Program,
        arguments: &Arguments,
        flow: &mut Flow,
    ) {
        for (option, value) in &arguments.options {
            let (Some(role), Some(value)) = (option.value, value) else { continue };
            let lists = |name: &programs::Name| {
                matches!(name.get(), "--files-from" | "--files0-from" | "--file-list")
            };
            if option.names.iter().any(lists) {
                self.read_listed(value);
            }
            if role != Role::Command {
                self.apply(role, value, flow);
            }
        }
        for (role, value) in &arguments.seconds {
            self.apply(*role, value, flow);
        }
        for field in &arguments.unknown {
            if program.unknown == Unknown::Ask {
                self.emit(EffectKind::UnrecognisedOption, Labels::NONE, field.span);
            }
            // `--config=/etc/shadow`: what an unlisted option is given may
            // still be read.
            if let Some((_, value)) = field.text.raw().split_once('=') {
                self.maybe_path(&field.with(value));
            }
        }
    }

    pub(super) fn hazards(&mut self, program: &'static Program, arguments: &Arguments, span: Span) {
        let holds = |when: &&programs::When| {
            when.conditions.iter().all(|condition| arguments.holds(condition))
        };
        let some = program.whens.items().iter().filter(holds).flat_map(|when| when.hazards.items());
        for id in program.hazards.items().iter().chain(some) {
            match id.get() {
                "package/install-project" if self.installs_as_locked(program) => {
                    self.hazard("run/project-code", span);
                }
                id => self.hazard(id, span),
            }
        }
    }

    /// Applies the operands' roles, the first `skip` of which are done.
    pub(super) fn operands(
        &mut self,
        program: &'static Program,
        operands: &[Field],
        flow: &mut Flow,
        skip: usize,
    ) {
        let count = operands.len();
        let given = flow.code;
        // HTTPie and its kin take a method before the address.
        let method = usize::from(count > 1 && program.method && is_method(operands));
        // A word that they may take for one is an address as well.
        let skip =
            if operands.first().is_some_and(is_known_method) { skip.max(method) } else { skip };
        for (at, field) in operands.iter().enumerate().skip(skip) {
            let role = match program.last {
                Some(last) if at + 1 == count && count > 1.min(program.operands.len()) => {
                    Some(last)
                }
                _ => program.operands.get(at.saturating_sub(method)).copied().or(program.rest),
            };
            match role {
                Some(Role::Command) => {
                    flow.code = true;
                    flow.printed = Some(self.wrapped(program, operands.get(at..).unwrap_or(&[])));
                    return;
                }
                Some(role) => {
                    let arguments = operands.get(at..).unwrap_or(&[]);
                    match role {
                        Role::Script(language) if !given => {
                            flow.code = true;
                            flow.printed = Some(self.script_file(language, field, arguments));
                            // What follows a script is its arguments.
                            for more in arguments.iter().skip(1) {
                                self.maybe_path(more);
                            }
                            return;
                        }
                        Role::Code(_) | Role::Script(_) if given => {
                            // The code came from an option, so this is data.
                            self.maybe_path(field);
                        }
                        _ => self.apply(role, field, flow),
                    }
                }
                None => {}
            }
        }
    }

    /// The command that a wrapper runs. One word with blanks is what the
    /// wrapper hands to a shell (`watch 'a; b'`); an option of the wrapper may
    /// stand where the command is expected (`flock FILE -c CODE`).
    pub(super) fn wrapped(&mut self, program: &'static Program, words: &[Field]) -> Stream {
        let Some(first) = words.first() else { return Stream::nothing() };
        if first.literal().is_some_and(|word| word.len() > 1 && word.starts_with('-')) {
            let again = arguments::read(program, words, true);
            let mut flow = Flow::default();
            self.options(program, &again, &mut flow);
            let rest = words.get(again.first_operand..).unwrap_or(&[]).to_vec();
            if flow.code || rest.is_empty() || rest.len() == words.len() {
                return flow.printed.unwrap_or_default();
            }
            return self.nested("wrapper", |eval| eval.run(rest));
        }
        if first
            .literal()
            .is_some_and(|word| word.trim().contains([' ', '\t', ';', '|', '&', '\n']))
        {
            let mut line = Text::default();
            let mut labels = Labels::NONE;
            for (at, field) in words.iter().enumerate() {
                if at > 0 {
                    line.push(" ");
                }
                line.push(field.text.raw());
                labels = labels.and(field.labels);
            }
            return self.code(Language::Shell, &line, labels, "wrapper", first.span);
        }
        let mut command = words.to_vec();
        // A task of the project, or a program: `hatch run lint`, `hatch run
        // ENVIRONMENT:ls`.
        if matches!(program.name.get(), "hatch run" | "pixi run") {
            let name = first.text.raw();
            let name = name.rsplit(':').next().unwrap_or(name);
            if !name.contains('/') && programs::lookup(name).is_none() {
                return Stream::unknown(self.stdin.labels);
            }
            if let Some(word) = command.first_mut() {
                word.text = Text::new(name);
            }
        }
        self.nested("wrapper", |eval| eval.run(command))
    }

    /// What one word does, by its role.
    pub(super) fn apply(&mut self, role: Role, field: &Field, flow: &mut Flow) {
        let span = field.span;
        // Programs that open files often open addresses as well.
        if matches!(role, Role::Path | Role::Read | Role::Convert)
            && addressed(field.text.known_prefix())
        {
            flow.hosts.push((field.text.clone(), span));
            return;
        }
        match role {
            Role::Data => {}
            Role::Path => self.maybe_path(field),
            Role::Read => {
                if field.literal() == Some("-") {
                    flow.input = true;
                }
                let stream = self.read_operand(field);
                match &mut flow.read {
                    Some(read) => read.then(stream),
                    None => flow.read = Some(stream),
                }
            }
            Role::FileList => {
                let stream = self.read_operand(field);
                // Its lines are addresses that are asked for, or options.
                flow.sent = flow.sent.and(stream.labels.of(Labels::PRIVATE));
                if stream.labels.has(Labels::DOWNLOADED) {
                    self.emit(EffectKind::UnrecognisedOption, stream.labels, span);
                }
            }
            Role::List => {
                let path = self.resolve(&field.text);
                self.emit(EffectKind::List { path }, Labels::NONE, span);
            }
            Role::Write => {
                // strace and its kin take a command here as well.
                if let Some(code) = field.text.raw().strip_prefix(['|', '!']) {
                    let code = Text::new(code);
                    let _ = self.code(Language::Shell, &code, field.labels, "output pipe", span);
                } else if field.literal() != Some("-") {
                    let path = self.resolve(&field.text);
                    flow.written.push((path, Writing::Replace, span));
                }
            }
            Role::Append => {
                let path = self.resolve(&field.text);
                flow.written.push((path, Writing::Append, span));
            }
            Role::Edit => {
                let path = self.resolve(&field.text);
                let stream = self.read(&path, span);
                self.store(&path, Writing::Edit, &Stream::unknown(stream.labels), span);
            }
            Role::Convert => {
                if looks_like_path(field) {
                    let path = self.resolve(&field.text);
                    let stream = self.read(&path, span);
                    if let Some(read) = &mut flow.read {
                        read.then(stream);
                    } else {
                        flow.read = Some(stream);
                    }
                    if !path.is_unknown() && !path.has_unknown() {
                        self.emit(
                            EffectKind::Write { path, how: Writing::Edit },
                            Labels::NONE,
                            span,
                        );
                    }
                }
            }
            Role::Delete => {
                let path = self.resolve(&field.text);
                self.emit(EffectKind::Delete { path, recursive: false }, Labels::NONE, span);
            }
            Role::DeleteTree => {
                let path = self.resolve(&field.text);
                self.emit(EffectKind::Delete { path, recursive: true }, Labels::NONE, span);
            }
            Role::Upload => {
                let stream = self.read_operand(field);
                flow.sends = true;
                flow.sent = flow.sent.and(stream.labels);
            }
            Role::UploadData | Role::UploadForm => {
                flow.sent = flow.sent.and(field.labels);
                flow.sends |= !field.labels.without(Labels::WRITTEN.and(Labels::GIVEN)).is_none();
                let raw = field.text.raw();
                let file = if role == Role::UploadData {
                    raw.strip_prefix('@').or_else(|| {
                        raw.split_once('@')
                            .filter(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric()))
                            .map(|(_, file)| file)
                    })
                } else {
                    raw.split_once('=').and_then(|(_, value)| value.strip_prefix(['@', '<']))
                };
                if let Some(file) = file {
                    flow.sends = true;
                    let file = file.split(';').next().unwrap_or(file);
                    let stream = self.read_operand(&field.with(file));
                    flow.sent = flow.sent.and(stream.labels);
                }
            }
            Role::Url => {
                let raw = field.text.raw();
                let local = raw
                    .strip_prefix("file://")
                    .or_else(|| raw.starts_with(['/', '~']).then_some(raw))
                    .or_else(|| (raw.starts_with("./") || raw.starts_with("../")).then_some(raw));
                if let Some(path) = local {
                    let stream = self.read_operand(&field.with(path));
                    match &mut flow.read {
                        Some(read) => read.then(stream),
                        None => flow.read = Some(stream),
                    }
                } else if !raw.starts_with("unix:") && !raw.starts_with("npipe:") {
                    flow.hosts.push((field.text.clone(), span));
                    flow.sent = flow.sent.and(field.labels);
                    flow.sends |=
                        !field.labels.without(Labels::WRITTEN.and(Labels::GIVEN)).is_none();
                }
            }
            Role::Remote => {
                if remote(&field.text) || field.text.has_unknown() {
                    flow.hosts.push((field.text.clone(), span));
                    flow.sent = flow.sent.and(field.labels);
                }
            }
            Role::Detour => {
                for one in field.text.raw().split(',') {
                    let address = one.splitn(3, ':').nth(2).unwrap_or(one);
                    if !address.is_empty() && address != ":" {
                        flow.hosts.push((Text::new(address), span));
                    }
                }
            }
            Role::Host => {
                flow.hosts.push((field.text.clone(), span));
                flow.sent = flow.sent.and(field.labels);
                flow.sends |= !field.labels.without(Labels::WRITTEN.and(Labels::GIVEN)).is_none();
            }
            Role::Image => {
                if let Some(host) = registry(field) {
                    flow.hosts.push((host, span));
                    flow.sent = flow.sent.and(field.labels);
                }
            }
            Role::RemotePath => {
                // From left to right: what comes before a remote place is sent
                // there, what comes behind one is written.
                if remote(&field.text) {
                    flow.sends |= flow.local;
                    flow.hosts.push((field.text.clone(), span));
                } else if flow.hosts.is_empty() {
                    let stream = self.read_operand(field);
                    flow.sent = flow.sent.and(stream.labels);
                    flow.local = true;
                } else {
                    let path = self.resolve(&field.text);
                    self.store(&path, Writing::Replace, &Stream::unknown(Labels::DOWNLOADED), span);
                }
            }
            // A filter's own language: it has no way out, and its output is
            // made of its input.
            Role::Code(Language::Jq) => {
                let _ = self.code(
                    Language::Jq,
                    &field.text,
                    field.labels,
                    language_via(Language::Jq),
                    span,
                );
            }
            Role::Code(language) => {
                flow.code = true;
                let stream =
                    self.code(language, &field.text, field.labels, language_via(language), span);
                flow.printed = Some(stream);
            }
            Role::Script(language) => {
                flow.code = true;
                flow.printed = Some(self.script_file(language, field, std::slice::from_ref(field)));
            }
            Role::Exec => {
                flow.code = true;
                if field.text.raw().trim().contains(' ') {
                    let _ = self.code(Language::Shell, &field.text, field.labels, "wrapper", span);
                } else {
                    let command = vec![field.clone()];
                    let _ = self.nested("wrapper", |eval| eval.run(command));
                }
            }
            Role::Command => {
                let command = vec![field.clone()];
                flow.code = true;
                let _ = self.nested("wrapper", |eval| eval.run(command));
            }
            Role::Load => {
                let path = if field.text.raw().contains('/') {
                    self.resolve(&field.text)
                } else {
                    field.text.clone()
                };
                let (labels, _) = self.file_facts(&path);
                self.emit(EffectKind::Load { path }, labels.and(field.labels), span);
            }
            Role::Environment => {
                if let Some((name, value)) = field.text.raw().split_once('=') {
                    let (name, value) = (Text::new(name), Text::new(value));
                    if let Some(name) = name.literal() {
                        self.variable_effect(name, &value, field.labels, span);
                    }
                }
            }
            Role::Chdir => {
                let path = self.resolve(&field.text);
                self.state.cwd = vec![path];
            }
            Role::Mount => self.mount(field),
            Role::Device => {
                let path = self.resolve(&field.text);
                self.emit(EffectKind::Device { path }, Labels::NONE, span);
            }
            Role::Names => self.read_listed(field),
            Role::Variable => self.subscript_code(field.text.raw(), field.labels),
            Role::Unpack => {
                let mut below = field.text.clone();
                below.push("/");
                below.push(&crate::text::STAR.to_string());
                let path = self.resolve(&below);
                self.emit(EffectKind::Write { path, how: Writing::Edit }, field.labels, span);
            }
            // Below which directories the operands say.
            Role::Glob => {}
            Role::Process => {}
            Role::GitConfig => self.git_config(field),
            Role::SshConfig => self.ssh_config(field),
            Role::Sql => {
                flow.code = true;
                let _ = self.code(Language::Sql, &field.text, field.labels, "sql", span);
            }
        }
    }

    /// Standard input, where it is more than data.
    fn standard_input(&mut self, role: Role, flow: &mut Flow, span: Span) {
        match role {
            Role::Code(language) if !self.stdin.is_nothing() => {
                flow.printed = Some(self.input_code(language, span));
                flow.code = true;
            }
            Role::Upload | Role::UploadData => {
                let input = &self.stdin;
                if !input.is_nothing() {
                    flow.sends = true;
                    flow.sent = flow.sent.and(input.labels);
                }
                if self.stdin.shell {
                    self.emit(EffectKind::RemoteShell, Labels::NONE, span);
                }
            }
            Role::Names if !self.stdin.is_nothing() => {
                let input = self.stdin.clone();
                self.read_names(input.text.as_ref(), input.labels, span);
            }
            _ => {}
        }
    }

    /// Connections, writes and output, once all words are known.
    pub(super) fn finish_flow(
        &mut self,
        program: &'static Program,
        flow: Flow,
        span: Span,
    ) -> Stream {
        let fetched = !flow.hosts.is_empty();
        let sent = flow.sent.and(flow.words.of(Labels::GIVEN));
        for (host, at) in &flow.hosts {
            self.connect(host, flow.sends, sent, *at);
        }
        if !fetched && let Some(host) = program.reaches {
            let given = self.stdin.labels.and(flow.words).and(flow.sent);
            let read = flow.read.as_ref().map_or(Labels::NONE, |read| read.labels);
            self.connect(&Text::from(host.get()), flow.sends, given.and(read), span);
        }
        let input = self.stdin.clone();
        let read = flow.read;
        let stream = match (flow.printed, program.output) {
            (
                Some(printed),
                Output::Text | Output::Operands | Output::Input | Output::Arguments,
            ) => printed,
            (_, Output::Text | Output::Arguments) => Stream::default(),
            (_, Output::Nothing) => Stream::nothing(),
            (_, Output::Download) => {
                let mut stream = Stream { labels: Labels::DOWNLOADED, ..Stream::default() };
                if !fetched && let Some(read) = &read {
                    stream = read.clone();
                }
                stream
            }
            (_, Output::Operands) => {
                read.clone().unwrap_or_else(|| Stream { text: None, ..input.clone() })
            }
            (_, Output::Input) => Stream { text: None, ..input.clone() },
            (_, Output::Decoded) => {
                let from = read.clone().unwrap_or_else(|| input.clone());
                Stream {
                    text: None,
                    labels: from.labels.and(Labels::DECODED),
                    network: from.network,
                    shell: false,
                    names: false,
                }
            }
        };
        let mut stream = stream;
        if program.output != Output::Text && program.output != Output::Nothing {
            stream.labels = stream.labels.and(flow.words.without(Labels::WRITTEN));
        }
        if !flow.written.is_empty() {
            let fetches =
                program.output == Output::Download || program.handler == programs::Handler::Fetch;
            let labels = if fetches && fetched {
                Labels::DOWNLOADED
            } else {
                read.map_or(Labels::NONE, |read| read.labels).and(stream.labels)
            };
            let content = Stream { text: None, labels, ..Stream::default() };
            for (path, how, at) in &flow.written {
                self.store(path, *how, &content, *at);
            }
        }
        let _ = span;
        stream
    }

    /// A word that may be a path, and is then read.
    pub(super) fn maybe_path(&mut self, field: &Field) {
        if let Some(path) = field.text.raw().strip_prefix("file://") {
            let path = self.resolve(&Text::new(path));
            let _ = self.read(&path, field.span);
            return;
        }
        if looks_like_path(field) {
            let path = self.resolve(&field.text);
            let _ = self.read(&path, field.span);
        }
    }

    /// `host:inside[:flags]` or `type=bind,source=..,target=..`: the inside of
    /// a container is the host's path, as far as the line goes on.
    fn mount(&mut self, field: &Field) {
        let raw = field.text.raw().to_owned();
        let span = field.span;
        let (source, target) = if raw.contains('=') && raw.contains(',') {
            let part = |names: &[&str]| {
                raw.split(',')
                    .filter_map(|pair| pair.split_once('='))
                    .find(|(key, _)| names.contains(key))
                    .map(|(_, value)| value.to_owned())
            };
            (part(&["source", "src"]), part(&["target", "dst", "destination"]))
        } else {
            match raw.split_once(':') {
                Some((source, rest)) => {
                    let target = rest.split(':').next().unwrap_or(rest);
                    (Some(source.to_owned()), Some(target.to_owned()))
                }
                None => (None, None),
            }
        };
        let (Some(source), Some(target)) = (source, target) else { return };
        // A plain name is a volume of the engine, no host path.
        if !source.starts_with(['/', '.', '~', crate::text::ANY]) {
            return;
        }
        let path = self.resolve(&Text::new(source));
        if matches!(
            path.literal(),
            Some(
                "/var/run/docker.sock"
                    | "/run/docker.sock"
                    | "/run/containerd/containerd.sock"
                    | "/run/podman/podman.sock"
            )
        ) {
            self.hazard("container/engine-socket", span);
        }
        let (_, read_only) = (0, raw.ends_with(":ro"));
        if !path.has_unknown() {
            if path.literal() == Some("/") {
                self.hazard("container/host-root", span);
            } else if read_only {
                self.emit(EffectKind::Read { path: path.clone() }, Labels::NONE, span);
            } else {
                self.emit(EffectKind::List { path: path.clone() }, Labels::NONE, span);
            }
        }
        let file = super::state::File { link: Some(path), ..super::state::File::default() };
        self.state.files.insert(super::paths::normalise(&target), file);
    }
}

/// Whether a word is likely a path: it has a slash, begins with a dot or a
/// tilde, or names one of the line's files.
pub(super) fn looks_like_path(field: &Field) -> bool {
    let raw = field.text.raw();
    raw.starts_with(['/', '.', '~']) && raw.len() > 1
        || raw.contains('/') && !raw.contains("://")
        || raw.contains('.') && !raw.contains(' ')
        || raw.starts_with("id_")
}

fn language_via(language: Language) -> &'static str {
    match language {
        Language::Shell => "shell code",
        Language::Python => "python code",
        Language::Perl => "perl code",
        Language::Ruby => "ruby code",
        Language::JavaScript => "javascript code",
        Language::Php => "php code",
        Language::Lua => "lua code",
        Language::Awk => "awk code",
        Language::Sed => "sed code",
        Language::Sql => "sql",
        Language::Ex => "editor command",
        Language::Make => "make recipe",
        Language::PowerShell => "powershell code",
        Language::AppleScript => "applescript code",
        Language::Tcl => "tcl code",
        Language::R => "r code",
        Language::Debugger => "debugger command",
        Language::Jq => "filter",
        Language::Cron => "crontab",
        Language::Settings => "settings",
        Language::Other => "code",
    }
}

/// Used where a program's code is opaque whatever it says.
pub(super) fn opaque(eval: &mut Eval<'_>, language: Language, labels: Labels, span: Span) {
    // It may talk to whom it likes.
    eval.talks();
    eval.emit(EffectKind::Execute { language, code: Code::Opaque }, labels, span);
}

/// Whether the first operand may be a method, in any case (RFC 9110, 9.1).
fn is_method(operands: &[Field]) -> bool {
    operands.first().is_some_and(|first| match first.literal() {
        Some(word) => !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()),
        None => true,
    })
}

fn is_known_method(field: &Field) -> bool {
    ["get", "head", "post", "put", "patch", "delete", "options"]
        .iter()
        .any(|method| field.literal().is_some_and(|word| word.eq_ignore_ascii_case(method)))
}
