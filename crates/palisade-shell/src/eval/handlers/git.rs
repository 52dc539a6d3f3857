//! git: what its configuration runs, where it sends to and takes from.

use super::super::Eval;
use super::super::arguments;
use super::super::value::{Field, Stream};
use crate::effect::Labels;
use crate::programs::{Language, Program};
use crate::span::Span;
use crate::text::Text;
use crate::trees::Ignored;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

/// `git`: `-c alias.x=!cmd` and its like by role; a subcommand that such an
/// alias defines; remote-helper URLs that execute.
pub(super) fn git(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    for field in rest(fields) {
        if let Some(helper) = field.text.raw().strip_prefix("ext::") {
            // `% ` is a space inside a word, a space parts words (gitremote-ext).
            let words = helper
                .replace("%%", "\u{1}")
                .replace("% ", "\u{2}")
                .split_whitespace()
                .map(|word| field.with(word.replace('\u{2}', " ").replace('\u{1}', "%")))
                .collect();
            let _ = eval.nested("git remote helper", |eval| eval.run(words));
            eval.hazard("vcs/remote-helper", field.span);
        } else if field.text.raw().starts_with("fd::") {
            eval.hazard("vcs/remote-helper", field.span);
        }
    }
    // `--git-dir` is the variable by another spelling.
    let arguments = arguments::read(program, rest(fields), true);
    if let Some(directory) = arguments.value(&["--git-dir"]) {
        eval.variable_effect("GIT_DIR", &directory.text, directory.labels, directory.span);
    }
    let outer = eval.state.cwd.clone();
    for place in arguments.values(&["-C"]).cloned().collect::<Vec<_>>() {
        eval.state.cwd = vec![eval.resolve(&place.text)];
    }
    let named = arguments.value(&["--git-dir"]).map(|field| field.text.clone());
    let named = named.or_else(|| eval.variable("GIT_DIR").map(|(text, _)| text));
    let repository = named.map_or_else(|| eval.directory().clone(), |text| eval.resolve(&text));
    eval.bare_repository(&repository, place(fields));
    let tree = arguments.value(&["--work-tree"]).map(|field| field.text.clone());
    let tree = tree.or_else(|| eval.variable("GIT_WORK_TREE").map(|(text, _)| text));
    let tree = tree.map(|text| eval.resolve(&text));
    let worked_in = match repository.literal().and_then(|path| path.strip_suffix("/.git")) {
        _ if tree.is_some() => tree.unwrap_or_default(),
        Some(root) => Text::new(root),
        None => eval.directory().clone(),
    };
    eval.state.cwd = outer;
    let subcommand = rest(fields).get(arguments.first_operand).and_then(Field::literal);
    // `git checkout -- path` throws changes away; the `--` is no operand.
    let words: Vec<&str> = words_of(fields).collect();
    if words.contains(&"checkout")
        && let Some(at) = words.iter().position(|word| *word == "--")
        && words.len() > at + 1
    {
        eval.hazard("vcs/discard-changes", place(fields));
    }
    let mut words = words_of(fields).skip_while(|word| *word != "remote").skip(1);
    let adds = words.next().is_some_and(|word| matches!(word, "add" | "set-url"));
    let before = std::mem::take(&mut eval.remotes_changed);
    // `git rm --cached` takes nothing off the disk.
    let cached = subcommand == Some("rm") && words_of(fields).any(|word| word == "--cached");
    let of_index = fields.iter().enumerate().filter(|(at, word)| {
        *at <= arguments.first_operand + 1 || word.text.raw().starts_with('-')
    });
    let of_index: Vec<Field> = of_index.map(|(_, word)| word.clone()).collect();
    let mut stream = eval.lower(program, if cached { &of_index } else { fields });
    eval.remotes_changed |= adds;
    // With `-c` it holds for this command alone.
    if eval.remotes_changed && matches!(subcommand, Some("config" | "remote" | "submodule")) {
        let everywhere = words_of(fields).any(|word| matches!(word, "--global" | "--system"));
        let home = Text::new(eval.context.home.as_str());
        let (place, file) =
            if everywhere { (&home, ".gitconfig") } else { (&worked_in, ".git/config") };
        eval.note_changed(place, file);
    }
    eval.remotes_changed |= before;
    let changed = eval.remotes_changed;
    match subcommand {
        Some("push" | "send-pack" | "http-push") => eval.pushes(&worked_in, place(fields)),
        Some("lfs" | "subtree" | "svn") if words_of(fields).any(|word| word == "push") => {
            eval.pushes(&worked_in, place(fields));
        }
        Some(
            word @ ("pull" | "merge" | "rebase" | "checkout" | "switch" | "reset" | "cherry-pick"),
        ) if changed || takes_fetched(word, fields) && eval.is_redirected(&worked_in) => {
            eval.fetch_tree(&worked_in);
        }
        _ => {}
    }
    if matches!(subcommand, Some("add" | "stage")) {
        let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]);
        let ignored = eval.ignored.clone();
        let says = |field: &Field| field.text.raw().to_ascii_lowercase().contains("excludesfile");
        if arguments.values(&["-c"]).any(says) {
            eval.ignored = Some(Ignored::Nothing);
        }
        super::trees::added(eval, &worked_in, words);
        eval.ignored = ignored;
    }
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]);
    named_by_list(eval, subcommand, words);
    if matches!(subcommand, Some("show" | "cat-file")) {
        for word in words {
            // `REVISION:PATH`
            let Some((_, path)) = word.text.raw().split_once(':') else { continue };
            let mut path = Text::new(path);
            if !path.raw().starts_with("./") {
                path = Text::new(format!("{}/{}", worked_in.raw(), path.raw()));
            }
            let path = eval.resolve(&path);
            if (eval.context.classify.secret)(&path) {
                stream.then(eval.read(&path, word.span));
            }
        }
    }
    // What was put aside is all that lay there, ignored files too.
    let stash = |word: &str| word.trim_start_matches('+').starts_with("refs/stash");
    if subcommand == Some("push") && words.iter().any(|word| stash(word.text.raw())) {
        eval.hazard("network/upload", place(fields));
    }
    let word = rest(fields).get(arguments.first_operand);
    if word.is_some_and(|word| !word.literal().is_some_and(|word| READING.contains(&word))) {
        eval.note_changed(&worked_in, ".git/index");
    }
    stream
}

