//! Lowering by data: an entry of the table, its arguments, their roles.

mod roles;

use super::Eval;
use super::arguments::{self, Arguments};
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
    /// The last remote place among the operands, from which what follows comes.
    pub remote: Option<Text>,
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
        let mut arguments = arguments;
        if matches!(program.name.get(), "grep" | "rg" | "git grep")
            && arguments.has(&["-e", "--regexp", "-f", "--file"])
        {
            // The pattern has been given: all the operands are files.
            arguments.operands.insert(0, Field::new("", span));
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
        let needle = super::handlers::needle(program, fields, &arguments);
        let outer_needle = std::mem::replace(&mut self.needle, needle);
        // What was there is deleted before the new environment is made: nothing
        // of it, where its name says that it is one.
        if matches!(program.name.get(), "python -m venv" | "virtualenv")
            && arguments.has(&["--clear"])
        {
            let other = |field: &&Field| {
                let name = field.literal().unwrap_or_default().trim_end_matches('/');
                !matches!(name.rsplit('/').next(), Some(".venv" | "venv"))
            };
            for field in arguments.operands.iter().filter(other) {
                let path = self.resolve(&field.text);
                self.emit(EffectKind::Delete { path, recursive: true }, Labels::NONE, field.span);
            }
        }
        self.operands(program, &arguments.operands, &mut flow, 0);
        // `lldb -- PROGRAM ARGUMENT..`: what it starts.
        if program.name == "lldb" && words.iter().any(|word| word.literal() == Some("--")) {
            flow.printed = Some(self.wrapped(program, &arguments.operands));
        }
        super::handlers::packed_away(self, program, &arguments);
        super::handlers::searched(self, program, &arguments);
        super::handlers::read_trees(self, program, fields, &arguments, &mut flow);
        self.needle = outer_needle;
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
        let before = flow;
        let rest = words.get(arguments.first_operand..).unwrap_or(&[]);
        let stream = match rest.first() {
            None => {
                self.online(program, span);
                self.settle(before);
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
                            self.settle(before);
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
                // A proxy, an engine elsewhere; where it puts what it makes.
                for (host, at) in flow.hosts {
                    self.connect(&host, false, labels, at);
                }
                for (path, ..) in flow.written {
                    self.emit(EffectKind::Write { path, how: Writing::Edit }, labels, span);
                }
            }
        }
    }

    /// What options say by themselves, whatever the command before which they
    /// stand: an engine elsewhere, a log.
    fn settle(&mut self, flow: Flow) {
        for (host, at) in &flow.hosts {
            self.connect(host, flow.sends, flow.sent, *at);
        }
        for (path, how, at) in &flow.written {
            self.store(path, *how, &Stream::unknown(Labels::NONE), *at);
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
            // As a variable does that says the same.
            if role == Role::Service
                && let Some(name) = option.names.last()
            {
                let (name, value) = (Text::from(name.get()), value.clone());
                let kind = EffectKind::Environment { name, value: value.text };
                self.emit(kind, value.labels, value.span);
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
                "cloud/modify" if program.name == "gh api" && only_asks(arguments) => {}
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

    /// Standard input, where it is more than data.
    fn standard_input(&mut self, role: Role, flow: &mut Flow, span: Span) {
        // A client that was told of a server hands it what it reads.
        if !flow.hosts.is_empty() {
            flow.sent = flow.sent.and(self.stdin.labels);
        }
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
}

/// Whether a request to GitHub's GraphQL interface can only ask: its queries are
/// known, and the word for what changes things (GraphQL, 6.2) is not in them.
fn only_asks(arguments: &Arguments) -> bool {
    const FIELDS: &[&str] = &["-f", "--raw-field", "-F", "--field"];
    let mut queries = arguments.values(FIELDS).peekable();
    let asks = |field: &Field| match field.literal() {
        Some(text) => text.split_once('=').is_some_and(|(name, value)| {
            let value = value.trim_start();
            let read = value.starts_with("query") || value.starts_with('{');
            name != "query" || read && !value.contains("mutation")
        }),
        // A variable of the query, whatever its value.
        None => field.text.known_prefix().split_once('=').is_some_and(|(name, _)| name != "query"),
    };
    let is_query = |field: &Field| field.text.raw().starts_with("query=");
    arguments.operands.first().is_some_and(|first| first.literal() == Some("graphql"))
        && !arguments.has(&["-X", "--method", "--input"])
        && queries.peek().is_some()
        && arguments.values(FIELDS).any(is_query)
        && queries.all(asks)
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
