//! What both other parsers see in an input, ours sees as well: the name of
//! every command, at any depth.

#![allow(clippy::unwrap_used, dead_code)]

use std::collections::BTreeSet;

use palisade_shell::syntax::tree::{
    AssignedValue, Command, CommandKind, ParameterOperator, Part, Pipeline, Script, Word,
};
use palisade_shell::syntax::{Budget, parse};

#[path = "../../../crates/palisade-shell/tests/it/soup.rs"]
mod soup;
#[path = "../../../crates/palisade-shell/tests/it/tables.rs"]
mod tables;

type Names = BTreeSet<String>;

#[test]
fn sees_what_both_others_see() {
    let mut chance = soup::Chance::new(11);
    let mut texts: Vec<String> = tables::VALID.iter().map(|text| text.replace('⏎', "\n")).collect();
    texts.extend((0..5000).map(|_| soup::soup(&mut chance)));
    let (mut compared, mut names, mut missed) = (0, 0, Vec::new());
    for text in &texts {
        let (Some(rable), Some(sitter)) = (by_rable(text), by_tree_sitter(text)) else { continue };
        compared += 1;
        let parsed = parse(text, &mut Budget::default());
        let mut ours = Names::new();
        script(&parsed.script, &mut ours);
        for name in rable.intersection(&sitter) {
            names += 1;
            if !ours.contains(name) {
                missed.push((text, name.clone(), parsed.problem.clone()));
            }
        }
    }
    println!("{compared} of {} inputs valid for both, {names} command names", texts.len());
    // After a problem the rest is unseen, and said to be.
    let (told, silent): (Vec<_>, Vec<_>) =
        missed.into_iter().partition(|(.., problem)| problem.is_some());
    println!("{} missed behind a problem: {told:#?}", told.len());
    assert!(silent.is_empty(), "missed in silence: {silent:#?}");
}

#[test]
fn accepts_what_rable_accepts() {
    let mut refused = Vec::new();
    for text in tables::VALID {
        let text = text.replace('⏎', "\n");
        if by_rable(&text).is_none() {
            refused.push(text);
        }
    }
    println!("{} valid inputs that rable refuses: {refused:#?}", refused.len());
}

/// Plain names only: the parsers differ in how they show others.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn by_rable(text: &str) -> Option<Names> {
    let text = text.to_owned();
    // It is slow on deep nests, and none are needed here.
    let nodes = std::panic::catch_unwind(|| rable::parse(&text, true).ok()).ok()??;
    let printed: String = nodes.iter().map(|node| format!("{node}\n")).collect();
    let found = printed.split("(command (word \"").skip(1);
    Some(
        found
            .filter_map(|rest| rest.split('"').next())
            .filter(|name| plain(name))
            .map(str::to_owned)
            .collect(),
    )
}

fn by_tree_sitter(text: &str) -> Option<Names> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).unwrap();
    let tree = parser.parse(text, None)?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut names = Names::new();
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        if node.kind() == "command_name" {
            let name = node.utf8_text(text.as_bytes()).unwrap();
            if plain(name) {
                names.insert(name.to_owned());
            }
        }
        let mut cursor = node.walk();
        open.extend(node.children(&mut cursor));
    }
    Some(names)
}

fn script(body: &Script, names: &mut Names) {
    for item in &body.items {
        pipeline(&item.first, names);
        for (_, next) in &item.rest {
            pipeline(next, names);
        }
    }
}

fn pipeline(pipeline: &Pipeline, names: &mut Names) {
    for stage in &pipeline.stages {
        command(&stage.command, names);
    }
}

fn command(command: &Command, names: &mut Names) {
    match &command.kind {
        CommandKind::Simple { assignments, words: operands } => {
            if let Some(Word { parts, .. }) = operands.first()
                && let [Part::Bare(name)] = parts.as_slice()
            {
                names.insert(name.to_string());
            }
            for assignment in assignments {
                words(&assignment.subscript, names);
                match &assignment.value {
                    AssignedValue::Scalar(value) => words([value], names),
                    AssignedValue::Array(items) => array(items, names),
                }
            }
            words(operands, names);
        }
        CommandKind::Subshell(body) | CommandKind::Group(body) => script(body, names),
        CommandKind::If { arms, otherwise } => {
            for (condition, body) in arms {
                script(condition, names);
                script(body, names);
            }
            otherwise.iter().for_each(|body| script(body, names));
        }
        CommandKind::Loop { condition, body, .. } => {
            script(condition, names);
            script(body, names);
        }
        CommandKind::For { words: operands, body, .. } => {
            words(operands.iter().flatten(), names);
            script(body, names);
        }
        CommandKind::ArithmeticFor { header, body } => {
            words(header, names);
            script(body, names);
        }
        CommandKind::Case { subject, arms } => {
            words([subject], names);
            for arm in arms {
                words(&arm.patterns, names);
                script(&arm.body, names);
            }
        }
        CommandKind::Arithmetic(expression) => words([expression], names),
        CommandKind::Conditional(tests) => {
            tests.iter().for_each(|test| words(&test.operands, names))
        }
        CommandKind::Function { body, .. } => self::command(body, names),
        CommandKind::Coproc { body, .. } => self::command(body, names),
    }
    for redirect in &command.redirects {
        words([&redirect.target], names);
    }
}

fn array(items: &[(Option<Word>, Word)], names: &mut Names) {
    for (subscript, value) in items {
        words(subscript, names);
        words([value], names);
    }
}

fn words<'w>(words: impl IntoIterator<Item = &'w Word>, names: &mut Names) {
    for word in words {
        parts(&word.parts, names);
    }
}

fn parts(parts: &[Part], names: &mut Names) {
    for part in parts {
        match part {
            Part::Bare(_) | Part::Quoted(_) | Part::Zsh(_) | Part::Sequence(_) => {}
            Part::Double(inner) => self::parts(inner, names),
            Part::CommandSubstitution(body) | Part::ProcessSubstitution { script: body, .. } => {
                script(body, names)
            }
            Part::Arithmetic(expression) => words([&**expression], names),
            Part::Braces(alternatives) | Part::Extglob(_, alternatives) => {
                words(alternatives, names)
            }
            Part::Array(items) => array(items, names),
            Part::Parameter(parameter) => {
                words(&parameter.subscript, names);
                operator(&parameter.operator, names);
            }
        }
    }
}

fn operator(operator: &ParameterOperator, names: &mut Names) {
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
        | ParameterOperator::Case { pattern: operand, .. } => words([operand], names),
        ParameterOperator::Substitute { pattern, replacement, .. } => {
            words([pattern, replacement], names)
        }
        ParameterOperator::Substring { offset, length } => {
            words([offset], names);
            words(length, names);
        }
    }
}
