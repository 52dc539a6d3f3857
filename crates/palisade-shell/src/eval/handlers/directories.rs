//! Where the shell is: `cd`, `pushd`, `popd`, `pwd`.

use super::super::Eval;
use super::super::value::{Field, Stream, Value, Variable};
use crate::effect::Labels;
use crate::text::Text;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

pub(super) fn cd(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let target = rest(fields)
        .iter()
        .find(|field| !matches!(field.literal(), Some("-P" | "-L" | "-e" | "-@" | "--")));
    let place = match target {
        None => eval.variable("HOME").map_or_else(Text::unknown, |(home, _)| home),
        Some(field) if field.literal() == Some("-") => match eval.variable("OLDPWD") {
            Some((text, _)) => text,
            None => Text::unknown(),
        },
        Some(field) => eval.resolve(&field.text),
    };
    let before = eval.directory().clone();
    eval.state
        .variables
        .insert("OLDPWD".into(), Variable::Scalar(Value::new(before, Labels::NONE)));
    eval.state.variables.remove("PWD");
    if place.raw().starts_with('/') {
        eval.note_spelled(place.raw());
    }
    eval.state.cwd = eval.other_readings(&place);
    eval.state.cwd.insert(0, place);
    eval.place = 0;
    Stream::nothing()
}

pub(super) fn print_directory(eval: &mut Eval<'_>) -> Stream {
    let mut text = eval.directory().clone();
    text.push("\n");
    Stream::known(text)
}

pub(super) fn push_directory(eval: &mut Eval<'_>, fields: &[Field]) -> Stream {
    let turns = rest(fields)
        .iter()
        .any(|field| field.text.is_unknown() || field.text.raw().starts_with(['+', '-']));
    match eval.state.stack.pop() {
        // `pushd` alone changes places with the top.
        Some(top) if rest(fields).is_empty() => {
            eval.state.stack.push(std::mem::replace(&mut eval.state.cwd, top));
            eval.place = 0;
            return Stream::nothing();
        }
        Some(top) => eval.state.stack.push(top),
        None => {}
    }
    eval.state.stack.push(eval.state.cwd.clone());
    if turns {
        // `pushd +2`: any of those that were.
        eval.state.cwd = eval.state.stack.concat();
        eval.place = 0;
        return Stream::nothing();
    }
    cd(eval, fields)
}

pub(super) fn pop_directory(eval: &mut Eval<'_>) -> Stream {
    eval.state.cwd = eval.state.stack.pop().unwrap_or_else(|| vec![Text::unknown()]);
    eval.place = 0;
    Stream::nothing()
}
