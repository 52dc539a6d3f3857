//! What one word does, by its role.

use super::super::Eval;
use super::super::paths;
use super::super::reaches::{addressed, registry, remote};
use super::super::state::File;
use super::super::value::{Field, Stream};
use super::Flow;
use crate::effect::{EffectKind, Labels, Writing};
use crate::programs::{Language, Role};
use crate::text::Text;

impl Eval<'_> {
    /// What one word does, by its role.
    pub(in super::super) fn apply(&mut self, role: Role, field: &Field, flow: &mut Flow) {
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
            Role::ReadNamed => {
                let raw = field.text.raw();
                let file = raw.split_once('=').map_or(raw, |(_, file)| file).to_owned();
                self.apply(Role::Read, &field.with(file), flow);
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
                // With an option, it prints what it makes of it instead.
                match &mut flow.read {
                    Some(read) => read.then(stream),
                    None => flow.read = Some(stream),
                }
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
            Role::Url | Role::Service => {
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
            Role::Endpoint => {
                let raw = field.text.raw();
                let words = raw.split([' ', ',', ';']);
                let named = words.filter_map(|word| {
                    ["host=", "hostaddr="].iter().find_map(|key| word.strip_prefix(key))
                });
                let mut hosts: Vec<Text> = named.map(Text::new).collect();
                if hosts.is_empty() && raw.contains("://") {
                    hosts.push(field.text.clone());
                }
                for host in hosts {
                    self.apply(Role::Url, &field.with(host), flow);
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
                    flow.remote = Some(field.text.clone());
                } else if flow.remote.is_none() {
                    let stream = self.read_operand(field);
                    flow.sent = flow.sent.and(stream.labels);
                    flow.local = true;
                } else {
                    let mut path = self.resolve(&field.text);
                    // Into a directory, by the name that it has there.
                    let from = flow.remote.as_ref().map(|host| host.raw().to_owned());
                    let base = from.as_deref().and_then(|from| from.rsplit(['/', ':']).next());
                    if field.text.raw().ends_with(['.', '/']) {
                        match base.filter(|base| !base.is_empty() && *base != ".") {
                            Some(base) => {
                                path.push("/");
                                path.push(base);
                                path = self.resolve(&path);
                            }
                            None => self.fetch_tree(&path),
                        }
                    }
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
                let written = self.written_module(field.text.raw());
                let (labels, _) = self.file_facts(written.as_ref().unwrap_or(&path));
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

    /// A word that may be a path, and is then read.
    pub(in super::super) fn maybe_path(&mut self, field: &Field) {
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
        let file = File { link: Some(path), ..File::default() };
        self.state.files.insert(paths::normalise(&target), file);
    }
}

/// Whether a word is likely a path: it has a slash, begins with a dot or a
/// tilde, or names one of the line's files.
fn looks_like_path(field: &Field) -> bool {
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
