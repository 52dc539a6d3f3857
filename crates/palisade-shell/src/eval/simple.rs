//! Simple commands, under each combination of what is possible.

use super::value::{self, Field, Stream};
use super::{Eval, Late, MAX_ROUNDS, MAX_STEPS, State, plain_word};
use crate::span::Span;
use crate::syntax::tree::{Assignment, Redirect, RedirectOperator, Word};

impl Eval<'_> {
    pub(super) fn simple(
        &mut self,
        assignments: &[Assignment],
        words: &[Word],
        redirects: &[Redirect],
        span: Span,
    ) -> Stream {
        self.steps += 1;
        if self.overrun {
            return Stream::default();
        }
        if self.steps > MAX_STEPS {
            self.over_budget(span, "more commands than are followed");
            return Stream::default();
        }
        if !self.state.aliases.is_empty() {
            // Not in force in every shell, nor on the line that makes it: the
            // program of that name may run as well.
            let before = self.fork();
            if let Some((name, stream)) = self.alias(words, redirects) {
                if crate::programs::lookup(name).is_none()
                    && !self.state.functions.contains_key(name)
                {
                    return stream;
                }
                self.state.join(before);
            }
        }
        let plain = assignments.is_empty()
            && redirects.is_empty()
            && self.state.cwd.len() == 1
            && words.iter().all(plain_word);
        if plain {
            let fields = self.expand_words(words);
            let stream = self.run(fields);
            return self.send_to_exec_output(stream);
        }
        let start = self.fork();
        let choices = std::mem::take(&mut self.choices);
        let (choice, place) = (self.choice, self.place);
        self.choice = 0;
        let diagonal = self.diagonal.take();
        let mut printed: Option<Stream> = None;
        let mut end: Option<State> = None;
        for _ in 0..MAX_ROUNDS {
            self.place = self.choose(self.state.cwd.len());
            let stream = self.round(assignments, words, redirects);
            match &mut printed {
                None => printed = Some(stream),
                Some(before) => {
                    if before.text != stream.text {
                        before.text = None;
                    }
                    before.labels = before.labels.and(stream.labels);
                    before.network |= stream.network;
                    before.shell |= stream.shell;
                }
            }
            if !self.advance() {
                break;
            }
            let after = std::mem::replace(&mut self.state, start.clone());
            match &mut end {
                None => end = Some(after),
                Some(end) => end.join(after),
            }
        }
        // More combinations than are tried: each alternative once, then.
        if !self.choices.is_empty() {
            for at in 0..value::MAX_ALTERNATIVES {
                self.diagonal = Some(at);
                let after = std::mem::replace(&mut self.state, start.clone());
                match &mut end {
                    None => end = Some(after),
                    Some(end) => end.join(after),
                }
                let _ = self.round(assignments, words, redirects);
            }
            self.diagonal = None;
            if let Some(printed) = &mut printed {
                printed.text = None;
            }
        }
        if let Some(end) = end {
            self.state.join(end);
        }
        self.choices = choices;
        self.choice = choice;
        self.place = place;
        self.diagonal = diagonal;
        self.send_to_exec_output(printed.unwrap_or_default())
    }

    fn round(
        &mut self,
        assignments: &[Assignment],
        words: &[Word],
        redirects: &[Redirect],
    ) -> Stream {
        let (effects, commands) = (self.out.effects.len(), self.out.commands.len());
        let stream = self.expanded(assignments, words, redirects);
        // What the redirections do belongs to the command they are part of.
        let outer = self.node;
        // What is written may be code that runs later, which is not that command.
        let own = self
            .out
            .commands
            .iter()
            .skip(commands)
            .rposition(|command| command.parent == outer && command.deferred == self.deferred);
        if let Some(own) = own.and_then(|at| u32::try_from(commands + at).ok()) {
            for effect in self.out.effects.iter_mut().skip(effects) {
                if effect.command == outer {
                    effect.command = Some(own);
                }
            }
        }
        stream
    }

    fn expanded(
        &mut self,
        assignments: &[Assignment],
        words: &[Word],
        redirects: &[Redirect],
    ) -> Stream {
        let sinks = std::mem::take(&mut self.sinks);
        let plain = self.declared_arrays(words);
        let fields = self.expand_words(plain.as_deref().unwrap_or(words));
        let mut redirected = self.redirect(redirects);
        let stream = if fields.is_empty() {
            for assignment in assignments {
                self.set(assignment);
            }
            // `$(<file)` prints what it reads.
            if assignments.is_empty()
                && let [only] = redirects
                && only.operator == RedirectOperator::Read
            {
                self.stdin.clone()
            } else {
                Stream::nothing()
            }
        } else {
            let mut saved = Vec::new();
            let before = self.temporary.len();
            for assignment in assignments {
                let old = self.state.variables.get(&assignment.name).cloned();
                saved.push((assignment.name.clone(), old));
                if let Some(field) = self.set(assignment) {
                    self.temporary.push((assignment.name.clone(), field));
                }
            }
            redirected.persist = fields.len() == 1
                && fields.first().and_then(Field::literal).is_some_and(|name| name == "exec");
            let stream = self.run(fields);
            self.temporary.truncate(before);
            for (name, old) in saved {
                match old {
                    Some(old) => self.state.variables.insert(name, old),
                    None => self.state.variables.remove(&name),
                };
            }
            stream
        };
        let redirects_last = redirected.persist;
        let stream = self.redirected(redirected, stream);
        let made = std::mem::replace(&mut self.sinks, sinks);
        if redirects_last && !made.is_empty() {
            self.lasting
                .extend(made.into_iter().map(|(path, script)| (path, Late::Script(script))));
            return stream;
        }
        for (path, script) in made {
            // `>(cmd)` reads what was written to its path, or what the
            // command printed.
            let written = self.state.files.get(&path).cloned().unwrap_or_default();
            let input = Stream {
                text: written.content,
                labels: written.labels.and(stream.labels),
                ..Stream::default()
            };
            let outer = std::mem::replace(&mut self.stdin, input);
            let _ = self.subshell(&script);
            self.stdin = outer;
        }
        stream
    }

    fn send_to_exec_output(&mut self, stream: Stream) -> Stream {
        match self.state.exec_output.clone() {
            Some(path) => {
                self.store(&path, crate::effect::Writing::Append, &stream, Span::default());
                Stream::nothing()
            }
            None => stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::effect::{Classify, Context, EffectKind};
    use crate::programs::Language;

    #[test]
    fn a_redirection_is_part_of_its_command_whatever_is_written() {
        let code = |_: &crate::Text| Some(Language::Shell);
        let context = Context {
            cwd: "/w".into(),
            home: "/home/u".into(),
            classify: Classify { code, ..Classify::default() },
            ..Context::default()
        };
        let seen = crate::analyse("echo hi $(ls) > hook", &context);
        let write = seen.effects.iter().find(|one| matches!(one.kind, EffectKind::Write { .. }));
        let command = write.and_then(|one| seen.commands.get(one.command? as usize));
        assert_eq!(command.map(|one| one.program.to_string()).as_deref(), Some("echo"));
    }
}
