//! Code that the shell runs by itself at times that the line does not say: the
//! bodies of traps, `PROMPT_COMMAND`, `precmd`. It is judged with every value
//! that its variables take from when it is set until the line ends.

use super::value::{Field, Stream, Value, Variable};
use super::{Eval, State};
use crate::effect::Labels;
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

/// How many of them are followed.
const MOST: usize = 32;
/// How often one is looked at again, where one changes what another sees.
const AGAIN: u32 = 3;

/// Whether a shell calls a function of this name by itself: bash where a command
/// is not found, zsh at its hooks and for its signals (zshmisc, FUNCTIONS).
pub(super) fn is_called(name: &str) -> bool {
    const HOOKS: &[&str] = &[
        "chpwd",
        "command_not_found_handle",
        "command_not_found_handler",
        "periodic",
        "precmd",
        "preexec",
        "zshaddhistory",
        "zshexit",
    ];
    let signal = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    HOOKS.contains(&name) || name.strip_prefix("TRAP").is_some_and(signal)
}

/// A body that runs later.
pub(super) struct LateBody {
    code: Text,
    labels: Labels,
    via: &'static str,
    span: Span,
    /// The command that set it, and whether and where that runs.
    node: Option<u32>,
    deferred: bool,
    container: Option<Vec<(String, Text)>>,
    /// All that may be so while it is set.
    seen: State,
    /// How many pipelines have run since.
    observed: u8,
    /// How often it is still looked at, and whether there is a reason to.
    left: u32,
    due: bool,
}

impl Eval<'_> {
    /// An element of a list of commands that the shell runs by itself:
    /// `PROMPT_COMMAND` of bash, `zshexit_functions` of zsh.
    pub(super) fn hooked(&mut self, list: &str, element: &Field, span: Span) {
        if list == "PROMPT_COMMAND" || list.strip_suffix("_functions").is_some_and(is_called) {
            self.run_later(&element.text, element.labels, "variable", span);
        }
    }

    /// Sets a body to be run later.
    pub(super) fn run_later(&mut self, code: &Text, labels: Labels, via: &'static str, span: Span) {
        let span = self.span(span);
        if self.late.len() >= MOST {
            return self.over_budget(span, "more traps than are followed");
        }
        let mut seen = self.fork();
        // What standard output goes to is what it prints to, at the end too.
        seen.descriptors.clear();
        let same = |one: &&mut LateBody| {
            one.code == *code && one.span == span && one.container == self.container
        };
        if let Some(known) = self.late.iter_mut().find(same) {
            known.due |= known.seen.take_in(&seen, false);
            return;
        }
        self.late.push(LateBody {
            code: code.clone(),
            labels,
            via,
            span,
            node: self.node,
            deferred: self.deferred,
            container: self.container.clone(),
            seen,
            observed: 0,
            left: AGAIN,
            due: true,
        });
    }

    /// Takes up what the body sets, as it may run at any time from here on; what
    /// it does is judged with the others.
    pub(super) fn set_between(&mut self, code: &Text) {
        if code.may_hold_code() || !code.raw().contains('=') {
            return;
        }
        let (effects, commands) = (self.out.effects.len(), self.out.commands.len());
        let before = self.fork();
        let _ = self.code_here(code.raw(), Span::default());
        self.out.effects.truncate(effects);
        self.out.commands.truncate(commands);
        self.state.join(before);
    }

    /// Notes for what runs later how things are now.
    pub(super) fn observe(&mut self) {
        if self.late.is_empty() {
            return;
        }
        self.spend(8 * self.state.size(), Span::default());
        for one in &mut self.late {
            // The first is the command that sets it, the next what follows.
            one.due |= one.seen.take_in(&self.state, one.observed >= 2);
            one.observed = one.observed.saturating_add(1);
        }
    }

    /// Looks at what runs later, as it may run by now. What it prints.
    pub(super) fn run_late(&mut self) -> Stream {
        let mut printed = Stream::nothing();
        // What is set while one runs is run after it; the state is that of the
        // line, whatever they do.
        while let Some(at) = self.late.iter().position(|one| one.due && one.left > 0) {
            if self.overrun {
                break;
            }
            let Some(one) = self.late.get_mut(at) else { break };
            one.due = false;
            one.left -= 1;
            let (code, labels, via, span) = (one.code.clone(), one.labels, one.via, one.span);
            let state = std::mem::replace(&mut self.state, one.seen.clone());
            let node = std::mem::replace(&mut self.node, one.node);
            let deferred = std::mem::replace(&mut self.deferred, one.deferred);
            let container = std::mem::replace(&mut self.container, one.container.clone());
            let base = self.base.take();
            let stdin = std::mem::replace(&mut self.stdin, Stream::nothing());
            printed.then(self.code(Language::Shell, &code, labels, via, span));
            self.stdin = stdin;
            self.base = base;
            self.container = container;
            self.deferred = deferred;
            self.node = node;
            self.state = state;
        }
        printed
    }
}

impl State {
    /// Takes up a later state of the same run. What it sets anew was empty until
    /// then, where something ran `meanwhile`. Whether there was anything new.
    fn take_in(&mut self, later: &Self, meanwhile: bool) -> bool {
        let mut later = later.clone();
        later.descriptors.clear();
        for (name, theirs) in &later.variables {
            self.variables.entry(name.clone()).or_insert_with(|| {
                let mut theirs = theirs.clone();
                if let (Variable::Scalar(value), true) = (&mut theirs, meanwhile) {
                    value.join(&Value::new(Text::default(), Labels::NONE));
                }
                theirs
            });
        }
        for (name, ours) in &self.variables {
            later.variables.entry(name.clone()).or_insert_with(|| ours.clone());
        }
        let before = self.clone();
        self.join(later);
        // Those that were defined meanwhile are in force when it runs.
        self.doubtful.clone_from(&before.doubtful);
        let bodies = |state: &Self| state.functions.values().map(Vec::len).sum::<usize>();
        self.variables != before.variables
            || self.files != before.files
            || self.cwd != before.cwd
            || self.positional != before.positional
            || bodies(self) != bodies(&before)
    }
}