/// Reads what a list of names says that git is to take in.
fn named_by_list(eval: &mut Eval<'_>, subcommand: Option<&str>, words: &[Field]) {
    let from = |word: &Field| {
        let value = word.text.raw().strip_prefix("--pathspec-from-file=")?;
        Some(word.with(value))
    };
    let list = match subcommand {
        Some("add" | "stage" | "commit") => words.iter().find_map(from),
        Some("update-index") => {
            words.iter().find(|word| word.literal() == Some("--stdin")).map(|word| word.with("-"))
        }
        _ => None,
    };
    if let Some(list) = list {
        eval.read_listed(&list);
    }
}

/// Whether a command of git takes what was fetched into the tree, as far as
/// its words say.
fn takes_fetched(subcommand: &str, fields: &[Field]) -> bool {
    let named = |word: &str| word.contains('/') || word == "FETCH_HEAD" || word.contains("@{u");
    subcommand == "pull" || words_of(fields).any(named)
}

/// What leaves the files of a repository, and what is to be committed, as they
/// are.
const READING: &[&str] = &[
    "annotate",
    "blame",
    "branch",
    "cat-file",
    "check-ignore",
    "clone",
    "config",
    "count-objects",
    "describe",
    "diff",
    "fetch",
    "for-each-ref",
    "fsck",
    "gc",
    "grep",
    "help",
    "log",
    "ls-files",
    "ls-remote",
    "ls-tree",
    "merge-base",
    "name-rev",
    "push",
    "reflog",
    "remote",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "show-ref",
    "status",
    "symbolic-ref",
    "tag",
    "var",
    "version",
    "whatchanged",
];

