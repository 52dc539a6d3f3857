//! make, crontab, ssh's configuration, and projects elsewhere.

use super::super::Eval;
use super::super::arguments;
use super::super::lower::Flow;
use super::super::value::{Field, Stream};
use crate::effect::{Code, EffectKind, Labels, Writing};
use crate::programs::{Language, Program};
use crate::span::Span;
use crate::text::Text;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

impl Eval<'_> {
    /// `Key=value` or `Key value` of ssh's configuration.
    pub(in super::super) fn ssh_config(&mut self, field: &Field) {
        let raw = field.text.raw().trim_start();
        let Some(cut) = raw.find(['=', ' ', '\t']) else { return };
        let key = raw.get(..cut).unwrap_or("").to_ascii_lowercase();
        let value = raw.get(cut + 1..).unwrap_or("").trim_start_matches(['=', ' ']).to_owned();
        match key.as_str() {
            "proxycommand" | "localcommand" | "knownhostscommand"
                if value != "none" && !value.is_empty() =>
            {
                let _ = self.code(
                    Language::Shell,
                    &Text::new(value),
                    field.labels,
                    "ssh configuration",
                    field.span,
                );
            }
            "remotecommand" => {
                let _ =
                    self.code(Language::Shell, &Text::new(value), field.labels, "ssh", field.span);
            }
            "pkcs11provider" | "securitykeyprovider" | "include" => {
                let path = self.resolve(&Text::new(value));
                self.emit(EffectKind::Load { path }, field.labels, field.span);
            }
            "match" if value.to_ascii_lowercase().contains("exec") => {
                let code = value
                    .split_once("exec")
                    .map_or("", |(_, code)| code)
                    .trim()
                    .trim_matches('"')
                    .to_owned();
                let _ = self.code(
                    Language::Shell,
                    &Text::new(code),
                    field.labels,
                    "ssh configuration",
                    field.span,
                );
            }
            _ => {}
        }
    }
}

/// `make`: the project's own rules, unless the rules come with the command.
pub(super) fn make(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    const FILES: &[&str] = &["-f", "--file", "--makefile"];
    let arguments = arguments::read(program, rest(fields), false);
    let span = place(fields);
    let outer = eval.state.cwd.clone();
    let mut flow = Flow::default();
    // Directories are entered before any file is looked for.
    for (option, value) in &arguments.options {
        let (Some(role), Some(value)) = (option.value, value) else { continue };
        let apart = |name: &&str| FILES.contains(name) || matches!(*name, "--eval" | "-E");
        if !option.names.iter().any(|name| apart(&name.get())) {
            eval.apply(role, value, &mut flow);
        }
    }
    for file in arguments.values(FILES).cloned().collect::<Vec<_>>() {
        makefile(eval, &file, matches!(file.literal(), Some("-" | "/dev/stdin")));
    }
    for code in arguments.values(&["--eval", "-E"]).cloned().collect::<Vec<_>>() {
        let _ = eval.code(Language::Make, &code.text, code.labels, "make recipe", code.span);
    }
    for field in &arguments.operands {
        make_variable(eval, field);
    }
    installed(eval, &arguments.operands, span);
    eval.hazard("run/project-code", span);
    if !arguments.has(FILES) {
        eval.obeyed(program, span);
    } else {
        eval.run_brought(Some(program), span);
    }
    eval.state.cwd = outer;
    Stream::default()
}

/// `make install PREFIX=/opt/x`, `DESTDIR=/x make install`: where the targets
/// that install put what they make, if the line says so (GNU make's "Directory
/// Variables"). Below `DESTDIR`, whatever the others say.
fn installed(eval: &mut Eval<'_>, operands: &[Field], span: Span) {
    const PLACES: &[&str] = &[
        "DESTDIR",
        "PREFIX",
        "prefix",
        "INSTALL_ROOT",
        "INSTALL_PREFIX",
        "exec_prefix",
        "bindir",
        "BINDIR",
        "sbindir",
        "libdir",
        "LIBDIR",
    ];
    let installs = |field: &Field| field.literal().is_some_and(|word| word.starts_with("install"));
    if !operands.iter().any(installs) {
        return;
    }
    for name in PLACES {
        let operand = operands.iter().find_map(|field| {
            let (key, value) = field.text.raw().split_once('=')?;
            (key.trim_end_matches([':', '?']) == *name).then(|| Text::new(value))
        });
        let value = operand.or_else(|| eval.variable(name).map(|(text, _)| text));
        let Some(value) = value.as_ref().and_then(Text::literal) else { continue };
        if value.is_empty() {
            continue;
        }
        // A recipe's shell takes the tilde for the home.
        let path = match value.strip_prefix("~/") {
            Some(below) => Text::new(format!("{}/{below}", eval.context.home)),
            None => eval.resolve(&Text::new(value)),
        };
        eval.emit(EffectKind::Write { path, how: Writing::Edit }, Labels::NONE, span);
        if *name == "DESTDIR" {
            return;
        }
    }
}

/// A file with rules, as far as it is known.
pub(in super::super) fn makefile(eval: &mut Eval<'_>, file: &Field, input: bool) {
    let stream = eval.read_operand(file);
    match stream.text {
        Some(text) if !text.is_unknown() => {
            let _ = eval.code(Language::Make, &text, stream.labels, "make recipe", file.span);
        }
        _ if input || !stream.labels.is_none() => {
            let kind = EffectKind::Execute { language: Language::Make, code: Code::Opaque };
            eval.emit(kind, stream.labels, file.span);
        }
        _ => {}
    }
}

