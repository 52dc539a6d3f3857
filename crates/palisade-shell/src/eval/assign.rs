//! Assignments: scalars, elements, arrays, and what functions make their own.

use super::Eval;
use super::value::{Field, Value, Variable};
use crate::effect::Labels;
use crate::span::Span;
use crate::syntax::tree::{AssignedValue, Assignment, Word};
use crate::text::Text;

impl Eval<'_> {
    /// Makes the assignments of `declare a=(..)` and its kin; the other words.
    pub(super) fn declared_arrays(&mut self, words: &[Word]) -> Option<Vec<Word>> {
        use crate::syntax::tree::Part;
        let array = |word: &Word| word.parts.iter().any(|part| matches!(part, Part::Array(_)));
        if !words.iter().any(array) {
            return None;
        }
        let mut left = Vec::new();
        for word in words {
            match &*word.parts {
                [Part::Bare(name), Part::Array(elements), ..] => {
                    let name = name.trim_end_matches('=');
                    let assignment = Assignment {
                        name: name.trim_end_matches('+').into(),
                        subscript: None,
                        append: name.ends_with('+'),
                        value: AssignedValue::Array(elements.clone()),
                        span: word.span,
                    };
                    self.localise(&assignment.name, words);
                    if words.iter().any(integer_option) {
                        self.state.integers.insert(assignment.name.clone());
                    }
                    let _ = self.set(&assignment);
                }
                _ => left.push(word.clone()),
            }
        }
        // A bare `declare` would print; this one did not.
        if left.len() == 1 {
            left.push(Word { parts: vec![Part::Bare("_=".into())], span: Span::default() });
        }
        Some(left)
    }

    /// A variable that the command's function makes its own.
    pub(super) fn localise(&mut self, name: &str, command: &[Word]) {
        use crate::syntax::tree::Part;
        let first = command.first().map(|word| &*word.parts);
        if matches!(first, Some([Part::Bare(word)]) if matches!(&**word, "local" | "declare" | "typeset"))
        {
            self.local(name);
        }
    }

    pub(super) fn local(&mut self, name: &str) {
        if let Some(frame) = self.locals.last_mut() {
            frame.push((name.into(), self.state.variables.get(name).cloned()));
        }
    }

    /// Makes an assignment; the value where it is a scalar.
    pub(super) fn set(&mut self, assignment: &Assignment) -> Option<Field> {
        let span = self.span(assignment.span);
        if let Some(subscript) = &assignment.subscript {
            let _ = self.arithmetic(subscript);
        }
        match &assignment.value {
            AssignedValue::Scalar(word) => {
                let field = self.expand_single(word);
                if let Some(subscript) = &assignment.subscript {
                    let key = self.key(subscript);
                    self.hooked(&assignment.name, &field, span);
                    let mut text = field.text;
                    self.integer_code(&assignment.name, &text, field.labels);
                    self.command_table(&assignment.name, &text, field.labels, span);
                    if assignment.append
                        && let Some(mut before) = self.element(&assignment.name, &key)
                    {
                        before.push(text.raw());
                        text = before;
                    }
                    self.set_element(&assignment.name, key, text, field.labels);
                    return None;
                }
                let mut text = field.text.clone();
                let mut labels = field.labels;
                if assignment.append {
                    let (mut before, more) =
                        self.variable(&assignment.name).unwrap_or((Text::unknown(), Labels::NONE));
                    before.push(text.raw());
                    text = before;
                    labels = labels.and(more);
                }
                self.assign(&assignment.name, text.clone(), labels);
                self.variable_effect(&assignment.name, &text, labels, span);
                Some(Field { text, labels, span })
            }
            AssignedValue::Array(elements) => {
                self.command_table(&assignment.name, &Text::unknown(), Labels::NONE, span);
                let mut values = match self.state.variables.get(&assignment.name) {
                    Some(Variable::Array(values)) if assignment.append => values.clone(),
                    _ => Vec::new(),
                };
                for (key, word) in elements {
                    let key = key.as_ref().map(|key| self.key(key));
                    match key {
                        Some(key) => {
                            let field = self.expand_single(word);
                            self.hooked(&assignment.name, &field, span);
                            values.push((key, Value::new(field.text, field.labels)));
                        }
                        None => {
                            for field in self.expand_words(std::slice::from_ref(word)) {
                                self.hooked(&assignment.name, &field, span);
                                let key = Text::new(next_index(&values).to_string());
                                values.push((key, Value::new(field.text, field.labels)));
                            }
                        }
                    }
                }
                self.give(&assignment.name, Variable::Array(values));
                None
            }
        }
    }

    /// `BASH_CMDS[name]=` and `BASH_ALIASES[name]=` say what a command's name
    /// means from here on.
    fn command_table(&mut self, name: &str, text: &Text, labels: Labels, span: Span) {
        if matches!(name, "BASH_CMDS" | "BASH_ALIASES") {
            self.variable_effect(name, text, labels, span);
        }
    }

    /// What an element holds so far, if it is known.
    pub(super) fn element(&self, name: &str, key: &Text) -> Option<Text> {
        let Some(Variable::Array(values)) = self.state.variables.get(name) else { return None };
        let (_, value) = values.iter().find(|(known, _)| known == key)?;
        match &*value.options {
            [only] => Some(only.clone()),
            _ => Some(Text::unknown()),
        }
    }

    pub(super) fn set_element(&mut self, name: &str, key: Text, text: Text, labels: Labels) {
        let value = Value::new(text, labels);
        match self.state.variables.get_mut(name) {
            Some(Variable::Array(values)) => {
                if let Some((_, old)) = values.iter_mut().find(|(known, _)| *known == key) {
                    *old = value;
                } else {
                    values.push((key, value));
                }
            }
            _ => {
                self.state.variables.insert(name.into(), Variable::Array(vec![(key, value)]));
            }
        }
    }
}

/// Whether a word of `declare` gives the integer attribute.
fn integer_option(word: &Word) -> bool {
    use crate::syntax::tree::Part;
    matches!(&*word.parts, [Part::Bare(text)] if text.starts_with('-') && text.contains('i'))
}

/// The index that an array's next element without a key gets.
fn next_index(values: &[(Text, Value)]) -> usize {
    match values.last() {
        Some((key, _)) => key
            .literal()
            .and_then(|key| key.parse::<usize>().ok())
            .map_or(values.len(), |at| at.saturating_add(1)),
        None => 0,
    }
}