/// Settings that say where what git sends goes, and by way of whom. Those of
/// `url.*.insteadOf` have the place in their name.
const DESTINATIONS: &[&str] = &[
    "branch.*.pushremote",
    "branch.*.remote",
    "http.*.proxy",
    "http.proxy",
    "https.proxy",
    "lfs.pushurl",
    "lfs.url",
    "remote.*.lfspushurl",
    "remote.*.lfsurl",
    "remote.*.proxy",
    "remote.*.pushurl",
    "remote.*.url",
    "remote.pushdefault",
    "submodule.*.url",
];

fn words_of(fields: &[Field]) -> impl Iterator<Item = &str> {
    rest(fields).iter().filter_map(Field::literal)
}

/// `git config KEY VALUE`: a key that carries code is code that runs later.
pub(super) fn git_config_command(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let mut operands = arguments.operands.as_slice();
    if let Some("set" | "get" | "unset" | "list" | "edit") =
        operands.first().and_then(Field::literal)
    {
        operands = operands.get(1..).unwrap_or(&[]);
    }
    let reads = arguments.has(&[
        "--get",
        "--get-all",
        "--get-regexp",
        "--list",
        "-l",
        "--unset",
        "--unset-all",
    ]);
    if !reads && let [key, value, ..] = operands {
        let mut pair = key.text.clone();
        pair.push("=");
        pair.push(value.text.raw());
        let field = Field { text: pair, labels: key.labels.and(value.labels), span: value.span };
        let deferred = std::mem::replace(&mut eval.deferred, true);
        eval.git_config(&field);
        eval.deferred = deferred;
    }
    eval.lower(program, fields)
}