/// `NAME=VALUE` among make's operands: a recipe's shell, and values that make
/// itself runs.
fn make_variable(eval: &mut Eval<'_>, field: &Field) {
    const RUN: &[&str] =
        &["SHELL", ".SHELLFLAGS", "MAKE", "CC", "CXX", "LD", "AR", "CXXFLAGS_COMMAND"];
    let Some((name, value)) = field.text.raw().split_once('=') else { return };
    let code = if RUN.contains(&name.trim_end_matches([':', '?', '+', '!'])) {
        value.to_owned()
    } else if value.contains("$(shell") || value.contains('`') {
        format!(": {}", value.replace("$(shell", "$("))
    } else {
        return;
    };
    let _ = eval.code(Language::Shell, &Text::new(code), field.labels, "make variable", field.span);
}

/// `crontab FILE`, `crontab -`: lines that run later, as code.
pub(super) fn crontab(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), false);
    let span = place(fields);
    if arguments.has(&["-l"]) {
        return Stream::default();
    }
    if arguments.has(&["-r"]) {
        eval.hazard("persistence/schedule-removed", span);
        return Stream::nothing();
    }
    let stream = match arguments.operands.first().cloned() {
        Some(file) => eval.read_operand(&file),
        None if arguments.has(&["-e"]) => Stream::nothing(),
        None => eval.stdin.clone(),
    };
    eval.hazard("persistence/schedule", span);
    let deferred = std::mem::replace(&mut eval.deferred, true);
    if let Some(text) = &stream.text
        && !text.is_unknown()
    {
        let _ = eval.code(Language::Cron, text, stream.labels, "crontab", span);
    } else if stream.labels.has(Labels::DOWNLOADED) || stream.labels.has(Labels::DECODED) {
        eval.emit(
            EffectKind::Execute { language: Language::Cron, code: Code::Opaque },
            stream.labels,
            span,
        );
    }
    eval.deferred = deferred;
    Stream::nothing()
}

/// Runners told to take a project from where anything may have been put:
/// `make -C /tmp/x`, `npm --prefix /tmp/x test`, `pytest /tmp/x`. What is there
/// runs, as with `python3 /tmp/x.py`.
pub(super) fn project_elsewhere(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) {
    let options: &[&str] = match program.name.get() {
        "make" => &["-C", "--directory", "-f", "--file", "--makefile"],
        "npm" | "pnpm" | "yarn" | "bun" => &["--prefix", "-C", "--dir", "--cwd"],
        "cargo" => &["--manifest-path", "-C"],
        "pytest" => &["--rootdir", "-c", "--config-file"],
        _ => return,
    };
    let mut named: Vec<Field> = Vec::new();
    let mut words = rest(fields).iter();
    while let Some(word) = words.next().filter(|word| word.literal() != Some("--")) {
        let raw = word.text.raw();
        for option in options {
            let Some(value) = raw.strip_prefix(option) else { continue };
            match value.strip_prefix('=').unwrap_or(value) {
                "" => named.extend(words.clone().next().cloned()),
                value => named.push(word.with(value)),
            }
        }
    }
    if program.name == "pytest" {
        named.extend(arguments::read(program, rest(fields), false).operands);
    }
    for field in named {
        let path = eval.resolve(&field.text);
        if eval.is_anybodys(&path) {
            let kind = EffectKind::Execute { language: Language::Other, code: Code::File(path) };
            eval.emit(kind, field.labels, field.span);
        }
    }
}

/// What `npx` and its kin run, where it is a tool that projects are built and
/// tested with and nothing else is asked of them.
pub(super) fn project_tool(program: &Program, fields: &[Field]) -> Option<Vec<Field>> {
    const RUNNERS: &[&str] = &[
        "npx",
        "bunx",
        "pnpx",
        "bun x",
        "npm exec",
        "pnpm dlx",
        "pnpm exec",
        "yarn dlx",
        "yarn exec",
    ];
    const FLAGS: &[&str] = &[
        "-y",
        "--yes",
        "-q",
        "--quiet",
        "--no-install",
        "--no",
        "--offline",
        "--prefer-offline",
        "--bun",
        "--",
    ];
    const TOOLS: &[&str] = &[
        "astro",
        "autoprefixer",
        "ava",
        "babel",
        "biome",
        "browserslist",
        "c8",
        "changeset",
        "commitlint",
        "concurrently",
        "cspell",
        "cypress",
        "depcheck",
        "drizzle-kit",
        "esbuild",
        "eslint",
        "expo",
        "gatsby",
        "graphql-codegen",
        "gulp",
        "hardhat",
        "husky",
        "jest",
        "karma",
        "knex",
        "knip",
        "lerna",
        "lint-staged",
        "madge",
        "markdownlint",
        "mocha",
        "ng",
        "next",
        "nodemon",
        "npm-check-updates",
        "nuxi",
        "nuxt",
        "nx",
        "nyc",
        "oxlint",
        "parcel",
        "playwright",
        "postcss",
        "prettier",
        "prisma",
        "react-scripts",
        "remix",
        "rollup",
        "sass",
        "serve",
        "start-server-and-test",
        "storybook",
        "stylelint",
        "svelte-check",
        "swc",
        "tailwindcss",
        "ts-node",
        "tsc",
        "tsd",
        "tsup",
        "tsx",
        "turbo",
        "typedoc",
        "typeorm",
        "typescript",
        "vite",
        "vitest",
        "vue-tsc",
        "wait-on",
        "webpack",
        "xo",
    ];
    if !RUNNERS.contains(&program.name.get()) {
        return None;
    }
    let at = fields
        .iter()
        .skip(1)
        .position(|word| !word.literal().is_some_and(|word| FLAGS.contains(&word)))?
        + 1;
    let tool = fields.get(at..)?;
    let name = tool.first()?.literal()?;
    (TOOLS.contains(&name) && crate::programs::lookup(name).is_some()).then(|| tool.to_vec())
}
