//! What must hold of the tree of any input at all. The fuzz target of the
//! parser runs the same check.

use palisade_shell::Span;
use palisade_shell::syntax::tree::{
    AssignedValue, Command, CommandKind, ParameterOperator, Part, Pipeline, Script, Word,
};
use palisade_shell::syntax::{Budget, parse};

/// Parses `text` and looks at what must hold of every tree: it comes without a
/// panic, and every span lies in the input, between characters.
pub fn check(text: &str) {
    let parsed = parse(text, &mut Budget::default());
    let mut spans = spans(&parsed.script);
    spans.extend(&parsed.zsh);
    spans.extend(parsed.problem.iter().map(|problem| problem.span));
    for span in spans {
        let (from, to) = (span.from as usize, span.to as usize);
        assert!(from <= to && text.get(from..to).is_some(), "{span:?} in {text:?}");
    }
}

/// All spans of a tree.
fn spans(script: &Script) -> Vec<Span> {
    let mut spans = Vec::new();
    visit(script, &mut spans);
    spans
}

fn visit(script: &Script, spans: &mut Vec<Span>) {
    spans.push(script.span);
    for item in &script.items {
        pipeline(&item.first, spans);
        for (_, next) in &item.rest {
            pipeline(next, spans);
        }
    }
}

fn pipeline(pipeline: &Pipeline, spans: &mut Vec<Span>) {
    spans.push(pipeline.span);
    assert!(!pipeline.stages.is_empty(), "a pipeline has a stage");
    for stage in &pipeline.stages {
        command(&stage.command, spans);
    }
}

fn command(command: &Command, spans: &mut Vec<Span>) {
    spans.push(command.span);
    match &command.kind {
        CommandKind::Simple { assignments, words: operands } => {
            for assignment in assignments {
                spans.push(assignment.span);
                words(&assignment.subscript, spans);
                match &assignment.value {
                    AssignedValue::Scalar(value) => word(value, spans),
                    AssignedValue::Array(items) => array(items, spans),
                }
            }
            words(operands, spans);
        }
        CommandKind::Subshell(body) | CommandKind::Group(body) => visit(body, spans),
        CommandKind::If { arms, otherwise } => {
            for (condition, body) in arms {
                visit(condition, spans);
                visit(body, spans);
            }
            if let Some(body) = otherwise {
                visit(body, spans);
            }
        }
        CommandKind::Loop { condition, body, .. } => {
            visit(condition, spans);
            visit(body, spans);
        }
        CommandKind::For { words: operands, body, .. } => {
            words(operands.iter().flatten(), spans);
            visit(body, spans);
        }
        CommandKind::ArithmeticFor { header, body } => {
            words(header, spans);
            visit(body, spans);
        }
        CommandKind::Case { subject, arms } => {
            word(subject, spans);
            for arm in arms {
                words(&arm.patterns, spans);
                visit(&arm.body, spans);
            }
        }
        CommandKind::Arithmetic(expression) => word(expression, spans),
        CommandKind::Conditional(tests) => {
            for test in tests {
                words(&test.operands, spans);
            }
        }
        CommandKind::Function { body, .. } => self::command(body, spans),
        CommandKind::Coproc { body, .. } => self::command(body, spans),
    }
    for redirect in &command.redirects {
        spans.push(redirect.span);
        word(&redirect.target, spans);
    }
}

fn array(items: &[(Option<Word>, Word)], spans: &mut Vec<Span>) {
    for (subscript, value) in items {
        words(subscript, spans);
        word(value, spans);
    }
}

fn words<'w>(words: impl IntoIterator<Item = &'w Word>, spans: &mut Vec<Span>) {
    for each in words {
        word(each, spans);
    }
}

fn word(word: &Word, spans: &mut Vec<Span>) {
    spans.push(word.span);
    parts(&word.parts, spans);
}

fn parts(parts: &[Part], spans: &mut Vec<Span>) {
    for part in parts {
        match part {
            Part::Bare(_) | Part::Quoted(_) | Part::Zsh(_) | Part::Sequence(_) => {}
            Part::Double(inner) => self::parts(inner, spans),
            Part::CommandSubstitution(script) | Part::ProcessSubstitution { script, .. } => {
                visit(script, spans)
            }
            Part::Arithmetic(expression) => word(expression, spans),
            Part::Braces(alternatives) | Part::Extglob(_, alternatives) => {
                words(alternatives, spans)
            }
            Part::Array(items) => array(items, spans),
            Part::Parameter(parameter) => {
                spans.push(parameter.span);
                words(&parameter.subscript, spans);
                operator(&parameter.operator, spans);
            }
        }
    }
}

fn operator(operator: &ParameterOperator, spans: &mut Vec<Span>) {
    match operator {
        ParameterOperator::Plain
        | ParameterOperator::Transform(_)
        | ParameterOperator::PrefixNames
        | ParameterOperator::Keys => {}
        ParameterOperator::Default(operand)
        | ParameterOperator::Assign(operand)
        | ParameterOperator::Alternative(operand)
        | ParameterOperator::Error(operand)
        | ParameterOperator::Remove { pattern: operand, .. }
        | ParameterOperator::Case { pattern: operand, .. } => word(operand, spans),
        ParameterOperator::Substitute { pattern, replacement, .. } => {
            words([pattern, replacement], spans)
        }
        ParameterOperator::Substring { offset, length } => {
            word(offset, spans);
            words(length, spans);
        }
    }
}