impl Eval<'_> {
    /// `key=value` of git's configuration: keys whose value git executes.
    pub(in super::super) fn git_config(&mut self, field: &Field) {
        let raw = field.text.raw();
        let Some((key, value)) = raw.split_once('=') else { return };
        let key = key.to_ascii_lowercase();
        let span = field.span;
        let value = value.to_owned();
        if key.starts_with("alias.") {
            if let Some(code) = value.strip_prefix('!') {
                let _ =
                    self.code(Language::Shell, &Text::new(code), field.labels, "git alias", span);
            } else {
                let _ = self.code(
                    Language::Shell,
                    &Text::new(format!("git {value}")),
                    field.labels,
                    "git alias",
                    span,
                );
            }
            return;
        }
        let last = key.rsplit('.').next().unwrap_or("");
        let runs = matches!(
            key.as_str(),
            "core.pager"
                | "core.editor"
                | "core.sshcommand"
                | "core.fsmonitor"
                | "core.askpass"
                | "core.gitproxy"
                | "core.alternaterefscommand"
                | "diff.external"
                | "sequence.editor"
                | "gpg.program"
                | "uploadpack.packobjectshook"
                | "interactive.difffilter"
                | "credential.helper"
                | "sendemail.smtpserver"
                | "sendemail.tocmd"
                | "sendemail.cccmd"
                | "web.browser"
                | "help.browser"
                | "instaweb.httpd"
                | "ssh.variant.command"
                | "receive.procreceiverefs"
        ) || key.starts_with("filter.")
            && matches!(last, "clean" | "smudge" | "process")
            || matches!(
                last,
                "textconv"
                    | "cmd"
                    | "driver"
                    | "command"
                    | "helper"
                    | "receivepack"
                    | "uploadpack"
                    | "vcs"
            )
            || key.starts_with("pager.") && !matches!(value.as_str(), "true" | "false" | "0" | "1")
            || key.starts_with("gpg.") && last == "program"
            || key.starts_with("credential.") && last == "helper"
            || key.starts_with("trailer.") && last == "cmd"
            || key.starts_with("submodule.") && last == "update" && value.starts_with('!');
        if runs {
            let harmless = matches!(
                value.as_str(),
                "" | "true"
                    | "false"
                    | "cache"
                    | "store"
                    | "osxkeychain"
                    | "manager"
                    | "manager-core"
                    | "libsecret"
                    | "wincred"
            ) || key.starts_with("credential.")
                && (value.starts_with("cache") || value.starts_with("store"));
            if !harmless {
                let code = value.strip_prefix('!').unwrap_or(&value).to_owned();
                let _ = self.code(
                    Language::Shell,
                    &Text::new(code),
                    field.labels,
                    "git configuration",
                    span,
                );
            }
            return;
        }
        match key.as_str() {
            "core.hookspath"
            | "init.templatedir"
            | "core.attributesfile"
            | "include.path"
            | "core.worktree"
                if !matches!(value.as_str(), "/dev/null" | "") =>
            {
                self.hazard("vcs/config-code", span);
            }
            "protocol.ext.allow" | "protocol.allow" if (value == "always" || value == "user") => {
                self.hazard("vcs/remote-helper", span);
            }
            _ if DESTINATIONS.iter().any(|pattern| crate::text::matches(pattern, &key)) => {
                self.git_reaches(&value, field);
            }
            _ if key.starts_with("url.")
                && last.contains("insteadof")
                && !raw.contains("ext::") =>
            {
                let base = raw.get("url.".len()..key.len() - last.len() - 1).unwrap_or(raw);
                self.git_reaches(base, field);
            }
            "http.sslverify" if value == "false" => self.hazard("network/unverified", span),
            _ if key.starts_with("includeif.") => self.hazard("vcs/config-code", span),
            _ if key.starts_with("url.")
                && last.starts_with("insteadof")
                && raw.contains("ext::") =>
            {
                self.hazard("vcs/remote-helper", span);
            }
            _ => {}
        }
    }

    /// A directory that may be a repository by itself, among the files of a
    /// project: what git would run on its behalf.
    fn bare_repository(&mut self, directory: &Text, span: Span) {
        /// git goes up from where it is used until it finds one.
        const ABOVE: usize = 3;
        let mut place = directory.literal().unwrap_or("");
        for _ in 0..ABOVE {
            if place.is_empty() || place.ends_with("/.git") {
                return;
            }
            self.repository_settings(place, span);
            place = place.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    fn repository_settings(&mut self, directory: &str, span: Span) {
        let path = Text::new(format!("{directory}/config"));
        let (labels, content) = self.file_facts(&path);
        let Some(content) = content else { return self.want(&path) };
        let mut section = String::new();
        for line in content.raw().lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                section = name.replace('"', "").replacen(' ', ".", 1);
            } else if let Some((key, value)) = line.split_once('=') {
                // Where it is pushed to it says like any other.
                let plain = ["remote", "url", "http", "submodule", "branch"];
                if plain.contains(&section.split('.').next().unwrap_or("")) {
                    continue;
                }
                let value = value.trim().trim_matches('"');
                let text = Text::new(format!("{section}.{}={value}", key.trim()));
                self.git_config(&Field { text, labels, span });
            }
        }
    }

    /// A push: where to, nobody but the line or the session may have named.
    fn pushes(&mut self, from: &Text, span: Span) {
        if self.is_redirected(from) || self.remotes_changed {
            self.hazard("vcs/push-url", span);
        }
    }

    /// Whether the session has said anew where that repository's remotes are.
    fn is_redirected(&mut self, repository: &Text) -> bool {
        let known = repository.literal().unwrap_or(&self.context.cwd).to_owned();
        let fact = self.context.files.get(&known).is_some_and(|fact| fact.redirected);
        self.out.pushes.push(known);
        fact
    }

    /// git has changed that file of the repository that it was used in, which
    /// the session is to know later.
    pub(super) fn note_changed(&mut self, worked_in: &Text, file: &str) {
        let place = worked_in.literal().unwrap_or(&self.context.cwd);
        let path = format!("{place}/{file}");
        let known = self.state.files.entry(path).or_default();
        known.labels = known.labels.and(Labels::WRITTEN);
    }

    fn git_reaches(&mut self, place: &str, field: &Field) {
        let place = Text::new(place);
        self.remotes_changed = true;
        if super::super::reaches::remote(&place) || place.has_unknown() {
            self.connect(&place, false, field.labels, field.span);
        }
    }
}
