//! What a program obeys without being told so: files of the project where it
//! works, as far as the line, or the session before it, has written them.

use std::collections::BTreeMap;

use super::super::Eval;
use super::super::value::Field;
use crate::effect::{Code, EffectKind, Labels};
use crate::programs::{Language, Program, Role};
use crate::span::Span;
use crate::text::Text;

/// Hazards of what runs code that it finds.
const RUNS: &[&str] = &[
    "run/project-code",
    "package/install",
    "package/install-project",
    "container/build",
    "container/run",
    "network/serve",
];

/// Programs that run the repository's hooks.
const HOOKED: &[&str] = &["git am", "git commit", "git merge", "git push", "git rebase"];

/// How many files are looked into for one program.
const MOST: usize = 32;

const CAME: Labels = Labels::DOWNLOADED.and(Labels::DECODED);

/// A file that the program obeys.
struct Found {
    path: String,
    /// The language of what is certain to be run.
    language: Option<Language>,
    labels: Labels,
    content: Option<Text>,
}

impl Eval<'_> {
    /// Looks at what the program finds where it works now.
    pub(in super::super) fn obeyed(&mut self, program: &'static Program, span: Span) {
        if program.obeys.is_empty() {
            return;
        }
        let Some(runs) = self.runs(program) else { return };
        self.out.runs_project = true;
        if self.state.files.is_empty() && self.context.files.is_empty() {
            return;
        }
        if runs && self.in_fetched_tree() {
            let path = self.directory().clone();
            self.emit_run(path, Labels::FETCHED, span);
        }
        for Found { path, language, labels, content } in self.found(program) {
            if !labels.of(CAME.and(Labels::FETCHED)).is_none() {
                // What is certain to be run is run unseen; what may only be a
                // part of it is code that is fetched and built.
                let carried = if language.is_some() { labels } else { Labels::FETCHED };
                self.emit_run(Text::from(path.as_str()), carried, span);
            }
            let (Some(language), Some(content), true) = (language, content, runs) else { continue };
            if language == Language::Other || content.is_unknown() {
                continue;
            }
            // What it runs may obey it as well: `npm test` that is `jest`.
            let reading = format!("project {path}");
            if self.calls.iter().any(|call| **call == *reading) {
                continue;
            }
            self.calls.push(reading.into());
            // A makefile is read line by line as the shell does; of other
            // languages only what is understood says something.
            let project = self.project;
            self.project |= language != Language::Make;
            let via = if language == Language::Make { "make recipe" } else { "project file" };
            let file = [Field::new(path.as_str(), span)];
            self.enter(&Text::from(path.as_str()), &file, true, |eval| {
                eval.code(language, &content, labels.without(CAME), via, span)
            });
            self.project = project;
            self.calls.pop();
        }
        if runs {
            self.run_brought(Some(program), span);
        }
    }

    /// What the line has brought into the tree may be obeyed by what runs now,
    /// whatever its name.
    pub(in super::super) fn run_brought(&mut self, program: Option<&Program>, span: Span) {
        if let Some(path) = self.brought(program) {
            self.emit_run(path, Labels::FETCHED, span);
        }
    }

    /// What lies at or below `into` has come from the network just now.
    pub(in super::super) fn fetch_tree(&mut self, into: &Text) {
        if let Some(known) = into.literal() {
            let file = self.state.files.entry(known.to_owned()).or_default();
            file.labels = file.labels.and(Labels::FETCHED);
        }
    }

    fn emit_run(&mut self, path: Text, labels: Labels, span: Span) {
        let code = Code::File(path);
        self.emit(EffectKind::Execute { language: Language::Other, code }, labels, span);
    }

    /// Whether the current command runs what it finds (`true`), or at least
    /// code that may ask for more.
    fn runs(&self, program: &Program) -> Option<bool> {
        // Its hooks run programs that obey the project's files.
        if HOOKED.contains(&program.name.get()) {
            return Some(false);
        }
        let mut runs = None;
        let own = self.out.effects.iter().rev().take_while(|effect| effect.command >= self.node);
        for effect in own.filter(|effect| effect.command == self.node) {
            match &effect.kind {
                EffectKind::Hazard(id) if RUNS.contains(id) => return Some(true),
                EffectKind::Execute { .. } => runs = Some(false),
                _ => {}
            }
        }
        runs
    }

    /// Whether the program works in a tree that the line has fetched, or is
    /// given one.
    fn in_fetched_tree(&self) -> bool {
        let fetched = |path: &Text| self.file_facts(path).0.has(Labels::FETCHED);
        let current = self.node.and_then(|at| self.out.commands.get(at as usize));
        self.state.cwd.iter().any(fetched)
            || current
                .is_some_and(|one| one.arguments.iter().any(|word| fetched(&self.resolve(word))))
    }

    /// What the current command's words name, the values of options among
    /// them: another project than the one where it stands.
    fn given(&self) -> Vec<String> {
        let current = self.node.and_then(|at| self.out.commands.get(at as usize));
        let words = current.map_or(&[][..], |one| &one.arguments);
        let named = words.iter().take(MOST).filter_map(Text::literal).filter_map(|word| {
            let value = word.split_once('=').map_or(word, |(_, value)| value);
            let path = self.resolve(&Text::from(value)).literal()?.to_owned();
            (!value.starts_with('-') && path.matches('/').count() > 1).then_some(path)
        });
        named.collect()
    }

    /// Whether the current command was told to run that file.
    fn executed(&self, path: &str) -> bool {
        let own = self.out.effects.iter().rev().take_while(|effect| effect.command >= self.node);
        own.filter(|effect| effect.command == self.node).any(|effect| match &effect.kind {
            EffectKind::Execute { code: Code::File(run), .. } => run.literal() == Some(path),
            _ => false,
        })
    }

    /// The files known to the line that the program obeys: below the directory
    /// where it works, or in one above.
    fn found(&mut self, program: &'static Program) -> Vec<Found> {
        let mut known: BTreeMap<&str, (Labels, Option<&Text>)> = BTreeMap::new();
        for (path, fact) in &self.context.files {
            if !fact.labels.of(CAME).is_none() {
                known.insert(path, (fact.labels, None));
            }
        }
        for (path, file) in &self.state.files {
            // What a link leads to is what is found.
            let target = file.link.as_ref().and_then(Text::literal);
            let linked = target.and_then(|target| self.state.files.get(target));
            let of_link = target.and_then(|target| self.context.files.get(target));
            let labels = of_link.map_or(file.labels, |fact| file.labels.and(fact.labels));
            let (labels, content) = linked
                .map_or((labels, &file.content), |one| (labels.and(one.labels), &one.content));
            known.insert(path, (labels, content.as_ref()));
        }
        let given = self.given();
        let mut found = Vec::new();
        for (path, (labels, content)) in known {
            if found.len() >= MOST
                || content.is_none() && labels.of(CAME.and(Labels::FETCHED)).is_none()
            {
                continue;
            }
            if self.executed(path) {
                continue;
            }
            let near = self.state.cwd.iter().any(|place| near(place, path))
                || given.iter().any(|place| beside(place, path));
            let role = program.obeys.iter().find(|(name, _)| ends(path, name.get()));
            let Some((_, role)) = role.filter(|_| near) else { continue };
            let language = match role {
                Role::Script(language) => Some(*language),
                _ => None,
            };
            found.push(Found {
                path: path.to_owned(),
                language,
                labels,
                content: content.cloned(),
            });
        }
        found
    }
}

/// Whether a file is that one, or lies below it or beside it: `mvn -f DIR`,
/// `mvn -f DIR/pom.xml`.
fn beside(place: &str, path: &str) -> bool {
    let above = |path| str::rsplit_once(path, '/').map_or("", |(above, _)| above);
    let below = path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
    below || above(place) == above(path) && place.contains('.')
}

/// Whether a file lies below a directory, or in one that is above it.
fn near(place: &Text, path: &str) -> bool {
    let Some(place) = place.literal() else { return true };
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    let inside = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    inside(place, path) || inside(above, place)
}

/// Whether the last components of a path are as `pattern` says.
fn ends(path: &str, pattern: &str) -> bool {
    let parts = pattern.matches('/').count();
    let start = path.rmatch_indices('/').nth(parts).map_or(0, |(at, _)| at + 1);
    path.get(start..).is_some_and(|end| crate::text::matches(pattern, end))
}
